import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { fill, move } from '../support/blocks.ts';
import { EINVAL, ERANGE, failErrno } from './errno.ts';

/** Bytes fetched at once to be searched or compared. */
const PIECE = 4096;

function compare(thread: Thread, a: number, b: number, count: number): number {
  const { memory } = thread;
  for (let at = 0; at < count; ) {
    if (count - at < 32) {
      const difference = memory.u8(a + at) - memory.u8(b + at);
      if (difference !== 0) return Math.sign(difference);
      at++;
      continue;
    }
    const size = Math.min(PIECE - ((a + at) % PIECE), PIECE - ((b + at) % PIECE), count - at);
    const left = memory.bytes(a + at, size);
    const right = memory.bytes(b + at, size);
    for (let i = 0; i < size; i++) if (left[i] !== right[i]) return left[i]! < right[i]! ? -1 : 1;
    at += size;
  }
  return 0;
}

/** Address of the first `value` among `count` bytes, or 0. */
function find(memory: GuestMemory, buffer: number, value: number, count: number): number {
  for (let at = 0; at < count; ) {
    const size = Math.min(PIECE - ((buffer + at) % PIECE), count - at);
    const found = memory.bytes(buffer + at, size).indexOf(value);
    if (found >= 0) return buffer + at + found;
    at += size;
  }
  return 0;
}

function compareFolded(thread: Thread, a: number, b: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const difference = lower(thread.memory.u8(a + i)) - lower(thread.memory.u8(b + i));
    if (difference !== 0) return difference;
  }
  return 0;
}
function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** The _s forms: 0, EINVAL or ERANGE, the destination cleared on an error that leaves one. */
function moveChecked(thread: Thread, dest: number, size: number, src: number, count: number): number {
  if (count === 0) return 0;
  if (dest === 0) return failErrno(thread, EINVAL, EINVAL);
  if (src === 0 || size < count) {
    fill(thread, dest, 0, size);
    const code = src === 0 ? EINVAL : ERANGE;
    return failErrno(thread, code, code);
  }
  move(thread, dest, src, count);
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** memory.h: blocks of bytes. */
export const memoryBlockApi = family('crt', PAGES, () => ({
  memcpy: library('dest: address, src: address, count: size', 'address', move),
  memmove: library('dest: address, src: address, count: size', 'address', move),
  memset: library('dest: address, c: int, count: size', 'address', fill),
  memcmp: library('buffer1: address, buffer2: address, count: size', 'int', compare),
  memchr: library('buffer: address, c: int, count: size', 'address', (thread, buffer, c, count) =>
    find(thread.memory, buffer, c & 0xff, count),
  ),
  _memccpy: library(
    'dest: address, src: address, c: int, count: size',
    'address',
    (thread, dest, src, c, count) => {
      const found = find(thread.memory, src, c & 0xff, count);
      move(thread, dest, src, found === 0 ? count : found - src + 1);
      return found === 0 ? 0 : dest + (found - src) + 1;
    },
  ),
  _memicmp: library('buffer1: address, buffer2: address, count: size', 'int', compareFolded),
  memcpy_s: library('dest: address, destSize: size, src: address, count: size', 'int', moveChecked),
  memmove_s: library('dest: address, numberOfElements: size, src: address, count: size', 'int', moveChecked),
}));

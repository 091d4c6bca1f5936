import { WRITE } from '../../memory/constants.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate } from './allocation.ts';
import { ENOMEM, failErrno } from './errno.ts';
import { threadData } from './state.ts';
import { byteLength } from './text.ts';

/** Copies `count` bytes and a zero; nothing has changed when it faults. */
function put(memory: GuestMemory, dest: number, src: number, count: number): void {
  memory.touch(dest, count + 1, WRITE);
  memory.copy(dest, src, count);
  memory.setU8(dest + count, 0);
}

function copyLimited(memory: GuestMemory, dest: number, src: number, count: number): void {
  const length = byteLength(memory, src, count);
  memory.touch(dest, count, WRITE);
  memory.copy(dest, src, length);
  if (count > length) memory.fill(dest + length, 0, count - length);
}

/** -1, 0 or 1, as strncmp. */
export function compare(memory: GuestMemory, a: number, b: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const left = memory.u8(a + i);
    const right = memory.u8(b + i);
    if (left !== right) return left < right ? -1 : 1;
    if (left === 0) return 0;
  }
  return 0;
}

function findByte(memory: GuestMemory, text: number, value: number): number {
  for (let at = text; ; at++) {
    const byte = memory.u8(at);
    if (byte === value) return at;
    if (byte === 0) return 0;
  }
}

function findLastByte(memory: GuestMemory, text: number, value: number): number {
  let found = 0;
  for (let at = text; ; at++) {
    const byte = memory.u8(at);
    if (byte === value) found = at;
    if (byte === 0) return found;
  }
}

function findText(memory: GuestMemory, text: number, sought: number): number {
  const pattern = memory.bytes(sought, byteLength(memory, sought));
  if (pattern.length === 0) return text;
  const bytes = memory.bytes(text, byteLength(memory, text));
  const last = bytes.length - pattern.length;
  for (let at = bytes.indexOf(pattern[0]!); at >= 0 && at <= last; at = bytes.indexOf(pattern[0]!, at + 1)) {
    let i = 1;
    while (i < pattern.length && bytes[at + i] === pattern[i]) i++;
    if (i === pattern.length) return text + at;
  }
  return 0;
}

/** Which of the 256 bytes are in a set; the zero never is. */
function setOf(memory: GuestMemory, address: number): Uint8Array {
  const members = new Uint8Array(256);
  for (const byte of memory.bytes(address, byteLength(memory, address))) members[byte] = 1;
  return members;
}

/** Bytes from `text` on that are all in the set (or, with `inside` 0, all outside it). */
function span(memory: GuestMemory, text: number, set: Uint8Array, inside: number): number {
  for (let n = 0; ; n++) {
    const byte = memory.u8(text + n);
    if (byte === 0 || set[byte] !== inside) return n;
  }
}

/** The next token at or after `text`, its end zeroed; `next` becomes where to go on. 0 when there is none. */
function token(memory: GuestMemory, text: number, delimiters: number, next: (at: number) => void): number {
  if (text === 0) return 0;
  const set = setOf(memory, delimiters);
  const start = text + span(memory, text, set, 1);
  if (memory.u8(start) === 0) {
    next(start);
    return 0;
  }
  const end = start + span(memory, start, set, 0);
  const more = memory.u8(end) !== 0;
  if (more) memory.setU8(end, 0);
  next(more ? end + 1 : end);
  return start;
}

function mapInPlace(memory: GuestMemory, text: number, count: number, map: (byte: number) => number): number {
  const length = byteLength(memory, text, count);
  memory.touch(text, length, WRITE);
  for (let i = 0; i < length; i++) memory.setU8(text + i, map(memory.u8(text + i)));
  return text;
}

function duplicate(thread: Thread, source: number): number {
  if (source === 0) return 0;
  const length = byteLength(thread.memory, source);
  const copy = allocate(thread.process, length + 1);
  if (copy === 0) return failErrno(thread, ENOMEM, 0);
  put(thread.memory, copy, source, length);
  return copy;
}

const ALL = Number.MAX_SAFE_INTEGER;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** string.h for bytes, in the "C" locale. */
export const stringApi = family('crt', PAGES, () => {
  const strcspn = library('str: address, strCharSet: address', 'size', ({ memory }, text, set) =>
    span(memory, text, setOf(memory, set), 0),
  );
  return {
    strlen: library('str: address', 'size', ({ memory }, text) => byteLength(memory, text)),
    strnlen: library('str: address, numberOfElements: size', 'size', ({ memory }, text, count) =>
      byteLength(memory, text, count),
    ),
    strcpy: library('dest: address, src: address', 'address', ({ memory }, dest, src) => {
      put(memory, dest, src, byteLength(memory, src));
      return dest;
    }),
    strncpy: library(
      'dest: address, src: address, count: size',
      'address',
      ({ memory }, dest, src, count) => {
        copyLimited(memory, dest, src, count);
        return dest;
      },
    ),
    strcat: library('dest: address, src: address', 'address', ({ memory }, dest, src) => {
      put(memory, dest + byteLength(memory, dest), src, byteLength(memory, src));
      return dest;
    }),
    strncat: library(
      'dest: address, src: address, count: size',
      'address',
      ({ memory }, dest, src, count) => {
        put(memory, dest + byteLength(memory, dest), src, byteLength(memory, src, count));
        return dest;
      },
    ),
    strcmp: library('str1: address, str2: address', 'int', ({ memory }, a, b) => compare(memory, a, b, ALL)),
    strncmp: library('str1: address, str2: address, count: size', 'int', ({ memory }, a, b, count) =>
      compare(memory, a, b, count),
    ),
    strchr: library('str: address, c: int', 'address', ({ memory }, text, c) =>
      findByte(memory, text, c & 0xff),
    ),
    strrchr: library('str: address, c: int', 'address', ({ memory }, text, c) =>
      findLastByte(memory, text, c & 0xff),
    ),
    strstr: library('str: address, strSearch: address', 'address', ({ memory }, text, sought) =>
      findText(memory, text, sought),
    ),
    strspn: library('str: address, strCharSet: address', 'size', ({ memory }, text, set) =>
      span(memory, text, setOf(memory, set), 1),
    ),
    strcspn,
    strpbrk: library('str: address, strCharSet: address', 'address', ({ memory }, text, set) => {
      const at = text + span(memory, text, setOf(memory, set), 0);
      return memory.u8(at) === 0 ? 0 : at;
    }),
    strtok: library('strToken: address, strDelimit: address', 'address', (thread, text, delimiters) => {
      const data = threadData(thread);
      return token(thread.memory, text === 0 ? data.token : text, delimiters, (at) => {
        data.token = at;
      });
    }),
    strtok_s: library(
      'strToken: address, strDelimit: address, context: address',
      'address',
      (thread, text, set, context) =>
        token(thread.memory, text === 0 ? thread.memory.u64(context) : text, set, (at) =>
          thread.memory.setU64(context, at),
        ),
    ),
    _strdup: library('strSource: address', 'address', duplicate),
    _strset: library('str: address, c: int', 'address', ({ memory }, text, c) =>
      mapInPlace(memory, text, ALL, () => c & 0xff),
    ),
    _strnset: library('str: address, c: int, count: size', 'address', ({ memory }, text, c, count) =>
      mapInPlace(memory, text, count, () => c & 0xff),
    ),
    _strrev: library('str: address', 'address', ({ memory }, text) => {
      const bytes = memory.bytes(text, byteLength(memory, text)).reverse();
      memory.touch(text, bytes.length, WRITE);
      memory.setBytes(text, bytes);
      return text;
    }),
  };
});

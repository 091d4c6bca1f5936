import { WRITE } from '../../memory/constants.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate } from './allocation.ts';
import { ENOMEM, failErrno } from './errno.ts';
import { crtOf, threadData } from './state.ts';
import { readWide, wideLength, writeText } from './text.ts';

const UNIT = 2;
const ALL = Number.MAX_SAFE_INTEGER;

function put(memory: GuestMemory, dest: number, src: number, count: number): void {
  memory.touch(dest, (count + 1) * UNIT, WRITE);
  memory.copy(dest, src, count * UNIT);
  memory.setU16(dest + count * UNIT, 0);
}

function copyLimited(memory: GuestMemory, dest: number, src: number, count: number): void {
  const length = wideLength(memory, src, count);
  memory.touch(dest, count * UNIT, WRITE);
  memory.copy(dest, src, length * UNIT);
  if (count > length) memory.fill(dest + length * UNIT, 0, (count - length) * UNIT);
}

function compare(memory: GuestMemory, a: number, b: number, count: number): number {
  for (let i = 0; i < count; i++) {
    const left = memory.u16(a + i * UNIT);
    const right = memory.u16(b + i * UNIT);
    if (left !== right) return left < right ? -1 : 1;
    if (left === 0) return 0;
  }
  return 0;
}

function findUnit(memory: GuestMemory, text: number, value: number): number {
  for (let at = text; ; at += UNIT) {
    const unit = memory.u16(at);
    if (unit === value) return at;
    if (unit === 0) return 0;
  }
}

function findLastUnit(memory: GuestMemory, text: number, value: number): number {
  let found = 0;
  for (let at = text; ; at += UNIT) {
    const unit = memory.u16(at);
    if (unit === value) found = at;
    if (unit === 0) return found;
  }
}

/** Units from `text` on that are all in the set, or all outside it. */
function span(memory: GuestMemory, text: number, set: string, inside: boolean): number {
  const members = new Set<number>();
  for (let i = 0; i < set.length; i++) members.add(set.charCodeAt(i));
  for (let n = 0; ; n++) {
    const unit = memory.u16(text + n * UNIT);
    if (unit === 0 || members.has(unit) !== inside) return n;
  }
}

function token(memory: GuestMemory, text: number, delimiters: number, next: (at: number) => void): number {
  if (text === 0) return 0;
  const set = readWide(memory, delimiters);
  const start = text + span(memory, text, set, true) * UNIT;
  if (memory.u16(start) === 0) {
    next(start);
    return 0;
  }
  const end = start + span(memory, start, set, false) * UNIT;
  const more = memory.u16(end) !== 0;
  if (more) memory.setU16(end, 0);
  next(more ? end + UNIT : end);
  return start;
}

function mapInPlace(memory: GuestMemory, text: number, count: number, map: (unit: number) => number): number {
  const length = wideLength(memory, text, count);
  memory.touch(text, length * UNIT, WRITE);
  for (let i = 0; i < length; i++) memory.setU16(text + i * UNIT, map(memory.u16(text + i * UNIT)));
  return text;
}

function duplicate(thread: Thread, source: number): number {
  if (source === 0) return 0;
  const length = wideLength(thread.memory, source);
  const copy = allocate(thread.process, (length + 1) * UNIT);
  if (copy === 0) return failErrno(thread, ENOMEM, 0);
  put(thread.memory, copy, source, length);
  return copy;
}

function findText(memory: GuestMemory, text: number, sought: number): number {
  const found = readWide(memory, text).indexOf(readWide(memory, sought));
  return found < 0 ? 0 : text + found * UNIT;
}

const end = (memory: GuestMemory, text: number) => text + wideLength(memory, text) * UNIT;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** wchar.h: strings of UTF-16 units, in the "C" locale. */
export const wideStringApi = family('crt', PAGES, () => ({
  wcslen: library('str: address', 'size', ({ memory }, text) => wideLength(memory, text)),
  wcsnlen: library('str: address, numberOfElements: size', 'size', ({ memory }, text, count) =>
    wideLength(memory, text, count),
  ),
  wcscpy: library('dest: address, src: address', 'address', ({ memory }, dest, src) => {
    put(memory, dest, src, wideLength(memory, src));
    return dest;
  }),
  wcsncpy: library('dest: address, src: address, count: size', 'address', ({ memory }, dest, src, count) => {
    copyLimited(memory, dest, src, count);
    return dest;
  }),
  wcscat: library('dest: address, src: address', 'address', ({ memory }, dest, src) => {
    put(memory, end(memory, dest), src, wideLength(memory, src));
    return dest;
  }),
  wcsncat: library('dest: address, src: address, count: size', 'address', ({ memory }, dest, src, count) => {
    put(memory, end(memory, dest), src, wideLength(memory, src, count));
    return dest;
  }),
  wcscmp: library('str1: address, str2: address', 'int', ({ memory }, a, b) => compare(memory, a, b, ALL)),
  wcsncmp: library('str1: address, str2: address, count: size', 'int', ({ memory }, a, b, count) =>
    compare(memory, a, b, count),
  ),
  wcschr: library('str: address, c: word', 'address', ({ memory }, text, c) => findUnit(memory, text, c)),
  wcsrchr: library('str: address, c: word', 'address', ({ memory }, text, c) =>
    findLastUnit(memory, text, c),
  ),
  wcsstr: library('str: address, strSearch: address', 'address', ({ memory }, text, sought) =>
    findText(memory, text, sought),
  ),
  wcsspn: library('str: address, strCharSet: address', 'size', ({ memory }, text, set) =>
    span(memory, text, readWide(memory, set), true),
  ),
  wcscspn: library('str: address, strCharSet: address', 'size', ({ memory }, text, set) =>
    span(memory, text, readWide(memory, set), false),
  ),
  wcspbrk: library('str: address, strCharSet: address', 'address', ({ memory }, text, set) => {
    const at = text + span(memory, text, readWide(memory, set), false) * UNIT;
    return memory.u16(at) === 0 ? 0 : at;
  }),
  /** In the Universal C Runtime it takes where to go on as a third argument, as in C99; NULL there is the thread's. */
  wcstok: library('strToken: address, strDelimit: address, ...', 'address', (thread, text, delimiters) => {
    const { memory } = thread;
    const data = threadData(thread);
    const context = crtOf(thread.process).isUniversal ? thread.argument(2) : 0;
    const before = context === 0 ? data.wideToken : memory.u64(context);
    return token(memory, text === 0 ? before : text, delimiters, (at) => {
      if (context === 0) data.wideToken = at;
      else memory.setU64(context, at);
    });
  }),
  wcstok_s: library(
    'strToken: address, strDelimit: address, context: address',
    'address',
    (thread, text, set, context) =>
      token(thread.memory, text === 0 ? thread.memory.u64(context) : text, set, (at) =>
        thread.memory.setU64(context, at),
      ),
  ),
  _wcsdup: library('strSource: address', 'address', duplicate),
  _wcsset: library('str: address, c: word', 'address', ({ memory }, text, c) =>
    mapInPlace(memory, text, ALL, () => c),
  ),
  _wcsnset: library('str: address, c: word, count: size', 'address', ({ memory }, text, c, count) =>
    mapInPlace(memory, text, count, () => c),
  ),
  _wcsrev: library('str: address', 'address', ({ memory }, text) => {
    const reversed = readWide(memory, text).split('').reverse().join('');
    writeText(memory, text, reversed, true);
    return text;
  }),
}));

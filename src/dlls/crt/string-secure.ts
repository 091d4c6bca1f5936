import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { move } from '../support/blocks.ts';
import { EINVAL, ERANGE } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { byteLength, readText, wideLength, writeTerminated, writeText } from './text.ts';

/**
 * The _s forms of copying and filling: sizes are checked, the result is terminated, and what does not fit leaves an empty
 * string (https://learn.microsoft.com/cpp/c-runtime-library/security-features-in-the-crt).
 */

/** _TRUNCATE, (size_t)-1, as a number, and what is answered for a text that was cut. */
const TRUNCATE = 2 ** 64;
const STRUNCATE = 80;

function lengthOf(thread: Thread, text: number, limit: number, wide: boolean): number {
  return wide ? wideLength(thread.memory, text, limit) : byteLength(thread.memory, text, limit);
}

/** An error that leaves the destination empty, where there is one. */
function fail(thread: Thread, dest: number, size: number, wide: boolean, code: number): number {
  if (dest !== 0 && size > 0) writeTerminated(thread.memory, dest, '', wide);
  return failInvalid(thread, code, code);
}

/** Writes at most `count` characters of `src` behind the first `used` of the destination. */
function append(
  thread: Thread,
  dest: number,
  size: number,
  used: number,
  src: number,
  count: number,
  wide: boolean,
): number {
  const room = size - used;
  const limit = Math.min(count, room);
  const length = lengthOf(thread, src, limit, wide);
  const unit = wide ? 2 : 1;
  if (length < room) {
    writeTerminated(thread.memory, dest + used * unit, readText(thread.memory, src, wide, length), wide);
    return 0;
  }
  if (count < TRUNCATE) return fail(thread, dest, size, wide, ERANGE);
  writeTerminated(thread.memory, dest + used * unit, readText(thread.memory, src, wide, room - 1), wide);
  return STRUNCATE;
}

function copy(thread: Thread, dest: number, size: number, src: number, count: number, wide: boolean): number {
  if (dest === 0 && size === 0 && count === 0) return 0;
  if (dest === 0 || size === 0) return failInvalid(thread, EINVAL, EINVAL);
  if (count === 0) {
    writeTerminated(thread.memory, dest, '', wide);
    return 0;
  }
  if (src === 0) return fail(thread, dest, size, wide, EINVAL);
  return append(thread, dest, size, 0, src, count, wide);
}

function concatenate(
  thread: Thread,
  dest: number,
  size: number,
  src: number,
  count: number,
  wide: boolean,
): number {
  if (dest === 0 && size === 0 && count === 0) return 0;
  if (dest === 0 || size === 0) return failInvalid(thread, EINVAL, EINVAL);
  const used = lengthOf(thread, dest, size, wide);
  if (src === 0 && count > 0) return fail(thread, dest, size, wide, EINVAL);
  if (used >= size) return fail(thread, dest, size, wide, EINVAL);
  return count === 0 ? 0 : append(thread, dest, size, used, src, count, wide);
}

function set(
  thread: Thread,
  dest: number,
  size: number,
  value: number,
  count: number,
  wide: boolean,
): number {
  if (dest === 0 || size === 0) return failInvalid(thread, EINVAL, EINVAL);
  const length = lengthOf(thread, dest, size, wide);
  if (length >= size) return fail(thread, dest, size, wide, EINVAL);
  const filled = String.fromCharCode(wide ? value & 0xffff : value & 0xff).repeat(Math.min(length, count));
  writeText(thread.memory, dest, filled, wide);
  return 0;
}

/** Any count larger than every string, and not _TRUNCATE. */
const ALL = Number.MAX_SAFE_INTEGER;

function functionsOf(wide: boolean) {
  const value = wide ? 'word' : 'int';
  return {
    copy: library('dest: address, destSize: size, src: address', 'int', (t, dest, size, src) =>
      copy(t, dest, size, src, ALL, wide),
    ),
    concatenate: library('dest: address, destSize: size, src: address', 'int', (t, dest, size, src) =>
      concatenate(t, dest, size, src, ALL, wide),
    ),
    copyCounted: library(
      'dest: address, destSize: size, src: address, count: size',
      'int',
      (t, dest, size, src, count) => copy(t, dest, size, src, count, wide),
    ),
    concatenateCounted: library(
      'dest: address, destSize: size, src: address, count: size',
      'int',
      (t, dest, size, src, count) => concatenate(t, dest, size, src, count, wide),
    ),
    set: library(`str: address, size: size, c: ${value}`, 'int', (t, dest, size, c) =>
      set(t, dest, size, c, ALL, wide),
    ),
    setCounted: library(
      `str: address, size: size, c: ${value}, count: size`,
      'int',
      (t, dest, size, c, count) => set(t, dest, size, c, count, wide),
    ),
  };
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** string.h and wchar.h with checked sizes. */
export const stringSecureApi = family('crt', PAGES, () => {
  const narrow = functionsOf(false);
  const wide = functionsOf(true);
  /** wmemcpy_s and wmemmove_s: sizes in units. */
  const moveUnits = library(
    'dest: address, numberOfElements: size, src: address, count: size',
    'int',
    (t, dest, size, src, count) => {
      if (count === 0) return 0;
      if (dest === 0) return failInvalid(t, EINVAL, EINVAL);
      if (src === 0 || size < count) {
        t.memory.fill(dest, 0, size * 2);
        const code = src === 0 ? EINVAL : ERANGE;
        return failInvalid(t, code, code);
      }
      move(t, dest, src, count * 2);
      return 0;
    },
  );
  return {
    strcpy_s: narrow.copy,
    strcat_s: narrow.concatenate,
    strncpy_s: narrow.copyCounted,
    strncat_s: narrow.concatenateCounted,
    _strset_s: narrow.set,
    _strnset_s: narrow.setCounted,
    wcscpy_s: wide.copy,
    wcscat_s: wide.concatenate,
    wcsncpy_s: wide.copyCounted,
    wcsncat_s: wide.concatenateCounted,
    _wcsset_s: wide.set,
    _wcsnset_s: wide.setCounted,
    wmemcpy_s: moveUnits,
    wmemmove_s: moveUnits,
  };
});

import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EILSEQ, EINVAL, ERANGE, failErrno } from './errno.ts';
import { narrow } from './locale-text.ts';
import { readNarrow, readWide, writeTerminated, writeText } from './text.ts';

/**
 * Between bytes and wide characters in the "C" locale: each byte is the character of its number, and
 * characters above U+00FF have no bytes.
 */

/** mbtowc: bytes used (1, 0 for the terminator), or -1. */
function toWide(memory: GuestMemory, to: number, from: number, count: number): number {
  if (from === 0) return 0;
  if (count === 0) return -1;
  const byte = memory.u8(from);
  if (to !== 0) memory.setU16(to, byte);
  return byte === 0 ? 0 : 1;
}

/** wctomb: bytes stored, or -1. */
function toBytes(thread: Thread, to: number, character: number): number {
  if (to === 0) return 0;
  if (character > 0xff) return failErrno(thread, EILSEQ);
  thread.memory.setU8(to, character);
  return 1;
}

/** mbstowcs: characters stored without the terminator; with no destination, characters needed. */
function stringToWide(thread: Thread, to: number, from: number, count: number): number {
  const { memory } = thread;
  if (from === 0) return failErrno(thread, EINVAL);
  if (to === 0) return readNarrow(memory, from).length;
  const text = readNarrow(memory, from, count);
  if (text.length < count) writeTerminated(memory, to, text, true);
  else writeText(memory, to, text, true);
  return text.length;
}

/** wcstombs: bytes stored without the terminator, or -1 (as a size) for a character without a byte. */
function stringToBytes(thread: Thread, to: number, from: number, count: number): number {
  const { memory } = thread;
  if (from === 0) return failErrno(thread, EINVAL);
  const text = to === 0 ? readWide(memory, from) : readWide(memory, from, count);
  if (narrow(0, text) === undefined) return failErrno(thread, EILSEQ);
  if (to === 0) return text.length;
  if (text.length < count) writeTerminated(memory, to, text, false);
  else writeText(memory, to, text, false);
  return text.length;
}

/** _TRUNCATE, (size_t)-1, as a number. */
const TRUNCATE = 2 ** 64;

/** The _s forms: always terminated, the size with the terminator in *pReturn. */
function convertChecked(
  thread: Thread,
  pReturn: number,
  to: number,
  size: number,
  from: number,
  count: number,
  toWideText: boolean,
): number {
  const { memory } = thread;
  const limit = count >= TRUNCATE ? undefined : count;
  let text = toWideText ? readNarrow(memory, from, limit) : readWide(memory, from, limit);
  let code = !toWideText && narrow(0, text) === undefined ? EILSEQ : 0;
  if (to !== 0 && code === 0 && text.length >= size) {
    if (count >= TRUNCATE && size > 0) text = text.slice(0, size - 1);
    else code = ERANGE;
  }
  if (to !== 0 && size > 0) writeTerminated(memory, to, code === 0 ? text : '', toWideText);
  if (pReturn !== 0) memory.setU64(pReturn, code === 0 ? text.length + 1 : 0);
  return code === 0 ? 0 : failErrno(thread, code, code);
}

/** mbrtowc: no state is ever kept, as no character has more than one byte. */
function restartableToWide(memory: GuestMemory, to: number, from: number, count: number): number {
  if (from === 0) return 0;
  return count === 0 ? INCOMPLETE : toWide(memory, to, from, count);
}
/** (size_t)-2 */
const INCOMPLETE = -2;
const WEOF = 0xffff;

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h and wchar.h: multibyte characters. */
export const multibyteApi = family('crt', PAGES, {
  mblen: library('mbstr: address, count: size', 'int', (t, text, count) => toWide(t.memory, 0, text, count)),
  mbtowc: library('wchar: address, mbchar: address, count: size', 'int', (t, to, from, count) =>
    toWide(t.memory, to, from, count),
  ),
  wctomb: library('mbchar: address, wchar: word', 'int', toBytes),
  mbstowcs: library('wcstr: address, mbstr: address, count: size', 'handle', stringToWide),
  wcstombs: library('mbstr: address, wcstr: address, count: size', 'handle', stringToBytes),
  mbstowcs_s: library(
    'pReturnValue: address, wcstr: address, sizeInWords: size, mbstr: address, count: size',
    'int',
    (t, pReturn, to, size, from, count) => convertChecked(t, pReturn, to, size, from, count, true),
  ),
  wcstombs_s: library(
    'pReturnValue: address, mbstr: address, sizeInBytes: size, wcstr: address, count: size',
    'int',
    (t, pReturn, to, size, from, count) => convertChecked(t, pReturn, to, size, from, count, false),
  ),
  mbrtowc: library(
    'wchar: address, mbchar: address, count: size, state: address',
    'handle',
    (t, to, from, count) => restartableToWide(t.memory, to, from, count),
  ),
  mbrlen: library('str: address, count: size, state: address', 'handle', (t, from, count) =>
    restartableToWide(t.memory, 0, from, count),
  ),
  wcrtomb: library('mbchar: address, wchar: word, state: address', 'handle', (t, to, character) =>
    to === 0 ? 1 : toBytes(t, to, character),
  ),
  btowc: library('c: int', 'word', (_t, c) => (c >= 0 && c < 256 ? c : WEOF)),
  wctob: library('wchar: word', 'int', (_t, c) => (c < 256 ? c : -1)),
});

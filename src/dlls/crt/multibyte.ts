import { UTF8 } from '../../process/code-pages.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EILSEQ, ERANGE, failErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { codePageOf } from './locale-object.ts';
import { narrow, widen } from './locale-text.ts';
import { readNarrow, readWide, writeTerminated, writeText } from './text.ts';

/**
 * Between bytes and wide characters, by the code page of the locale. In "C" each byte is the character of its number,
 * and characters above U+00FF have no bytes.
 */

/** (size_t)-1 and (size_t)-2. */
const INVALID = -1;
const INCOMPLETE = -2;
const WEOF = 0xffff;

/** What the first bytes of a text are in UTF-8. */
interface Decoded {
  readonly codePoint: number;
  /** Bytes used; INVALID or INCOMPLETE. */
  readonly length: number;
}

/** Bytes of a sequence by its first, and the least code point that needs so many. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}
const LEAST = [0, 0, 0x80, 0x800, 0x10000];

function decode(bytes: readonly number[]): Decoded {
  const length = sequenceLength(bytes[0]!);
  if (length === 1) return { codePoint: bytes[0]!, length };
  if (length === 0) return { codePoint: 0, length: INVALID };
  let codePoint = bytes[0]! & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    if (i >= bytes.length) return { codePoint: 0, length: INCOMPLETE };
    if ((bytes[i]! & 0xc0) !== 0x80) return { codePoint: 0, length: INVALID };
    codePoint = codePoint * 64 + (bytes[i]! & 0x3f);
  }
  const wrong = codePoint < LEAST[length]! || codePoint > 0x10ffff || (codePoint & ~0x7ff) === 0xd800;
  return wrong ? { codePoint: 0, length: INVALID } : { codePoint, length };
}

/** The character at `from`, of which at most `count` bytes are looked at; `before` are bytes of an earlier call. */
function decodeAt(
  thread: Thread,
  codePage: number,
  from: number,
  count: number,
  before: readonly number[] = [],
): Decoded {
  const { memory } = thread;
  if (codePage !== UTF8) {
    const byte = memory.u8(from);
    return { codePoint: widen(codePage, String.fromCharCode(byte)).charCodeAt(0), length: 1 };
  }
  const bytes = [...before];
  for (let i = 0; i < count; i++) {
    bytes.push(memory.u8(from + i));
    const decoded = decode(bytes);
    if (decoded.length !== INCOMPLETE)
      return decoded.length < 0 ? decoded : { ...decoded, length: decoded.length - before.length };
  }
  return { codePoint: 0, length: INCOMPLETE };
}

/** mbtowc and mblen: bytes used (0 for the terminator), or -1. */
function toWide(thread: Thread, to: number, from: number, count: number, locale: number): number {
  if (from === 0 || count === 0) return 0;
  const { codePoint, length } = decodeAt(thread, codePageOf(thread, locale), from, count);
  if (length < 0 || codePoint > 0xffff) return failErrno(thread, EILSEQ);
  if (to !== 0) thread.memory.setU16(to, codePoint);
  return codePoint === 0 ? 0 : length;
}

/** Bytes of a character, or undefined. */
function bytesOf(thread: Thread, text: string, locale: number): string | undefined {
  return narrow(codePageOf(thread, locale), text);
}

/** wctomb: bytes stored, or -1. */
function toBytes(thread: Thread, to: number, character: number, locale: number): number {
  if (to === 0) return 0;
  const bytes = bytesOf(thread, String.fromCharCode(character), locale);
  if (bytes === undefined) return failErrno(thread, EILSEQ);
  writeText(thread.memory, to, bytes, false);
  return bytes.length;
}

/** wctomb_s: the number of bytes goes to *pReturn. */
function toBytesChecked(
  thread: Thread,
  pReturn: number,
  to: number,
  size: number,
  character: number,
  locale: number,
): number {
  const { memory } = thread;
  if (to === 0 && size > 0) {
    if (pReturn !== 0) memory.setU32(pReturn, 0);
    return 0;
  }
  const bytes = bytesOf(thread, String.fromCharCode(character), locale);
  if (pReturn !== 0) memory.setU32(pReturn, bytes?.length ?? -1);
  if (bytes === undefined) return failErrno(thread, EILSEQ, EILSEQ);
  if (to === 0) return 0;
  if (bytes.length > size) return failInvalid(thread, ERANGE, ERANGE);
  writeText(memory, to, bytes, false);
  return 0;
}

/** Valid text of the code page as wide text; undefined for bytes that are none. */
function widenChecked(codePage: number, text: string): string | undefined {
  const wide = widen(codePage, text);
  if (codePage !== UTF8 || !wide.includes('\ufffd')) return wide;
  return narrow(codePage, wide) === text ? wide : undefined;
}

/** mbstowcs: characters stored without the terminator; with no destination, characters needed. */
function stringToWide(thread: Thread, to: number, from: number, count: number, locale: number): number {
  const { memory } = thread;
  if (from === 0) return failInvalid(thread);
  const codePage = codePageOf(thread, locale);
  const limit = to === 0 ? undefined : count * (codePage === UTF8 ? 4 : 1);
  const wide = widenChecked(codePage, wholeCharacters(codePage, readNarrow(memory, from, limit)));
  if (wide === undefined) return failErrno(thread, EILSEQ);
  if (to === 0) return wide.length;
  const text = wide.slice(0, count);
  if (text.length < count) writeTerminated(memory, to, text, true);
  else writeText(memory, to, text, true);
  return text.length;
}

/** Without the beginning of a character at the end, where a limit cut it. */
function wholeCharacters(codePage: number, text: string): string {
  if (codePage !== UTF8) return text;
  for (let back = 1; back <= Math.min(3, text.length); back++) {
    const code = text.charCodeAt(text.length - back);
    if (code < 0x80) return text;
    if (code >= 0xc0) return sequenceLength(code) > back ? text.slice(0, -back) : text;
  }
  return text;
}

/** wcstombs: bytes stored without the terminator, or -1 (as a size) for a character without bytes. */
function stringToBytes(thread: Thread, to: number, from: number, count: number, locale: number): number {
  const { memory } = thread;
  if (from === 0) return failInvalid(thread);
  const codePage = codePageOf(thread, locale);
  const wide = to === 0 ? readWide(memory, from) : readWide(memory, from, count);
  let bytes = narrow(codePage, wide);
  if (bytes === undefined) return failErrno(thread, EILSEQ);
  if (to === 0) return bytes.length;
  if (bytes.length > count) bytes = wholeCharacters(codePage, bytes.slice(0, count));
  if (bytes.length < count) writeTerminated(memory, to, bytes, false);
  else writeText(memory, to, bytes, false);
  return bytes.length;
}

/** _TRUNCATE, (size_t)-1, as a number, and what is answered for a text that was cut. */
const TRUNCATE = 2 ** 64;
const STRUNCATE = 80;

/** The _s forms: always terminated, the size with the terminator in *pReturn. */
function convertChecked(
  thread: Thread,
  pReturn: number,
  to: number,
  size: number,
  from: number,
  count: number,
  locale: number,
  toWideText: boolean,
): number {
  const { memory } = thread;
  if (from === 0 || (to === 0) !== (size === 0)) return failInvalid(thread, 22, 22);
  const codePage = codePageOf(thread, locale);
  const limit = count >= TRUNCATE || to === 0 ? undefined : count;
  let text = toWideText
    ? widenChecked(codePage, readNarrow(memory, from))?.slice(0, limit)
    : narrow(codePage, readWide(memory, from))?.slice(0, limit);
  let code = text === undefined ? EILSEQ : 0;
  if (to !== 0 && text !== undefined && text.length >= size) {
    code = count >= TRUNCATE ? STRUNCATE : ERANGE;
    text = code === STRUNCATE ? text.slice(0, size - 1) : undefined;
  }
  if (to !== 0) writeTerminated(memory, to, text ?? '', toWideText);
  if (pReturn !== 0) memory.setU64(pReturn, text === undefined ? 0 : text.length + 1);
  if (code === 0 || code === STRUNCATE) return code;
  return code === ERANGE ? failInvalid(thread, code, code) : failErrno(thread, code, code);
}

/** mbstate_t: up to three bytes of a character that is not whole, and how many there are. */
const STATE_COUNT = 4;

function pendingBytes(thread: Thread, state: number): number[] {
  if (state === 0) return [];
  const count = Math.min(thread.memory.u8(state + STATE_COUNT), 3);
  return Array.from({ length: count }, (_, i) => thread.memory.u8(state + i));
}
function keepBytes(thread: Thread, state: number, bytes: readonly number[]): void {
  if (state === 0) return;
  bytes.slice(0, 3).forEach((byte, i) => {
    thread.memory.setU8(state + i, byte);
  });
  thread.memory.setU8(state + STATE_COUNT, Math.min(bytes.length, 3));
}

/** mbrtowc and mbrlen: bytes used, INVALID with EILSEQ, or INCOMPLETE with what came kept in the state. */
function restartableToWide(thread: Thread, to: number, from: number, count: number, state: number): number {
  const { memory } = thread;
  if (from === 0) {
    keepBytes(thread, state, []);
    return 0;
  }
  if (count === 0) return INCOMPLETE;
  const before = pendingBytes(thread, state);
  const { codePoint, length } = decodeAt(thread, codePageOf(thread, 0), from, count, before);
  if (length === INCOMPLETE) {
    const more = Array.from({ length: Math.min(count, 3) }, (_, i) => memory.u8(from + i));
    keepBytes(thread, state, [...before, ...more]);
    return INCOMPLETE;
  }
  keepBytes(thread, state, []);
  if (length < 0 || codePoint > 0xffff) return failErrno(thread, EILSEQ, INVALID);
  if (to !== 0) memory.setU16(to, codePoint);
  return codePoint === 0 ? 0 : length;
}

/** mbsrtowcs and wcsrtombs: *source moves on, and is NULL at the end. */
function restartableString(thread: Thread, to: number, source: number, count: number, wide: boolean): number {
  const { memory } = thread;
  const from = memory.u64(source);
  const done = wide ? stringToWide(thread, to, from, count, 0) : stringToBytes(thread, to, from, count, 0);
  if (to === 0 || done < 0 || thread.pending !== 0) return done;
  if (done < count) memory.setU64(source, 0);
  else if (wide) memory.setU64(source, from + bytesUsed(thread, to, done));
  else memory.setU64(source, from + widen(codePageOf(thread, 0), readNarrow(memory, to, done)).length * 2);
  return done;
}

function bytesUsed(thread: Thread, to: number, count: number): number {
  return narrow(codePageOf(thread, 0), readWide(thread.memory, to, count))?.length ?? count;
}

function restartableStringChecked(
  thread: Thread,
  pReturn: number,
  to: number,
  size: number,
  source: number,
  count: number,
  wide: boolean,
): number {
  const code = convertChecked(thread, pReturn, to, size, thread.memory.u64(source), count, 0, wide);
  if (code === 0 && to !== 0) thread.memory.setU64(source, 0);
  return code;
}

/** c16rtomb, c32rtomb: UTF-8 whatever the locale, as documented. A high surrogate waits for its other half. */
function unicodeToBytes(thread: Thread, to: number, unit: number, state: number, wideState: boolean): number {
  const { memory } = thread;
  if (to === 0) return 1;
  const high = wideState && state !== 0 ? memory.u16(state) : 0;
  if (high === 0 && wideState && (unit & ~0x3ff) === 0xd800 && state !== 0) {
    memory.setU16(state, unit);
    return 0;
  }
  const text = high !== 0 ? String.fromCharCode(high, unit) : String.fromCodePoint(Math.min(unit, 0x10ffff));
  if (high !== 0) memory.setU16(state, 0);
  if (unit > 0x10ffff || /\p{Surrogate}/u.test(text)) return failErrno(thread, EILSEQ, INVALID);
  const bytes = narrow(UTF8, text)!;
  writeText(memory, to, bytes, false);
  return bytes.length;
}

/** A low surrogate that mbrtoc16 still has to give stands here in the state. */
const STATE_SURROGATE = 6;
const SURROGATE_GIVEN = -3;

function bytesToUnicode(
  thread: Thread,
  to: number,
  from: number,
  count: number,
  state: number,
  units: 16 | 32,
): number {
  const { memory } = thread;
  if (units === 16 && state !== 0 && memory.u16(state + STATE_SURROGATE) !== 0) {
    if (to !== 0) memory.setU16(to, memory.u16(state + STATE_SURROGATE));
    memory.setU16(state + STATE_SURROGATE, 0);
    return SURROGATE_GIVEN;
  }
  if (from === 0) return 0;
  if (count === 0) return INCOMPLETE;
  const before = pendingBytes(thread, state);
  const { codePoint, length } = decodeAt(thread, UTF8, from, count, before);
  const kept = length === INCOMPLETE ? Math.min(count, 3) : 0;
  keepBytes(thread, state, [
    ...(kept > 0 ? before : []),
    ...Array.from({ length: kept }, (_, i) => memory.u8(from + i)),
  ]);
  if (length < 0) return length === INCOMPLETE ? INCOMPLETE : failErrno(thread, EILSEQ, INVALID);
  const text = String.fromCodePoint(codePoint);
  if (to !== 0 && units === 32) memory.setU32(to, codePoint);
  if (to !== 0 && units === 16) memory.setU16(to, text.charCodeAt(0));
  if (units === 16 && text.length === 2 && state !== 0)
    memory.setU16(state + STATE_SURROGATE, text.charCodeAt(1));
  return codePoint === 0 ? 0 : length;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h, wchar.h and uchar.h: multibyte characters. */
export const multibyteApi = family('crt', PAGES, () => ({
  mblen: library('mbstr: address, count: size', 'int', (t, text, count) => toWide(t, 0, text, count, 0)),
  _mblen_l: library('mbstr: address, count: size, locale: address', 'int', (t, text, count, locale) =>
    toWide(t, 0, text, count, locale),
  ),
  mbtowc: library('wchar: address, mbchar: address, count: size', 'int', (t, to, from, count) =>
    toWide(t, to, from, count, 0),
  ),
  _mbtowc_l: library('wchar: address, mbchar: address, count: size, locale: address', 'int', toWide),
  wctomb: library('mbchar: address, wchar: word', 'int', (t, to, character) => toBytes(t, to, character, 0)),
  _wctomb_l: library('mbchar: address, wchar: word, locale: address', 'int', toBytes),
  wctomb_s: library(
    'pRetValue: address, mbchar: address, size: size, wchar: word',
    'int',
    (t, p, to, size, c) => toBytesChecked(t, p, to, size, c, 0),
  ),
  _wctomb_s_l: library(
    'pRetValue: address, mbchar: address, size: size, wchar: word, locale: address',
    'int',
    toBytesChecked,
  ),
  mbstowcs: library('wcstr: address, mbstr: address, count: size', 'handle', (t, to, from, count) =>
    stringToWide(t, to, from, count, 0),
  ),
  _mbstowcs_l: library(
    'wcstr: address, mbstr: address, count: size, locale: address',
    'handle',
    stringToWide,
  ),
  wcstombs: library('mbstr: address, wcstr: address, count: size', 'handle', (t, to, from, count) =>
    stringToBytes(t, to, from, count, 0),
  ),
  _wcstombs_l: library(
    'mbstr: address, wcstr: address, count: size, locale: address',
    'handle',
    stringToBytes,
  ),
  mbstowcs_s: library(
    'pReturnValue: address, wcstr: address, sizeInWords: size, mbstr: address, count: size',
    'int',
    (t, pReturn, to, size, from, count) => convertChecked(t, pReturn, to, size, from, count, 0, true),
  ),
  _mbstowcs_s_l: library(
    'pReturnValue: address, wcstr: address, sizeInWords: size, mbstr: address, count: size, locale: address',
    'int',
    (t, pReturn, to, size, from, count, locale) =>
      convertChecked(t, pReturn, to, size, from, count, locale, true),
  ),
  wcstombs_s: library(
    'pReturnValue: address, mbstr: address, sizeInBytes: size, wcstr: address, count: size',
    'int',
    (t, pReturn, to, size, from, count) => convertChecked(t, pReturn, to, size, from, count, 0, false),
  ),
  _wcstombs_s_l: library(
    'pReturnValue: address, mbstr: address, sizeInBytes: size, wcstr: address, count: size, locale: address',
    'int',
    (t, pReturn, to, size, from, count, locale) =>
      convertChecked(t, pReturn, to, size, from, count, locale, false),
  ),
  mbrtowc: library(
    'wchar: address, mbchar: address, count: size, state: address',
    'handle',
    restartableToWide,
  ),
  mbrlen: library('str: address, count: size, state: address', 'handle', (t, from, count, state) =>
    restartableToWide(t, 0, from, count, state),
  ),
  wcrtomb: library('mbchar: address, wchar: word, state: address', 'handle', (t, to, character) =>
    to === 0 ? 1 : toBytes(t, to, character, 0),
  ),
  wcrtomb_s: library(
    'pReturnValue: address, mbchar: address, size: size, wchar: word, state: address',
    'int',
    (t, pReturn, to, size, character) => toBytesChecked(t, pReturn, to, size, character, 0),
  ),
  mbsrtowcs: library(
    'wcstr: address, mbstr: address, count: size, state: address',
    'handle',
    (t, to, source, count) => restartableString(t, to, source, count, true),
  ),
  wcsrtombs: library(
    'mbstr: address, wcstr: address, count: size, state: address',
    'handle',
    (t, to, source, count) => restartableString(t, to, source, count, false),
  ),
  mbsrtowcs_s: library(
    'pReturnValue: address, wcstr: address, sizeInWords: size, mbstr: address, count: size, state: address',
    'int',
    (t, pReturn, to, size, source, count) =>
      restartableStringChecked(t, pReturn, to, size, source, count, true),
  ),
  wcsrtombs_s: library(
    'pReturnValue: address, mbstr: address, sizeInBytes: size, wcstr: address, count: size, state: address',
    'int',
    (t, pReturn, to, size, source, count) =>
      restartableStringChecked(t, pReturn, to, size, source, count, false),
  ),
  c16rtomb: library('mbchar: address, wchar: word, state: address', 'handle', (t, to, unit, state) =>
    unicodeToBytes(t, to, unit, state, true),
  ),
  c32rtomb: library('mbchar: address, wchar: dword, state: address', 'handle', (t, to, unit, state) =>
    unicodeToBytes(t, to, unit, state, false),
  ),
  mbrtoc16: library(
    'destination: address, source: address, max_bytes: size, state: address',
    'handle',
    (t, to, from, count, state) => bytesToUnicode(t, to, from, count, state, 16),
  ),
  mbrtoc32: library(
    'destination: address, source: address, max_bytes: size, state: address',
    'handle',
    (t, to, from, count, state) => bytesToUnicode(t, to, from, count, state, 32),
  ),
  btowc: library('c: int', 'word', (t, c) => {
    if (c < 0 || c > 255) return WEOF;
    const codePage = codePageOf(t, 0);
    return codePage === UTF8 && c > 0x7f ? WEOF : widen(codePage, String.fromCharCode(c)).charCodeAt(0);
  }),
  wctob: library('wchar: word', 'int', (t, c) => {
    const bytes = c === WEOF ? undefined : bytesOf(t, String.fromCharCode(c), 0);
    return bytes?.length === 1 ? bytes.charCodeAt(0) : -1;
  }),
}));

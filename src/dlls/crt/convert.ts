import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EINVAL, ERANGE, failErrno, setErrno } from './errno.ts';
import { setDouble } from './float-call.ts';
import { type ParsedInteger, parseDouble, parseInteger } from './number-parse.ts';
import { readText } from './text.ts';

const UNSIGNED_MAX = 0xffff_ffff;
const SIGN = 0x8000_0000;
const MAX_BASE = 36;

function characters(memory: GuestMemory, text: number, wide: boolean): (index: number) => number {
  return wide ? (i) => memory.u16(text + i * 2) : (i) => memory.u8(text + i);
}

/** Parses and stores the end pointer; undefined with errno EINVAL, nothing stored, for a base that is none. */
function read(
  thread: Thread,
  text: number,
  end: number,
  base: number,
  wide: boolean,
): ParsedInteger | undefined {
  if (text === 0 || base < 0 || base === 1 || base > MAX_BASE) {
    failErrno(thread, EINVAL);
    return undefined;
  }
  const parsed = parseInteger(characters(thread.memory, text, wide), base);
  if (end !== 0) thread.memory.setU64(end, text + parsed.length * (wide ? 2 : 1));
  return parsed;
}

/** A signed 32-bit result, at its bounds where it does not fit. */
function signed32(thread: Thread, parsed: ParsedInteger | undefined): number {
  if (!parsed) return 0;
  const { negative, low, high, overflow } = parsed;
  if (overflow || high !== 0 || low > (negative ? SIGN : SIGN - 1)) {
    setErrno(thread, ERANGE);
    return negative ? -SIGN : SIGN - 1;
  }
  return negative ? -low : low;
}

function unsigned32(thread: Thread, parsed: ParsedInteger | undefined): number {
  if (!parsed) return 0;
  if (parsed.overflow || parsed.high !== 0) return failErrno(thread, ERANGE, UNSIGNED_MAX);
  return parsed.negative ? -parsed.low : parsed.low;
}

/** Puts a 64-bit result together: the low half is answered. */
function halves(thread: Thread, low: number, high: number, negative: boolean): number {
  thread.resultHigh = (negative ? ~high + (low === 0 ? 1 : 0) : high) >>> 0;
  return (negative ? -low : low) >>> 0;
}

function signed64(thread: Thread, parsed: ParsedInteger | undefined): number {
  if (!parsed) return halves(thread, 0, 0, false);
  const { negative, low, high, overflow } = parsed;
  const fits = !overflow && (high < SIGN || (negative && high === SIGN && low === 0));
  if (fits) return halves(thread, low, high, negative);
  setErrno(thread, ERANGE);
  return negative ? halves(thread, 0, SIGN, false) : halves(thread, UNSIGNED_MAX, SIGN - 1, false);
}

function unsigned64(thread: Thread, parsed: ParsedInteger | undefined): number {
  if (!parsed) return halves(thread, 0, 0, false);
  if (!parsed.overflow) return halves(thread, parsed.low, parsed.high, parsed.negative);
  setErrno(thread, ERANGE);
  return halves(thread, UNSIGNED_MAX, UNSIGNED_MAX, false);
}

/** strtod's result in xmm0; ERANGE and infinity for what is too large, and 0 for what is too small. */
function double(thread: Thread, text: number, end: number, wide: boolean): 0 {
  const { value, length, nonzero } = parseDouble(readText(thread.memory, text, wide));
  if (end !== 0) thread.memory.setU64(end, text + length * (wide ? 2 : 1));
  if (!Number.isFinite(value) || (value === 0 && nonzero)) setErrno(thread, ERANGE);
  return setDouble(thread, value);
}

function conversions(wide: boolean) {
  return {
    toInt: library('str: address', 'int', (t, text) => signed32(t, read(t, text, 0, 10, wide))),
    toInt64: library('str: address', 'opaque64', (t, text) => signed64(t, read(t, text, 0, 10, wide))),
    toDouble: library('str: address', 'void', (t, text) => double(t, text, 0, wide)),
    signed32: library('strSource: address, endptr: address, base: int', 'int', (t, text, end, base) =>
      signed32(t, read(t, text, end, base, wide)),
    ),
    unsigned32: library('strSource: address, endptr: address, base: int', 'dword', (t, text, end, base) =>
      unsigned32(t, read(t, text, end, base, wide)),
    ),
    signed64: library('strSource: address, endptr: address, base: int', 'opaque64', (t, text, end, base) =>
      signed64(t, read(t, text, end, base, wide)),
    ),
    unsigned64: library('strSource: address, endptr: address, base: int', 'opaque64', (t, text, end, base) =>
      unsigned64(t, read(t, text, end, base, wide)),
    ),
    double: library('strSource: address, endptr: address', 'void', (t, text, end) =>
      double(t, text, end, wide),
    ),
  };
}

const narrow = conversions(false);
const wide = conversions(true);
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h: text to numbers. Results in xmm0 are declared void. */
export const convertApi = family('crt', PAGES, {
  atoi: narrow.toInt,
  atol: narrow.toInt,
  _atoi64: narrow.toInt64,
  atof: narrow.toDouble,
  strtol: narrow.signed32,
  strtoul: narrow.unsigned32,
  _strtoi64: narrow.signed64,
  _strtoui64: narrow.unsigned64,
  strtod: narrow.double,
  _wtoi: wide.toInt,
  _wtol: wide.toInt,
  _wtoi64: wide.toInt64,
  _wtof: wide.toDouble,
  wcstol: wide.signed32,
  wcstoul: wide.unsigned32,
  _wcstoi64: wide.signed64,
  _wcstoui64: wide.unsigned64,
  wcstod: wide.double,
});

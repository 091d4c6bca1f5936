import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ERANGE, failErrno, setErrno } from './errno.ts';
import { parseFloating } from './float-parse.ts';
import { bitsOfDouble } from './float-text.ts';
import { failInvalid } from './invalid.ts';
import { type ParsedInteger, parseInteger } from './number-parse.ts';
import { crtOf } from './state.ts';
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
    failInvalid(thread);
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

const HUGE_FLOAT = 3.4028234663852886e38;

/** strtod and strtof: ERANGE and infinity for what is too large, and 0 for what is too small. */
function floating(thread: Thread, text: number, end: number, wide: boolean, single: boolean): number {
  if (text === 0) return failInvalid(thread, 22, 0);
  const { isUniversal } = crtOf(thread.process);
  const { value, length, nonzero } = parseFloating(readText(thread.memory, text, wide), isUniversal, single);
  if (end !== 0) thread.memory.setU64(end, text + length * (wide ? 2 : 1));
  if (isOutOfRange(thread, text, value, wide) || (value === 0 && nonzero)) setErrno(thread, ERANGE);
  return value;
}

/** Infinity that the text does not spell. */
function isOutOfRange(thread: Thread, text: number, value: number, wide: boolean): boolean {
  return Math.abs(value) === Infinity && !/^\s*[+-]?i/i.test(readText(thread.memory, text, wide, 64));
}

// _atodbl's answers
const UNDERFLOW = 4;
const OVERFLOW = 3;

/** _atodbl and _atoflt: into memory, with a verdict. */
function store(thread: Thread, into: number, text: number, single: boolean): number {
  if (into === 0 || text === 0) return failInvalid(thread, 22, 22);
  const { value, nonzero } = parseFloating(readText(thread.memory, text, false), false, single);
  const { low, high } = bitsOfDouble(value);
  if (single) {
    scratch.setFloat32(0, value);
    thread.memory.setU32(into, scratch.getUint32(0));
  } else thread.memory.setHalves(into, low, high);
  if (Math.abs(value) > (single ? HUGE_FLOAT : Number.MAX_VALUE)) return OVERFLOW;
  return value === 0 && nonzero ? UNDERFLOW : 0;
}
const scratch = new DataView(new ArrayBuffer(4));

function conversions(wide: boolean) {
  return {
    toInt: library('str: address', 'int', (t, text) => signed32(t, read(t, text, 0, 10, wide))),
    toInt64: library('str: address', 'opaque64', (t, text) => signed64(t, read(t, text, 0, 10, wide))),
    toDouble: library('str: address', 'double', (t, text) => floating(t, text, 0, wide, false)),
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
    double: library('strSource: address, endptr: address', 'double', (t, text, end) =>
      floating(t, text, end, wide, false),
    ),
    float: library('strSource: address, endptr: address', 'float', (t, text, end) =>
      floating(t, text, end, wide, true),
    ),
  };
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h and inttypes.h: text to numbers. A locale, where there is one, changes nothing: the point is "." in all. */
export const convertApi = family('crt', PAGES, () => {
  const narrow = conversions(false);
  const wide = conversions(true);
  const toDoubleInto = library('value: address, str: address', 'int', (t, into, text) =>
    store(t, into, text, false),
  );
  const toFloatInto = library('value: address, str: address', 'int', (t, into, text) =>
    store(t, into, text, true),
  );
  return {
    atoi: narrow.toInt,
    atol: narrow.toInt,
    _atoi64: narrow.toInt64,
    atof: narrow.toDouble,
    atoll: narrow.toInt64,
    _atoi_l: narrow.toInt,
    _atol_l: narrow.toInt,
    _atoi64_l: narrow.toInt64,
    _atof_l: narrow.toDouble,
    _atoll_l: narrow.toInt64,
    strtol: narrow.signed32,
    _strtol_l: narrow.signed32,
    strtoul: narrow.unsigned32,
    _strtoul_l: narrow.unsigned32,
    strtod: narrow.double,
    _strtod_l: narrow.double,
    strtof: narrow.float,
    _strtof_l: narrow.float,
    strtold: narrow.double,
    _strtold_l: narrow.double,
    strtoll: narrow.signed64,
    _strtoll_l: narrow.signed64,
    strtoull: narrow.unsigned64,
    _strtoull_l: narrow.unsigned64,
    strtoimax: narrow.signed64,
    _strtoimax_l: narrow.signed64,
    strtoumax: narrow.unsigned64,
    _strtoumax_l: narrow.unsigned64,
    _strtoi64: narrow.signed64,
    _strtoi64_l: narrow.signed64,
    _strtoui64: narrow.unsigned64,
    _strtoui64_l: narrow.unsigned64,
    _wtoi: wide.toInt,
    _wtol: wide.toInt,
    _wtoi64: wide.toInt64,
    _wtof: wide.toDouble,
    _wtoll: wide.toInt64,
    _wtoi_l: wide.toInt,
    _wtol_l: wide.toInt,
    _wtoi64_l: wide.toInt64,
    _wtof_l: wide.toDouble,
    _wtoll_l: wide.toInt64,
    wcstol: wide.signed32,
    _wcstol_l: wide.signed32,
    wcstoul: wide.unsigned32,
    _wcstoul_l: wide.unsigned32,
    wcstod: wide.double,
    _wcstod_l: wide.double,
    wcstof: wide.float,
    _wcstof_l: wide.float,
    wcstold: wide.double,
    _wcstold_l: wide.double,
    wcstoll: wide.signed64,
    _wcstoll_l: wide.signed64,
    wcstoull: wide.unsigned64,
    _wcstoull_l: wide.unsigned64,
    wcstoimax: wide.signed64,
    _wcstoimax_l: wide.signed64,
    wcstoumax: wide.unsigned64,
    _wcstoumax_l: wide.unsigned64,
    _wcstoi64: wide.signed64,
    _wcstoi64_l: wide.signed64,
    _wcstoui64: wide.unsigned64,
    _wcstoui64_l: wide.unsigned64,
    _atodbl: toDoubleInto,
    _atodbl_l: toDoubleInto,
    _atoflt: toFloatInto,
    _atoflt_l: toFloatInto,
  };
});

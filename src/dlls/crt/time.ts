import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { dataAddress } from './data.ts';
import { EINVAL, ERANGE, failErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { crtOf, keptBlock, THREAD_DATA, threadData } from './state.ts';
import { readText, writeTerminated } from './text.ts';
import { asctimeText, formatTime } from './time-text.ts';
import { isSummer, localOffset, setZone, zoneOf } from './time-zone.ts';

/** struct tm: nine ints. Months count from 0, years from 1900. */
export interface BrokenTime {
  second: number;
  minute: number;
  hour: number;
  day: number;
  month: number;
  year: number;
  weekday: number;
  yearday: number;
  /** Whether daylight saving time holds; negative in mktime's argument: find out. */
  summer: number;
}

/** 23:59:59, December 31, 3000: the last time that the functions take. */
export const LAST_SECOND = 32_535_215_999;
const TM_SIZE = 36;

function breakDown(seconds: number, summer = 0): BrokenTime {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  return {
    second: date.getUTCSeconds(),
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    day: date.getUTCDate(),
    month: date.getUTCMonth(),
    year: year - 1900,
    weekday: date.getUTCDay(),
    yearday: Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000),
    summer,
  };
}

function fields(time: BrokenTime): number[] {
  return [
    time.second,
    time.minute,
    time.hour,
    time.day,
    time.month,
    time.year,
    time.weekday,
    time.yearday,
    time.summer,
  ];
}

function storeTime(thread: Thread, at: number, time: BrokenTime): number {
  for (const [i, value] of fields(time).entries()) thread.memory.setU32(at + i * 4, value);
  return at;
}

export function readTime(thread: Thread, at: number): BrokenTime {
  const [second, minute, hour, day, month, year, weekday, yearday, summer] = Array.from(
    { length: TM_SIZE / 4 },
    (_, i) => thread.memory.i32(at + i * 4),
  ) as [number, number, number, number, number, number, number, number, number];
  return { second, minute, hour, day, month, year, weekday, yearday, summer };
}

/** gmtime and localtime: the thread's own struct tm, or 0 with EINVAL. */
function toBroken(thread: Thread, timer: number, bits: 32 | 64, local = false): number {
  if (timer === 0) return failInvalid(thread, EINVAL, 0);
  const seconds = bits === 32 ? thread.memory.i32(timer) : thread.memory.u64(timer);
  if (!(seconds >= 0 && seconds <= LAST_SECOND)) return failErrno(thread, EINVAL, 0);
  const time = local ? localTime(thread, seconds) : breakDown(seconds);
  return storeTime(thread, threadData(thread).address + THREAD_DATA.tm, time);
}

function localTime(thread: Thread, seconds: number): BrokenTime {
  const zone = zoneOf(thread.process);
  return breakDown(seconds + localOffset(zone, seconds), isSummer(zone, seconds) ? 1 : 0);
}

function toBrokenChecked(thread: Thread, to: number, timer: number, bits: 32 | 64, local = false): number {
  const at = to === 0 ? failInvalid(thread, EINVAL, 0) : toBroken(thread, timer, bits, local);
  if (at === 0) return EINVAL;
  thread.memory.copy(to, at, TM_SIZE);
  return 0;
}

/** _mkgmtime: fields may lie outside their ranges and are put right; -1 where there is no such time. */
function toSeconds(thread: Thread, at: number): number {
  const seconds = secondsOf(readTime(thread, at));
  if (seconds === undefined) return failErrno(thread, EINVAL);
  storeTime(thread, at, breakDown(seconds));
  return seconds;
}

/** mktime: the same for local time; whether that is daylight saving time the argument says, or the zone. */
function toLocalSeconds(thread: Thread, at: number): number {
  const time = readTime(thread, at);
  const zone = zoneOf(thread.process);
  const plain = secondsOf(time);
  if (plain === undefined) return failErrno(thread, EINVAL);
  const standard = plain + zone.bias;
  const summer =
    time.summer < 0 ? isSummer(zone, standard - HOUR) : time.summer > 0 && zone.summerName !== '';
  const seconds = standard - (summer ? HOUR : 0);
  if (seconds < 0) return failErrno(thread, EINVAL);
  storeTime(thread, at, localTime(thread, seconds));
  return seconds;
}
const HOUR = 3600;

function secondsOf(time: BrokenTime): number | undefined {
  // Date.UTC would take years below 100 for those of the last century.
  const early = time.year + Math.floor(time.month / 12) < 0;
  const month = Date.UTC(1900 + time.year, time.month, 1) / 1000;
  const seconds = month + (time.day - 1) * 86_400 + time.hour * 3600 + time.minute * 60 + time.second;
  return !early && seconds >= 0 && seconds <= LAST_SECOND ? seconds : undefined;
}

function now(thread: Thread): number {
  return Math.floor(thread.process.machine.clock.now() / 1000);
}

function storeNow(thread: Thread, destination: number, bits: 32 | 64): number {
  const seconds = now(thread);
  if (destination !== 0 && bits === 32) thread.memory.setU32(destination, seconds);
  if (destination !== 0 && bits === 64) thread.memory.setU64(destination, seconds);
  return seconds;
}

function asctimeOf(thread: Thread, at: number): string {
  return asctimeText(readTime(thread, at), crtOf(thread.process).isUniversal);
}

function putAsctime(thread: Thread, time: number, wide: boolean): number {
  if (time === 0) return failErrno(thread, EINVAL, 0);
  const at = threadData(thread).address + (wide ? THREAD_DATA.wideAsctime : THREAD_DATA.asctime);
  writeTerminated(thread.memory, at, asctimeOf(thread, time), wide);
  return at;
}

function putCtime(thread: Thread, timer: number, bits: 32 | 64, wide: boolean): number {
  const time = toBroken(thread, timer, bits, true);
  return time === 0 ? 0 : putAsctime(thread, time, wide);
}

/** strftime: 0 when the text does not fit. */
function format(
  thread: Thread,
  to: number,
  max: number,
  formatAt: number,
  time: number,
  wide: boolean,
): number {
  const { isUniversal } = crtOf(thread.process);
  if (to === 0 || max === 0 || formatAt === 0) return failInvalid(thread, EINVAL, 0);
  const text = formatTime(
    readText(thread.memory, formatAt, wide),
    readTime(thread, time),
    isUniversal,
    zoneOf(thread.process),
  );
  if (text === undefined) return failInvalid(thread, EINVAL, 0);
  if (text.length >= max) return failErrno(thread, ERANGE, 0);
  writeTerminated(thread.memory, to, text, wide);
  return text.length;
}

const DATE = '%m/%d/%y';
const CLOCK = '%H:%M:%S';

/** _strdate and _strtime: 9 characters. */
function putNow(thread: Thread, to: number, pattern: string, wide: boolean): number {
  if (to === 0) return failInvalid(thread, EINVAL, 0);
  writeTerminated(thread.memory, to, formatTime(pattern, localTime(thread, now(thread)), false)!, wide);
  return to;
}

function putNowChecked(pattern: string, wide: boolean) {
  return library('buffer: address, numberOfElements: size', 'int', (t, to, size) => {
    if (to === 0 || size === 0) return failInvalid(t, EINVAL, EINVAL);
    const text = formatTime(pattern, localTime(t, now(t)), false)!;
    writeTerminated(t.memory, to, text.length < size ? text : '', wide);
    return text.length < size ? 0 : failInvalid(t, ERANGE, ERANGE);
  });
}

/** asctime_s and its kind: text into a buffer of 26 characters at least. */
function checkedText(wide: boolean, make: (thread: Thread, at: number) => string | undefined) {
  return library('buffer: address, size: size, source: address', 'int', (t, to, size, source) => {
    if (to === 0 || size === 0) return failInvalid(t, EINVAL, EINVAL);
    writeTerminated(t.memory, to, '', wide);
    const text = make(t, source);
    if (text === undefined) return failInvalid(t, EINVAL, EINVAL);
    if (text.length >= size) return failInvalid(t, ERANGE, ERANGE);
    writeTerminated(t.memory, to, text, wide);
    return 0;
  });
}

function ctimeText(thread: Thread, timer: number, bits: 32 | 64): string | undefined {
  const at = toBroken(thread, timer, bits, true);
  return at === 0 ? undefined : asctimeOf(thread, at);
}

/** struct _timeb: seconds, milliseconds, time zone, daylight flag. */
function storeTimeb(thread: Thread, at: number, secondBytes: 4 | 8): 0 {
  const milliseconds = Math.floor(thread.process.machine.clock.now());
  if (secondBytes === 8) thread.memory.setU64(at, Math.floor(milliseconds / 1000));
  else thread.memory.setU32(at, Math.floor(milliseconds / 1000));
  thread.memory.setU16(at + secondBytes, milliseconds % 1000);
  thread.memory.setU16(at + secondBytes + 2, 0);
  thread.memory.setU16(at + secondBytes + 4, 0);
  return 0;
}
function storeTimebChecked(thread: Thread, at: number, secondBytes: 4 | 8): number {
  return at === 0 ? failInvalid(thread, EINVAL, EINVAL) : storeTimeb(thread, at, secondBytes);
}

const TIME_UTC = 1;

/** struct timespec: seconds, and nanoseconds as a long. */
function timespec(secondBytes: 4 | 8) {
  return library('ts: address, base: int', 'int', (t, at, base) => {
    if (at === 0 || base !== TIME_UTC) return 0;
    const milliseconds = t.process.machine.clock.now();
    const seconds = Math.floor(milliseconds / 1000);
    if (secondBytes === 8) t.memory.setU64(at, seconds);
    else t.memory.setU32(at, seconds);
    t.memory.setU32(at + secondBytes, Math.floor((milliseconds - seconds * 1000) * 1e6));
    return base;
  });
}

function intInto(name: string) {
  return library('value: address', 'int', (t, at) => {
    if (at === 0) return failInvalid(t, EINVAL, EINVAL);
    t.memory.setU32(at, t.memory.u32(dataAddress(t.process, name)));
    return 0;
  });
}

/** A time that must fit into 32 bits. */
function fitting(thread: Thread, seconds: number): number {
  return seconds > LAST_SECOND_32 ? failErrno(thread, EINVAL) : seconds;
}
export const LAST_SECOND_32 = 0x7fff_ffff;

function zoneNames(thread: Thread): number {
  const { name, summerName } = zoneOf(thread.process);
  const names = keptBlock(crtOf(thread.process), 'tzname', 32, (at) => {
    thread.memory.setU64(at, at + 16);
    thread.memory.setU64(at + 8, at + 24);
  });
  writeTerminated(thread.memory, names + 16, name, false);
  writeTerminated(thread.memory, names + 24, summerName || name, false);
  return names;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** time.h. */
export const timeApi = family('crt', PAGES, () => ({
  time: library('destTime: address', 'handle', (t, to) => storeNow(t, to, 64)),
  _time64: library('destTime: address', 'handle', (t, to) => storeNow(t, to, 64)),
  _time32: library('destTime: address', 'int', (t, to) => storeNow(t, to, 32)),
  clock: library('', 'int', (t) => Math.floor(t.process.machine.clock.uptime() - crtOf(t.process).started)),
  difftime: library('timer1: handle, timer0: handle', 'double', (_t, end, start) => end - start),
  _difftime64: library('timer1: handle, timer0: handle', 'double', (_t, end, start) => end - start),
  _difftime32: library('timer1: int, timer0: int', 'double', (_t, end, start) => end - start),
  gmtime: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 64)),
  _gmtime64: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 64)),
  _gmtime32: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 32)),
  localtime: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 64, true)),
  _localtime64: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 64, true)),
  _localtime32: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 32, true)),
  _gmtime64_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 64),
  ),
  _gmtime32_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 32),
  ),
  _localtime64_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 64, true),
  ),
  _localtime32_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 32, true),
  ),
  mktime: library('timeptr: address', 'handle', toLocalSeconds),
  _mktime64: library('timeptr: address', 'handle', toLocalSeconds),
  _mktime32: library('timeptr: address', 'int', (t, at) => fitting(t, toLocalSeconds(t, at))),
  _mkgmtime64: library('timeptr: address', 'handle', toSeconds),
  asctime: library('timeptr: address', 'address', (t, time) => putAsctime(t, time, false)),
  _wasctime: library('timeptr: address', 'address', (t, time) => putAsctime(t, time, true)),
  ctime: library('timer: address', 'address', (t, timer) => putCtime(t, timer, 64, false)),
  _ctime64: library('timer: address', 'address', (t, timer) => putCtime(t, timer, 64, false)),
  _ctime32: library('timer: address', 'address', (t, timer) => putCtime(t, timer, 32, false)),
  _wctime: library('timer: address', 'address', (t, timer) => putCtime(t, timer, 64, true)),
  _wctime64: library('timer: address', 'address', (t, timer) => putCtime(t, timer, 64, true)),
  strftime: library(
    'strDest: address, maxsize: size, format: address, timeptr: address',
    'size',
    (t, to, max, text, time) => format(t, to, max, text, time, false),
  ),
  wcsftime: library(
    'strDest: address, maxsize: size, format: address, timeptr: address',
    'size',
    (t, to, max, text, time) => format(t, to, max, text, time, true),
  ),
  _strftime_l: library(
    'strDest: address, maxsize: size, format: address, timeptr: address, locale: address',
    'size',
    (t, to, max, text, time) => format(t, to, max, text, time, false),
  ),
  _wcsftime_l: library(
    'strDest: address, maxsize: size, format: address, timeptr: address, locale: address',
    'size',
    (t, to, max, text, time) => format(t, to, max, text, time, true),
  ),
  _mkgmtime: library('timeptr: address', 'handle', toSeconds),
  _mkgmtime32: library('timeptr: address', 'int', (t, at) => fitting(t, toSeconds(t, at))),
  asctime_s: checkedText(false, (t, time) => (time === 0 ? undefined : asctimeOf(t, time))),
  _wasctime_s: checkedText(true, (t, time) => (time === 0 ? undefined : asctimeOf(t, time))),
  _ctime32_s: checkedText(false, (t, timer) => ctimeText(t, timer, 32)),
  _ctime64_s: checkedText(false, (t, timer) => ctimeText(t, timer, 64)),
  _wctime32_s: checkedText(true, (t, timer) => ctimeText(t, timer, 32)),
  _wctime64_s: checkedText(true, (t, timer) => ctimeText(t, timer, 64)),
  _wctime32: library('timer: address', 'address', (t, timer) => putCtime(t, timer, 32, true)),
  _strdate: library('buffer: address', 'address', (t, to) => putNow(t, to, DATE, false)),
  _strtime: library('buffer: address', 'address', (t, to) => putNow(t, to, CLOCK, false)),
  _wstrdate: library('buffer: address', 'address', (t, to) => putNow(t, to, DATE, true)),
  _wstrtime: library('buffer: address', 'address', (t, to) => putNow(t, to, CLOCK, true)),
  _strdate_s: putNowChecked(DATE, false),
  _strtime_s: putNowChecked(CLOCK, false),
  _wstrdate_s: putNowChecked(DATE, true),
  _wstrtime_s: putNowChecked(CLOCK, true),
  _ftime: library('timeptr: address', 'void', (t, at) => storeTimeb(t, at, 8)),
  _ftime64: library('timeptr: address', 'void', (t, at) => storeTimeb(t, at, 8)),
  _ftime32: library('timeptr: address', 'void', (t, at) => storeTimeb(t, at, 4)),
  _ftime_s: library('timeptr: address', 'int', (t, at) => storeTimebChecked(t, at, 8)),
  _ftime64_s: library('timeptr: address', 'int', (t, at) => storeTimebChecked(t, at, 8)),
  _ftime32_s: library('timeptr: address', 'int', (t, at) => storeTimebChecked(t, at, 4)),
  timespec_get: timespec(8),
  _timespec64_get: timespec(8),
  _timespec32_get: timespec(4),
  _getsystime: library('timeptr: address', 'dword', (t, at) => {
    const milliseconds = Math.floor(t.process.machine.clock.now());
    storeTime(t, at, localTime(t, Math.floor(milliseconds / 1000)));
    return milliseconds % 1000;
  }),
  _get_timezone: intInto('_timezone'),
  _get_daylight: intInto('_daylight'),
  _get_dstbias: intInto('_dstbias'),
  _get_tzname: library(
    'pReturnValue: address, timeZoneName: address, sizeInBytes: size, index: int',
    'int',
    (t, pReturn, to, size, index) => {
      if (pReturn === 0 || (to === 0) !== (size === 0) || (index !== 0 && index !== 1))
        return failInvalid(t, EINVAL, EINVAL);
      const { name, summerName } = zoneOf(t.process);
      const text = index === 0 ? name : summerName || name;
      t.memory.setU64(pReturn, text.length + 1);
      if (to === 0) return 0;
      const fits = size > text.length;
      writeTerminated(t.memory, to, fits ? text : '', false);
      return fits ? 0 : failErrno(t, ERANGE, ERANGE);
    },
  ),
  _tzset: library('', 'void', (t) => {
    setZone(t.process);
    zoneNames(t);
    return 0;
  }),
  __timezone: library('', 'address', (t) => dataAddress(t.process, '_timezone')),
  __daylight: library('', 'address', (t) => dataAddress(t.process, '_daylight')),
  __dstbias: library('', 'address', (t) => dataAddress(t.process, '_dstbias')),
  __tzname: library('', 'address', zoneNames),
  __p__timezone: library('', 'address', (t) => dataAddress(t.process, '_timezone')),
  __p__daylight: library('', 'address', (t) => dataAddress(t.process, '_daylight')),
  __p__dstbias: library('', 'address', (t) => dataAddress(t.process, '_dstbias')),
  __p__tzname: library('', 'address', zoneNames),
}));

import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { dataAddress } from './data.ts';
import { EINVAL, failErrno } from './errno.ts';
import { crtOf, keptBlock, THREAD_DATA, threadData } from './state.ts';
import { readText, writeTerminated } from './text.ts';
import { asctimeText, formatTime } from './time-text.ts';

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
}

/** 23:59:59, December 31, 3000: the last time that the functions take. */
const LAST_SECOND = 32_535_215_999;
const TM_SIZE = 36;

/** The runtime's time zone is UTC. */
function breakDown(seconds: number): BrokenTime {
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
    0,
  ];
}

function storeTime(thread: Thread, at: number, time: BrokenTime): number {
  for (const [i, value] of fields(time).entries()) thread.memory.setU32(at + i * 4, value);
  return at;
}

export function readTime(thread: Thread, at: number): BrokenTime {
  const [second, minute, hour, day, month, year, weekday, yearday] = Array.from(
    { length: TM_SIZE / 4 },
    (_, i) => thread.memory.i32(at + i * 4),
  ) as [number, number, number, number, number, number, number, number, number];
  return { second, minute, hour, day, month, year, weekday, yearday };
}

/** gmtime and localtime: the thread's own struct tm, or 0 with EINVAL. */
function toBroken(thread: Thread, timer: number, bits: 32 | 64): number {
  if (timer === 0) return failErrno(thread, EINVAL, 0);
  const seconds = bits === 32 ? thread.memory.i32(timer) : thread.memory.u64(timer);
  if (!(seconds >= 0 && seconds <= LAST_SECOND)) return failErrno(thread, EINVAL, 0);
  return storeTime(thread, threadData(thread).address + THREAD_DATA.tm, breakDown(seconds));
}

function toBrokenChecked(thread: Thread, to: number, timer: number, bits: 32 | 64): number {
  const at = to === 0 ? failErrno(thread, EINVAL, 0) : toBroken(thread, timer, bits);
  if (at === 0) return EINVAL;
  thread.memory.copy(to, at, TM_SIZE);
  return 0;
}

/** mktime: fields may lie outside their ranges and are put right; -1 where there is no such time. */
function toSeconds(thread: Thread, at: number): number {
  const time = readTime(thread, at);
  // Date.UTC would take years below 100 for those of the last century.
  const early = time.year + Math.floor(time.month / 12) < 0;
  const month = Date.UTC(1900 + time.year, time.month, 1) / 1000;
  const seconds = month + (time.day - 1) * 86_400 + time.hour * 3600 + time.minute * 60 + time.second;
  if (early || !(seconds >= 0 && seconds <= LAST_SECOND)) return failErrno(thread, EINVAL);
  storeTime(thread, at, breakDown(seconds));
  return seconds;
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

function putAsctime(thread: Thread, time: number, wide: boolean): number {
  if (time === 0) return failErrno(thread, EINVAL, 0);
  const at = threadData(thread).address + (wide ? THREAD_DATA.wideAsctime : THREAD_DATA.asctime);
  writeTerminated(thread.memory, at, asctimeText(readTime(thread, time)), wide);
  return at;
}

function putCtime(thread: Thread, timer: number, bits: 32 | 64, wide: boolean): number {
  const time = toBroken(thread, timer, bits);
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
  const text = formatTime(readText(thread.memory, formatAt, wide), readTime(thread, time));
  if (text === undefined) return failErrno(thread, EINVAL, 0);
  if (text.length >= max) return failErrno(thread, 34, 0);
  writeTerminated(thread.memory, to, text, wide);
  return text.length;
}

/** _strdate and _strtime: 9 characters. */
function putNow(thread: Thread, to: number, pattern: string): number {
  writeTerminated(thread.memory, to, formatTime(pattern, breakDown(now(thread)))!, false);
  return to;
}

/** struct __timeb64: seconds, milliseconds, time zone, daylight flag. */
function storeTimeb(thread: Thread, at: number): 0 {
  const milliseconds = Math.floor(thread.process.machine.clock.now());
  thread.memory.setU64(at, Math.floor(milliseconds / 1000));
  thread.memory.setU16(at + 8, milliseconds % 1000);
  thread.memory.setU16(at + 10, 0);
  thread.memory.setU16(at + 12, 0);
  return 0;
}

function zoneNames(thread: Thread): number {
  return keptBlock(crtOf(thread.process), 'tzname', 32, (at) => {
    thread.memory.setU64(at, at + 16);
    thread.memory.setU64(at + 8, at + 24);
    writeTerminated(thread.memory, at + 16, 'UTC', false);
    writeTerminated(thread.memory, at + 24, 'UTC', false);
  });
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** time.h. */
export const timeApi = family('crt', PAGES, {
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
  localtime: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 64)),
  _localtime64: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 64)),
  _localtime32: library('timer: address', 'address', (t, timer) => toBroken(t, timer, 32)),
  _gmtime64_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 64),
  ),
  _gmtime32_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 32),
  ),
  _localtime64_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 64),
  ),
  _localtime32_s: library('tmDest: address, sourceTime: address', 'int', (t, to, timer) =>
    toBrokenChecked(t, to, timer, 32),
  ),
  mktime: library('timeptr: address', 'handle', toSeconds),
  _mktime64: library('timeptr: address', 'handle', toSeconds),
  _mktime32: library('timeptr: address', 'int', toSeconds),
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
  _strdate: library('buffer: address', 'address', (t, to) => putNow(t, to, '%m/%d/%y')),
  _strtime: library('buffer: address', 'address', (t, to) => putNow(t, to, '%H:%M:%S')),
  _ftime: library('timeptr: address', 'void', storeTimeb),
  _ftime64: library('timeptr: address', 'void', storeTimeb),
  _tzset: library('', 'void', () => 0),
  __timezone: library('', 'address', (t) => dataAddress(t.process, '_timezone')),
  __daylight: library('', 'address', (t) => dataAddress(t.process, '_daylight')),
  __dstbias: library('', 'address', (t) => dataAddress(t.process, '_dstbias')),
  __tzname: library('', 'address', zoneNames),
  __p__timezone: library('', 'address', (t) => dataAddress(t.process, '_timezone')),
  __p__daylight: library('', 'address', (t) => dataAddress(t.process, '_daylight')),
  __p__dstbias: library('', 'address', (t) => dataAddress(t.process, '_dstbias')),
  __p__tzname: library('', 'address', zoneNames),
});

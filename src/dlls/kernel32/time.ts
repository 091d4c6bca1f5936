import { fileTimeOf, PERFORMANCE_FREQUENCY } from '../../process/clock.ts';
import { ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { sleep } from '../../process/waits.ts';
import { family, library, service } from '../api.ts';
import { struct } from '../structs/layout.ts';

const SYSTEM_PAGES = 'https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-{}';
const TIME_PAGES = 'https://learn.microsoft.com/windows/win32/api/timezoneapi/nf-timezoneapi-{}';
const FILE_PAGES = 'https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-{}';
const COUNTER_PAGES = 'https://learn.microsoft.com/windows/win32/api/profileapi/nf-profileapi-{}';
const SLEEP_PAGES = 'https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-{}';

/** https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-systemtime */
export const SYSTEMTIME = struct({
  wYear: 'u16',
  wMonth: 'u16',
  wDayOfWeek: 'u16',
  wDay: 'u16',
  wHour: 'u16',
  wMinute: 'u16',
  wSecond: 'u16',
  wMilliseconds: 'u16',
});
const TWO_32 = 0x1_0000_0000;
const TICKS_PER_MS = 10_000;
/** 100 ns ticks between 1601 and 1970, as milliseconds. */
const EPOCH_MS = 11_644_473_600_000;
/** Highest half of a FILETIME that is a time: bit 63 clear. */
const HIGHEST_HALF = 0x7fff_ffff;
const FIRST_YEAR = 1601;
const LAST_YEAR = 30827;
const MINUTE_MS = 60_000;
const TIME_ZONE_ID_UNKNOWN = 0;
const TIME_ZONE_INFORMATION_SIZE = 172;

/** Writes a FILETIME for milliseconds since 1970. */
export function writeFileTime(thread: Thread, at: number, milliseconds: number): void {
  const { low, high } = fileTimeOf(milliseconds);
  thread.memory.setU32(at, low);
  thread.memory.setU32(at + 4, high);
}

/** Milliseconds since 1970 of a FILETIME's halves, whole. */
function millisecondsOf(low: number, high: number): number {
  return Math.floor((high * TWO_32 + low) / TICKS_PER_MS) - EPOCH_MS;
}

function writeSystemTime(thread: Thread, at: number, milliseconds: number): void {
  const date = new Date(milliseconds);
  const fields = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDay(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
  ];
  for (const [i, value] of fields.entries()) thread.memory.setU16(at + i * 2, value);
}

/** Milliseconds since 1970 of a SYSTEMTIME, or undefined when it is no time. */
function readSystemTime(thread: Thread, at: number): number | undefined {
  const { memory } = thread;
  const year = memory.u16(at + SYSTEMTIME.wYear);
  const month = memory.u16(at + SYSTEMTIME.wMonth);
  const day = memory.u16(at + SYSTEMTIME.wDay);
  const hour = memory.u16(at + SYSTEMTIME.wHour);
  const minute = memory.u16(at + SYSTEMTIME.wMinute);
  const second = memory.u16(at + SYSTEMTIME.wSecond);
  const millisecond = memory.u16(at + SYSTEMTIME.wMilliseconds);
  if (year < FIRST_YEAR || year > LAST_YEAR || hour > 23 || minute > 59 || second > 59 || millisecond > 999)
    return undefined;
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const date = new Date(milliseconds);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? milliseconds : undefined;
}

/** Local time less UTC in milliseconds, at a moment; a virtual clock keeps UTC, so that runs repeat. */
function localOffset(thread: Thread, milliseconds: number): number {
  if (thread.process.machine.clock.isVirtual) return 0;
  return -new Date(milliseconds).getTimezoneOffset() * MINUTE_MS;
}

function fileTimeToSystemTime(thread: Thread, from: number, into: number): number {
  const high = thread.memory.u32(from + 4);
  if (high > HIGHEST_HALF) return thread.fail(ERROR_INVALID_PARAMETER);
  const milliseconds = millisecondsOf(thread.memory.u32(from), high);
  if (Number.isNaN(new Date(milliseconds).getTime())) return thread.fail(ERROR_INVALID_PARAMETER);
  writeSystemTime(thread, into, milliseconds);
  return 1;
}

function systemTimeToFileTime(thread: Thread, from: number, into: number): number {
  const milliseconds = readSystemTime(thread, from);
  if (milliseconds === undefined) return thread.fail(ERROR_INVALID_PARAMETER);
  writeFileTime(thread, into, milliseconds);
  return 1;
}

/** Adds the offset that is in force now, as documented (not that of the time given). */
function shiftFileTime(sign: 1 | -1) {
  return (thread: Thread, from: number, into: number): number => {
    const high = thread.memory.u32(from + 4);
    if (high > HIGHEST_HALF) return thread.fail(ERROR_INVALID_PARAMETER);
    const offset = BigInt(sign * localOffset(thread, thread.process.machine.clock.now()) * TICKS_PER_MS);
    const shifted = BigInt.asUintN(64, (BigInt(high) << 32n) + BigInt(thread.memory.u32(from)) + offset);
    thread.memory.setU32(into, Number(shifted & 0xffff_ffffn));
    thread.memory.setU32(into + 4, Number(shifted >> 32n));
    return 1;
  };
}

function compareFileTime(thread: Thread, first: number, second: number): number {
  const { memory } = thread;
  const high = memory.u32(first + 4) - memory.u32(second + 4);
  return Math.sign(high !== 0 ? high : memory.u32(first) - memory.u32(second));
}

/** The zone without names of its halves of the year: its offset now is all that the host tells. */
function timeZoneInformation(thread: Thread, into: number): number {
  thread.memory.fill(into, 0, TIME_ZONE_INFORMATION_SIZE);
  const minutes = -localOffset(thread, thread.process.machine.clock.now()) / MINUTE_MS;
  thread.memory.setU32(into, minutes >>> 0);
  return TIME_ZONE_ID_UNKNOWN;
}

function now(thread: Thread, into: number): number {
  const { low, high } = thread.process.machine.clock.fileTime();
  thread.memory.setU32(into, low);
  thread.memory.setU32(into + 4, high);
  return 0;
}

/** sysinfoapi.h: clocks. */
export const clockApi = family('kernel32', SYSTEM_PAGES, () => ({
  GetTickCount: service('', 'dword', (thread) => Math.floor(thread.process.machine.clock.uptime()) % TWO_32),
  GetTickCount64: service('', 'size', (thread) => Math.floor(thread.process.machine.clock.uptime())),
  GetSystemTimeAsFileTime: library('lpSystemTimeAsFileTime: address', 'void', now),
  GetSystemTimePreciseAsFileTime: library('lpSystemTimeAsFileTime: address', 'void', now),
  GetSystemTime: library('lpSystemTime: address', 'void', (thread, into) => {
    writeSystemTime(thread, into, thread.process.machine.clock.now());
    return 0;
  }),
  GetLocalTime: library('lpSystemTime: address', 'void', (thread, into) => {
    const time = thread.process.machine.clock.now();
    writeSystemTime(thread, into, time + localOffset(thread, time));
    return 0;
  }),
}));

/** timezoneapi.h: times in other forms. */
export const timeApi = family('kernel32', TIME_PAGES, () => ({
  FileTimeToSystemTime: library('lpFileTime: address, lpSystemTime: address', 'bool', fileTimeToSystemTime),
  SystemTimeToFileTime: library('lpSystemTime: address, lpFileTime: address', 'bool', systemTimeToFileTime),
  GetTimeZoneInformation: library('lpTimeZoneInformation: address', 'dword', timeZoneInformation),
}));

/** fileapi.h: file times. */
export const fileTimeApi = family('kernel32', FILE_PAGES, () => ({
  FileTimeToLocalFileTime: library('lpFileTime: address, lpLocalFileTime: address', 'bool', shiftFileTime(1)),
  LocalFileTimeToFileTime: library(
    'lpLocalFileTime: address, lpFileTime: address',
    'bool',
    shiftFileTime(-1),
  ),
  CompareFileTime: library('lpFileTime1: address, lpFileTime2: address', 'int', compareFileTime),
}));

/** profileapi.h */
export const counterApi = family('kernel32', COUNTER_PAGES, () => ({
  QueryPerformanceCounter: service('lpPerformanceCount: address', 'bool', (thread, into) => {
    thread.memory.setU64(into, thread.process.machine.clock.performanceCounter());
    return 1;
  }),
  QueryPerformanceFrequency: service('lpFrequency: address', 'bool', (thread, into) => {
    thread.memory.setU64(into, PERFORMANCE_FREQUENCY);
    return 1;
  }),
}));

/** synchapi.h: sleeping. Nothing can be queued to a thread, so an alertable sleep is a sleep. */
export const sleepApi = family('kernel32', SLEEP_PAGES, () => ({
  Sleep: service('dwMilliseconds: dword', 'void', (thread, milliseconds) => {
    sleep(thread, milliseconds);
    return 0;
  }),
  SleepEx: service('dwMilliseconds: dword, bAlertable: bool', 'dword', (thread, milliseconds) => {
    sleep(thread, milliseconds);
    return 0;
  }),
}));

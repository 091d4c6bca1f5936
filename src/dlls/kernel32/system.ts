import { STATUS_BREAKPOINT } from '../../memory/status.ts';
import { COMPUTER_NAME } from '../../process/environment.ts';
import { ERROR_BUFFER_OVERFLOW, ERROR_INSUFFICIENT_BUFFER } from '../../process/errors.ts';
import type { Process } from '../../process/process.ts';
import { WINDOWS } from '../../process/teb.ts';
import type { Thread } from '../../process/thread.ts';
import { documentedNoOp, family, library, service } from '../api.ts';
import { ANSI, type TextForm, WIDE, writeText } from '../guest-text.ts';
import { processOf } from './process.ts';

const SYSTEM_PAGES = 'https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-{}';
const DEBUG_PAGES = 'https://learn.microsoft.com/windows/win32/api/debugapi/nf-debugapi-{}';
const ERROR_PAGES = 'https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-{}';
const BASE_PAGES = 'https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-{}';
const POINTER_PAGES = 'https://learn.microsoft.com/windows/win32/api/utilapiset/nf-utilapiset-{}';
const PROCESS_PAGES =
  'https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-{}';
const WOW_PAGES = 'https://learn.microsoft.com/windows/win32/api/wow64apiset/nf-wow64apiset-{}';

/** OSVERSIONINFO with its EX tail. https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-osversioninfoexw */
const SERVICE_PACK = 0x14;
const SERVICE_PACK_CHARACTERS = 128;
const VER_NT_WORKSTATION = 1;

function versionEx(form: TextForm) {
  const size = SERVICE_PACK + SERVICE_PACK_CHARACTERS * form.unit;
  return (thread: Thread, info: number): number => {
    const { memory } = thread;
    const given = memory.u32(info);
    if (given !== size && given !== size + 8) return thread.fail(ERROR_INSUFFICIENT_BUFFER);
    memory.fill(info + 4, 0, given - 4);
    const fields = [WINDOWS.major, WINDOWS.minor, WINDOWS.build, WINDOWS.platform];
    for (const [i, value] of fields.entries()) memory.setU32(info + 4 + i * 4, value);
    if (given > size) memory.setU8(info + size + 6, VER_NT_WORKSTATION);
    return 1;
  };
}

/** `size` is the buffer's in characters, and becomes the name's length, or what is needed with the NUL. */
function computerName(form: TextForm) {
  return (thread: Thread, buffer: number, size: number): number => {
    const fits = thread.memory.u32(size) > COMPUTER_NAME.length;
    if (fits) writeText(thread, form, buffer, COMPUTER_NAME);
    thread.memory.setU32(size, COMPUTER_NAME.length + (fits ? 0 : 1));
    return fits ? 1 : thread.fail(ERROR_BUFFER_OVERFLOW);
  };
}

/** sysinfoapi.h: the system's version and name. */
export const versionApi = family('kernel32', SYSTEM_PAGES, () => ({
  GetVersion: library(
    '',
    'dword',
    () => ((WINDOWS.build << 16) | (WINDOWS.minor << 8) | WINDOWS.major) >>> 0,
  ),
  GetVersionExA: library('lpVersionInformation: address', 'bool', versionEx(ANSI)),
  GetVersionExW: library('lpVersionInformation: address', 'bool', versionEx(WIDE)),
}));

/** debugapi.h: there is no debugger, and without one OutputDebugString does nothing. */
export const debugApi = family('kernel32', DEBUG_PAGES, () => ({
  IsDebuggerPresent: service('', 'bool', () => 0),
  CheckRemoteDebuggerPresent: service(
    'hProcess: handle, pbDebuggerPresent: address',
    'bool',
    (thread, handle, into) => {
      if (!processOf(thread, handle)) return 0;
      thread.memory.setU32(into, 0);
      return 1;
    },
  ),
  DebugBreak: library('', 'void', (thread) => thread.raise(STATUS_BREAKPOINT, [0, 0])),
  OutputDebugStringA: documentedNoOp('lpOutputString: address', 'void'),
  OutputDebugStringW: documentedNoOp('lpOutputString: address', 'void'),
}));

const errorModes = new WeakMap<Process, number>();

/** A process keeps its mode; nothing here opens a box that it could suppress. */
function setErrorMode(thread: Thread, mode: number): number {
  const before = errorModes.get(thread.process) ?? 0;
  errorModes.set(thread.process, mode);
  return before;
}

/** errhandlingapi.h: the error mode. */
export const errorModeApi = family('kernel32', ERROR_PAGES, () => ({
  SetErrorMode: service('uMode: dword', 'dword', setErrorMode),
  GetErrorMode: service('', 'dword', (thread) => errorModes.get(thread.process) ?? 0),
}));

/** What encoded pointers are mixed with; the same every run. */
const POINTER_KEY = { low: 0x5bd1_e995, high: 0x27d4_eb2f };

function mix(thread: Thread, low: number, high: number): number {
  thread.resultHigh = (high ^ POINTER_KEY.high) >>> 0;
  return (low ^ POINTER_KEY.low) >>> 0;
}

/** a * b / c rounded to nearest, or -1 when c is 0 or the result does not fit. */
function mulDiv(_thread: Thread, a: number, b: number, c: number): number {
  if (c === 0) return -1;
  const product = BigInt(a) * BigInt(b);
  const divisor = BigInt(c);
  const half = (divisor < 0n ? -divisor : divisor) / 2n;
  const rounded =
    (product < 0n !== divisor < 0n ? -1n : 1n) *
    (((product < 0n ? -product : product) + half) / (divisor < 0n ? -divisor : divisor));
  return rounded > 0x7fff_ffffn || rounded < -0x8000_0000n ? -1 : Number(rounded);
}

/** utilapiset.h: pointers that are hard to forge. */
export const pointerApi = family('kernel32', POINTER_PAGES, () => ({
  EncodePointer: library('Ptr: opaque64', 'opaque64', mix),
  DecodePointer: library('Ptr: opaque64', 'opaque64', mix),
  EncodeSystemPointer: library('Ptr: opaque64', 'opaque64', mix),
  DecodeSystemPointer: library('Ptr: opaque64', 'opaque64', mix),
}));

/** processthreadsapi.h */
export const handleCountApi = family('kernel32', PROCESS_PAGES, () => ({
  GetProcessHandleCount: service(
    'hProcess: handle, pdwHandleCount: address',
    'bool',
    (thread, handle, into) => {
      const target = processOf(thread, handle);
      if (!target) return 0;
      thread.memory.setU32(into, target.handles.count);
      return 1;
    },
  ),
}));

/** wow64apiset.h: nothing is a 32-bit process. */
export const wow64Api = family('kernel32', WOW_PAGES, () => ({
  IsWow64Process: service('hProcess: handle, Wow64Process: address', 'bool', (thread, handle, into) => {
    if (!processOf(thread, handle)) return 0;
    thread.memory.setU32(into, 0);
    return 1;
  }),
}));

/** winbase.h: odds and ends. */
export const utilityApi = family('kernel32', BASE_PAGES, () => ({
  GetComputerNameA: library('lpBuffer: address, nSize: address', 'bool', computerName(ANSI)),
  GetComputerNameW: library('lpBuffer: address, nSize: address', 'bool', computerName(WIDE)),
  MulDiv: library('nNumber: int, nNumerator: int, nDenominator: int', 'int', mulDiv),
  // Obsolete: every process has as many handles as it needs.
  SetHandleCount: library('uNumber: dword', 'dword', (_thread, count) => count),
  GetProcessAffinityMask: service(
    'hProcess: handle, lpProcessAffinityMask: address, lpSystemAffinityMask: address',
    'bool',
    (thread, handle, own, system) => {
      if (!processOf(thread, handle)) return 0;
      thread.memory.setU64(own, 1);
      thread.memory.setU64(system, 1);
      return 1;
    },
  ),
}));

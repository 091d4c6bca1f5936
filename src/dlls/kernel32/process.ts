import { endProcess } from '../../process/end.ts';
import { ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import { CURRENT_PROCESS, CURRENT_THREAD } from '../../process/handles.ts';
import type { Process } from '../../process/process.ts';
import { standardHandles } from '../../process/standard-handles.ts';
import { systemBytes } from '../../process/system-strings.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, library, service } from '../api.ts';
import { ANSI, type TextForm, WIDE } from '../guest-text.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-{}';
const ENVIRONMENT_PAGES = 'https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-{}';

/** STARTUPINFO (x64). https://learn.microsoft.com/windows/win32/api/processthreadsapi/ns-processthreadsapi-startupinfow */
const STARTUP_INFO = { size: 0x68, flags: 0x3c, standardInput: 0x50 };
const STARTF_USESTDHANDLES = 0x100;
const STILL_ACTIVE = 259;
const THREAD_PRIORITY_NORMAL = 0;
const THREAD_PRIORITY_ERROR_RETURN = 0x7fffffff;
const PROCESS_ALL_ACCESS = 0x1fffff;
/** CPU features that IsProcessorFeaturePresent says yes to: those that the translator's CPUID offers. */
const FEATURES: readonly number[] = [
  2, // PF_COMPARE_EXCHANGE_DOUBLE
  3, // PF_MMX_INSTRUCTIONS_AVAILABLE
  6, // PF_XMMI_INSTRUCTIONS_AVAILABLE
  8, // PF_RDTSC_INSTRUCTION_AVAILABLE
  9, // PF_PAE_ENABLED
  10, // PF_XMMI64_INSTRUCTIONS_AVAILABLE
  12, // PF_NX_ENABLED
  14, // PF_COMPARE_EXCHANGE128
  23, // PF_FASTFAIL_AVAILABLE
];

/** The process of a handle (real or -1), or undefined with last error set. */
export function processOf(thread: Thread, handle: number): Process | undefined {
  if (handle === CURRENT_PROCESS) return thread.process;
  const found = thread.process.handles.object<Process>(handle, 'process');
  if (!found) thread.fail(ERROR_INVALID_HANDLE);
  return found;
}

/** The thread of a handle (real or -2), or undefined with last error set. */
export function threadOf(thread: Thread, handle: number): Thread | undefined {
  if (handle === CURRENT_THREAD) return thread;
  const found = thread.process.handles.object<Thread>(handle, 'thread');
  if (!found) thread.fail(ERROR_INVALID_HANDLE);
  return found;
}

function startupInfo(thread: Thread, info: number): number {
  const { memory, process } = thread;
  memory.fill(info, 0, STARTUP_INFO.size);
  memory.setU32(info, STARTUP_INFO.size);
  memory.setU32(info + STARTUP_INFO.flags, STARTF_USESTDHANDLES);
  for (const [i, handle] of standardHandles(process).entries()) {
    memory.setU64(info + STARTUP_INFO.standardInput + i * 8, handle);
  }
  return 0;
}

function terminateProcess(thread: Thread, handle: number, code: number): number {
  const target = processOf(thread, handle);
  if (!target) return 0;
  if (target === thread.process) return thread.exitProcess(code);
  return thread.stop('kernel32!TerminateProcess: ending another process is not built yet');
}

/** Kernel and user time: what the machine has been up is all user time; nobody measures apart yet. */
function processTimes(
  thread: Thread,
  handle: number,
  created: number,
  exited: number,
  kernel: number,
  user: number,
): number {
  const target = processOf(thread, handle);
  if (!target) return 0;
  const { memory } = thread;
  const { clock } = thread.process.machine;
  const started = clock.fileTimeAtStart();
  const ticks = clock.runningTime() * 10_000;
  memory.setHalves(created, started.low, started.high);
  memory.setHalves(exited, 0, 0);
  memory.setHalves(kernel, 0, 0);
  memory.setHalves(user, ticks >>> 0, Math.floor(ticks / 0x1_0000_0000));
  return 1;
}

function openProcess(thread: Thread, access: number, inherit: number, id: number): number {
  const target = thread.process.machine.processes.find((process) => process.id === id);
  if (!target) return thread.fail(ERROR_INVALID_PARAMETER);
  if (target !== thread.process) return thread.fail(ERROR_ACCESS_DENIED);
  return thread.process.handles.add(target, access & PROCESS_ALL_ACCESS, inherit !== 0);
}

/** processthreadsapi.h: this process and its threads. */
export const processApi = family('kernel32', PAGES, () => ({
  GetCurrentProcess: service('', 'handle', () => CURRENT_PROCESS),
  GetCurrentProcessId: service('', 'dword', (thread) => thread.process.id),
  GetCurrentThread: service('', 'handle', () => CURRENT_THREAD),
  GetCurrentThreadId: service('', 'dword', (thread) => thread.id),
  GetProcessId: service('Process: handle', 'dword', (thread, handle) => processOf(thread, handle)?.id ?? 0),
  GetThreadId: service('Thread: handle', 'dword', (thread, handle) => threadOf(thread, handle)?.id ?? 0),
  // Nothing that changes priorities is built.
  GetThreadPriority: service('hThread: handle', 'int', (thread, handle) =>
    threadOf(thread, handle) ? THREAD_PRIORITY_NORMAL : THREAD_PRIORITY_ERROR_RETURN,
  ),
  ExitProcess: calling('uExitCode: dword', 'void', endProcess),
  // With the last thread, the only one for now, the process ends.
  ExitThread: calling('dwExitCode: dword', 'void', endProcess),
  TerminateProcess: service('hProcess: handle, uExitCode: dword', 'bool', terminateProcess),
  GetExitCodeProcess: service('hProcess: handle, lpExitCode: address', 'bool', (thread, handle, into) => {
    const target = processOf(thread, handle);
    if (!target) return 0;
    thread.memory.setU32(into, target.exitCode ?? STILL_ACTIVE);
    return 1;
  }),
  OpenProcess: service(
    'dwDesiredAccess: dword, bInheritHandle: bool, dwProcessId: dword',
    'handle',
    openProcess,
  ),
  GetProcessTimes: service(
    'hProcess: handle, lpCreationTime: address, lpExitTime: address, lpKernelTime: address, lpUserTime: address',
    'bool',
    processTimes,
  ),
  // User-mode functions on Windows: a bad pointer raises.
  GetStartupInfoA: library('lpStartupInfo: address', 'void', startupInfo),
  GetStartupInfoW: library('lpStartupInfo: address', 'void', startupInfo),
  SwitchToThread: service('', 'bool', () => 0),
  IsProcessorFeaturePresent: service('ProcessorFeature: dword', 'bool', (_thread, feature) =>
    FEATURES.includes(feature) ? 1 : 0,
  ),
  // x86 keeps instruction fetch coherent, and so do we: translated code is tracked by frame.
  FlushInstructionCache: service(
    'hProcess: handle, lpBaseAddress: address, dwSize: size',
    'bool',
    (thread, handle) => (processOf(thread, handle) ? 1 : 0),
  ),
}));

function commandLine(form: TextForm) {
  return (thread: Thread) =>
    systemBytes(thread.process, `command line ${form.unit}`, () => {
      const text = form.encode(thread.process.commandLine);
      const bytes = new Uint8Array(text.length + form.unit);
      bytes.set(text);
      return bytes;
    });
}

/** processenv.h: the command line. */
export const commandLineApi = family('kernel32', ENVIRONMENT_PAGES, () => ({
  GetCommandLineA: service('', 'address', commandLine(ANSI)),
  GetCommandLineW: service('', 'address', commandLine(WIDE)),
}));

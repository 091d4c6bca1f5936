import { endProcess } from '../../process/end.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { resize } from './allocation.ts';
import { EINVAL, failErrno } from './errno.ts';
import { crtOf } from './state.ts';
import { flushAll, writeStandardError } from './stream.ts';

/** Exit code of abort and of a signal's default action. */
const ABORTED = 3;
const AMSG_EXIT_CODE = 255;

/** Runs what atexit registered, last first; a function may register more. */
export function* runExitFunctions(thread: Thread): Generator<GuestCall, void, number> {
  const functions = crtOf(thread.process).exitFunctions;
  for (let next = functions.pop(); next !== undefined; next = functions.pop()) yield { address: next, args: [] };
}

/** exit: atexit functions, then the buffers, then the process. */
export function* exitProcess(thread: Thread, code: number): Generator<GuestCall, number, number> {
  yield* runExitFunctions(thread);
  flushAll(thread);
  return yield* endProcess(thread, code);
}

export function* abort(thread: Thread): Generator<GuestCall, number, number> {
  const handler = crtOf(thread.process).signals.get(SIGABRT) ?? SIG_DFL;
  if (handler !== SIG_DFL && handler !== SIG_IGN) {
    crtOf(thread.process).signals.set(SIGABRT, SIG_DFL);
    yield { address: handler, args: [SIGABRT] };
  }
  return yield* endProcess(thread, ABORTED);
}

// https://learn.microsoft.com/cpp/c-runtime-library/signal-constants
const SIGINT = 2;
const SIGILL = 4;
const SIGFPE = 8;
const SIGSEGV = 11;
const SIGTERM = 15;
const SIGBREAK = 21;
const SIGABRT = 22;
const SIGNALS = new Set([SIGINT, SIGILL, SIGFPE, SIGSEGV, SIGTERM, SIGBREAK, SIGABRT]);
const SIG_DFL = 0;
const SIG_IGN = 1;

/** The action is taken back before the handler runs, as documented for signal. */
function* raiseSignal(thread: Thread, signal: number): Generator<GuestCall, number, number> {
  if (!SIGNALS.has(signal)) return -1;
  const { signals } = crtOf(thread.process);
  const action = signals.get(signal) ?? SIG_DFL;
  if (action === SIG_IGN) return 0;
  if (action === SIG_DFL) return yield* endProcess(thread, ABORTED);
  signals.set(signal, SIG_DFL);
  yield { address: action, args: [signal] };
  return 0;
}

/** SIG_ERR: the signal is none. */
const SIG_ERR = -1;

function setSignal(thread: Thread, signal: number, action: number): number {
  if (!SIGNALS.has(signal)) return failErrno(thread, EINVAL, SIG_ERR);
  const { signals } = crtOf(thread.process);
  const before = signals.get(signal) ?? SIG_DFL;
  signals.set(signal, action);
  return before;
}

/** Adds a function to a DLL's own table of exit functions, which grows in the heap. */
function dllOnExit(thread: Thread, func: number, begin: number, end: number): number {
  const { memory } = thread;
  const first = memory.u64(begin);
  const used = memory.u64(end) - first;
  const grown = resize(thread.process, first, used + 8);
  if (grown === 0) return 0;
  memory.setU64(grown + used, func);
  memory.setU64(begin, grown);
  memory.setU64(end, grown + used + 8);
  return func;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** process.h and signal.h: how a program ends. */
export const exitApi = family('msvcrt', PAGES, {
  exit: calling('status: int', 'void', exitProcess),
  _exit: calling('status: int', 'void', endProcess),
  _cexit: calling('', 'void', function* (thread) {
    yield* runExitFunctions(thread);
    flushAll(thread);
    return 0;
  }),
  _c_exit: library('', 'void', () => 0),
  abort: calling('', 'void', abort),
  _amsg_exit: calling('rterrnum: int', 'void', function* (thread, rterrnum) {
    writeStandardError(thread, `\nruntime error R60${String(rterrnum).padStart(2, '0')}\n`);
    return yield* endProcess(thread, AMSG_EXIT_CODE);
  }),
  atexit: library('func: address', 'int', (thread, func) => {
    crtOf(thread.process).exitFunctions.push(func);
    return 0;
  }),
  _onexit: library('function: address', 'address', (thread, func) => {
    crtOf(thread.process).exitFunctions.push(func);
    return func;
  }),
  __dllonexit: library('func: address, pbegin: address, pend: address', 'address', dllOnExit),
  signal: library('sig: int, func: address', 'address', setSignal),
  raise: calling('sig: int', 'int', raiseSignal),
});

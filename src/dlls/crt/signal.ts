import { endProcess } from '../../process/end.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { EINVAL, failErrno } from './errno.ts';
import { crtOf } from './state.ts';

// https://learn.microsoft.com/cpp/c-runtime-library/signal-constants
const SIGINT = 2;
const SIGILL = 4;
const SIGFPE = 8;
const SIGSEGV = 11;
const SIGTERM = 15;
const SIGBREAK = 21;
export const SIGABRT = 22;
const SIGNALS = new Set([SIGINT, SIGILL, SIGFPE, SIGSEGV, SIGTERM, SIGBREAK, SIGABRT]);
export const SIG_DFL = 0;
export const SIG_IGN = 1;
/** Exit code of a signal's default action. */
const ENDED = 3;

/** The action is taken back before the handler runs, as documented for signal. */
function* raiseSignal(thread: Thread, signal: number): Generator<GuestCall, number, number> {
  if (!SIGNALS.has(signal)) return -1;
  const { signals } = crtOf(thread.process);
  const action = signals.get(signal) ?? SIG_DFL;
  if (action === SIG_IGN) return 0;
  if (action === SIG_DFL) return yield* endProcess(thread, ENDED);
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

/** Exceptions that are signals: https://learn.microsoft.com/cpp/c-runtime-library/reference/signal */
const SIGNAL_OF_STATUS = new Map<number, number>([
  [0xc0000005, SIGSEGV],
  [0xc000001d, SIGILL],
  [0xc0000096, SIGILL],
  [0xc000008d, SIGFPE],
  [0xc000008e, SIGFPE],
  [0xc000008f, SIGFPE],
  [0xc0000090, SIGFPE],
  [0xc0000091, SIGFPE],
  [0xc0000092, SIGFPE],
  [0xc0000093, SIGFPE],
]);
const EXCEPTION_CONTINUE_SEARCH = 0;
const EXCEPTION_CONTINUE_EXECUTION = -1;

/** _XcptFilter: gives an exception that is a signal to the program's handler for it. */
export function* filterException(
  thread: Thread,
  code: number,
  _pointers: number,
): Generator<GuestCall, number, number> {
  const signal = SIGNAL_OF_STATUS.get(code);
  const { signals } = crtOf(thread.process);
  const action = signal === undefined ? SIG_DFL : (signals.get(signal) ?? SIG_DFL);
  if (signal === undefined || action === SIG_DFL) return EXCEPTION_CONTINUE_SEARCH;
  if (action === SIG_IGN) return EXCEPTION_CONTINUE_EXECUTION;
  signals.set(signal, SIG_DFL);
  yield { address: action, args: [signal] };
  return EXCEPTION_CONTINUE_EXECUTION;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** signal.h. */
export const signalApi = family('crt', PAGES, () => ({
  signal: library('sig: int, func: address', 'address', setSignal),
  raise: calling('sig: int', 'int', raiseSignal),
  _XcptFilter: calling('xcptnum: dword, pxcptinfoptrs: address', 'int', filterException),
}));

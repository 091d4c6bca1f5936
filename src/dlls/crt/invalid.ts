import { Pending, type Thread } from '../../process/thread.ts';
import { calling, type GuestCall } from '../api.ts';
import { EINVAL, setErrno } from './errno.ts';
import { crtOf, threadData } from './state.ts';

/**
 * Invalid parameters (https://learn.microsoft.com/cpp/c-runtime-library/parameter-validation). In the Universal C
 * Runtime the program's handler is called, and without one the process ends; msvcrt, which has no handlers, only
 * sets errno.
 */
const STATUS_STACK_BUFFER_OVERRUN = 0xc0000409;
const FAST_FAIL_INVALID_ARG = 5;
const NONCONTINUABLE = 1;
/** Function of the DLL's image that calls the handler; a function that finds a bad argument ends by going there. */
const CALLER = '_invalid_parameter_noinfo';

/** Sets errno and returns `result`, after the handler has been called where there is one. */
export function failInvalid(thread: Thread, code = EINVAL, result = -1): number {
  setErrno(thread, code);
  const crt = crtOf(thread.process);
  if (!crt.isUniversal) return result;
  const caller = handlerOf(thread) === 0 ? 0 : addressOf(thread);
  if (caller === 0) return fastFail(thread);
  threadData(thread).invalidResult = result;
  thread.cpu.rip = caller;
  thread.pending = Pending.jumped;
  return 0;
}

function addressOf(thread: Thread): number {
  return thread.process.modules.find(({ name }) => name === 'ucrtbase.dll')?.resolve(CALLER) ?? 0;
}

function handlerOf(thread: Thread): number {
  return threadData(thread).invalidHandler || crtOf(thread.process).hooks.invalidParameter;
}

/** Ends the process as __fastfail does. */
export function fastFail(thread: Thread): 0 {
  return thread.raise(STATUS_STACK_BUFFER_OVERRUN, [FAST_FAIL_INVALID_ARG, 0], NONCONTINUABLE);
}

function* callHandler(thread: Thread, result: number): Generator<GuestCall, number, number> {
  const handler = handlerOf(thread);
  if (handler === 0) return fastFail(thread);
  yield { address: handler, args: [0, 0, 0, 0] };
  return result;
}

/** Calls the handler with no information, as release builds do. */
export const invalidParameterNoInfo = calling('', 'size', function* (thread) {
  const data = threadData(thread);
  const result = data.invalidResult;
  data.invalidResult = 0;
  return yield* callHandler(thread, result);
});

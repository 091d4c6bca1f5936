import { endProcess } from '../../process/end.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { resize } from './allocation.ts';
import { SIG_DFL, SIG_IGN, SIGABRT } from './signal.ts';
import { crtOf } from './state.ts';
import { flushAll, writeStandardError } from './stream.ts';
import { readText } from './text.ts';

const AMSG_EXIT_CODE = 255;

/** Runs what atexit registered, last first; a function may register more. */
export function* runExitFunctions(thread: Thread): Generator<GuestCall, void, number> {
  const functions = crtOf(thread.process).exitFunctions;
  for (let next = functions.pop(); next !== undefined; next = functions.pop())
    yield { address: next, args: [] };
}

/** exit: atexit functions, then the buffers, then the process. */
export function* exitProcess(thread: Thread, code: number): Generator<GuestCall, number, number> {
  yield* runExitFunctions(thread);
  flushAll(thread);
  return yield* endProcess(thread, code);
}

/** Exit code of abort. */
const ABORTED = 3;

/** Ends the process with the message of a runtime error. */
export function* endBadly(thread: Thread, error: number): Generator<GuestCall, number, number> {
  writeStandardError(thread, `\nruntime error R60${String(error).padStart(2, '0')}\n`);
  return yield* endProcess(thread, AMSG_EXIT_CODE);
}

export function* abort(thread: Thread): Generator<GuestCall, number, number> {
  const handler = crtOf(thread.process).signals.get(SIGABRT) ?? SIG_DFL;
  if (handler !== SIG_DFL && handler !== SIG_IGN) {
    crtOf(thread.process).signals.set(SIGABRT, SIG_DFL);
    yield { address: handler, args: [SIGABRT] };
  }
  // Only msvcrt says so in programs that are not debugged.
  if (!crtOf(thread.process).isUniversal) writeStandardError(thread, ABORT_MESSAGE);
  return yield* endProcess(thread, ABORTED);
}

const ABORT_MESSAGE =
  '\nThis application has requested the Runtime to terminate it in an unusual way.\n' +
  "Please contact the application's support team for more information.\n";

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

function* failAssertion(
  thread: Thread,
  message: number,
  filename: number,
  line: number,
  wide: boolean,
): Generator<GuestCall, number, number> {
  const [expression, file] = [message, filename].map((at) => readText(thread.memory, at, wide));
  writeStandardError(thread, `Assertion failed: ${expression}, file ${file}, line ${line}\n`);
  return yield* abort(thread);
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** process.h and assert.h: how a program ends. */
export const exitApi = family('crt', PAGES, () => ({
  exit: calling('status: int', 'void', exitProcess),
  _exit: calling('status: int', 'void', endProcess),
  _cexit: calling('', 'void', function* (thread) {
    yield* runExitFunctions(thread);
    flushAll(thread);
    return 0;
  }),
  _c_exit: library('', 'void', () => 0),
  abort: calling('', 'void', abort),
  _amsg_exit: calling('rterrnum: int', 'void', endBadly),
  _assert: calling(
    'message: address, filename: address, line: dword',
    'void',
    (thread, message, filename, line) => failAssertion(thread, message, filename, line, false),
  ),
  _wassert: calling(
    'message: address, filename: address, line: dword',
    'void',
    (thread, message, filename, line) => failAssertion(thread, message, filename, line, true),
  ),
  atexit: library('func: address', 'int', (thread, func) => {
    crtOf(thread.process).exitFunctions.push(func);
    return 0;
  }),
  _onexit: library('function: address', 'address', (thread, func) => {
    crtOf(thread.process).exitFunctions.push(func);
    return func;
  }),
  __dllonexit: library('func: address, pbegin: address, pend: address', 'address', dllOnExit),
}));

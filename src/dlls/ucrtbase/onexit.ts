import { endProcess } from '../../process/end.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { allocate, release, resize } from '../crt/allocation.ts';
import { crtOf } from '../crt/state.ts';

/** _onexit_table_t: first, last, end of the storage. Pointers stand as they are; the runtime alone looks at them. */
const FIRST = 0;
const LAST = 8;
const END = 16;
const SIZE = 24;
const POINTER = 8;
const FIRST_CAPACITY = 32 * POINTER;

function initialize(thread: Thread, table: number): number {
  if (table === 0) return -1;
  const { memory } = thread;
  if (memory.u64(table + FIRST) === memory.u64(table + END)) memory.fill(table, 0, SIZE);
  return 0;
}

function register(thread: Thread, table: number, func: number): number {
  if (table === 0) return -1;
  const { memory, process } = thread;
  const [first, last, end] = [FIRST, LAST, END].map((at) => memory.u64(table + at)) as [
    number,
    number,
    number,
  ];
  let at = last;
  if (last === end) {
    const capacity = first === 0 ? FIRST_CAPACITY : (end - first) * 2;
    const storage = first === 0 ? allocate(process, capacity) : resize(process, first, capacity);
    if (storage === 0) return -1;
    at = storage + (last - first);
    memory.setU64(table + FIRST, storage);
    memory.setU64(table + END, storage + capacity);
  }
  memory.setU64(at, func);
  memory.setU64(table + LAST, at + POINTER);
  return 0;
}

/** Calls what is registered, last first; a function may register more. */
function* execute(thread: Thread, table: number): Generator<GuestCall, number, number> {
  if (table === 0) return -1;
  const { memory } = thread;
  for (;;) {
    const first = memory.u64(table + FIRST);
    const last = memory.u64(table + LAST);
    if (last <= first) {
      if (first !== 0) release(thread.process, first);
      memory.fill(table, 0, SIZE);
      return 0;
    }
    memory.setU64(table + LAST, last - POINTER);
    const address = memory.u64(last - POINTER);
    if (address !== 0) yield { address, args: [] };
  }
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** process.h: tables of functions to call at the end, of a module or of the process. */
export const onexitApi = family('crt', PAGES, () => ({
  _initialize_onexit_table: library('table: address', 'int', initialize),
  _register_onexit_function: library('table: address, function: address', 'int', register),
  _execute_onexit_table: calling('table: address', 'int', execute),
  _crt_atexit: library('function: address', 'int', (thread, func) => {
    crtOf(thread.process).exitFunctions.push(func);
    return 0;
  }),
  _crt_at_quick_exit: library('function: address', 'int', (thread, func) => {
    crtOf(thread.process).quickExitFunctions.push(func);
    return 0;
  }),
  quick_exit: calling('status: int', 'void', function* (thread, status) {
    const functions = crtOf(thread.process).quickExitFunctions;
    for (let next = functions.pop(); next !== undefined; next = functions.pop())
      yield { address: next, args: [] };
    return yield* endProcess(thread, status);
  }),
  _Exit: calling('status: int', 'void', endProcess),
  _register_thread_local_exe_atexit_callback: library('callback: address', 'void', (thread, callback) => {
    crtOf(thread.process).threadExitCallback = callback;
    return 0;
  }),
}));

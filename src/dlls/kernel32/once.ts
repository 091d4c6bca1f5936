import { ERROR_GEN_FAILURE, ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { depthOf, flushEntries, LIST_HEADER_SIZE, popEntry, pushEntry } from '../support/slist.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-{}';
const LIST_PAGES = 'https://learn.microsoft.com/windows/win32/api/interlockedapi/nf-interlockedapi-{}';

/** Low two bits of an INIT_ONCE; the rest is the context. */
const STATE_MASK = 3;
const FRESH = 0;
const PENDING = 1;
const DONE = 2;
const INIT_ONCE_CHECK_ONLY = 1;
const INIT_ONCE_ASYNC = 2;
const INIT_ONCE_INIT_FAILED = 4;

function initialize(thread: Thread, once: number): number {
  thread.memory.setHalves(once, FRESH, 0);
  return 0;
}

/** Hands out the context of a finished one. */
function giveContext(thread: Thread, once: number, into: number): void {
  if (into === 0) return;
  thread.memory.setHalves(into, (thread.memory.u32(once) & ~STATE_MASK) >>> 0, thread.memory.u32(once + 4));
}

function* executeOnce(
  thread: Thread,
  once: number,
  run: number,
  parameter: number,
  context: number,
): Generator<GuestCall, number, number> {
  const { memory } = thread;
  if ((memory.u32(once) & STATE_MASK) !== DONE) {
    memory.setHalves(once, PENDING, 0);
    const answer = yield { address: run, args: [once, parameter, context] };
    if ((answer & 0xffff_ffff) === 0) {
      memory.setHalves(once, FRESH, 0);
      return 0;
    }
    const low = context === 0 ? 0 : memory.u32(context);
    memory.setHalves(once, ((low & ~STATE_MASK) | DONE) >>> 0, context === 0 ? 0 : memory.u32(context + 4));
    return 1;
  }
  giveContext(thread, once, context);
  return 1;
}

function begin(thread: Thread, once: number, flags: number, pending: number, context: number): number {
  if ((flags & INIT_ONCE_ASYNC) !== 0)
    return thread.stop('kernel32!InitOnceBeginInitialize: INIT_ONCE_ASYNC is not built yet');
  const state = thread.memory.u32(once) & STATE_MASK;
  if (state === DONE) {
    thread.memory.setU32(pending, 0);
    giveContext(thread, once, context);
    return 1;
  }
  if ((flags & INIT_ONCE_CHECK_ONLY) !== 0) return thread.fail(ERROR_GEN_FAILURE);
  thread.memory.setU32(pending, 1);
  thread.memory.setHalves(once, PENDING, 0);
  return 1;
}

function complete(thread: Thread, once: number, flags: number, low: number, high: number): number {
  if ((thread.memory.u32(once) & STATE_MASK) !== PENDING || (low & STATE_MASK) !== 0)
    return thread.fail(ERROR_INVALID_PARAMETER);
  if ((flags & INIT_ONCE_INIT_FAILED) !== 0) thread.memory.setHalves(once, FRESH, 0);
  else thread.memory.setHalves(once, (low | DONE) >>> 0, high);
  return 1;
}

/** synchapi.h: one-time initialization. */
export const onceApi = family('kernel32', PAGES, () => ({
  InitOnceInitialize: library('InitOnce: address', 'void', initialize),
  InitOnceExecuteOnce: calling(
    'InitOnce: address, InitFn: address, Parameter: address, Context: address',
    'bool',
    executeOnce,
  ),
  InitOnceBeginInitialize: library(
    'lpInitOnce: address, dwFlags: dword, fPending: address, lpContext: address',
    'bool',
    begin,
  ),
  InitOnceComplete: library('lpInitOnce: address, dwFlags: dword, lpContext: opaque64', 'bool', complete),
}));

/** interlockedapi.h: singly linked lists. */
export const listApi = family('kernel32', LIST_PAGES, () => ({
  InitializeSListHead: library('ListHead: address', 'void', (thread, list) => {
    thread.memory.fill(list, 0, LIST_HEADER_SIZE);
    return 0;
  }),
  InterlockedPushEntrySList: library(
    'ListHead: address, ListEntry: address',
    'address',
    ({ memory }, list, entry) => pushEntry(memory, list, entry),
  ),
  InterlockedPopEntrySList: library('ListHead: address', 'address', ({ memory }, list) =>
    popEntry(memory, list),
  ),
  InterlockedFlushSList: library('ListHead: address', 'address', ({ memory }, list) =>
    flushEntries(memory, list),
  ),
  QueryDepthSList: library('ListHead: address', 'word', ({ memory }, list) => depthOf(memory, list)),
}));

import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { type CrtLock, crtOf } from './state.ts';

function lockOf(thread: Thread, number: number): CrtLock {
  const { locks } = crtOf(thread.process);
  let lock = locks.get(number);
  if (!lock) locks.set(number, (lock = { owner: undefined, depth: 0, waiting: [] }));
  return lock;
}

/** Enters a lock of the runtime, or parks until its owner leaves it. */
export function enterLock(thread: Thread, number: number): 0 {
  const lock = lockOf(thread, number);
  if (lock.owner !== undefined && lock.owner !== thread)
    return thread.park((wake) => lock.waiting.push(wake));
  lock.owner = thread;
  lock.depth++;
  return 0;
}

export function leaveLock(thread: Thread, number: number): 0 {
  const lock = lockOf(thread, number);
  if (lock.owner !== thread || --lock.depth > 0) return 0;
  lock.owner = undefined;
  for (const wake of lock.waiting.splice(0)) wake();
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** The runtime's own locks, which programs take by number; a stream's lock is its address. */
export const lockApi = family('crt', PAGES, () => ({
  _lock: library('locknum: int', 'void', enterLock),
  _unlock: library('locknum: int', 'void', leaveLock),
  _lock_file: library('file: address', 'void', enterLock),
  _unlock_file: library('file: address', 'void', leaveLock),
}));

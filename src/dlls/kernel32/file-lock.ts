import {
  ERROR_ACCESS_DENIED,
  ERROR_INVALID_FUNCTION,
  ERROR_INVALID_LOCK_RANGE,
  ERROR_INVALID_PARAMETER,
  ERROR_LOCK_VIOLATION,
  ERROR_NO_SYSTEM_RESOURCES,
  ERROR_NOT_LOCKED,
} from '../../process/errors.ts';
import type { DiskFile } from '../../process/file-object.ts';
import { FILE_READ_DATA, FILE_WRITE_DATA } from '../../process/open-files.ts';
import type { Thread } from '../../process/thread.ts';
import { INFINITE, Wait, waitUntil } from '../../process/waits.ts';
import { family, service } from '../api.ts';
import { completeOverlapped, diskFileOf, OVERLAPPED } from './file.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-{}';

const LOCKFILE_FAIL_IMMEDIATELY = 1;
const LOCKFILE_EXCLUSIVE_LOCK = 2;
const END_OF_OFFSETS = 1n << 64n;

interface Range {
  readonly file: DiskFile;
  readonly from: bigint;
  readonly end: bigint;
}

const from64 = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);

/** What is to be locked or unlocked, or undefined with last error set. */
function rangeOf(thread: Thread, handle: number, from: bigint, length: bigint): Range | undefined {
  const file = diskFileOf(thread, handle, ERROR_INVALID_FUNCTION);
  if (!file) return undefined;
  if ((file.access & (FILE_READ_DATA | FILE_WRITE_DATA)) === 0) thread.fail(ERROR_ACCESS_DENIED);
  else if (from + length > END_OF_OFFSETS) thread.fail(ERROR_INVALID_LOCK_RANGE);
  else return { file, from, end: from + length };
  return undefined;
}

function rangeAt(
  thread: Thread,
  handle: number,
  overlapped: number,
  low: number,
  high: number,
): Range | undefined {
  const { memory } = thread;
  const from = from64(
    memory.u32(overlapped + OVERLAPPED.offset),
    memory.u32(overlapped + OVERLAPPED.offsetHigh),
  );
  return rangeOf(thread, handle, from, from64(low, high));
}

function lock(thread: Thread, range: Range, isExclusive: boolean, waits: boolean): number {
  const { file, from, end } = range;
  if (file.locks.isFull) return thread.fail(ERROR_NO_SYSTEM_RESOURCES);
  const state = waitUntil(
    thread,
    waits ? INFINITE : 0,
    () => file.locks.lock(file, from, end, isExclusive),
    (wake) => file.locks.whenReleased(wake),
  );
  if (state === Wait.timeout) return thread.fail(ERROR_LOCK_VIOLATION);
  return state === Wait.done ? 1 : 0;
}

function unlock(thread: Thread, range: Range | undefined): number {
  if (!range) return 0;
  return range.file.locks.unlock(range.file, range.from, range.end) ? 1 : thread.fail(ERROR_NOT_LOCKED);
}

const RANGE =
  'hFile: handle, dwFileOffsetLow: dword, dwFileOffsetHigh: dword, nNumberOfBytesLow: dword, nNumberOfBytesHigh: dword';

/** fileapi.h: locks on ranges of a file, which keep other openings of it from reading and writing there. */
export const fileLockApi = family('kernel32', PAGES, () => ({
  /** Exclusive, at once or not at all. */
  LockFile: service(RANGE, 'bool', (thread, handle, low, high, lengthLow, lengthHigh) => {
    const range = rangeOf(thread, handle, from64(low, high), from64(lengthLow, lengthHigh));
    return range ? lock(thread, range, true, false) : 0;
  }),
  LockFileEx: service(
    'hFile: handle, dwFlags: dword, dwReserved: dword, nNumberOfBytesLow: dword, nNumberOfBytesHigh: dword, lpOverlapped: address',
    'bool',
    (thread, handle, flags, reserved, low, high, overlapped) => {
      if (reserved !== 0) return thread.fail(ERROR_INVALID_PARAMETER);
      const range = rangeAt(thread, handle, overlapped, low, high);
      if (!range) return 0;
      const waits = (flags & LOCKFILE_FAIL_IMMEDIATELY) === 0;
      const locked = lock(thread, range, (flags & LOCKFILE_EXCLUSIVE_LOCK) !== 0, waits);
      if (locked !== 0) completeOverlapped(thread, overlapped, 0);
      return locked;
    },
  ),
  UnlockFile: service(RANGE, 'bool', (thread, handle, low, high, lengthLow, lengthHigh) =>
    unlock(thread, rangeOf(thread, handle, from64(low, high), from64(lengthLow, lengthHigh))),
  ),
  UnlockFileEx: service(
    'hFile: handle, dwReserved: dword, nNumberOfBytesLow: dword, nNumberOfBytesHigh: dword, lpOverlapped: address',
    'bool',
    (thread, handle, reserved, low, high, overlapped) =>
      reserved === 0
        ? unlock(thread, rangeAt(thread, handle, overlapped, low, high))
        : thread.fail(ERROR_INVALID_PARAMETER),
  ),
}));

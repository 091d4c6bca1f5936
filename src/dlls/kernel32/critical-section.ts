import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { INFINITE, Wait, waitUntil } from '../../process/waits.ts';
import { family, library } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-{}';

/** RTL_CRITICAL_SECTION (x64), 40 bytes. */
const SECTION = {
  debugInfo: 0x00,
  lockCount: 0x08,
  recursion: 0x0c,
  owner: 0x10,
  semaphore: 0x18,
  spinCount: 0x20,
} as const;
/** LockCount: -1 is free; bit 0 clear is owned. */
const FREE = 0xffff_ffff;
const OWNED = 0xffff_fffe;

/** Threads that wait for a word in guest memory, by process and address. */
const waiting = new WeakMap<Process, Map<number, Set<() => void>>>();

function subscribe(thread: Thread, address: number, wake: () => void): void {
  let byAddress = waiting.get(thread.process);
  if (!byAddress) waiting.set(thread.process, (byAddress = new Map()));
  const wakes = byAddress.get(address);
  if (wakes) wakes.add(wake);
  else byAddress.set(address, new Set([wake]));
}
function wakeAt(thread: Thread, address: number): void {
  const byAddress = waiting.get(thread.process);
  const wakes = byAddress?.get(address);
  if (!wakes) return;
  byAddress!.delete(address);
  for (const wake of wakes) wake();
}
/** Parks until `ready` answers true; a thread that waits for itself waits for ever, as on Windows. */
function block(thread: Thread, address: number, ready: () => boolean): boolean {
  return waitUntil(thread, INFINITE, ready, (wake) => subscribe(thread, address, wake)) === Wait.done;
}

function initialize(thread: Thread, section: number): number {
  const { memory } = thread;
  memory.setHalves(section + SECTION.debugInfo, 0xffff_ffff, 0xffff_ffff);
  memory.setU32(section + SECTION.lockCount, FREE);
  memory.setU32(section + SECTION.recursion, 0);
  memory.setHalves(section + SECTION.owner, 0, 0);
  memory.setHalves(section + SECTION.semaphore, 0, 0);
  // Spinning is pointless on one processor: the count is kept as 0, as Windows does there.
  memory.setHalves(section + SECTION.spinCount, 0, 0);
  return 1;
}

function tryEnter(thread: Thread, section: number): number {
  const { memory } = thread;
  if (memory.u32(section + SECTION.lockCount) === FREE) {
    memory.setU32(section + SECTION.lockCount, OWNED);
    memory.setU32(section + SECTION.recursion, 1);
    memory.setHalves(section + SECTION.owner, thread.id, 0);
    return 1;
  }
  if (memory.u32(section + SECTION.owner) !== thread.id) return 0;
  memory.setU32(section + SECTION.recursion, memory.u32(section + SECTION.recursion) + 1);
  return 1;
}

function enter(thread: Thread, section: number): number {
  if (tryEnter(thread, section) === 0) block(thread, section, () => tryEnter(thread, section) === 1);
  return 0;
}

function leave(thread: Thread, section: number): number {
  const { memory } = thread;
  const depth = memory.u32(section + SECTION.recursion) - 1;
  memory.setU32(section + SECTION.recursion, depth);
  if (depth > 0) return 0;
  memory.setHalves(section + SECTION.owner, 0, 0);
  memory.setU32(section + SECTION.lockCount, FREE);
  wakeAt(thread, section);
  return 0;
}

/** After DeleteCriticalSection the memory is the program's again; entering it then is undefined. */
function remove(thread: Thread, section: number): number {
  thread.memory.fill(section, 0, 40);
  return 0;
}

/** synchapi.h: critical sections. */
export const criticalSectionApi = family('kernel32', PAGES, () => ({
  InitializeCriticalSection: library('lpCriticalSection: address', 'void', initialize),
  InitializeCriticalSectionAndSpinCount: library(
    'lpCriticalSection: address, dwSpinCount: dword',
    'bool',
    initialize,
  ),
  InitializeCriticalSectionEx: library(
    'lpCriticalSection: address, dwSpinCount: dword, Flags: dword',
    'bool',
    initialize,
  ),
  SetCriticalSectionSpinCount: library(
    'lpCriticalSection: address, dwSpinCount: dword',
    'dword',
    (thread, section) => thread.memory.u32(section + SECTION.spinCount),
  ),
  EnterCriticalSection: library('lpCriticalSection: address', 'void', enter),
  TryEnterCriticalSection: library('lpCriticalSection: address', 'bool', tryEnter),
  LeaveCriticalSection: library('lpCriticalSection: address', 'void', leave),
  DeleteCriticalSection: library('lpCriticalSection: address', 'void', remove),
}));

/** A slim lock's word: bit 0 is "held", the count of shared holders stands above bit 4, exclusive has none. */
const HELD = 1;
const ONE_SHARED = 16;

function tryExclusive(thread: Thread, lock: number): number {
  if (thread.memory.u32(lock) !== 0) return 0;
  thread.memory.setHalves(lock, HELD, 0);
  return 1;
}
function tryShared(thread: Thread, lock: number): number {
  const word = thread.memory.u32(lock);
  if (word === HELD) return 0;
  thread.memory.setU32(lock, (word | HELD) + ONE_SHARED);
  return 1;
}
function releaseExclusive(thread: Thread, lock: number): number {
  thread.memory.setHalves(lock, 0, 0);
  wakeAt(thread, lock);
  return 0;
}
function releaseShared(thread: Thread, lock: number): number {
  const word = thread.memory.u32(lock) - ONE_SHARED;
  thread.memory.setU32(lock, word <= HELD ? 0 : word);
  if (word <= HELD) wakeAt(thread, lock);
  return 0;
}

/** synchapi.h: slim reader/writer locks. Acquiring one's own lock again waits for ever, as documented. */
export const slimLockApi = family('kernel32', PAGES, () => ({
  InitializeSRWLock: library('SRWLock: address', 'void', (thread, lock) => {
    thread.memory.setHalves(lock, 0, 0);
    return 0;
  }),
  AcquireSRWLockExclusive: library('SRWLock: address', 'void', (thread, lock) => {
    block(thread, lock, () => tryExclusive(thread, lock) === 1);
    return 0;
  }),
  AcquireSRWLockShared: library('SRWLock: address', 'void', (thread, lock) => {
    block(thread, lock, () => tryShared(thread, lock) === 1);
    return 0;
  }),
  TryAcquireSRWLockExclusive: library('SRWLock: address', 'byte', tryExclusive),
  TryAcquireSRWLockShared: library('SRWLock: address', 'byte', tryShared),
  ReleaseSRWLockExclusive: library('SRWLock: address', 'void', releaseExclusive),
  ReleaseSRWLockShared: library('SRWLock: address', 'void', releaseShared),
}));

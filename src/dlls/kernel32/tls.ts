import { ERROR_INVALID_PARAMETER, ERROR_NO_MORE_ITEMS } from '../../process/errors.ts';
import type { Process } from '../../process/process.ts';
import { addShutdown } from '../../process/shutdown.ts';
import { TEB, TLS_SLOTS } from '../../process/teb.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, library, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-{}';
const FIBER_PAGES = 'https://learn.microsoft.com/windows/win32/api/fibersapi/nf-fibersapi-{}';

const OUT_OF_INDEXES = 0xffff_ffff;
/** Slots beyond those in the TEB, in a block that a thread gets when it needs one. */
const EXPANSION_SLOTS = 1024;
const SLOT = 8;

/** Address of a thread's slot, or 0 for an index past all slots and (without `make`) for a block not made yet. */
function slotAddress(thread: Thread, index: number, make: boolean): number {
  if (index < TLS_SLOTS) return thread.teb + TEB.tlsSlots + index * SLOT;
  if (index >= TLS_SLOTS + EXPANSION_SLOTS) return 0;
  const { memory } = thread;
  let block = memory.u64(thread.teb + TEB.tlsExpansionSlots);
  if (block === 0) {
    if (!make) return 0;
    block = thread.process.reserveSystem(EXPANSION_SLOTS * SLOT, EXPANSION_SLOTS * SLOT);
    memory.setU64(thread.teb + TEB.tlsExpansionSlots, block);
  }
  return block + (index - TLS_SLOTS) * SLOT;
}

function allocate(thread: Thread): number {
  const used = thread.process.tlsInUse;
  let index = 0;
  while (used[index]) index++;
  if (index >= TLS_SLOTS + EXPANSION_SLOTS) {
    thread.fail(ERROR_NO_MORE_ITEMS);
    return OUT_OF_INDEXES;
  }
  used[index] = true;
  clear(thread.process, index);
  return index;
}

function clear(process: Process, index: number): void {
  for (const thread of process.threads) {
    const at = slotAddress(thread, index, false);
    if (at !== 0) process.memory.setHalves(at, 0, 0);
  }
}

function free(thread: Thread, index: number): number {
  if (!thread.process.tlsInUse[index]) return thread.fail(ERROR_INVALID_PARAMETER);
  thread.process.tlsInUse[index] = false;
  clear(thread.process, index);
  return 1;
}

/** Only the range of the index is checked, as documented; success sets last error to 0. */
function getValue(thread: Thread, index: number): number {
  thread.resultHigh = 0;
  if (index >= TLS_SLOTS + EXPANSION_SLOTS) return thread.fail(ERROR_INVALID_PARAMETER);
  thread.lastError = 0;
  const at = slotAddress(thread, index, false);
  if (at === 0) return 0;
  thread.resultHigh = thread.memory.u32(at + 4);
  return thread.memory.u32(at);
}

function setValue(thread: Thread, index: number, low: number, high: number): number {
  const at = slotAddress(thread, index, true);
  if (at === 0) return thread.fail(ERROR_INVALID_PARAMETER);
  thread.memory.setHalves(at, low, high);
  return 1;
}

/** processthreadsapi.h: thread-local storage by index. */
export const tlsApi = family('kernel32', PAGES, () => ({
  TlsAlloc: service('', 'dword', allocate),
  TlsFree: service('dwTlsIndex: dword', 'bool', free),
  TlsGetValue: library('dwTlsIndex: dword', 'opaque64', getValue),
  TlsSetValue: library('dwTlsIndex: dword, lpTlsValue: opaque64', 'bool', setValue),
}));

/** FLS_MAXIMUM_AVAILABLE of the Windows that we are. */
const FIBER_SLOTS = 4080;

interface FiberSlots {
  /** Callback of each index in use (0: none). Index 0 is never given out. */
  readonly callbacks: (number | undefined)[];
  readonly values: Map<number, { low: number; high: number }>;
}
const fiberSlots = new WeakMap<Process, FiberSlots>();

function slotsOf(thread: Thread): FiberSlots {
  let slots = fiberSlots.get(thread.process);
  if (!slots) {
    slots = { callbacks: [undefined], values: new Map() };
    fiberSlots.set(thread.process, slots);
    addShutdown(thread.process, callAll);
  }
  return slots;
}

/** At the end of a process each value that is not 0 goes to its callback. */
function* callAll(thread: Thread) {
  const { callbacks } = slotsOf(thread);
  for (let index = 1; index < callbacks.length; index++) yield* callBack(thread, index);
}

function* callBack(
  thread: Thread,
  index: number,
): Generator<{ address: number; args: number[] }, void, number> {
  const { callbacks, values } = slotsOf(thread);
  const value = values.get(index);
  const address = callbacks[index];
  values.delete(index);
  if (!value || !address || (value.low | value.high) === 0) return;
  yield { address, args: [value.low + value.high * 0x1_0000_0000] };
}

function fiberGet(thread: Thread, index: number): number {
  thread.resultHigh = 0;
  const { callbacks, values } = slotsOf(thread);
  if (index === 0 || index >= FIBER_SLOTS || callbacks[index] === undefined)
    return thread.fail(ERROR_INVALID_PARAMETER);
  thread.lastError = 0;
  const value = values.get(index);
  thread.resultHigh = value?.high ?? 0;
  return value?.low ?? 0;
}

/** fibersapi.h: fiber-local storage. There is one fiber, the thread. */
export const flsApi = family('kernel32', FIBER_PAGES, () => ({
  FlsAlloc: service('lpCallback: address', 'dword', (thread, callback) => {
    const { callbacks } = slotsOf(thread);
    let index = 1;
    while (callbacks[index] !== undefined) index++;
    if (index >= FIBER_SLOTS) {
      thread.fail(ERROR_NO_MORE_ITEMS);
      return OUT_OF_INDEXES;
    }
    callbacks[index] = callback;
    return index;
  }),
  FlsFree: calling('dwFlsIndex: dword', 'bool', function* (thread, index) {
    const { callbacks } = slotsOf(thread);
    if (index === 0 || callbacks[index] === undefined) return thread.fail(ERROR_INVALID_PARAMETER);
    yield* callBack(thread, index);
    callbacks[index] = undefined;
    return 1;
  }),
  FlsGetValue: service('dwFlsIndex: dword', 'opaque64', fiberGet),
  FlsSetValue: service('dwFlsIndex: dword, lpFlsData: opaque64', 'bool', (thread, index, low, high) => {
    const { callbacks, values } = slotsOf(thread);
    if (index === 0 || callbacks[index] === undefined) return thread.fail(ERROR_INVALID_PARAMETER);
    values.set(index, { low, high });
    return 1;
  }),
  IsThreadAFiber: service('', 'bool', () => 0),
}));

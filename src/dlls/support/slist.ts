import type { GuestMemory } from '../../memory/guest-memory.ts';

/**
 * Singly linked lists, as they lie in guest memory. A host function runs undivided, so all of these are interlocked.
 *
 * SLIST_HEADER (x64): depth in 16 bits and a sequence in 48, then the first entry's address.
 */
export const LIST_HEADER_SIZE = 16;
const FIRST_ENTRY = 8;

export function depthOf(memory: GuestMemory, list: number): number {
  return memory.u16(list);
}
/** Sets the depth and counts one change. */
function changed(memory: GuestMemory, list: number, newDepth: number): void {
  const low = memory.u32(list) >>> 16;
  memory.setU32(list, ((((low + 1) & 0xffff) << 16) | (newDepth & 0xffff)) >>> 0);
  if (low === 0xffff) memory.setU32(list + 4, (memory.u32(list + 4) + 1) >>> 0);
}

/** The entry that was first until now. */
export function pushEntry(memory: GuestMemory, list: number, entry: number): number {
  const first = memory.u64(list + FIRST_ENTRY);
  memory.setU64(entry, first);
  memory.setU64(list + FIRST_ENTRY, entry);
  changed(memory, list, depthOf(memory, list) + 1);
  return first;
}

/** The first entry, or 0. */
export function popEntry(memory: GuestMemory, list: number): number {
  const first = memory.u64(list + FIRST_ENTRY);
  if (first === 0) return 0;
  memory.setU64(list + FIRST_ENTRY, nextEntry(memory, first));
  changed(memory, list, depthOf(memory, list) - 1);
  return first;
}

/** Empties the list; its first entry, or 0. */
export function flushEntries(memory: GuestMemory, list: number): number {
  const first = memory.u64(list + FIRST_ENTRY);
  memory.setHalves(list + FIRST_ENTRY, 0, 0);
  changed(memory, list, 0);
  return first;
}

/** The entry behind this one, or 0. */
export function nextEntry(memory: GuestMemory, entry: number): number {
  return memory.u64(entry);
}

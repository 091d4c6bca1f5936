import type { GuestMemory } from '../memory/guest-memory.ts';

/** TypeDescriptor: vtable, a spare pointer, then the decorated name. */
export const DECORATED_NAME = 16;
const LONGEST_NAME = 4096;

/** Whether two TypeDescriptors are of one type. Each image has descriptors of its own: the names decide. */
export function isSameType(memory: GuestMemory, a: number, b: number): boolean {
  if (a === b) return true;
  for (let i = DECORATED_NAME; i < LONGEST_NAME; i++) {
    const character = memory.u8(a + i);
    if (character !== memory.u8(b + i)) return false;
    if (character === 0) return true;
  }
  return false;
}

/** The base class's part of an object: PMD's displacement, through the table of virtual bases where there is one. */
export function adjust(memory: GuestMemory, object: number, pmd: number): number {
  const table = memory.u32(pmd + 4) | 0;
  let at = object + (memory.u32(pmd) | 0);
  if (table >= 0) {
    at += table;
    at += memory.u32(memory.u64(object + table) + (memory.u32(pmd + 8) | 0)) | 0;
  }
  return at;
}

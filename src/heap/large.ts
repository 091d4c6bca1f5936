import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import { MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE } from '../memory/constants.ts';
import type { HeapContext } from './context.ts';
import {
  BLOCK_HEADER,
  BLOCK_STATE,
  HEAP_FIRST_LARGE,
  HEAP_PROTECT,
  LARGE,
  LARGE_BLOCK,
  LARGE_CHECK,
  LARGE_COMMITTED,
  LARGE_HEAP,
  LARGE_NEXT,
  LARGE_PREVIOUS,
  LARGE_SIZE,
} from './layout.ts';
import { outOfMemory } from './segments.ts';

/** Bytes of a large block's reservation before the program's part. */
export const LARGE_HEADER = LARGE_BLOCK + BLOCK_HEADER;

/** Check value over sizes and owner of the large block whose base is at `index`. */
function largeCheck(c: HeapContext, index: number): number {
  let sum = c.cookie;
  for (let word = LARGE_COMMITTED / 4; word < LARGE_CHECK / 4; word++) {
    sum = Math.imul(sum ^ c.words[index + word], 0x9e3779b1);
  }
  return sum >>> 0;
}

/** Word index of the base of the large block with this header, or 0 when it is none of this heap's. */
export function largeAt(c: HeapContext, block: number): number {
  if ((block & (GRANULE - 1)) !== LARGE_BLOCK) return 0;
  const index = c.at(block - LARGE_BLOCK);
  if (index === 0 || c.words[index + LARGE_BLOCK / 4 + BLOCK_STATE] !== LARGE) return 0;
  if (!c.intact(index + LARGE_BLOCK / 4, block)) return 0;
  if (c.words[index + LARGE_CHECK / 4] !== largeCheck(c, index)) return 0;
  return c.pointer(index + LARGE_HEAP / 4) === c.heap ? index : 0;
}

/** Bytes that the program asked for. */
export function largeSize(c: HeapContext, index: number): number {
  return c.pointer(index + LARGE_SIZE / 4);
}

/** A block in a reservation of its own; its bytes are zero. 0 = no memory. */
export function allocateLarge(c: HeapContext, size: number): number {
  const bytes = Math.ceil((size + LARGE_HEADER) / PAGE_SIZE) * PAGE_SIZE;
  const protect = c.words[c.header + HEAP_PROTECT / 4];
  if (c.space.allocate(0, bytes, MEM_RESERVE | MEM_COMMIT, protect) !== 0) return outOfMemory(c);
  const base = c.space.resultBase;
  const index = c.at(base);
  if (index === 0) return c.corrupt(base, 'a new large block is not writable');
  const next = c.pointer(c.header + HEAP_FIRST_LARGE / 4);
  if (next !== 0) {
    const nextIndex = largeAt(c, next + LARGE_BLOCK);
    if (nextIndex === 0) {
      c.space.free(base, 0, MEM_RELEASE);
      return c.corrupt(next, 'the list of large blocks was changed');
    }
    c.setPointer(nextIndex + LARGE_PREVIOUS / 4, base);
  }
  c.setPointer(index + LARGE_PREVIOUS / 4, 0);
  c.setPointer(index + LARGE_NEXT / 4, next);
  c.setPointer(c.header + HEAP_FIRST_LARGE / 4, base);
  setSizes(c, index, bytes, size);
  c.write(index + LARGE_BLOCK / 4, base + LARGE_BLOCK, 0, 0, LARGE);
  return base + LARGE_BLOCK;
}

function setSizes(c: HeapContext, index: number, committed: number, size: number): void {
  c.setPointer(index + LARGE_COMMITTED / 4, committed);
  c.setPointer(index + LARGE_SIZE / 4, size);
  c.setPointer(index + LARGE_HEAP / 4, c.heap);
  c.words[index + LARGE_CHECK / 4] = largeCheck(c, index);
}

/** Whether the neighbours in the list of large blocks agree that this one is between them. */
export function largeLinked(c: HeapContext, base: number, index: number): boolean {
  const previous = c.pointer(index + LARGE_PREVIOUS / 4);
  const next = c.pointer(index + LARGE_NEXT / 4);
  if (previous === 0) {
    if (c.pointer(c.header + HEAP_FIRST_LARGE / 4) !== base) return false;
  } else {
    const previousIndex = largeAt(c, previous + LARGE_BLOCK);
    if (previousIndex === 0 || c.pointer(previousIndex + LARGE_NEXT / 4) !== base) return false;
  }
  if (next === 0) return true;
  const nextIndex = largeAt(c, next + LARGE_BLOCK);
  return nextIndex !== 0 && c.pointer(nextIndex + LARGE_PREVIOUS / 4) === base;
}

/** Frees a large block: its whole reservation goes back to the system. */
export function freeLarge(c: HeapContext, block: number, index: number): boolean {
  const base = block - LARGE_BLOCK;
  if (!largeLinked(c, base, index)) return c.refuse(base, 'the list of large blocks was changed');
  const previous = c.pointer(index + LARGE_PREVIOUS / 4);
  const next = c.pointer(index + LARGE_NEXT / 4);
  const before = previous === 0 ? c.header + HEAP_FIRST_LARGE / 4 : c.at(previous) + LARGE_NEXT / 4;
  c.setPointer(before, next);
  if (next !== 0) c.setPointer(c.at(next) + LARGE_PREVIOUS / 4, previous);
  return c.space.free(base, 0, MEM_RELEASE) === 0 || c.refuse(base, 'a large block could not be released');
}

/** Makes a large block smaller, or larger within its committed pages; false when it would have to move. */
export function resizeLarge(c: HeapContext, block: number, index: number, size: number): boolean {
  const committed = c.pointer(index + LARGE_COMMITTED / 4);
  const bytes = Math.ceil((size + LARGE_HEADER) / PAGE_SIZE) * PAGE_SIZE;
  if (bytes > committed) return false;
  if (bytes < committed) c.space.free(block - LARGE_BLOCK + bytes, committed - bytes, MEM_DECOMMIT);
  setSizes(c, index, bytes, size);
  return true;
}

/** Releases every large block of the heap. A link that leads nowhere ends the walk. */
export function releaseLarge(c: HeapContext): void {
  let base = c.pointer(c.header + HEAP_FIRST_LARGE / 4);
  while (base !== 0) {
    const index = largeAt(c, base + LARGE_BLOCK);
    if (index === 0) return;
    const next = c.pointer(index + LARGE_NEXT / 4);
    // A reservation can be released once only, so a ring of links ends here too.
    if (c.space.free(base, 0, MEM_RELEASE) !== 0) return;
    base = next;
  }
}

/** Whether the address is in one of the heap's large blocks; a list that was changed answers for what precedes the change. */
export function inLarge(c: HeapContext, address: number): boolean {
  let base = c.pointer(c.header + HEAP_FIRST_LARGE / 4);
  let from = 0;
  while (base !== 0) {
    const index = largeAt(c, base + LARGE_BLOCK);
    // Links that agree both ways cannot form a ring behind the first block.
    if (index === 0 || c.pointer(index + LARGE_PREVIOUS / 4) !== from) return false;
    if (address >= base && address < base + c.pointer(index + LARGE_COMMITTED / 4)) return true;
    from = base;
    base = c.pointer(index + LARGE_NEXT / 4);
  }
  return false;
}

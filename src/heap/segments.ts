import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import { MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE } from '../memory/constants.ts';
import { STATUS_NO_MEMORY } from '../memory/status.ts';
import { removeFree } from './bins.ts';
import { releaseBlock } from './blocks.ts';
import type { HeapContext } from './context.ts';
import {
  BLOCK_HEADER,
  BLOCK_PREVIOUS,
  BLOCK_STATE,
  BLOCK_UNITS,
  END,
  FREE,
  HEAP_COMMITTED,
  HEAP_FLAGS,
  HEAP_GROWABLE,
  HEAP_PROTECT,
  HEAP_SEGMENT_COUNT,
  MAX_SEGMENTS,
  SEGMENT_END_BLOCK,
  SEGMENT_FIRST_BLOCK,
  SEGMENT_HEADER,
  SEGMENT_HEAP,
  SEGMENT_NEXT,
  SEGMENT_RESERVED_END,
  SEGMENT_SIGNATURE,
  SEGMENT_SIGNATURE_AT,
  UNIT,
} from './layout.ts';

/** Memory is committed in steps of at least this much, and of an eighth of the segment up to 1 MiB. */
const SMALLEST_STEP = 0x10000;
const LARGEST_STEP = 0x100000;
/** Second and later segments: from 1 MiB on, doubling. */
const SMALLEST_SEGMENT = 0x100000;
const LARGEST_SEGMENT = 0x10000000;
/** A free end of a segment above this, and above a quarter of what is committed, goes back to the system … */
const TRIM_ABOVE = 0x100000;
/** … except for this much. */
const TRIM_KEEP = 0x40000;
/** Most bytes that one segment can use: block sizes have 32 bits. */
const LARGEST_SPAN = 0xffffffff * UNIT;

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** Word index of a segment's header if it is one of this heap, else corruption and 0. */
export function segmentAt(c: HeapContext, segment: number): number {
  const index = (segment & (GRANULE - 1)) === 0 ? c.at(segment) : 0;
  if (
    index === 0 ||
    c.words[index + SEGMENT_SIGNATURE_AT / 4] !== SEGMENT_SIGNATURE ||
    c.pointer(index + SEGMENT_HEAP / 4) !== c.heap
  ) {
    return c.corrupt(segment, 'a segment header was overwritten');
  }
  return index;
}

/**
 * Writes the header of a segment whose first `committed` bytes are committed, and makes all of them behind
 * its first `headerSize` bytes one free block. They must be page multiples with room for a block.
 */
export function formatSegment(
  c: HeapContext,
  segment: number,
  headerSize: number,
  committed: number,
  reserved: number,
): boolean {
  const index = c.at(segment);
  const first = segment + headerSize;
  const end = segment + committed - BLOCK_HEADER;
  const firstIndex = c.at(first);
  const endIndex = c.at(end);
  if (index === 0 || firstIndex === 0 || endIndex === 0)
    return c.refuse(segment, 'a new segment is not writable');
  c.words[index + SEGMENT_SIGNATURE_AT / 4] = SEGMENT_SIGNATURE;
  c.setPointer(index + SEGMENT_NEXT / 4, 0);
  c.setPointer(index + SEGMENT_RESERVED_END / 4, segment + Math.min(reserved, LARGEST_SPAN - PAGE_SIZE));
  c.setPointer(index + SEGMENT_HEAP / 4, c.heap);
  c.setPointer(index + SEGMENT_FIRST_BLOCK / 4, first);
  c.setPointer(index + SEGMENT_END_BLOCK / 4, end);
  addCommitted(c, committed);
  c.words[c.header + HEAP_SEGMENT_COUNT / 4]++;
  const units = (end - first) / UNIT;
  c.write(endIndex, end, segment / GRANULE, units, END);
  c.write(firstIndex, first, units, 0, FREE);
  return releaseBlock(c, first, firstIndex) !== 0;
}

function addCommitted(c: HeapContext, bytes: number): void {
  const field = c.header + HEAP_COMMITTED / 4;
  c.setPointer(field, Math.max(0, c.pointer(field) + bytes));
}

/**
 * Makes a free block of at least `units`: by committing more of a segment, else (growable heaps) in a new one.
 * False: no memory, or corruption.
 */
export function growHeap(c: HeapContext, units: number): boolean {
  let segment = c.heap;
  let last = segment;
  for (let seen = 0; segment !== 0 && seen < MAX_SEGMENTS; seen++) {
    const index = segmentAt(c, segment);
    if (index === 0) return false;
    if (extendSegment(c, segment, index, units)) return true;
    if (c.status !== 0) return false;
    last = segment;
    segment = c.pointer(index + SEGMENT_NEXT / 4);
  }
  if ((c.words[c.header + HEAP_FLAGS / 4] & HEAP_GROWABLE) === 0) return false;
  return addSegment(c, last, units);
}

/** Commits so much behind a segment's end block that a free block of `units` ends it. */
export function extendSegment(c: HeapContext, segment: number, index: number, units: number): boolean {
  const words = c.words;
  const end = c.pointer(index + SEGMENT_END_BLOCK / 4);
  const endIndex = c.block(end, 'the end of a segment was overwritten');
  if (endIndex === 0) return false;
  if (words[endIndex + BLOCK_STATE] !== END) return c.refuse(end, 'the end of a segment was overwritten');
  const committedEnd = end + BLOCK_HEADER;
  const room = c.pointer(index + SEGMENT_RESERVED_END / 4) - committedEnd;
  const least = roundUp(Math.max(units - freeBefore(c, end, endIndex), 1) * UNIT, PAGE_SIZE);
  if (c.status !== 0 || !(least <= room)) return false;
  const step = Math.max(SMALLEST_STEP, Math.min(LARGEST_STEP, roundUp((end - segment) / 8, PAGE_SIZE)));
  let size = Math.min(room, Math.max(least, step));
  const protect = words[c.header + HEAP_PROTECT / 4];
  if (c.space.allocate(committedEnd, size, MEM_COMMIT, protect) !== 0) {
    size = least;
    if (c.space.allocate(committedEnd, size, MEM_COMMIT, protect) !== 0) return false;
  }
  const newEnd = end + size;
  const newEndIndex = c.at(newEnd);
  if (newEndIndex === 0) return c.refuse(newEnd, 'a new part of a segment is not writable');
  c.write(newEndIndex, newEnd, segment / GRANULE, size / UNIT, END);
  c.write(endIndex, end, size / UNIT, words[endIndex + BLOCK_PREVIOUS], FREE);
  c.setPointer(index + SEGMENT_END_BLOCK / 4, newEnd);
  addCommitted(c, size);
  return releaseBlock(c, end, endIndex) !== 0;
}

/** Units of the free block that ends a segment, 0 if it ends with another. */
function freeBefore(c: HeapContext, end: number, endIndex: number): number {
  const previous = c.words[endIndex + BLOCK_PREVIOUS];
  if (previous === 0) return 0;
  const before = end - previous * UNIT;
  const beforeIndex = c.block(before, 'the header before the end of a segment was overwritten');
  return beforeIndex !== 0 && c.words[beforeIndex + BLOCK_STATE] === FREE ? previous : 0;
}

function addSegment(c: HeapContext, last: number, units: number): boolean {
  if (c.words[c.header + HEAP_SEGMENT_COUNT / 4] >= MAX_SEGMENTS) return false;
  const lastIndex = segmentAt(c, last);
  if (lastIndex === 0) return false;
  const least = roundUp(SEGMENT_HEADER + (units + 1) * UNIT, PAGE_SIZE);
  const smallest = roundUp(least, GRANULE);
  const lastSize = c.pointer(lastIndex + SEGMENT_RESERVED_END / 4) - last;
  let reserve = Math.max(smallest, SMALLEST_SEGMENT, Math.min(LARGEST_SEGMENT, lastSize * 2));
  const protect = c.words[c.header + HEAP_PROTECT / 4];
  while (c.space.allocate(0, reserve, MEM_RESERVE, protect) !== 0) {
    if (reserve <= smallest) return false;
    reserve = Math.max(roundUp(reserve / 2, GRANULE), smallest);
  }
  const segment = c.space.resultBase;
  let committed = Math.min(reserve, Math.max(least, SMALLEST_STEP));
  if (c.space.allocate(segment, committed, MEM_COMMIT, protect) !== 0) {
    committed = least;
    if (c.space.allocate(segment, committed, MEM_COMMIT, protect) !== 0) {
      c.space.free(segment, 0, MEM_RELEASE);
      return false;
    }
  }
  c.setPointer(lastIndex + SEGMENT_NEXT / 4, segment);
  return formatSegment(c, segment, SEGMENT_HEADER, committed, reserve);
}

/** Frees a block that is in no bin. When its segment then ends with a long free part, memory goes back to the system. */
export function freeBlock(c: HeapContext, block: number, index: number): boolean {
  const merged = releaseBlock(c, block, index);
  if (merged === 0) return false;
  const mergedIndex = c.at(merged);
  const size = c.words[mergedIndex + BLOCK_UNITS] * UNIT;
  if (size <= TRIM_ABOVE) return true;
  const behind = merged + size;
  const behindIndex = c.block(behind, 'the header behind a free block was overwritten');
  if (behindIndex === 0) return false;
  return c.words[behindIndex + BLOCK_STATE] !== END || trimSegment(c, merged, mergedIndex, behind);
}

/** The segment that ends with this end block, 0 on corruption. */
export function segmentBefore(c: HeapContext, end: number): number {
  const endIndex = c.block(end, 'the end of a segment was overwritten');
  if (endIndex === 0) return 0;
  const segment = c.words[endIndex + BLOCK_UNITS] * GRANULE;
  const index = segmentAt(c, segment);
  if (index === 0) return 0;
  if (c.pointer(index + SEGMENT_END_BLOCK / 4) !== end)
    return c.corrupt(segment, 'a segment header was overwritten');
  return segment;
}

/** Drops a segment that is wholly free, except for the first, and decommits most of a long free end. */
function trimSegment(c: HeapContext, block: number, index: number, end: number): boolean {
  const size = c.words[index + BLOCK_UNITS] * UNIT;
  const segment = segmentBefore(c, end);
  const segmentIndex = segment === 0 ? 0 : c.at(segment);
  if (segmentIndex === 0) return false;
  if (size * 4 <= end - segment) return true;
  if (segment !== c.heap && c.words[index + BLOCK_PREVIOUS] === 0) {
    return removeFree(c, block, index) && dropSegment(c, segment, segmentIndex);
  }
  const newEnd = roundUp(block + TRIM_KEEP, PAGE_SIZE) - BLOCK_HEADER;
  const newEndIndex = c.at(newEnd);
  if (newEndIndex === 0) return c.refuse(newEnd, 'a free block is not writable');
  if (!removeFree(c, block, index)) return false;
  const units = (newEnd - block) / UNIT;
  c.write(newEndIndex, newEnd, segment / GRANULE, units, END);
  c.write(index, block, units, c.words[index + BLOCK_PREVIOUS], FREE);
  c.setPointer(segmentIndex + SEGMENT_END_BLOCK / 4, newEnd);
  addCommitted(c, newEnd - end);
  c.space.free(newEnd + BLOCK_HEADER, end - newEnd, MEM_DECOMMIT);
  return releaseBlock(c, block, index) !== 0;
}

function dropSegment(c: HeapContext, segment: number, index: number): boolean {
  const next = c.pointer(index + SEGMENT_NEXT / 4);
  const committed = c.pointer(index + SEGMENT_END_BLOCK / 4) + BLOCK_HEADER - segment;
  let before = c.heap;
  for (let seen = 0; before !== 0 && seen < MAX_SEGMENTS; seen++) {
    const beforeIndex = segmentAt(c, before);
    if (beforeIndex === 0) return false;
    const follower = c.pointer(beforeIndex + SEGMENT_NEXT / 4);
    if (follower === segment) {
      c.setPointer(beforeIndex + SEGMENT_NEXT / 4, next);
      c.words[c.header + HEAP_SEGMENT_COUNT / 4]--;
      addCommitted(c, -committed);
      return (
        c.space.free(segment, 0, MEM_RELEASE) === 0 || c.refuse(segment, 'a segment could not be released')
      );
    }
    before = follower;
  }
  return c.refuse(segment, 'a segment is not in its heap');
}

/** Releases every segment, the heap's own last. What the guest changed about them only shortens the walk. */
export function releaseSegments(c: HeapContext): void {
  let segment = c.heap;
  const others: number[] = [];
  for (let seen = 0; segment !== 0 && seen < MAX_SEGMENTS; seen++) {
    const index = segmentAt(c, segment);
    if (index === 0) break;
    segment = c.pointer(index + SEGMENT_NEXT / 4);
    if (segment !== 0 && segment !== c.heap) others.push(segment);
  }
  for (const other of others) c.space.free(other, 0, MEM_RELEASE);
  c.space.free(c.heap, 0, MEM_RELEASE);
}

/** Whether the address is in the committed part of one of the heap's segments. */
export function inSegments(c: HeapContext, address: number): boolean {
  let segment = c.heap;
  for (let seen = 0; segment !== 0 && seen < MAX_SEGMENTS; seen++) {
    const index = segmentAt(c, segment);
    if (index === 0) return false;
    const first = c.pointer(index + SEGMENT_FIRST_BLOCK / 4);
    if (address >= first && address <= c.pointer(index + SEGMENT_END_BLOCK / 4)) return true;
    segment = c.pointer(index + SEGMENT_NEXT / 4);
  }
  return false;
}

/** Reports a request that no memory could be found for. */
export function outOfMemory(c: HeapContext): 0 {
  if (c.status === 0) c.status = STATUS_NO_MEMORY;
  return 0;
}

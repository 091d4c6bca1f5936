import { GRANULE } from '../machine/layout.ts';
import { binHead } from './bins.ts';
import type { HeapContext } from './context.ts';
import { inUse } from './in-use.ts';
import { largeAt, largeLinked } from './large.ts';
import {
  BINS_PER_LEVEL,
  BLOCK_HEADER,
  BLOCK_PREVIOUS,
  BLOCK_STATE,
  BLOCK_UNITS,
  BUSY,
  END,
  EXACT_BINS,
  EXACT_MAP,
  FIRST_LEVEL,
  FREE,
  HEAP_COMMITTED,
  HEAP_FIRST_LARGE,
  HEAP_FRONT_END,
  HEAP_QUICK_UNITS,
  LARGE,
  LARGE_BLOCK,
  LARGE_NEXT,
  LEVEL_BIN_MAPS,
  LEVEL_MAP,
  LEVELS,
  LINK_NEXT,
  LINK_PREVIOUS,
  MAX_SEGMENTS,
  MIN_UNITS,
  QUICK,
  QUICK_HEADS,
  QUICK_LISTS,
  QUICK_MAX_UNITS,
  SEGMENT_END_BLOCK,
  SEGMENT_FIRST_BLOCK,
  SEGMENT_NEXT,
  SEGMENT_RESERVED_END,
  UNIT,
} from './layout.ts';
import { quickList, quickUnits } from './quick.ts';
import { segmentAt } from './segments.ts';

/**
 * HeapValidate. These walk what the guest could have changed: block walks only go up and end at a block that
 * is not intact, list walks are bounded by the blocks that the walk before them has counted.
 */
interface Counts {
  free: number;
  quick: number;
  quickUnits: number;
  committed: number;
}

/** Whether the block is in use and its neighbours agree with it. Leaves corruption in the context where not. */
export function validateBlock(c: HeapContext, block: number): boolean {
  const index = inUse(c, block);
  if (index === 0) return c.refuse(block, 'this is no block in use');
  if (c.words[index + BLOCK_STATE] === LARGE) {
    return (
      largeLinked(c, block - LARGE_BLOCK, largeAt(c, block)) ||
      c.refuse(block, 'the list of large blocks was changed')
    );
  }
  const units = c.words[index + BLOCK_UNITS];
  const behind = block + units * UNIT;
  const behindIndex = c.block(behind, 'the header behind a block was overwritten');
  if (behindIndex === 0) return false;
  return (
    c.words[behindIndex + BLOCK_PREVIOUS] === units || c.refuse(behind, 'two neighbouring headers disagree')
  );
}

/** Whether everything that the heap keeps is in order. Leaves the first finding in the context where not. */
export function validateHeap(c: HeapContext): boolean {
  const counts: Counts = { free: 0, quick: 0, quickUnits: 0, committed: 0 };
  let segment = c.heap;
  for (let seen = 0; segment !== 0; seen++) {
    if (seen === MAX_SEGMENTS) return c.refuse(c.heap, 'the list of segments does not end');
    const index = segmentAt(c, segment);
    if (index === 0 || !validateSegment(c, segment, index, counts)) return false;
    segment = c.pointer(index + SEGMENT_NEXT / 4);
  }
  if (c.pointer(c.header + HEAP_COMMITTED / 4) !== counts.committed)
    return c.refuse(c.heap, 'the heap header was overwritten');
  return validateBins(c, counts) && validateQuick(c, counts) && validateLarge(c);
}

function validateSegment(c: HeapContext, segment: number, index: number, counts: Counts): boolean {
  const words = c.words;
  const end = c.pointer(index + SEGMENT_END_BLOCK / 4);
  let block = c.pointer(index + SEGMENT_FIRST_BLOCK / 4);
  if (!(segment < block && block <= end && end < c.pointer(index + SEGMENT_RESERVED_END / 4))) {
    return c.refuse(segment, 'a segment header was overwritten');
  }
  let previous = 0;
  let previousState = 0;
  while (block < end) {
    const at = c.block(block, 'a block header was overwritten');
    if (at === 0) return false;
    const units = words[at + BLOCK_UNITS];
    const state = words[at + BLOCK_STATE];
    if (!blockMakesSense(units, state)) return c.refuse(block, 'a block header makes no sense');
    if (words[at + BLOCK_PREVIOUS] !== previous) return c.refuse(block, 'two neighbouring headers disagree');
    if (state === FREE && previousState === FREE) return c.refuse(block, 'two free blocks touch');
    if (state === FREE) counts.free++;
    if (state === QUICK) {
      counts.quick++;
      counts.quickUnits += units;
    }
    previous = units;
    previousState = state;
    block += units * UNIT;
  }
  const endIndex = block === end ? c.block(end, 'the end of a segment was overwritten') : 0;
  if (
    endIndex === 0 ||
    words[endIndex + BLOCK_STATE] !== END ||
    words[endIndex + BLOCK_PREVIOUS] !== previous ||
    words[endIndex + BLOCK_UNITS] * GRANULE !== segment
  ) {
    return c.refuse(end, 'the end of a segment was overwritten');
  }
  counts.committed += end + BLOCK_HEADER - segment;
  return true;
}

function blockMakesSense(units: number, state: number): boolean {
  if (units < MIN_UNITS) return false;
  if ((state & 0xff) === BUSY) return state >>> 16 <= (units - 1) * UNIT;
  return state === FREE || (state === QUICK && units <= QUICK_MAX_UNITS && quickUnits(units) === units);
}

function validateBins(c: HeapContext, counts: Counts): boolean {
  let left = counts.free;
  const map = (offset: number) => c.words[c.header + offset / 4];
  for (let units = MIN_UNITS; units < EXACT_BINS; units++) {
    const marked = (map(EXACT_MAP + (units >>> 5) * 4) & (1 << (units & 31))) !== 0;
    left = validateBin(c, binHead(c, units), marked, left);
    if (left < 0) return false;
  }
  for (let level = 0; level < LEVELS; level++) {
    const bins = map(LEVEL_BIN_MAPS + level * 4);
    const marked = (map(LEVEL_MAP) & (1 << level)) !== 0;
    if (marked !== (bins !== 0)) return c.refuse(c.heap, 'the maps of free blocks disagree');
    for (let bin = 0; bins !== 0 && bin < BINS_PER_LEVEL; bin++) {
      const smallest = 2 ** (level + FIRST_LEVEL) + bin * 2 ** (level + FIRST_LEVEL - 3);
      left = validateBin(c, binHead(c, smallest), (bins & (1 << bin)) !== 0, left);
      if (left < 0) return false;
    }
  }
  return left === 0 || c.refuse(c.heap, 'a free block is in no bin');
}

/** Takes the bin's blocks from the number of free blocks not yet met; below 0 = not in order. */
function validateBin(c: HeapContext, head: number, marked: boolean, left: number): number {
  let block = c.pointer(head);
  if (marked !== (block !== 0)) {
    c.refuse(c.heap, 'the maps of free blocks disagree');
    return -1;
  }
  let from = 0;
  while (block !== 0) {
    const index = --left < 0 ? 0 : c.block(block, 'a link between free blocks leads to something else');
    const links = index === 0 ? 0 : c.links(index, block);
    if (
      links === 0 ||
      c.words[index + BLOCK_STATE] !== FREE ||
      binHead(c, c.words[index + BLOCK_UNITS]) !== head ||
      c.pointer(links + LINK_PREVIOUS) !== from
    ) {
      c.refuse(block, 'the links of a free block were changed');
      return -1;
    }
    from = block;
    block = c.pointer(links + LINK_NEXT);
  }
  return left;
}

function validateQuick(c: HeapContext, counts: Counts): boolean {
  if (c.words[c.header + HEAP_FRONT_END / 4] === 0)
    return counts.quick === 0 || c.refuse(c.heap, 'the heap header was overwritten');
  let left = counts.quick;
  for (let list = 0; list < QUICK_LISTS; list++) {
    let block = c.pointer(c.header + QUICK_HEADS / 4 + list * 2);
    while (block !== 0) {
      const index = left-- === 0 ? 0 : c.block(block, 'a link between freed blocks leads to something else');
      const links = index === 0 ? 0 : c.links(index, block);
      if (
        links === 0 ||
        c.words[index + BLOCK_STATE] !== QUICK ||
        quickList(c.words[index + BLOCK_UNITS]) !== list
      ) {
        return c.refuse(block, 'a link between freed blocks leads to something else');
      }
      block = c.pointer(links + LINK_NEXT);
    }
  }
  if (c.words[c.header + HEAP_QUICK_UNITS / 4] !== counts.quickUnits)
    return c.refuse(c.heap, 'the heap header was overwritten');
  return left === 0 || c.refuse(c.heap, 'a freed block is on no list');
}

function validateLarge(c: HeapContext): boolean {
  let base = c.pointer(c.header + HEAP_FIRST_LARGE / 4);
  while (base !== 0) {
    const index = largeAt(c, base + LARGE_BLOCK);
    // Links that agree both ways cannot form a ring, so this ends.
    if (index === 0 || !largeLinked(c, base, index))
      return c.refuse(base, 'the list of large blocks was changed');
    base = c.pointer(index + LARGE_NEXT / 4);
  }
  return true;
}

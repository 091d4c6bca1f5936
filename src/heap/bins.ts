import { lowest } from '../machine/bits.ts';
import type { HeapContext } from './context.ts';
import {
  BINS_PER_LEVEL,
  BLOCK_STATE,
  BLOCK_UNITS,
  EXACT_BIN_HEADS,
  EXACT_BINS,
  EXACT_MAP,
  FIRST_LEVEL,
  FREE,
  LEVEL_BIN_HEADS,
  LEVEL_BIN_MAPS,
  LEVEL_MAP,
  LINK_NEXT,
  LINK_PREVIOUS,
} from './layout.ts';

/** How many blocks of a bin are looked at when only its own bin can still hold a fit. */
const SCAN_LIMIT = 256;

/** Which eighth of its power of two a size is in. */
function eighth(units: number, level: number): number {
  return (units >>> (level - 3)) & (BINS_PER_LEVEL - 1);
}

/** Word index of the head of the bin for blocks of this size. */
export function binHead(c: HeapContext, units: number): number {
  if (units < EXACT_BINS) return c.header + EXACT_BIN_HEADS / 4 + units * 2;
  const level = 31 - Math.clz32(units);
  return levelHead(c, level - FIRST_LEVEL, eighth(units, level));
}

function levelHead(c: HeapContext, level: number, bin: number): number {
  return c.header + LEVEL_BIN_HEADS / 4 + (level * BINS_PER_LEVEL + bin) * 2;
}

function mark(c: HeapContext, units: number): void {
  const words = c.words;
  if (units < EXACT_BINS) {
    words[c.header + EXACT_MAP / 4 + (units >>> 5)] |= 1 << (units & 31);
    return;
  }
  const level = 31 - Math.clz32(units);
  words[c.header + LEVEL_MAP / 4] |= 1 << (level - FIRST_LEVEL);
  words[c.header + LEVEL_BIN_MAPS / 4 + level - FIRST_LEVEL] |= 1 << eighth(units, level);
}

function unmark(c: HeapContext, units: number): void {
  const words = c.words;
  if (units < EXACT_BINS) {
    words[c.header + EXACT_MAP / 4 + (units >>> 5)] &= ~(1 << (units & 31));
    return;
  }
  const level = 31 - Math.clz32(units);
  const map = c.header + LEVEL_BIN_MAPS / 4 + level - FIRST_LEVEL;
  words[map] &= ~(1 << eighth(units, level));
  if (words[map] === 0) words[c.header + LEVEL_MAP / 4] &= ~(1 << (level - FIRST_LEVEL));
}

/** Word index of a block that a link names, if it is a free one; else corruption and 0. */
function freeBlock(c: HeapContext, block: number): number {
  const index = c.block(block, 'a link between free blocks leads to something else');
  if (index !== 0 && c.words[index + BLOCK_STATE] !== FREE) {
    return c.corrupt(block, 'a link between free blocks leads to a block in use');
  }
  return index;
}

/** Puts a free block, its header already written, at the head of its bin. */
export function insertFree(c: HeapContext, block: number, index: number): boolean {
  const units = c.words[index + BLOCK_UNITS];
  const head = binHead(c, units);
  const links = c.links(index, block);
  if (links === 0) return false;
  const next = c.pointer(head);
  if (next === 0) mark(c, units);
  else {
    const nextIndex = freeBlock(c, next);
    const nextLinks = nextIndex === 0 ? 0 : c.links(nextIndex, next);
    if (nextLinks === 0) return false;
    c.setPointer(nextLinks + LINK_PREVIOUS, block);
  }
  c.setPointer(links + LINK_NEXT, next);
  c.setPointer(links + LINK_PREVIOUS, 0);
  c.setPointer(head, block);
  return true;
}

/** Takes a free block out of its bin. Both neighbours must agree that it was there. */
export function removeFree(c: HeapContext, block: number, index: number): boolean {
  const units = c.words[index + BLOCK_UNITS];
  const links = c.links(index, block);
  if (links === 0) return false;
  const next = c.pointer(links + LINK_NEXT);
  const previous = c.pointer(links + LINK_PREVIOUS);
  let from = binHead(c, units);
  if (previous !== 0) {
    const previousIndex = freeBlock(c, previous);
    const previousLinks = previousIndex === 0 ? 0 : c.links(previousIndex, previous);
    if (previousLinks === 0) return false;
    from = previousLinks + LINK_NEXT;
  }
  if (c.pointer(from) !== block) return c.refuse(block, 'the links of a free block were changed');
  if (next !== 0) {
    const nextIndex = freeBlock(c, next);
    const nextLinks = nextIndex === 0 ? 0 : c.links(nextIndex, next);
    if (nextLinks === 0) return false;
    if (c.pointer(nextLinks + LINK_PREVIOUS) !== block) {
      return c.refuse(block, 'the links of a free block were changed');
    }
    c.setPointer(nextLinks + LINK_PREVIOUS, previous);
  } else if (previous === 0) unmark(c, units);
  c.setPointer(from, next);
  return true;
}

/** A free block of at least `units`, still in its bin; 0 if there is none or on corruption. */
export function findFree(c: HeapContext, units: number): number {
  const head = findHead(c, units);
  if (head === 0) return units < EXACT_BINS || c.status !== 0 ? 0 : scanBin(c, units);
  const block = c.pointer(head);
  if (block === 0) return c.corrupt(c.heap, 'a bin said to hold free blocks is empty');
  const index = freeBlock(c, block);
  if (index === 0) return 0;
  if (c.words[index + BLOCK_UNITS] < units) return c.corrupt(block, 'a free block is in the wrong bin');
  return block;
}

/** Word index of the head of the lowest bin in which every block fits, or 0. */
function findHead(c: HeapContext, units: number): number {
  const words = c.words;
  let level = 0;
  let bin = 0;
  if (units < EXACT_BINS) {
    let map = units >>> 5;
    let bits = words[c.header + EXACT_MAP / 4 + map] & (-1 << (units & 31));
    if (bits === 0 && map === 0) bits = words[c.header + EXACT_MAP / 4 + ++map];
    if (bits !== 0) return c.header + EXACT_BIN_HEADS / 4 + (map * 32 + lowest(bits)) * 2;
  } else {
    level = 31 - Math.clz32(units);
    bin = eighth(units, level);
    if ((units & ((1 << (level - 3)) - 1)) !== 0) bin++;
    level -= FIRST_LEVEL;
  }
  const bits = words[c.header + LEVEL_BIN_MAPS / 4 + level] & (0xff << bin) & 0xff;
  if (bits !== 0) return levelHead(c, level, lowest(bits));
  const levels = words[c.header + LEVEL_MAP / 4] & (-2 << level) & 0x3ffffff;
  if (levels === 0) return 0;
  level = lowest(levels);
  const bins = words[c.header + LEVEL_BIN_MAPS / 4 + level] & 0xff;
  if (bins === 0) return c.corrupt(c.heap, 'a level said to hold free blocks is empty');
  return levelHead(c, level, lowest(bins));
}

/** Looks for a fit in the one bin that holds both smaller and larger blocks than asked for. */
function scanBin(c: HeapContext, units: number): number {
  const level = 31 - Math.clz32(units);
  const bins = c.words[c.header + LEVEL_BIN_MAPS / 4 + level - FIRST_LEVEL];
  // A fixed heap has heads only for levels that its blocks can reach, and never sets the others' bits.
  if ((bins & (1 << eighth(units, level))) === 0) return 0;
  let block = c.pointer(binHead(c, units));
  for (let seen = 0; block !== 0 && seen < SCAN_LIMIT; seen++) {
    const index = freeBlock(c, block);
    if (index === 0) return 0;
    if (c.words[index + BLOCK_UNITS] >= units) return block;
    const links = c.links(index, block);
    if (links === 0) return 0;
    block = c.pointer(links + LINK_NEXT);
  }
  return 0;
}

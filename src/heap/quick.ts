import { findFree, removeFree } from './bins.ts';
import { cutBlock } from './blocks.ts';
import type { HeapContext } from './context.ts';
import {
  BLOCK_STATE,
  BLOCK_UNITS,
  BUSY,
  EXACT_BINS,
  FIRST_LEVEL,
  HEAP_COMMITTED,
  HEAP_QUICK_UNITS,
  LINK_NEXT,
  QUICK,
  QUICK_AFTER,
  QUICK_HEADS,
  QUICK_LISTS,
  QUICK_MAX_UNITS,
  QUICK_USES,
  UNIT,
} from './layout.ts';
import { freeBlock } from './segments.ts';

/**
 * The front end of growable heaps: lists of blocks that were freed and stay whole, last in first out. They are
 * merged when they hold more than half of the heap, or when the heap would have to grow and they hold a
 * quarter of it. Below these sizes it is not worth it: the lists would only have to be made again.
 */
const FLUSH_ABOVE_UNITS = 0x1000000 / UNIT;
const FLUSH_TO_GROW_ABOVE_UNITS = 0x40000 / UNIT;
/** Most units that are cut into blocks of one size at once. */
const RUN_UNITS = 0x1000 / UNIT;

/** The size of the quick list that serves `units`: at most an eighth more. */
export function quickUnits(units: number): number {
  if (units <= EXACT_BINS) return units;
  const step = 1 << (28 - Math.clz32(units));
  return (units + step - 1) & -step;
}

/** Which quick list blocks of this size go to; the size must be one of theirs. */
export function quickList(units: number): number {
  if (units <= EXACT_BINS) return units;
  const level = 31 - Math.clz32(units);
  return EXACT_BINS + (level - FIRST_LEVEL) * 8 + ((units >>> (level - 3)) & 7);
}

/** Whether freed blocks of this size go to a quick list. */
export function isQuick(c: HeapContext, units: number): boolean {
  if (units > QUICK_MAX_UNITS || quickUnits(units) !== units) return false;
  return c.words[c.header + (QUICK_USES >>> 2) + quickList(units)] >= QUICK_AFTER;
}

/**
 * Takes the block of exactly `units` that was freed last, or makes new ones, and makes it busy. 0 = corruption,
 * or there is none and the size has no list yet, or no memory.
 */
export function takeQuick(c: HeapContext, units: number, unused: number): number {
  const words = c.words;
  const list = quickList(units);
  const head = c.header + (QUICK_HEADS >>> 2) + list * 2;
  if ((words[head] | words[head + 1]) === 0) return makeQuick(c, units, list, unused);
  const block = c.pointer(head);
  const index = c.block(block, 'a freed block was written to, or its link');
  if (index === 0) return 0;
  if (words[index + BLOCK_STATE] !== QUICK || words[index + BLOCK_UNITS] !== units) {
    return c.corrupt(block, 'a link between freed blocks leads to something else');
  }
  const links = c.links(index, block);
  if (links === 0) return 0;
  words[head] = words[links + LINK_NEXT];
  words[head + 1] = words[links + LINK_NEXT + 1];
  words[c.header + (HEAP_QUICK_UNITS >>> 2)] -= units;
  c.setState(index, BUSY | (unused << 16));
  return block;
}

/** Cuts a free block into as many of `units` as fit into a page, and puts all but the first on their empty list. */
function makeQuick(c: HeapContext, units: number, list: number, unused: number): number {
  const words = c.words;
  const uses = c.header + QUICK_USES / 4 + list;
  if (words[uses] < QUICK_AFTER) {
    words[uses]++;
    return 0;
  }
  const block = findFree(c, units);
  if (block === 0) return 0;
  const index = c.at(block);
  const count = Math.max(1, Math.floor(Math.min(words[index + BLOCK_UNITS], RUN_UNITS) / units));
  if (!removeFree(c, block, index) || !cutBlock(c, block, index, units * count)) return 0;
  const surplus = words[index + BLOCK_UNITS] - units * count;
  if (count > 1 && !divide(c, block, index, units, units + surplus)) return 0;
  c.setState(index, BUSY | ((unused + surplus * UNIT) << 16));
  return block;
}

/** Makes the block `first` units long and the rest of it quick blocks in the order of their addresses. */
function divide(c: HeapContext, block: number, index: number, units: number, first: number): boolean {
  const total = c.words[index + BLOCK_UNITS];
  const end = block + total * UNIT;
  const endIndex = c.block(end, 'the header behind a free block was overwritten');
  if (endIndex === 0) return false;
  let link = c.header + QUICK_HEADS / 4 + quickList(units) * 2;
  let previous = first;
  for (let piece = block + first * UNIT; piece < end; piece += units * UNIT) {
    const at = c.at(piece);
    const links = at === 0 ? c.corrupt(piece, 'a free block is not writable') : c.links(at, piece);
    if (links === 0) return false;
    c.write(at, piece, units, previous, QUICK);
    c.setPointer(link, piece);
    link = links + LINK_NEXT;
    previous = units;
  }
  c.setPointer(link, 0);
  c.setUnits(index, first);
  c.setPrevious(endIndex, previous);
  c.words[c.header + HEAP_QUICK_UNITS / 4] += total - first;
  return true;
}

/** Puts a busy block on the quick list of its size. */
export function giveQuick(c: HeapContext, block: number, index: number): boolean {
  const words = c.words;
  const units = words[index + BLOCK_UNITS];
  const head = c.header + (QUICK_HEADS >>> 2) + quickList(units) * 2;
  const links = c.links(index, block);
  if (links === 0) return false;
  words[links + LINK_NEXT] = words[head];
  words[links + LINK_NEXT + 1] = words[head + 1];
  c.setPointer(head, block);
  c.setState(index, QUICK);
  const waiting = (words[c.header + (HEAP_QUICK_UNITS >>> 2)] += units);
  if (waiting > FLUSH_ABOVE_UNITS && waiting * 2 * UNIT > c.pointer(c.header + HEAP_COMMITTED / 4)) {
    return flushQuick(c);
  }
  return true;
}

/** Whether merging the quick lists is to be tried before the heap grows. */
export function worthFlushing(c: HeapContext): boolean {
  const waiting = c.words[c.header + HEAP_QUICK_UNITS / 4];
  return waiting > FLUSH_TO_GROW_ABOVE_UNITS && waiting * 4 * UNIT > c.pointer(c.header + HEAP_COMMITTED / 4);
}

/** Merges everything in the quick lists into the back end. */
export function flushQuick(c: HeapContext): boolean {
  if (c.words[c.header + HEAP_QUICK_UNITS / 4] === 0) return true;
  for (let list = 0; list < QUICK_LISTS; list++) {
    const head = c.header + QUICK_HEADS / 4 + list * 2;
    let block = c.pointer(head);
    while (block !== 0) {
      const index = c.block(block, 'a freed block was written to, or its link');
      if (index === 0) return false;
      // Each block leaves the QUICK state here, so a ring of links ends as corruption.
      if (c.words[index + BLOCK_STATE] !== QUICK) {
        return c.refuse(block, 'a link between freed blocks leads to something else');
      }
      const links = c.links(index, block);
      if (links === 0) return false;
      const next = c.pointer(links + LINK_NEXT);
      if (!freeBlock(c, block, index)) return false;
      block = next;
    }
    c.setPointer(head, 0);
  }
  c.words[c.header + HEAP_QUICK_UNITS / 4] = 0;
  return true;
}

import { findFree, insertFree, removeFree } from './bins.ts';
import type { HeapContext } from './context.ts';
import { BLOCK_PREVIOUS, BLOCK_STATE, BLOCK_UNITS, END, FREE, MIN_UNITS, UNIT } from './layout.ts';

/**
 * The back end: blocks that touch, merged when freed and cut when taken.
 * Invariant of a segment: its blocks and its end block fill it without gaps, each block's units equal the
 * next one's "units before", and no two free blocks touch.
 */

/** Takes a free block of at least `units` out of the bins and cuts it to size; 0 = none, or corruption. */
export function takeBlock(c: HeapContext, units: number): number {
  const block = findFree(c, units);
  if (block === 0) return 0;
  const index = c.at(block);
  if (!removeFree(c, block, index)) return 0;
  return cutBlock(c, block, index, units) ? block : 0;
}

/**
 * Cuts a block that is in no bin down to `units` and bins what is behind, if that can be a block at all.
 * The cut-off part must not have a free block behind it.
 */
export function cutBlock(c: HeapContext, block: number, index: number, units: number): boolean {
  if (c.words[index + BLOCK_UNITS] - units < MIN_UNITS) return true;
  const rest = splitBlock(c, block, index, units);
  return rest !== 0 && insertFree(c, rest, c.at(rest));
}

/** Makes two blocks of one; the second, which it answers, has a free block's header but is in no bin. */
export function splitBlock(c: HeapContext, block: number, index: number, units: number): number {
  const words = c.words;
  const total = words[index + BLOCK_UNITS];
  const behind = block + total * UNIT;
  const behindIndex = c.block(behind, 'the header behind a block was overwritten');
  const rest = block + units * UNIT;
  const restIndex = c.at(rest);
  if (behindIndex === 0) return 0;
  if (restIndex === 0) return c.corrupt(rest, 'a block is not writable');
  c.setUnits(index, units);
  c.write(restIndex, rest, total - units, units, FREE);
  c.setPrevious(behindIndex, total - units);
  return rest;
}

/**
 * Frees a block that is in no bin: merges it with free neighbours and bins the result.
 * Answers the merged block, or 0 on corruption.
 */
export function releaseBlock(c: HeapContext, block: number, index: number): number {
  const words = c.words;
  let units = words[index + BLOCK_UNITS];
  let previous = words[index + BLOCK_PREVIOUS];

  let behind = block + units * UNIT;
  let behindIndex = c.block(behind, 'the header behind a block was overwritten');
  if (behindIndex === 0) return 0;
  if (words[behindIndex + BLOCK_PREVIOUS] !== units)
    return c.corrupt(behind, 'two neighbouring headers disagree');

  let before = block;
  let beforeIndex = 0;
  if (previous !== 0) {
    before = block - previous * UNIT;
    beforeIndex = c.block(before, 'the header before a block was overwritten');
    if (beforeIndex === 0) return 0;
    if (words[beforeIndex + BLOCK_UNITS] !== previous)
      return c.corrupt(before, 'two neighbouring headers disagree');
  }

  if (words[behindIndex + BLOCK_STATE] === FREE) {
    if (!removeFree(c, behind, behindIndex)) return 0;
    units += words[behindIndex + BLOCK_UNITS];
    behind = block + units * UNIT;
    behindIndex = c.block(behind, 'the header behind a free block was overwritten');
    if (behindIndex === 0) return 0;
  }
  if (beforeIndex !== 0 && words[beforeIndex + BLOCK_STATE] === FREE) {
    if (!removeFree(c, before, beforeIndex)) return 0;
    // The header that vanishes inside the merged block must not pass for a live one again.
    c.setState(index, FREE);
    units += previous;
    previous = words[beforeIndex + BLOCK_PREVIOUS];
    block = before;
    index = beforeIndex;
  }
  c.write(index, block, units, previous, FREE);
  c.setPrevious(behindIndex, units);
  return insertFree(c, block, index) ? block : 0;
}

/** Grows a block into the free block behind it, up to `units` in all; false if there is no such room. */
export function absorbBehind(c: HeapContext, block: number, index: number, units: number): boolean {
  const words = c.words;
  const own = words[index + BLOCK_UNITS];
  const behind = block + own * UNIT;
  const behindIndex = c.block(behind, 'the header behind a block was overwritten');
  if (behindIndex === 0 || words[behindIndex + BLOCK_STATE] !== FREE) return false;
  const total = own + words[behindIndex + BLOCK_UNITS];
  if (total < units) return false;
  const next = block + total * UNIT;
  const nextIndex = c.block(next, 'the header behind a free block was overwritten');
  if (nextIndex === 0 || !removeFree(c, behind, behindIndex)) return false;
  c.setUnits(index, total);
  c.setPrevious(nextIndex, total);
  return cutBlock(c, block, index, units);
}

/** The end block of the segment if nothing or only a free block lies between it and this block, else 0. */
export function endBehind(c: HeapContext, block: number, index: number): number {
  const words = c.words;
  let behind = block + words[index + BLOCK_UNITS] * UNIT;
  for (let step = 0; step < 2; step++) {
    const behindIndex = c.block(behind, 'the header behind a block was overwritten');
    if (behindIndex === 0) return 0;
    const state = words[behindIndex + BLOCK_STATE];
    if (state === END) return behind;
    if (state !== FREE) return 0;
    behind += words[behindIndex + BLOCK_UNITS] * UNIT;
  }
  return 0;
}

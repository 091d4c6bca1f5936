import { absorbBehind, endBehind, splitBlock } from './blocks.ts';
import type { HeapContext } from './context.ts';
import { occupy } from './in-use.ts';
import { largeAt, resizeLarge } from './large.ts';
import { BLOCK_STATE, BLOCK_UNITS, LARGE, LARGEST_SIZE, unitsFor } from './layout.ts';
import { extendSegment, freeBlock, segmentBefore } from './segments.ts';

/** A shrinking block keeps less than this behind it. */
const CUT_FROM_UNITS = 4;

/** Gives a block in use another size where it is. False: it would have to move, or corruption. */
export function resizeInPlace(c: HeapContext, block: number, index: number, size: number): boolean {
  if (c.words[index + BLOCK_STATE] === LARGE) return resizeLarge(c, block, largeAt(c, block), size);
  if (!(size <= LARGEST_SIZE)) return false;
  const units = unitsFor(size);
  const own = c.words[index + BLOCK_UNITS];
  if (units > own ? !grow(c, block, index, units) : !shrink(c, block, index, units)) return false;
  occupy(c, index, size);
  return true;
}

function shrink(c: HeapContext, block: number, index: number, units: number): boolean {
  if (c.words[index + BLOCK_UNITS] - units < CUT_FROM_UNITS) return true;
  const rest = splitBlock(c, block, index, units);
  return rest !== 0 && freeBlock(c, rest, c.at(rest));
}

function grow(c: HeapContext, block: number, index: number, units: number): boolean {
  if (absorbBehind(c, block, index, units)) return true;
  if (c.status !== 0) return false;
  const end = endBehind(c, block, index);
  if (end === 0) return false;
  const segment = segmentBefore(c, end);
  const segmentIndex = segment === 0 ? 0 : c.at(segment);
  if (segmentIndex === 0) return false;
  const more = units - c.words[index + BLOCK_UNITS];
  return extendSegment(c, segment, segmentIndex, more) && absorbBehind(c, block, index, units);
}

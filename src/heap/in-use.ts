import { STATUS_INVALID_PARAMETER } from '../memory/status.ts';
import type { HeapContext } from './context.ts';
import { inLarge, largeAt, largeSize } from './large.ts';
import { BLOCK_STATE, BLOCK_UNITS, BUSY, END, LARGE, UNIT } from './layout.ts';
import { inSegments } from './segments.ts';

/** Word index of the header of a block in use, 0 for anything else. */
export function inUse(c: HeapContext, block: number): number {
  const index = (block & 15) === 0 ? c.at(block) : 0;
  if (index === 0 || !c.intact(index, block)) return 0;
  const state = c.words[index + BLOCK_STATE] & 0xff;
  return state === BUSY || (state === LARGE && largeAt(c, block) !== 0) ? index : 0;
}

/**
 * Says what is wrong with a block that is not in use. A freed block's header, or an address inside the heap's
 * memory without a header, is corruption; any other address was never this heap's: STATUS_INVALID_PARAMETER.
 */
export function refuseBlock(c: HeapContext, block: number): 0 {
  const index = (block & 15) === 0 ? c.at(block) : 0;
  if (index !== 0 && c.intact(index, block) && c.words[index + BLOCK_STATE] !== END) {
    const large = c.words[index + BLOCK_STATE] === LARGE;
    return c.corrupt(
      block,
      large
        ? 'the header of a large block was overwritten'
        : 'a block was freed twice or used after it was freed',
    );
  }
  if (index !== 0 && (inSegments(c, block) || inLarge(c, block))) {
    return c.corrupt(block, 'the header before a block was overwritten');
  }
  if (c.status === 0) c.status = STATUS_INVALID_PARAMETER;
  return 0;
}

/** Bytes that the program asked for. */
export function sizeInUse(c: HeapContext, block: number, index: number): number {
  const state = c.words[index + BLOCK_STATE];
  if (state === LARGE) return largeSize(c, largeAt(c, block));
  return (c.words[index + BLOCK_UNITS] - 1) * UNIT - (state >>> 16);
}

/** Makes a block of a segment busy, with `size` of its bytes asked for. */
export function occupy(c: HeapContext, index: number, size: number): void {
  const unused = (c.words[index + BLOCK_UNITS] - 1) * UNIT - size;
  c.setState(index, BUSY | (unused << 16));
}

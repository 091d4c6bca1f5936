import type { HeapContext } from './context.ts';
import {
  BLOCK_STATE,
  BLOCK_UNITS,
  BUSY,
  HEAP_COMMITTED,
  HEAP_QUICK_UNITS,
  LINK_NEXT,
  MIN_UNITS,
  QUICK,
  QUICK_HEADS,
  QUICK_MAX_UNITS,
  UNIT,
} from './layout.ts';
import { freeBlock } from './segments.ts';

/**
 * The front end: one list for each small size, last in first out, of blocks that were freed and stay whole.
 * They are merged only when the heap would have to grow, or when they hold more than half of it.
 */
const FLUSH_ABOVE_UNITS = 0x1000000 / UNIT;

/** Takes the block of exactly `units` that was freed last and makes it busy; 0 = none, or corruption. */
export function popQuick(c: HeapContext, units: number, unused: number): number {
  const words = c.words;
  const head = c.header + (QUICK_HEADS >>> 2) + units * 2;
  if ((words[head] | words[head + 1]) === 0) return 0;
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
  c.setState(index, block, BUSY | (unused << 16));
  return block;
}

/** Puts a busy block of a small size on its list. */
export function pushQuick(c: HeapContext, block: number, index: number): boolean {
  const words = c.words;
  const units = words[index + BLOCK_UNITS];
  const head = c.header + (QUICK_HEADS >>> 2) + units * 2;
  const links = c.links(index, block);
  if (links === 0) return false;
  words[links + LINK_NEXT] = words[head];
  words[links + LINK_NEXT + 1] = words[head + 1];
  c.setPointer(head, block);
  c.setState(index, block, QUICK);
  const waiting = (words[c.header + (HEAP_QUICK_UNITS >>> 2)] += units);
  if (waiting > FLUSH_ABOVE_UNITS && waiting * 2 * UNIT > c.pointer(c.header + HEAP_COMMITTED / 4)) {
    return flushQuick(c);
  }
  return true;
}

/** Merges everything in the quick lists into the back end. */
export function flushQuick(c: HeapContext): boolean {
  for (let units = MIN_UNITS; units <= QUICK_MAX_UNITS; units++) {
    const head = c.header + QUICK_HEADS / 4 + units * 2;
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

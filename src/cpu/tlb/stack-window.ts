import type { Frames } from '../../machine/frames.ts';
import { PAGE_SIZE } from '../../machine/layout.ts';
import { WRITE } from '../../memory/constants.ts';
import type { AddressSpace } from '../../memory/space.ts';
import { isReadyAtHome } from './ready-pages.ts';
import type { Tlb } from './tlb.ts';

/** Most pages on either side of what is asked for that the window takes in. */
const MOST_AROUND = 64;

/**
 * Lays the stack window around `width` bytes at `start` (a guest address), if all their pages can be written as they
 * are: nothing is brought about that an access would bring about.
 */
export function layStackWindow(
  tlb: Tlb,
  space: AddressSpace,
  frames: Frames,
  start: number,
  width: number,
): boolean {
  // Beyond user space numbers are not exact, and there is nothing.
  if (start + width > space.highest) return false;
  const fits = (page: number): boolean => isReadyAtHome(space, frames, page, WRITE);
  let first = Math.floor(start / PAGE_SIZE);
  let end = Math.ceil((start + width) / PAGE_SIZE);
  for (let page = first; page < end; page++) if (!fits(page)) return false;
  const [lowest, highest] = [first - MOST_AROUND, end + MOST_AROUND];
  while (first > lowest && fits(first - 1)) first--;
  while (end < highest && fits(end)) end++;
  tlb.openWindow(first, end);
  return true;
}

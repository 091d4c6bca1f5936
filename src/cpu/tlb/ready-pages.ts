import type { Frames } from '../../machine/frames.ts';
import { PAGE_SIZE } from '../../machine/layout.ts';
import { homeOf } from '../../machine/placement.ts';
import { WRITE } from '../../memory/constants.ts';
import type { AddressSpace } from '../../memory/space.ts';
import type { Tlb } from './tlb.ts';

/** Whether a page is at home and the access to it needs nothing: no fault, and no look at translated code. */
export function isReadyAtHome(space: AddressSpace, frames: Frames, page: number, access: number): boolean {
  const home = homeOf(page);
  return space.readyFrame(page, access) === home && (access !== WRITE || !frames.holdsCode(home));
}

/** Enters the pages of `width` bytes at `start` (a guest address) in the TLB, up to the first that is not ready; true: all are. */
export function enterPages(
  tlb: Tlb,
  space: AddressSpace,
  frames: Frames,
  start: number,
  width: number,
  access: number,
): boolean {
  const last = Math.floor((start + width - 1) / PAGE_SIZE);
  for (let page = Math.floor(start / PAGE_SIZE); page <= last; page++) {
    if (!isReadyAtHome(space, frames, page, access)) return false;
    tlb.enter(page, access);
  }
  return true;
}

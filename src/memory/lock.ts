import { NO_FRAME } from '../machine/frames.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import { done } from './allocate.ts';
import { PAGE_GUARD, PAGE_NOACCESS, READ } from './constants.ts';
import { clearGuard, residentFrame } from './fault.ts';
import {
  ENTRY_FRAME,
  ENTRY_WORDS,
  LOCKED,
  PageState,
  PROTECT_SHIFT,
  STATE_MASK,
  WRITTEN,
} from './page-table.ts';
import { addLock, dropFrame, dropLock, flagsOf, inWorkingSet, plainFlags } from './pages.ts';
import type { AddressSpace } from './space.ts';
import {
  STATUS_ACCESS_VIOLATION,
  STATUS_GUARD_PAGE_VIOLATION,
  STATUS_IN_PAGE_ERROR,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_NOT_LOCKED,
  STATUS_SUCCESS,
  STATUS_WORKING_SET_QUOTA,
} from './status.ts';

/**
 * Pages of the minimum working set that cannot be locked. Microsoft only speaks of "a small overhead"; eight is
 * what an instruction can need at once (code, operands and stack, each across a page end), rounded up.
 */
export const LOCK_OVERHEAD = 8;

const GUARD = PAGE_GUARD << PROTECT_SHIFT;
const NOACCESS = PAGE_NOACCESS << PROTECT_SHIFT;

/**
 * https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtuallock
 * A guard page in the range loses its guard and refuses the call.
 */
export function lockPages(space: AddressSpace, base: number, size: number): number {
  const refused = rangeRefusal(space, base, size);
  if (refused !== STATUS_SUCCESS) return refused;
  const first = Math.floor(base / PAGE_SIZE);
  const end = Math.ceil((base + size) / PAGE_SIZE);
  const quota = space.workingSetMinimum - LOCK_OVERHEAD - space.lockedPages;
  let added = 0;
  for (let page = first; page < end; page++) {
    const flags = pageFlags(space, page);
    if ((flags & STATE_MASK) === PageState.reserved || (flags & NOACCESS) !== 0)
      return STATUS_ACCESS_VIOLATION;
    if ((flags & GUARD) !== 0) {
      clearGuard(space, space.tree.find(page)!, page, flags);
      return STATUS_GUARD_PAGE_VIOLATION;
    }
    // The first thing wrong decides; so a range without end is not looked at for longer than the quota.
    if ((flags & LOCKED) === 0 && ++added > quota) return STATUS_WORKING_SET_QUOTA;
  }
  return lockAll(space, first, end);
}

function rangeRefusal(space: AddressSpace, base: number, size: number): number {
  if (!(base >= 0 && base <= space.highest)) return STATUS_INVALID_PARAMETER_2;
  return size > 0 && base + size - 1 <= space.highest ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_3;
}

/** Flags of any page; one in no region counts as reserved. */
function pageFlags(space: AddressSpace, page: number): number {
  const region = space.tree.find(page);
  return region === undefined ? PageState.reserved : flagsOf(space, region, page);
}

/** Brings all pages in first, for that can fail; then locks them. */
function lockAll(space: AddressSpace, first: number, end: number): number {
  for (let page = first; page < end; page++) {
    const region = space.tree.find(page)!;
    if (residentFrame(space, region, page, flagsOf(space, region, page)) !== NO_FRAME) continue;
    space.faultStatus = STATUS_IN_PAGE_ERROR;
    space.faultAddress = page * PAGE_SIZE;
    space.faultAccess = READ;
    space.faultDetail = space.system.pageInStatus;
    return STATUS_IN_PAGE_ERROR;
  }
  for (let page = first; page < end; page++) {
    const flags = space.table.flags(page);
    if ((flags & LOCKED) !== 0) continue;
    const frame = space.table.frame(page);
    space.table.set(page, flags | LOCKED, frame);
    addLock(space, frame);
  }
  return done(space, first, end);
}

/**
 * https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualunlock
 * If any page is not locked, those that are stay so, and the others leave the working set.
 */
export function unlockPages(space: AddressSpace, base: number, size: number): number {
  const refused = rangeRefusal(space, base, size);
  if (refused !== STATUS_SUCCESS) return refused;
  const first = Math.floor(base / PAGE_SIZE);
  const end = Math.ceil((base + size) / PAGE_SIZE);
  // More pages than are locked: no need to look for the one that is not.
  const whole = end - first <= space.lockedPages && allLocked(space, first, end);
  if (!whole) {
    trim(space, first, end);
    return STATUS_NOT_LOCKED;
  }
  for (let page = first; page < end; page++) {
    const frame = space.table.frame(page);
    space.table.set(page, space.table.flags(page) & ~LOCKED, frame);
    dropLock(space, frame);
  }
  return done(space, first, end);
}

function allLocked(space: AddressSpace, first: number, end: number): boolean {
  for (let page = first; page < end; page++) if ((space.table.flags(page) & LOCKED) === 0) return false;
  return true;
}

/** Takes unlocked pages out of the working set; what is only theirs keeps its frame until it is touched again. */
export function trim(space: AddressSpace, first: number, end: number): void {
  let trimmed = false;
  const { table } = space;
  table.forEachLeaf(first, end, (from, at, count) => {
    for (let i = 0; i < count; i++) {
      const flags = table.words[at + i * ENTRY_WORDS]!;
      if (!inWorkingSet(flags) || (flags & LOCKED) !== 0) continue;
      trimPage(space, from + i, flags, table.words[at + i * ENTRY_WORDS + ENTRY_FRAME]!);
      trimmed = true;
    }
  });
  if (trimmed) space.changed(first, end - first);
}

function trimPage(space: AddressSpace, page: number, flags: number, frame: number): void {
  if ((flags & STATE_MASK) === PageState.resident) {
    space.table.set(page, (flags & ~STATE_MASK) | PageState.transition, frame);
    space.statistics.resident--;
    return;
  }
  const region = space.tree.find(page)!;
  dropFrame(space, flags, frame);
  const bare = (flags & ~(STATE_MASK | WRITTEN)) | PageState.committed;
  space.table.set(page, bare === plainFlags(region, page) ? 0 : bare, 0);
}

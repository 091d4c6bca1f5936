import { FrameKind, NO_FRAME } from '../machine/frames.ts';
import { FRAMES, PAGE_SIZE } from '../machine/layout.ts';
import { homeOf } from '../machine/placement.ts';
import { MEM_PRIVATE, PAGE_GUARD, PAGE_READWRITE, WRITE } from './constants.ts';
import { CHARGED, COPIED, LOCKED, PageState, PROTECT_SHIFT, STATE_MASK, WRITTEN } from './page-table.ts';
import { addLock, dropFrame, flagsOf, holdsFrame, plainFlags, sectionIndex } from './pages.ts';
import { afterCopy, allows, isCopy } from './protection.ts';
import type { Region } from './regions.ts';
import type { AddressSpace } from './space.ts';
import {
  STATUS_ACCESS_VIOLATION,
  STATUS_GUARD_PAGE_VIOLATION,
  STATUS_IN_PAGE_ERROR,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_STACK_OVERFLOW,
  STATUS_SUCCESS,
} from './status.ts';

const GUARD = PAGE_GUARD << PROTECT_SHIFT;

/**
 * The slow half of AddressSpace.probe: everything that can stand between an access and its bytes, in Windows'
 * order. A page that is not committed is an access violation; a guard page loses its guard and is reported
 * (or grows the stack); then the protection counts; then the page gets its frame.
 */
export function faultIn(space: AddressSpace, address: number, access: number, entry: number): number {
  const page = Math.floor(address / PAGE_SIZE);
  const facts = space.facts.find(page);
  if (facts >= 0 && space.facts.isPrivate(facts)) {
    const frame = firstTouch(space, page, entry || space.facts.plain(facts), access);
    if (frame !== NO_FRAME) return FRAMES + (frame - page) * PAGE_SIZE + address;
  }
  const region = address >= 0 && address <= space.highest ? space.tree.find(page) : undefined;
  if (region === undefined) return fail(space, STATUS_ACCESS_VIOLATION, address, access, 0);
  let flags = entry !== 0 ? entry : plainFlags(region, page);
  if (region.section === undefined) {
    const frame = firstTouch(space, page, flags, access);
    if (frame !== NO_FRAME) return FRAMES + (frame - page) * PAGE_SIZE + address;
  }
  if ((flags & STATE_MASK) === PageState.reserved)
    return fail(space, STATUS_ACCESS_VIOLATION, address, access, 0);
  if ((flags & GUARD) !== 0) {
    flags = clearGuard(space, region, page, flags);
    const status = stackStatus(space, region, address, page);
    if (status !== STATUS_SUCCESS) return fail(space, status, address, access, 0);
  }
  if (!allows(flags >>> PROTECT_SHIFT, access))
    return fail(space, STATUS_ACCESS_VIOLATION, address, access, 0);
  const copying = access === WRITE && isCopy(flags >>> PROTECT_SHIFT);
  const frame = copying ? copyPage(space, region, page, flags) : residentFrame(space, region, page, flags);
  if (frame === NO_FRAME)
    return fail(space, STATUS_IN_PAGE_ERROR, address, access, space.system.pageInStatus);
  if (access === WRITE) noteWrite(space, region, page, frame);
  return space.system.frames.offset(frame) + (address - page * PAGE_SIZE);
}

/**
 * Most faults are of this kind, and take the shortest way: that of a committed private page without a frame.
 * NO_FRAME if this is another, or there is none; then nothing has happened.
 */
function firstTouch(space: AddressSpace, page: number, flags: number, access: number): number {
  if ((flags & (STATE_MASK | GUARD)) !== PageState.committed) return NO_FRAME;
  return allows(flags >>> PROTECT_SHIFT, access) ? demandZero(space, page, flags) : NO_FRAME;
}

function fail(space: AddressSpace, status: number, address: number, access: number, detail: number): 0 {
  space.faultStatus = status;
  space.faultAddress = address;
  space.faultAccess = access;
  space.faultDetail = detail;
  return 0;
}

/** The guard works once: it is gone before anybody hears of it. Answers the page's new flags. */
export function clearGuard(space: AddressSpace, region: Region, page: number, flags: number): number {
  const cleared = flags & ~GUARD;
  setFlags(space, region, page, cleared);
  space.statistics.guard++;
  space.changed(page, 1);
  return cleared;
}

/** Writes the flags of a page whose frame, if it has one, stays. */
function setFlags(space: AddressSpace, region: Region, page: number, flags: number): void {
  region.mix();
  if (holdsFrame(flags)) space.table.set(page, flags, space.table.frame(page));
  else space.table.set(page, flags === plainFlags(region, page) ? 0 : flags, 0);
}

/** What a hit guard page means: nothing if it made the running stack grow, else an exception. */
function stackStatus(space: AddressSpace, region: Region, address: number, page: number): number {
  const stack = space.runningStack;
  if (stack === undefined || address < stack.low || address >= stack.high) return STATUS_GUARD_PAGE_VIOLATION;
  // The guard is one page, and as many more as the thread has asked to keep for its overflow handler.
  const guardPages = 1 + Math.ceil(stack.guarantee / PAGE_SIZE);
  const lowest = stack.low / PAGE_SIZE;
  if (page - guardPages <= lowest || !commitGuards(space, region, page, guardPages)) {
    openGuards(space, region, page, lowest);
    stack.onLimit(lowestCommitted(space, region, page, lowest) * PAGE_SIZE);
    return STATUS_STACK_OVERFLOW;
  }
  stack.onLimit(page * PAGE_SIZE);
  return STATUS_SUCCESS;
}

/** Commits those of the `count` pages below `page` that are not, as guard pages; all or none. */
function commitGuards(space: AddressSpace, region: Region, page: number, count: number): boolean {
  let missing = 0;
  for (let p = page - count; p < page; p++) if (isReserved(space, region, p)) missing++;
  if (region.type !== MEM_PRIVATE || page - count < region.start || !space.charge(region, missing))
    return false;
  region.mix();
  const flags = PageState.committed | ((PAGE_READWRITE | PAGE_GUARD) << PROTECT_SHIFT);
  for (let p = page - count; p < page; p++) if (isReserved(space, region, p)) space.table.set(p, flags, 0);
  return true;
}

function isReserved(space: AddressSpace, region: Region, page: number): boolean {
  return (flagsOf(space, region, page) & STATE_MASK) === PageState.reserved;
}

/** At overflow the guard pages that are left become the room in which the handler runs. */
function openGuards(space: AddressSpace, region: Region, page: number, lowest: number): void {
  for (let p = page - 1; p > lowest && p >= region.start; p--) {
    const flags = flagsOf(space, region, p);
    if ((flags & GUARD) === 0) return;
    setFlags(space, region, p, flags & ~GUARD);
  }
}

function lowestCommitted(space: AddressSpace, region: Region, page: number, lowest: number): number {
  let p = page;
  while (p - 1 > lowest && p > region.start && !isReserved(space, region, p - 1)) p--;
  return p;
}

/** Gives the page its frame if it has none, and takes it into the working set. */
export function residentFrame(space: AddressSpace, region: Region, page: number, flags: number): number {
  switch (flags & STATE_MASK) {
    case PageState.resident:
    case PageState.shared:
      return space.table.frame(page);
    case PageState.transition:
      return rejoin(space, page, flags);
    default:
      return region.section === undefined
        ? demandZero(space, page, flags)
        : shareFrame(space, region, page, flags);
  }
}

function rejoin(space: AddressSpace, page: number, flags: number): number {
  const frame = space.table.frame(page);
  space.table.set(page, (flags & ~STATE_MASK) | PageState.resident, frame);
  space.countResident();
  return frame;
}

function demandZero(space: AddressSpace, page: number, flags: number): number {
  const frame = takePrivate(space, page, true);
  if (frame === NO_FRAME) return NO_FRAME;
  space.table.set(page, (flags & ~STATE_MASK) | PageState.resident, frame);
  space.statistics.demandZero++;
  space.countResident();
  return frame;
}

function takePrivate(space: AddressSpace, page: number, clear: boolean): number {
  const { system } = space;
  const frame = system.takeFrame(clear, FrameKind.private, space.id, page, page);
  if (frame === NO_FRAME) system.pageInStatus = STATUS_INSUFFICIENT_RESOURCES;
  return frame;
}

function shareFrame(space: AddressSpace, region: Region, page: number, flags: number): number {
  const frame = bring(space, region, page);
  if (frame === NO_FRAME) return NO_FRAME;
  space.system.frames.addReference(frame);
  space.table.set(page, (flags & ~STATE_MASK) | PageState.shared, frame);
  space.countResident();
  return frame;
}

/** The section's frame for a page of a view. */
function bring(space: AddressSpace, region: Region, page: number): number {
  const { pages } = region.section!;
  const index = sectionIndex(region, page);
  const resident = pages.resident(index);
  if (resident !== NO_FRAME) return resident;
  if (pages.source === undefined) space.statistics.demandZero++;
  else space.statistics.pageIn++;
  return pages.bring(index, page);
}

/** Copy-on-write: the page gets bytes of its own, and READWRITE instead of WRITECOPY. */
function copyPage(space: AddressSpace, region: Region, page: number, flags: number): number {
  const source = residentFrame(space, region, page, flags);
  if (source === NO_FRAME) return NO_FRAME;
  const frame = takeOver(space, region, page, source) ? source : copyOf(space, page, source);
  if (frame === NO_FRAME) return NO_FRAME;
  const was = space.table.flags(page);
  const marks = (was & LOCKED) | COPIED | CHARGED;
  region.mix();
  space.table.set(
    page,
    PageState.resident | marks | (afterCopy(was >>> PROTECT_SHIFT) << PROTECT_SHIFT),
    frame,
  );
  space.statistics.copyOnWrite++;
  space.changed(page, 1);
  return frame;
}

/**
 * Where only this page shows the section's frame, and it is at home there, the copy is the section's: the page keeps
 * the frame. False where it does not.
 */
function takeOver(space: AddressSpace, region: Region, page: number, source: number): boolean {
  const { system } = space;
  const { frames } = system;
  if (source !== homeOf(page) || frames.references(source) !== 2) return false;
  if (!region.section!.pages.moveAway(sectionIndex(region, page))) return false;
  system.codeChanged(source);
  frames.dropReference(source);
  frames.reassign(source, FrameKind.private, space.id, page);
  return true;
}

/** A private frame with the bytes of `source`, which the page lets go of. */
function copyOf(space: AddressSpace, page: number, source: number): number {
  const { frames, ram } = space.system;
  const frame = takePrivate(space, page, false);
  if (frame === NO_FRAME) return NO_FRAME;
  const from = frames.offset(source);
  ram.bytes.copyWithin(frames.offset(frame), from, from + PAGE_SIZE);
  const was = space.table.flags(page);
  space.system.codeChanged(source);
  dropFrame(space, was, source);
  if ((was & LOCKED) !== 0) addLock(space, frame);
  space.countResident();
  return frame;
}

/** A page of a file that may be written from now on counts as dirty until the next flush. */
function noteWrite(space: AddressSpace, region: Region, page: number, frame: number): void {
  const flags = space.table.flags(page);
  if ((flags & (STATE_MASK | WRITTEN)) !== PageState.shared) return;
  space.table.set(page, flags | WRITTEN, frame);
  region.section!.pages.markDirty(sectionIndex(region, page), frame);
}

import { LOWEST_ADDRESS, PAGE_SIZE } from '../machine/layout.ts';
import {
  MEM_4MB_PAGES,
  MEM_COALESCE_PLACEHOLDERS,
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_LARGE_PAGES,
  MEM_PHYSICAL,
  MEM_PRESERVE_PLACEHOLDER,
  MEM_PRIVATE,
  MEM_RELEASE,
  MEM_REPLACE_PLACEHOLDER,
  MEM_RESERVE,
  MEM_RESERVE_PLACEHOLDER,
  MEM_RESET,
  MEM_RESET_UNDO,
  MEM_TOP_DOWN,
  MEM_WRITE_WATCH,
} from './constants.ts';
import { CHARGED, PageState, PROTECT_SHIFT, STATE_MASK } from './page-table.ts';
import { changePages, countPages, dropPages, sectionIndex, withProtection } from './pages.ts';
import { isCopy, pageProtection, viewProtection } from './protection.ts';
import { granuleDown } from './region-tree.ts';
import { Region } from './regions.ts';
import { sectionLimit } from './section.ts';
import type { AddressSpace } from './space.ts';
import {
  STATUS_ALREADY_COMMITTED,
  STATUS_COMMITMENT_LIMIT,
  STATUS_CONFLICTING_ADDRESSES,
  STATUS_FREE_VM_NOT_AT_BASE,
  STATUS_INVALID_PAGE_PROTECTION,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
  STATUS_MEMORY_NOT_ALLOCATED,
  STATUS_NO_MEMORY,
  STATUS_NOT_COMMITTED,
  STATUS_NOT_SUPPORTED,
  STATUS_SECTION_PROTECTION,
  STATUS_SUCCESS,
  STATUS_UNABLE_TO_DELETE_SECTION,
  STATUS_UNABLE_TO_FREE_VM,
  STATUS_USER_MAPPED_FILE,
} from './status.ts';

// Documented, and not here yet: refused by a status of their own.
const NOT_YET =
  MEM_WRITE_WATCH | MEM_LARGE_PAGES | MEM_PHYSICAL | MEM_REPLACE_PLACEHOLDER | MEM_RESERVE_PLACEHOLDER;
const PLACEHOLDERS = MEM_REPLACE_PLACEHOLDER | MEM_RESERVE_PLACEHOLDER;
const KNOWN = MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO | MEM_TOP_DOWN | MEM_4MB_PAGES | NOT_YET;
/** Types that only mean something when address space is reserved. */
const WITH_RESERVE = MEM_WRITE_WATCH | MEM_PHYSICAL | MEM_LARGE_PAGES | PLACEHOLDERS;

/** https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntallocatevirtualmemory */
export function allocate(
  space: AddressSpace,
  base: number,
  size: number,
  type: number,
  protect: number,
  highestAddress: number,
): number {
  const refused = typeRefusal(type);
  if (refused !== STATUS_SUCCESS) return refused;
  if (pageProtection(protect, MEM_PRIVATE) === 0 && pageProtection(protect, 0) === 0)
    return STATUS_INVALID_PAGE_PROTECTION;
  const range = rangeRefusal(space, base, size);
  if (range !== STATUS_SUCCESS) return range;
  if ((type & NOT_YET) !== 0 || (type & MEM_4MB_PAGES) !== 0) return STATUS_NOT_SUPPORTED;
  const end = Math.ceil((base + size) / PAGE_SIZE);
  if ((type & (MEM_RESET | MEM_RESET_UNDO)) !== 0) return reset(space, Math.floor(base / PAGE_SIZE), end);
  if (base !== 0 && (type & MEM_RESERVE) === 0)
    return commit(space, Math.floor(base / PAGE_SIZE), end, protect);
  const effective = pageProtection(protect, MEM_PRIVATE);
  if (effective === 0) return STATUS_INVALID_PAGE_PROTECTION;
  if (base === 0) {
    const start = findFree(space, end, type, Math.min(highestAddress, space.highest));
    return start < 0 ? STATUS_NO_MEMORY : reserve(space, start, start + end, type, effective);
  }
  // The region begins at the granule and ends with the page of the last byte asked for.
  const start = granuleDown(Math.floor(base / PAGE_SIZE));
  if (space.tree.overlaps(start, end)) return STATUS_CONFLICTING_ADDRESSES;
  return reserve(space, start, end, type, effective);
}

function typeRefusal(type: number): number {
  const resets = type & (MEM_RESET | MEM_RESET_UNDO);
  if (resets !== 0 && type !== MEM_RESET && type !== MEM_RESET_UNDO) return STATUS_INVALID_PARAMETER_5;
  if ((type & (MEM_COMMIT | MEM_RESERVE)) === 0 && resets === 0) return STATUS_INVALID_PARAMETER_5;
  if ((type & ~KNOWN) !== 0) return STATUS_INVALID_PARAMETER_5;
  if ((type & WITH_RESERVE) !== 0 && (type & MEM_RESERVE) === 0) return STATUS_INVALID_PARAMETER_5;
  if ((type & MEM_PHYSICAL) !== 0 && (type & ~(MEM_PHYSICAL | MEM_RESERVE | MEM_TOP_DOWN)) !== 0)
    return STATUS_INVALID_PARAMETER_5;
  if ((type & MEM_LARGE_PAGES) !== 0 && (type & MEM_COMMIT) === 0) return STATUS_INVALID_PARAMETER_5;
  return STATUS_SUCCESS;
}

function rangeRefusal(space: AddressSpace, base: number, size: number): number {
  if (!(size > 0)) return STATUS_INVALID_PARAMETER_4;
  if (base !== 0 && !(base >= LOWEST_ADDRESS && base <= space.highest)) return STATUS_INVALID_PARAMETER_2;
  return base + size - 1 <= space.highest ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_4;
}

/** The first page of `pages` free ones, or -1. */
function findFree(space: AddressSpace, pages: number, type: number, highest: number): number {
  const limit = Math.floor((highest + 1) / PAGE_SIZE);
  return (type & MEM_TOP_DOWN) !== 0 ? space.tree.fitHigh(pages, limit) : space.tree.fitLow(pages, limit);
}

function reserve(space: AddressSpace, start: number, end: number, type: number, protect: number): number {
  const commits = (type & MEM_COMMIT) !== 0 || (type & MEM_RESERVE) === 0;
  const plain = commits ? PageState.committed | (protect << PROTECT_SHIFT) : PageState.reserved;
  const region = new Region(space, start, end, MEM_PRIVATE, protect, plain);
  if (commits && !space.charge(region, end - start)) return STATUS_COMMITMENT_LIMIT;
  space.add(region);
  return done(space, start, end);
}

function commit(space: AddressSpace, first: number, end: number, protect: number): number {
  const region = space.tree.find(first);
  if (region === undefined || end > region.end) return STATUS_CONFLICTING_ADDRESSES;
  if (region.section !== undefined) return commitView(space, region, first, end, protect);
  const effective = pageProtection(protect, MEM_PRIVATE);
  if (effective === 0) return STATUS_INVALID_PAGE_PROTECTION;
  if (!space.charge(region, countPages(space, region, first, end, false))) return STATUS_COMMITMENT_LIMIT;
  changeTo(space, region, first, end, effective);
  return done(space, first, end);
}

/** Commits pages that are reserved, and gives all of them the protection. */
function changeTo(space: AddressSpace, region: Region, first: number, end: number, protect: number): void {
  const present = changePages(space, region, first, end, (flags) => {
    const state = flags & STATE_MASK;
    const committed = state === PageState.reserved ? (flags & ~STATE_MASK) | PageState.committed : flags;
    return withProtection(committed, protect);
  });
  if (present) space.changed(first, end - first);
}

/** Only pages of SEC_RESERVE sections can be committed in views; then they are in all views, and for good. */
function commitView(
  space: AddressSpace,
  region: Region,
  first: number,
  end: number,
  protect: number,
): number {
  const section = region.section!;
  if (!section.isReserve) return STATUS_ALREADY_COMMITTED;
  const effective = pageProtection(protect, region.type);
  if (effective === 0) return STATUS_INVALID_PAGE_PROTECTION;
  const allowed = viewProtection(effective, region.type, region.allocationProtect, sectionLimit(section));
  if (allowed === 0) return STATUS_SECTION_PROTECTION;
  const missing = countPages(space, region, first, end, false);
  if (!space.system.canCharge(missing)) return STATUS_COMMITMENT_LIMIT;
  // Pages that can be copied from now on are the view's to pay, whatever the section pays for them.
  const copies = isCopy(allowed) ? uncharged(space, region, first, end) : 0;
  if (!space.system.canCharge(missing + copies)) return STATUS_COMMITMENT_LIMIT;
  space.system.charge(missing);
  space.charge(region, copies);
  section.pages.commit(sectionIndex(region, first), sectionIndex(region, end));
  changeTo(space, region, first, end, allowed);
  return done(space, first, end);
}

/** Pages of a view, committed or not, that are not charged to it. */
function uncharged(space: AddressSpace, region: Region, first: number, end: number): number {
  let count = 0;
  for (let page = first; page < end; page++)
    if (((space.table.flags(page) || region.plain(page)) & CHARGED) === 0) count++;
  return count;
}

/**
 * MEM_RESET says that the contents are not needed: keeping them is allowed. So MEM_RESET_UNDO always finds them
 * intact. Both check what they are given.
 */
function reset(space: AddressSpace, first: number, end: number): number {
  const region = space.tree.find(first);
  if (region === undefined || end > region.end) return STATUS_CONFLICTING_ADDRESSES;
  if (region.section !== undefined && region.section.name !== '') return STATUS_USER_MAPPED_FILE;
  if (countPages(space, region, first, end, false) > 0) return STATUS_NOT_COMMITTED;
  return done(space, first, end);
}

/** https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntfreevirtualmemory */
export function free(space: AddressSpace, base: number, size: number, type: number): number {
  if ((type & (MEM_COALESCE_PLACEHOLDERS | MEM_PRESERVE_PLACEHOLDER)) !== 0 && (type & MEM_RELEASE) !== 0)
    return STATUS_NOT_SUPPORTED;
  if (type !== MEM_DECOMMIT && type !== MEM_RELEASE) return STATUS_INVALID_PARAMETER_4;
  if (type === MEM_RELEASE && size !== 0) return STATUS_INVALID_PARAMETER_3;
  if (!(base >= 0 && base <= space.highest)) return STATUS_INVALID_PARAMETER_2;
  if (!(base + size - 1 <= space.highest)) return STATUS_INVALID_PARAMETER_3;
  const page = Math.floor(base / PAGE_SIZE);
  const facts = space.facts.find(page);
  if (facts >= 0 && type === MEM_RELEASE && space.facts.isPrivate(facts))
    return releaseSmall(space, facts, base);
  const region = space.tree.find(page);
  if (region === undefined) return STATUS_MEMORY_NOT_ALLOCATED;
  if (region.section !== undefined) return STATUS_UNABLE_TO_DELETE_SECTION;
  if (type === MEM_DECOMMIT) return decommit(space, region, base, size);
  if (base !== region.start * PAGE_SIZE) return STATUS_FREE_VM_NOT_AT_BASE;
  space.release(region);
  return done(space, region.start, region.end);
}

function releaseSmall(space: AddressSpace, facts: number, base: number): number {
  const start = space.facts.start(facts);
  const end = space.facts.end(facts);
  if (base !== start * PAGE_SIZE) return STATUS_FREE_VM_NOT_AT_BASE;
  space.releaseSmall(facts);
  return done(space, start, end);
}

function decommit(space: AddressSpace, region: Region, base: number, size: number): number {
  const first = Math.floor(base / PAGE_SIZE);
  if (size === 0 && first !== region.start) return STATUS_FREE_VM_NOT_AT_BASE;
  const end = size === 0 ? region.end : Math.ceil((base + size) / PAGE_SIZE);
  if (end > region.end) return STATUS_UNABLE_TO_FREE_VM;
  const committed = end - first - countPages(space, region, first, end, false);
  const present = dropPages(space, first, end);
  changePages(space, region, first, end, () => PageState.reserved);
  space.uncharge(region, committed);
  if (present) space.changed(first, end - first);
  return done(space, first, end);
}

/** Notes the range for the caller. */
export function done(space: AddressSpace, first: number, end: number): number {
  space.resultBase = first * PAGE_SIZE;
  space.resultSize = (end - first) * PAGE_SIZE;
  return STATUS_SUCCESS;
}

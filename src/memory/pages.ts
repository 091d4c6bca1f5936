import { MEM_PRIVATE } from './constants.ts';
import {
  CHARGED,
  COPIED,
  ENTRY_FRAME,
  ENTRY_WORDS,
  LEAF_PAGES,
  LOCKED,
  PageState,
  type PageTable,
  PROTECT_MASK,
  PROTECT_SHIFT,
  STATE_MASK,
  WRITTEN,
} from './page-table.ts';
import { afterCopy, isCopy } from './protection.ts';
import type { Region } from './regions.ts';
import type { AddressSpace } from './space.ts';

/**
 * Ranges of pages of one region. A range operation touches an entry only where there is one or where the range
 * begins or ends in the middle of a leaf; whole leaves without entries change through the region's plain runs.
 * So its cost does not depend on the size of the range.
 */

/** Flags of a page, from its entry or from what the region (and a SEC_RESERVE section) says. */
export function flagsOf(space: AddressSpace, region: Region, page: number): number {
  const flags = space.table.flags(page);
  return flags !== 0 ? flags : plainFlags(region, page);
}

/** Flags of a page that has no entry. */
export function plainFlags(region: Region, page: number): number {
  const { section } = region;
  if (section?.isReserve && !section.pages.isCommitted(sectionIndex(region, page))) return PageState.reserved;
  return region.plain(page);
}

export function sectionIndex(region: Region, page: number): number {
  return page - region.start + region.sectionPage;
}

/** What a run of pages has in common: 0 for reserved, else committed and those of its flags that `mask` names. */
export function commonOf(flags: number, mask: number): number {
  return (flags & STATE_MASK) === PageState.reserved ? 0 : PageState.committed | (flags & mask);
}

/** A run of pages, as the last nextRun found it. */
export interface Run {
  /** 0 for reserved pages; else PageState.committed and the flags asked for. */
  common: number;
}

/**
 * Looks at the run that begins at `page`: answers the page after it, at most `end`, and leaves in `run` what
 * its pages have in common. Neighbouring runs can be alike where the table ends a leaf: callers join them.
 */
export function nextRun(
  space: AddressSpace,
  region: Region,
  page: number,
  end: number,
  mask: number,
  run: Run,
): number {
  const { table } = space;
  if ((mask & ~PROTECT_MASK) === 0 && region.uniform !== 0) {
    run.common = commonOf(region.uniform, mask);
    return end;
  }
  const common = commonOf(flagsOf(space, region, page), mask);
  run.common = common;
  let at = page;
  while (at < end) {
    const number = Math.floor(at / LEAF_PAGES);
    const leaf = table.leaf(number);
    const last = Math.ceil(end / LEAF_PAGES);
    const stop = Math.min(end, (leaf === 0 ? table.nextLeaf(number + 1, last) : number + 1) * LEAF_PAGES);
    const shift = (leaf - number) * LEAF_PAGES;
    while (at < stop) {
      const flags = leaf === 0 ? 0 : table.words[(at + shift) * ENTRY_WORDS]!;
      if (flags !== 0) {
        if (commonOf(flags, mask) !== common) return at;
        at++;
        continue;
      }
      if (commonOf(plainFlags(region, at), mask) !== common) return at;
      const bare = leaf === 0 ? stop : bareEnd(table, at + shift, stop + shift) - shift;
      at = plainStop(region, at, bare);
    }
  }
  return end;
}

/**
 * As nextRun, for pages of one region whose pages without an entry have the flags `plain`. It looks at them one
 * by one: for small regions.
 */
export function smallRunEnd(
  space: AddressSpace,
  page: number,
  end: number,
  plain: number,
  mask: number,
  run: Run,
): number {
  const { table } = space;
  const common = commonOf(table.flags(page) || plain, mask);
  run.common = common;
  let at = page + 1;
  while (at < end && commonOf(table.flags(at) || plain, mask) === common) at++;
  return at;
}

/** How many pages of [first, end) are committed; those without an entry have the flags `plain`. */
export function countSmall(space: AddressSpace, first: number, end: number, plain: number): number {
  let count = 0;
  for (let page = first; page < end; page++)
    if (((space.table.flags(page) || plain) & STATE_MASK) !== PageState.reserved) count++;
  return count;
}

/** The number of the first entry after entry `from` that is not 0, at most `stop`. */
function bareEnd(table: PageTable, from: number, stop: number): number {
  let at = from + 1;
  while (at < stop && table.words[at * ENTRY_WORDS] === 0) at++;
  return at;
}

/** The page after the last one before `stop` that is plainly the same as `page`. */
function plainStop(region: Region, page: number, stop: number): number {
  const end = Math.min(stop, region.plainEnd(page));
  const { section } = region;
  if (!section?.isReserve) return end;
  const shift = region.start - region.sectionPage;
  return section.pages.commitEnd(page - shift, end - shift) + shift;
}

/** How many pages of [first, end) are reserved (committed = false) or committed and lack the flags (committed = true). */
export function countPages(
  space: AddressSpace,
  region: Region,
  first: number,
  end: number,
  committed: boolean,
  lacking = 0,
): number {
  const run: Run = { common: 0 };
  let count = 0;
  for (let page = first; page < end; ) {
    const next = nextRun(space, region, page, end, lacking, run);
    const counts = committed ? run.common !== 0 && (run.common & lacking) === 0 : run.common === 0;
    if (counts) count += next - page;
    page = next;
  }
  return count;
}

/** The part of a range whose leaves the range covers as far as the region goes: it changes through plain runs. */
function wholeLeaves(region: Region, first: number, end: number): { from: number; to: number } {
  const from = first === region.start ? first : Math.ceil(first / LEAF_PAGES) * LEAF_PAGES;
  const to = end === region.end ? end : Math.floor(end / LEAF_PAGES) * LEAF_PAGES;
  return from < to ? { from, to } : { from: end, to: end };
}

/**
 * Gives all pages of [first, end) new flags: `change` gets a page's flags and answers them changed, without
 * touching a frame; private pages have the same state and protection then. Answers whether a page that was in the working set changed.
 */
export function changePages(
  space: AddressSpace,
  region: Region,
  first: number,
  end: number,
  change: (flags: number) => number,
): boolean {
  const { from, to } = wholeLeaves(region, first, end);
  const isWhole = first === region.start && end === region.end;
  if (!isWhole) region.mix();
  let present = changeEdge(space, region, first, from, change);
  if (from < to) {
    // Plain runs last: until then the entries' own flags are changed against the old ones.
    present = changeEntries(space, region, from, to, change) || present;
    if (changeEdge(space, region, to, end, change)) present = true;
    region.changePlain(from, to, change);
    // Of a private region, pages that all get the same state and protection.
    if (isWhole && region.type === MEM_PRIVATE) region.unmix();
    return present;
  }
  return present;
}

/** Changes pages one by one, with entries where they differ from the region. */
function changeEdge(
  space: AddressSpace,
  region: Region,
  first: number,
  end: number,
  change: (flags: number) => number,
): boolean {
  let present = false;
  for (let page = first; page < end; page++)
    if (changePage(space.table, page, plainFlags(region, page), change)) present = true;
  return present;
}

/** Changes one page, which without an entry has the flags `plain`. Answers whether it was in the working set. */
function changePage(
  table: PageTable,
  page: number,
  plain: number,
  change: (flags: number) => number,
): boolean {
  const at = table.at(page);
  const entry = table.words[at]!;
  const changed = change(entry === 0 ? plain : entry);
  if (holdsFrame(entry)) table.words[at] = changed;
  else if (changed === plain) {
    if (entry !== 0) table.set(page, 0, 0);
  } else if (changed !== entry) table.set(page, changed, 0);
  return inWorkingSet(entry);
}

/** As changePages, for a part of a small region whose pages without an entry have the flags `plain`. */
export function changeSmall(
  space: AddressSpace,
  first: number,
  end: number,
  plain: number,
  change: (flags: number) => number,
): boolean {
  let present = false;
  for (let page = first; page < end; page++) if (changePage(space.table, page, plain, change)) present = true;
  return present;
}

/** Changes the entries there are; those without a frame that become plain go. */
function changeEntries(
  space: AddressSpace,
  region: Region,
  first: number,
  end: number,
  change: (flags: number) => number,
): boolean {
  let present = false;
  const { table } = space;
  table.forEachLeaf(first, end, (from, at, count) => {
    for (let i = 0; i < count; i++) {
      const entry = table.words[at + i * ENTRY_WORDS]!;
      if (entry === 0) continue;
      if (inWorkingSet(entry)) present = true;
      const changed = change(entry);
      if (holdsFrame(entry)) table.words[at + i * ENTRY_WORDS] = changed;
      else table.set(from + i, changed === change(plainFlags(region, from + i)) ? 0 : changed, 0);
    }
  });
  return present;
}

export function inWorkingSet(flags: number): boolean {
  const state = flags & STATE_MASK;
  return state === PageState.resident || state === PageState.shared;
}
export function holdsFrame(flags: number): boolean {
  return (flags & STATE_MASK) >= PageState.resident;
}

/** Takes every frame and entry away from [first, end). Answers whether a page was in the working set. */
export function dropPages(space: AddressSpace, first: number, end: number): boolean {
  let present = false;
  const { table } = space;
  table.forEachLeaf(first, end, (from, at, count) => {
    for (let i = 0; i < count; i++) {
      const entry = table.words[at + i * ENTRY_WORDS]!;
      if (entry === 0) continue;
      if (inWorkingSet(entry)) present = true;
      if (holdsFrame(entry)) dropFrame(space, entry, table.words[at + i * ENTRY_WORDS + ENTRY_FRAME]!);
      table.set(from + i, 0, 0);
    }
  });
  return present;
}

/** Takes the reference of a page-table entry with these flags away from its frame, and its lock. */
export function dropFrame(space: AddressSpace, flags: number, frame: number): void {
  const { frames } = space.system;
  if ((flags & LOCKED) !== 0) dropLock(space, frame);
  if (inWorkingSet(flags)) space.statistics.resident--;
  if (frames.dropReference(frame) === 0) space.system.freeFrame(frame);
}

export function addLock(space: AddressSpace, frame: number): void {
  space.system.frames.addLock(frame);
  space.lockedPages++;
}
export function dropLock(space: AddressSpace, frame: number): void {
  space.system.frames.dropLock(frame);
  space.lockedPages--;
}

/** Flags with another protection. A page that was copied stays copied: the WRITECOPY forms mean READWRITE there. */
export function withProtection(flags: number, protect: number): number {
  const effective = (flags & COPIED) !== 0 ? afterCopy(protect) : protect;
  const charged = isCopy(protect) ? CHARGED : 0;
  return (flags & ~(PROTECT_MASK | WRITTEN)) | (effective << PROTECT_SHIFT) | charged;
}

/** Whether a page with these flags is charged to commit by its region. */
export function isCharged(region: Region, flags: number): boolean {
  if (region.type === MEM_PRIVATE) return (flags & STATE_MASK) !== PageState.reserved;
  return (flags & CHARGED) !== 0;
}

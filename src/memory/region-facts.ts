import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import { MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE } from './constants.ts';
import { PageState, PROTECT_MASK, PROTECT_SHIFT, STATE_MASK } from './page-table.ts';
import type { Region } from './regions.ts';

const GRANULE_PAGES = GRANULE / PAGE_SIZE;
/** Regions up to this size are kept: then the granules under which one is found are few. */
const MOST_PAGES = 8 * GRANULE_PAGES;

// A record is two 32-bit words, eight records to a cache line: the granule in which the region begins, and
// pages less one in bits 0-6, mixed, protection where page-table entries have it (8-18, 0 for reserved pages),
// committed, allocation protection in 20-30, mapped.
const WORDS = 2;
const LAST_PAGE_MASK = 0x7f;
const MIXED = 0x80;
const COMMITTED = 0x80000;
const ALLOCATION_SHIFT = 20;
const ALLOCATION_MASK = 0x7ff;
const MAPPED = 0x80000000 | 0;

// Powers of two.
const FIRST_SLOTS = 64;
const MOST_SLOTS = 2 ** 20;

/** Whether facts of a region of so many pages can be kept. */
export function isSmall(pages: number): boolean {
  return pages <= MOST_PAGES;
}

/**
 * What calls ask most about small regions, by the low bits of a granule's number: most queries read one cache
 * line, and changes of protection that and the pages' entries, whatever the number of regions. Its truth is the
 * region's and the page table's: whoever changes what a record says drops it. A record tells how the pages without
 * an entry are; unless it is marked as mixed, all pages are so.
 */
export class RegionFacts {
  /** Records; one whose first word is 0 is nobody's, for no region begins in the first granule. */
  #words = new Int32Array(FIRST_SLOTS * WORDS);
  #mask = FIRST_SLOTS - 1;

  /** The place of the record of the region that holds the page, or -1 if none is kept. */
  find(page: number): number {
    const at = (Math.floor(page / GRANULE_PAGES) & this.#mask) * WORDS;
    const start = this.#words[at]!;
    if (start === 0) return -1;
    const offset = page - start * GRANULE_PAGES;
    return offset >= 0 && offset <= (this.#words[at + 1]! & LAST_PAGE_MASK) ? at : -1;
  }
  start(at: number): number {
    return this.#words[at]! * GRANULE_PAGES;
  }
  end(at: number): number {
    return this.start(at) + (this.#words[at + 1]! & LAST_PAGE_MASK) + 1;
  }
  type(at: number): number {
    return this.#words[at + 1]! < 0 ? MEM_MAPPED : MEM_PRIVATE;
  }
  isPrivate(at: number): boolean {
    return this.#words[at + 1]! >= 0;
  }
  /** Whether pages can have entries that differ from `plain` in state or protection. */
  isMixed(at: number): boolean {
    return (this.#words[at + 1]! & MIXED) !== 0;
  }
  /** Flags of pages without an entry, as page-table.ts has them, marks aside. */
  plain(at: number): number {
    const facts = this.#words[at + 1]!;
    return (facts & COMMITTED) !== 0 ? PageState.committed | (facts & PROTECT_MASK) : PageState.reserved;
  }
  /** Whether pages without an entry are committed. */
  isCommitted(at: number): boolean {
    return (this.#words[at + 1]! & COMMITTED) !== 0;
  }
  /** The protection of pages without an entry; 0 if they are reserved. */
  protect(at: number): number {
    return (this.#words[at + 1]! & PROTECT_MASK) >>> PROTECT_SHIFT;
  }
  allocationProtect(at: number): number {
    return (this.#words[at + 1]! >>> ALLOCATION_SHIFT) & ALLOCATION_MASK;
  }

  /** Keeps a region's facts for calls about the granule of `page`, if they can be told in a record. */
  keep(region: Region, page: number, isMixed: boolean): void {
    const pages = region.end - region.start;
    const flags = region.plainOfAll;
    if (flags === 0 || !isSmall(pages) || region.type === MEM_IMAGE) return;
    const isReserved = (flags & STATE_MASK) === PageState.reserved;
    const at = (Math.floor(page / GRANULE_PAGES) & this.#mask) * WORDS;
    this.#words[at] = region.start / GRANULE_PAGES;
    this.#words[at + 1] =
      (pages - 1) |
      (isMixed ? MIXED : 0) |
      (isReserved ? 0 : (flags & PROTECT_MASK) | COMMITTED) |
      (region.allocationProtect << ALLOCATION_SHIFT) |
      (region.type === MEM_MAPPED ? MAPPED : 0);
  }

  /** Forgets a region that goes or changes. */
  drop(region: Region): void {
    if (isSmall(region.end - region.start)) this.dropRange(region.start, region.end);
  }
  /** Forgets the small region [first, end). */
  dropRange(first: number, end: number): void {
    const words = this.#words;
    const start = first / GRANULE_PAGES;
    for (let granule = start; granule * GRANULE_PAGES < end; granule++) {
      const at = (granule & this.#mask) * WORDS;
      if (words[at] === start) words[at] = 0;
    }
  }

  /** Notes that entries of the small region [first, end) may differ from its plain flags from now on. */
  mix(first: number, end: number): void {
    const words = this.#words;
    const start = first / GRANULE_PAGES;
    for (let granule = start; granule * GRANULE_PAGES < end; granule++) {
      const at = (granule & this.#mask) * WORDS;
      if (words[at] === start) words[at + 1] = words[at + 1]! | MIXED;
    }
  }

  /** Makes room for the facts of `count` regions. */
  resize(count: number): void {
    const slots = this.#mask + 1;
    if (count <= slots || slots >= MOST_SLOTS) return;
    const old = this.#words;
    this.#mask = slots * 2 - 1;
    this.#words = new Int32Array(slots * 2 * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at] === 0) continue;
      const to = (old[at]! & this.#mask) * WORDS;
      this.#words[to] = old[at]!;
      this.#words[to + 1] = old[at + 1]!;
    }
  }
}

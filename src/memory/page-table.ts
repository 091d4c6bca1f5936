/** States of a page-table entry: the low three bits of its flags. */
export const PageState = {
  /** The whole entry is 0: the page is as its region says. */
  none: 0,
  /** Reserved, not committed, whatever the region says. */
  reserved: 1,
  /** Committed, no frame: zeros on demand, or the section's page on demand. */
  committed: 2,
  /** Holds a frame of its own. */
  resident: 3,
  /** Holds the section's frame. */
  shared: 4,
  /** Holds a frame of its own but was removed from the working set: the next touch takes it back. */
  transition: 5,
} as const;

export const STATE_MASK = 7;
export const LOCKED = 0x08;
/** A page of a view that was copied on write: it no longer follows the section. */
export const COPIED = 0x10;
/** Somebody was told that the page may be written without asking again. Only for section frames. */
export const WRITTEN = 0x20;
/** A page of a view that is charged to commit, because it may be copied. */
export const CHARGED = 0x40;
/** The page protection, as Windows writes it, is flags >>> PROTECT_SHIFT. */
export const PROTECT_SHIFT = 8;
export const PROTECT_MASK = 0x7ff << PROTECT_SHIFT;

/** Pages in a leaf of the table. */
export const LEAF_PAGES = 512;
const CACHED_LEAVES = 64;
const SPARE_LEAVES = 16;

/** The entries of 512 pages (2 MiB). */
export class Leaf {
  /** Page number / 512. */
  number = 0;
  /** Entries that are not 0; a leaf without any leaves the table. */
  used = 0;
  /** State, marks and protection of each page. */
  readonly flags = new Uint32Array(LEAF_PAGES);
  /** The frame of each page that holds one. */
  readonly frames = new Uint32Array(LEAF_PAGES);
}

type Level<T> = (T | undefined)[];

/**
 * A four-level table of the pages of 47 address bits (8 + 9 + 9 bits choose a leaf, 9 bits the entry in it),
 * made on demand. Sections use it too, by page index.
 */
export class PageTable {
  readonly #root: Level<Level<Level<Leaf>>> = new Array(256).fill(undefined);
  /** A direct-mapped cache of leaves, for most lookups stay in a few. */
  readonly #cachedNumbers = new Int32Array(CACHED_LEAVES).fill(-1);
  readonly #cached: Level<Leaf> = new Array(CACHED_LEAVES).fill(undefined);
  readonly #spare: Leaf[] = [];
  leafCount = 0;

  /** The leaf of that number, if there is one. */
  leaf(number: number): Leaf | undefined {
    const slot = number & (CACHED_LEAVES - 1);
    if (this.#cachedNumbers[slot] === number) return this.#cached[slot];
    const leaf = this.#root[number >>> 18]?.[(number >>> 9) & 511]?.[number & 511];
    if (leaf !== undefined) {
      this.#cachedNumbers[slot] = number;
      this.#cached[slot] = leaf;
    }
    return leaf;
  }

  flags(page: number): number {
    const number = Math.floor(page / LEAF_PAGES);
    const leaf = this.leaf(number);
    return leaf === undefined ? 0 : leaf.flags[page - number * LEAF_PAGES]!;
  }

  /** The frame of a page that holds one. */
  frame(page: number): number {
    const number = Math.floor(page / LEAF_PAGES);
    return this.leaf(number)!.frames[page - number * LEAF_PAGES]!;
  }

  /** Writes an entry; flags 0 removes it. */
  set(page: number, flags: number, frame: number): void {
    const number = Math.floor(page / LEAF_PAGES);
    let leaf = this.leaf(number);
    if (leaf === undefined) {
      if (flags === 0) return;
      leaf = this.#add(number);
    }
    const index = page - number * LEAF_PAGES;
    const was = leaf.flags[index]!;
    leaf.flags[index] = flags;
    leaf.frames[index] = frame;
    if (was === 0) leaf.used += flags === 0 ? 0 : 1;
    else if (flags === 0 && --leaf.used === 0) this.#remove(leaf);
  }

  /** The first leaf numbered `from` or higher but below `end`. */
  nextLeaf(from: number, end: number): Leaf | undefined {
    let number = from;
    while (number < end) {
      const upper = this.#root[number >>> 18];
      if (upper === undefined) {
        number = ((number >>> 18) + 1) << 18;
        continue;
      }
      const lower = upper[(number >>> 9) & 511];
      if (lower === undefined) {
        number = ((number >>> 9) + 1) << 9;
        continue;
      }
      const stop = Math.min(end, ((number >>> 9) + 1) << 9);
      for (; number < stop; number++) {
        const leaf = lower[number & 511];
        if (leaf !== undefined) return leaf;
      }
    }
    return undefined;
  }

  /** Calls back for each leaf that has entries of pages in [first, end), with the span of them that is inside. */
  forEachLeaf(first: number, end: number, visit: (leaf: Leaf, from: number, to: number) => void): void {
    const last = Math.ceil(end / LEAF_PAGES);
    let leaf = this.nextLeaf(Math.floor(first / LEAF_PAGES), last);
    while (leaf !== undefined) {
      const number = leaf.number;
      const base = number * LEAF_PAGES;
      visit(leaf, Math.max(first - base, 0), Math.min(end - base, LEAF_PAGES));
      leaf = this.nextLeaf(number + 1, last);
    }
  }

  #add(number: number): Leaf {
    const upper = (this.#root[number >>> 18] ??= new Array(512).fill(undefined));
    const lower = (upper[(number >>> 9) & 511] ??= new Array(512).fill(undefined));
    const leaf = this.#spare.pop() ?? new Leaf();
    leaf.number = number;
    lower[number & 511] = leaf;
    this.leafCount++;
    return leaf;
  }

  #remove(leaf: Leaf): void {
    const number = leaf.number;
    this.#root[number >>> 18]![(number >>> 9) & 511]![number & 511] = undefined;
    const slot = number & (CACHED_LEAVES - 1);
    if (this.#cachedNumbers[slot] === number) {
      this.#cachedNumbers[slot] = -1;
      this.#cached[slot] = undefined;
    }
    this.leafCount--;
    // An empty leaf is all zeros (stale frame numbers mean nothing): programs that allocate, touch and free
    // in a loop get the same one back.
    if (this.#spare.length < SPARE_LEAVES) this.#spare.push(leaf);
  }
}

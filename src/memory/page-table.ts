import { lowest } from '../machine/bits.ts';

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

/** Pages in a leaf of the table: 2 MiB of address space. */
export const LEAF_PAGES = 512;

const FAN_OUT = 512;
const ROOT_FAN_OUT = 256;
const CACHED_LEAVES = 64;
/** 32-bit words of an entry: its flags, and behind them the frame of a page that holds one. */
export const ENTRY_WORDS = 2;
export const ENTRY_FRAME = 1;
export const LEAF_WORDS = LEAF_PAGES * ENTRY_WORDS;
/** The leaf that is not there. Nobody writes it. */
const NO_ENTRIES = new Int32Array(LEAF_WORDS);

/** Which of 512 places are taken, so that the next one is found without looking at all of them. */
class Places {
  readonly #taken = new Int32Array(FAN_OUT / 32);
  count = 0;

  add(index: number): void {
    this.#taken[index >>> 5] = this.#taken[index >>> 5]! | (1 << (index & 31));
    this.count++;
  }
  remove(index: number): void {
    this.#taken[index >>> 5] = this.#taken[index >>> 5]! & ~(1 << (index & 31));
    this.count--;
  }
  /** The first taken place from `index` on, or 512. */
  next(index: number): number {
    let word = index >>> 5;
    if (word >= FAN_OUT / 32) return FAN_OUT;
    let bits = this.#taken[word]! & (-1 << (index & 31));
    while (bits === 0) {
      if (++word === FAN_OUT / 32) return FAN_OUT;
      bits = this.#taken[word]!;
    }
    return word * 32 + lowest(bits);
  }
}

/** 512 leaves: 1 GiB of address space. */
class Lower {
  readonly slots = new Int32Array(FAN_OUT);
  readonly places = new Places();
}
/** 512 of those: 512 GiB. */
class Upper {
  readonly lower: (Lower | undefined)[] = new Array(FAN_OUT).fill(undefined);
  readonly places = new Places();
}

/**
 * A four-level table of the pages of 47 address bits (8 + 9 + 9 bits choose a leaf, 9 bits the entry in it),
 * made on demand. Sections use it too, by page index.
 *
 * All leaves lie in one array: leaf `slot` has the words slot * LEAF_WORDS and on. Slot 0 is the leaf that is not
 * there: all zeros, so a look-up need not ask whether it found one. The array is replaced when it grows. What a
 * page's entry says lies together, for with many pages each call finds it in none of the processor's caches.
 */
export class PageTable {
  /** Entries of two words: state, marks and protection of the page; and its frame, if it holds one. */
  words = NO_ENTRIES;
  /** Entries of each leaf that are not 0; a leaf without any leaves the table. */
  #used = new Uint16Array(1);
  readonly #root: (Upper | undefined)[] = new Array(ROOT_FAN_OUT).fill(undefined);
  /** A direct-mapped cache of leaves, for most look-ups stay in a few. */
  readonly #cachedNumbers = new Int32Array(CACHED_LEAVES).fill(-1);
  readonly #cachedSlots = new Int32Array(CACHED_LEAVES);
  readonly #freeSlots: number[] = [];
  #slots = 1;
  leafCount = 0;

  /** The slot of the leaf of that number (page number / 512), or 0. */
  leaf(number: number): number {
    const cached = number & (CACHED_LEAVES - 1);
    if (this.#cachedNumbers[cached] === number) return this.#cachedSlots[cached]!;
    const lower = this.#root[number >>> 18]?.lower[(number >>> 9) & 511];
    if (lower === undefined) return 0;
    const slot = lower.slots[number & 511]!;
    if (slot === 0) return 0;
    this.#cachedNumbers[cached] = number;
    this.#cachedSlots[cached] = slot;
    return slot;
  }

  /** Where the entry of a page is in `words`: in the leaf of zeros if there is none. */
  at(page: number): number {
    const number = Math.floor(page / LEAF_PAGES);
    return this.leaf(number) * LEAF_WORDS + (page - number * LEAF_PAGES) * ENTRY_WORDS;
  }
  flags(page: number): number {
    return this.words[this.at(page)]!;
  }
  /** The frame of a page that holds one. */
  frame(page: number): number {
    return this.words[this.at(page) + ENTRY_FRAME]!;
  }

  /** Writes an entry; flags 0 removes it. */
  set(page: number, flags: number, frame: number): void {
    const number = Math.floor(page / LEAF_PAGES);
    let slot = this.leaf(number);
    if (slot === 0) {
      if (flags === 0) return;
      slot = this.#add(number);
    }
    const at = slot * LEAF_WORDS + (page - number * LEAF_PAGES) * ENTRY_WORDS;
    const was = this.words[at]!;
    this.words[at] = flags;
    this.words[at + ENTRY_FRAME] = frame;
    if (was === 0) {
      if (flags !== 0) this.#used[slot] = this.#used[slot]! + 1;
    } else if (flags === 0) {
      this.#used[slot] = this.#used[slot]! - 1;
      if (this.#used[slot] === 0) this.#remove(number, slot);
    }
  }

  /** The number of the first leaf from `from` on and below `end`, or `end`. */
  nextLeaf(from: number, end: number): number {
    let number = from;
    while (number < end) {
      const upper = this.#root[number >>> 18];
      if (upper === undefined) {
        number = ((number >>> 18) + 1) << 18;
        continue;
      }
      const inUpper = (number >>> 9) & 511;
      const found = upper.places.next(inUpper);
      if (found !== inUpper) {
        number = ((number >>> 18) << 18) + found * FAN_OUT;
        continue;
      }
      const next = upper.lower[found]!.places.next(number & 511);
      number = ((number >>> 9) << 9) + next;
      if (next < FAN_OUT) return Math.min(number, end);
    }
    return end;
  }

  /**
   * Calls back for each leaf that has entries of pages [first, end): those of the pages page, page + 1, ... of
   * it that are inside lie in `words` from `at` on, `count` of them. Entries may be removed meanwhile.
   */
  forEachLeaf(first: number, end: number, visit: (page: number, at: number, count: number) => void): void {
    const last = Math.ceil(end / LEAF_PAGES);
    let number = this.nextLeaf(Math.floor(first / LEAF_PAGES), last);
    while (number < last) {
      const base = number * LEAF_PAGES;
      const from = Math.max(first, base);
      const at = this.leaf(number) * LEAF_WORDS + (from - base) * ENTRY_WORDS;
      visit(from, at, Math.min(end, base + LEAF_PAGES) - from);
      number++;
      if (number < last) number = this.nextLeaf(number, last);
    }
  }

  #add(number: number): number {
    const slot = this.#freeSlots.pop() ?? this.#newSlot();
    let upper = this.#root[number >>> 18];
    if (upper === undefined) this.#root[number >>> 18] = upper = new Upper();
    const inUpper = (number >>> 9) & 511;
    let lower = upper.lower[inUpper];
    if (lower === undefined) {
      upper.lower[inUpper] = lower = new Lower();
      upper.places.add(inUpper);
    }
    lower.slots[number & 511] = slot;
    lower.places.add(number & 511);
    this.leafCount++;
    return slot;
  }

  #newSlot(): number {
    const slot = this.#slots++;
    if (slot < this.#used.length) return slot;
    const capacity = this.#used.length * 2;
    const words = new Int32Array(capacity * LEAF_WORDS);
    words.set(this.words);
    this.words = words;
    const used = new Uint16Array(capacity);
    used.set(this.#used);
    this.#used = used;
    return slot;
  }

  /** The leaf is all zeros (frame numbers without flags mean nothing), so its slot can be used again as it is. */
  #remove(number: number, slot: number): void {
    const upper = this.#root[number >>> 18]!;
    const inUpper = (number >>> 9) & 511;
    const lower = upper.lower[inUpper]!;
    lower.slots[number & 511] = 0;
    lower.places.remove(number & 511);
    // Programs allocate, touch and free in a loop: what is above a leaf goes only when another part stays.
    if (lower.places.count === 0 && upper.places.count > 1) {
      upper.lower[inUpper] = undefined;
      upper.places.remove(inUpper);
    }
    const cached = number & (CACHED_LEAVES - 1);
    if (this.#cachedNumbers[cached] === number) this.#cachedNumbers[cached] = -1;
    this.#freeSlots.push(slot);
    this.leafCount--;
  }

  /** Throws unless every leaf counts its entries and has some. Answers how many entries there are. For tests. */
  validate(): number {
    let all = 0;
    let leaves = 0;
    this.forEachLeaf(0, ROOT_FAN_OUT * FAN_OUT * FAN_OUT * LEAF_PAGES, (page, at) => {
      let used = 0;
      const counted = this.#used[at / LEAF_WORDS];
      for (let i = 0; i < LEAF_WORDS; i += ENTRY_WORDS) if (this.words[at + i] !== 0) used++;
      if (used === 0 || used !== counted)
        throw new Error(`the leaf of page ${page} has ${used} entries and counts ${counted}`);
      all += used;
      leaves++;
    });
    if (leaves !== this.leafCount)
      throw new Error(`the table has ${leaves} leaves and counts ${this.leafCount}`);
    return all;
  }
}

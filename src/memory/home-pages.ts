import { FRAMES, PAGE_SIZE } from '../machine/layout.ts';
import { homeOf } from '../machine/placement.ts';

/** Pages whose bits stand together under one tag: 2 MiB of address space. */
const GROUP_PAGES = 512;
const GROUP_WORDS = GROUP_PAGES / 32;
const HOMES = 0x10_0000;
const FIRST_FRAME_PAGE = FRAMES / PAGE_SIZE;

/**
 * Pages of an address space known to be writable where translated code looks first, in the frame that is their home:
 * a bit for each, for a heap of a million blocks has more pages than any list of them remembers, and what the page
 * table says of them all fills the processor's caches. Pages 4 GiB apart have one home: each group of bits has a tag.
 */
export class HomePages {
  /** Of each group of homes the page number / 512 that its bits are about. */
  readonly #tags = new Int32Array(HOMES / GROUP_PAGES).fill(-1);
  readonly #bits = new Int32Array(HOMES / 32);

  /** Byte offset in RAM / 4096 of the page at that address, or 0 where nothing is known. Any number will do. */
  find(address: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    const home = homeOf(page);
    const known =
      this.#tags[home >>> 9] === Math.floor(page / GROUP_PAGES) &&
      ((this.#bits[home >>> 5]! >>> (home & 31)) & 1) !== 0;
    return known ? FIRST_FRAME_PAGE + home : 0;
  }

  /** Remembers a page that a probe for writing found at that offset / 4096, if it is at home. */
  add(address: number, ramPage: number): void {
    const page = Math.floor(address / PAGE_SIZE);
    const home = homeOf(page);
    if (ramPage !== FIRST_FRAME_PAGE + home) return;
    const group = home >>> 9;
    const tag = Math.floor(page / GROUP_PAGES);
    if (this.#tags[group] !== tag) {
      this.#tags[group] = tag;
      this.#bits.fill(0, group * GROUP_WORDS, (group + 1) * GROUP_WORDS);
    }
    this.#bits[home >>> 5] = this.#bits[home >>> 5]! | (1 << (home & 31));
  }

  drop(firstPage: number, pageCount: number): void {
    if (pageCount >= GROUP_PAGES) {
      const first = Math.floor(firstPage / GROUP_PAGES);
      const last = Math.floor((firstPage + pageCount - 1) / GROUP_PAGES);
      for (let group = 0; group < this.#tags.length; group++) {
        const tag = this.#tags[group]!;
        if (tag >= first && tag <= last) this.#tags[group] = -1;
      }
      return;
    }
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const home = homeOf(page);
      if (this.#tags[home >>> 9] === Math.floor(page / GROUP_PAGES))
        this.#bits[home >>> 5] = this.#bits[home >>> 5]! & ~(1 << (home & 31));
    }
  }
}

import { HomePages } from './home-pages.ts';

/** Pages that are remembered for reading, and as many for writing. */
export const CACHED_PAGES = 256;

/**
 * Where pages are in RAM, remembered for the TypeScript accessors: direct-mapped by the low bits of the page
 * number. A tag is the page's address; -1 is nobody's.
 */
export class TranslationCache {
  readonly readTags = new Float64Array(CACHED_PAGES).fill(-1);
  readonly writeTags = new Float64Array(CACHED_PAGES).fill(-1);
  /** Byte offset in RAM / 4096 of the page. */
  readonly readPages = new Uint32Array(CACHED_PAGES);
  readonly writePages = new Uint32Array(CACHED_PAGES);
  readonly writableHomes = new HomePages();

  drop(firstPage: number, pageCount: number): void {
    this.writableHomes.drop(firstPage, pageCount);
    if (pageCount >= CACHED_PAGES) {
      this.readTags.fill(-1);
      this.writeTags.fill(-1);
      return;
    }
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const slot = page % CACHED_PAGES;
      const tag = page * 0x1000;
      if (this.readTags[slot] === tag) this.readTags[slot] = -1;
      if (this.writeTags[slot] === tag) this.writeTags[slot] = -1;
    }
  }
}

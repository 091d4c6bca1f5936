import { JUMP_CACHE, JUMP_CACHE_ENTRIES } from '../../machine/layout.ts';
import type { Ram } from '../../machine/ram.ts';
import { jumpCacheOffset } from '../runtime/helpers.ts';

const ENTRY_BYTES = 16;
const EMPTY = 0xffff_ffff;
/** The one entry that the address -1 (the mark of an empty one) belongs to; it is marked with 0 instead. */
const ENTRY_OF_EMPTY = jumpCacheOffset(EMPTY);

/** Direct-mapped cache from RIP to function table index, of the running address space. */
export class JumpCache {
  readonly #words: Uint32Array;

  constructor(ram: Ram) {
    this.#words = ram.words;
    this.flush();
  }
  flush(): void {
    this.#words.fill(EMPTY, JUMP_CACHE / 4, (JUMP_CACHE + JUMP_CACHE_ENTRIES * ENTRY_BYTES) / 4);
    this.#empty(ENTRY_OF_EMPTY);
  }
  #empty(entry: number): void {
    const at = (JUMP_CACHE + entry) >>> 2;
    const mark = entry === ENTRY_OF_EMPTY ? 0 : EMPTY;
    this.#words[at] = mark;
    this.#words[at + 1] = mark;
  }
  set(low: number, high: number, index: number): void {
    const at = (JUMP_CACHE + jumpCacheOffset(low)) >>> 2;
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#words[at + 2] = index;
  }
  drop(rip: number): void {
    const low = rip % 0x1_0000_0000;
    const entry = jumpCacheOffset(low);
    const at = (JUMP_CACHE + entry) >>> 2;
    if (this.#words[at] === low && this.#words[at + 1] === Math.floor(rip / 0x1_0000_0000))
      this.#empty(entry);
  }
}

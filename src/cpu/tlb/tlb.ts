import {
  FRAMES,
  PAGE_SIZE,
  TLB_ENTRIES,
  TLB_ENTRY_SIZE,
  TLB_READ,
  TLB_WRITE,
  TLB2_ENTRIES,
  TLB2_READ,
  TLB2_WRITE,
} from '../../machine/layout.ts';
import type { Ram } from '../../machine/ram.ts';
import { STREAM_TLB, STREAM_TLB_BYTES, TLB_ADDEND, TLB_INDEX_MASK, TLB2_INDEX_MASK } from './layout.ts';

const FIRST_BYTES = TLB_ENTRIES * TLB_ENTRY_SIZE;
const SECOND_BYTES = TLB2_ENTRIES * TLB_ENTRY_SIZE;
const LOW = 0x1_0000_0000;

/** The TypeScript side of both TLB levels: fills and drops entries. Entries belong to the running address space. */
export class Tlb {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  /** 1 = a write entry for this frame may exist. */
  readonly #isWritable: Uint8Array;

  constructor(ram: Ram, frames: number) {
    this.#bytes = ram.bytes;
    this.#words = ram.words;
    this.#isWritable = new Uint8Array(frames);
    this.flush();
  }

  flush(): void {
    this.#bytes.fill(0xff, TLB_READ, TLB_READ + FIRST_BYTES);
    this.#bytes.fill(0xff, TLB2_READ, TLB2_READ + SECOND_BYTES);
    this.#flushWrites();
  }
  #flushWrites(): void {
    this.#bytes.fill(0xff, TLB_WRITE, TLB_WRITE + FIRST_BYTES);
    this.#bytes.fill(0xff, TLB2_WRITE, TLB2_WRITE + SECOND_BYTES);
    this.#isWritable.fill(0);
    this.#flushStreams();
  }
  #flushStreams(): void {
    this.#bytes.fill(0, STREAM_TLB, STREAM_TLB + STREAM_TLB_BYTES);
  }
  /** From now on every write to the frame must miss. */
  forbidWrites(frame: number): void {
    if (this.#isWritable[frame] === 1) this.#flushWrites();
  }

  /** Enters the page of the address (in halves) with the host address that belongs to it. */
  fillRead(low: number, high: number, host: number): void {
    this.#fill(TLB_READ, TLB2_READ, low, high, host);
  }
  fillWrite(low: number, high: number, host: number): void {
    this.#isWritable[(host - FRAMES) >>> 12] = 1;
    this.#fill(TLB_WRITE, TLB2_WRITE, low, high, host);
  }
  #fill(first: number, second: number, low: number, high: number, host: number): void {
    const index = (low >>> 8) | (high << 24);
    this.#set(first + (index & TLB_INDEX_MASK), low, high, host);
    this.#set(second + (index & TLB2_INDEX_MASK), low, high, host);
  }
  #set(at: number, low: number, high: number, host: number): void {
    const words = this.#words;
    words[at >>> 2] = low & -PAGE_SIZE;
    words[(at >>> 2) + 1] = high;
    words[(at + TLB_ADDEND) >>> 2] = host - low;
  }

  /** Drops the entries of pages. */
  drop(firstPage: number, pageCount: number): void {
    if (pageCount > TLB_ENTRIES) {
      this.flush();
      return;
    }
    this.#flushStreams();
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const high = Math.floor(page / 0x10_0000);
      const low = ((page * PAGE_SIZE) % LOW) >>> 0;
      const index = (low >>> 8) | (high << 24);
      this.#clear(TLB_READ + (index & TLB_INDEX_MASK), low, high);
      this.#clear(TLB_WRITE + (index & TLB_INDEX_MASK), low, high);
      this.#clear(TLB2_READ + (index & TLB2_INDEX_MASK), low, high);
      this.#clear(TLB2_WRITE + (index & TLB2_INDEX_MASK), low, high);
    }
  }
  #clear(at: number, low: number, high: number): void {
    const words = this.#words;
    if (words[at >>> 2] !== low || words[(at >>> 2) + 1] !== high) return;
    words[at >>> 2] = 0xffff_ffff;
    words[(at >>> 2) + 1] = 0xffff_ffff;
  }
}

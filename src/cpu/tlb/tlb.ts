import {
  FRAME_RECORD_COUNT,
  FRAME_WRITABLE,
  FRAMES,
  PAGE_SIZE,
  TLB_ENTRIES,
  TLB_ENTRY_SIZE,
  TLB_READ,
  TLB_WRITE,
  TLB2_ENTRIES,
  TLB2_ENTRY_SIZE,
  TLB2_READ,
  TLB2_WRITE,
} from '../../machine/layout.ts';
import { homeOf, rankOf } from '../../machine/placement.ts';
import type { Ram } from '../../machine/ram.ts';
import { WRITE } from '../../memory/constants.ts';
import {
  emptyPage,
  HOME_ADDEND,
  STACK_WINDOW,
  STREAM_TLB,
  STREAM_TLB_BYTES,
  TLB_INDEX_MASK,
  TLB_INDEX_SHIFT,
  TLB2_ADDEND,
  TLB2_INDEX_MASK,
  TLB2_INDEX_SHIFT,
  TLB2_MIXED_SHIFT,
  WINDOW_LIMITS,
  WINDOW_WIDTHS,
} from './layout.ts';

const FIRST_BYTES = TLB_ENTRIES * TLB_ENTRY_SIZE;
const SECOND_BYTES = TLB2_ENTRIES * TLB2_ENTRY_SIZE;
const LOW = 0x1_0000_0000;

/** The TypeScript side of both TLB levels: fills and drops entries. Entries belong to the running address space. */
export class Tlb {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  /** 1 = a write entry for this frame, by its rank, may exist. */
  readonly #isWritable: Uint8Array;
  /** Those frames. */
  #writable: number[] = [];
  /** The stack window, in pages. */
  #windowStart = 0;
  #windowEnd = 0;
  /** 1 = an entry for the page that has its home in this frame, by its rank, was made since the last flush. */
  readonly #isEntered = new Uint8Array(FRAME_RECORD_COUNT);
  /** Those frames. */
  #entered: number[] = [];
  /** Set when something is gone that translated code may be relying on: it may have checked the page before. */
  hasLost = false;

  constructor(ram: Ram) {
    this.#bytes = ram.bytes;
    this.#words = ram.words;
    this.#isWritable = ram.bytes.subarray(FRAME_WRITABLE, FRAME_WRITABLE + FRAME_RECORD_COUNT);
    this.flush();
  }

  flush(): void {
    this.#flushFirst(TLB_READ);
    this.#bytes.fill(0xff, TLB2_READ, TLB2_READ + SECOND_BYTES);
    for (const frame of this.#entered) this.#isEntered[rankOf(frame)] = 0;
    this.#entered = [];
    this.hasLost = true;
    this.#flushWrites();
  }
  #flushWrites(): void {
    this.#flushFirst(TLB_WRITE);
    this.#bytes.fill(0xff, TLB2_WRITE, TLB2_WRITE + SECOND_BYTES);
    if (this.#writable.length > 0) this.hasLost = true;
    for (const frame of this.#writable) this.#isWritable[rankOf(frame)] = 0;
    this.#writable = [];
    this.#flushStreams();
    this.#closeWindow();
  }
  #flushFirst(tlb: number): void {
    this.#bytes.fill(0, tlb, tlb + FIRST_BYTES);
    this.#setFirst(tlb, emptyPage(0), 0);
  }
  #flushStreams(): void {
    this.#bytes.fill(0, STREAM_TLB, STREAM_TLB + STREAM_TLB_BYTES);
  }
  /** From now on every write to the frame must miss. */
  forbidWrites(frame: number): void {
    if (this.#isWritable[rankOf(frame)] === 1) this.#flushWrites();
  }

  /** Enters the page of the address (in halves) with the host address that belongs to it. */
  fillRead(low: number, high: number, host: number): void {
    this.#fill(TLB_READ, TLB2_READ, low, high, host);
  }
  fillWrite(low: number, high: number, host: number): void {
    this.#noteWritable((host - FRAMES) >>> 12);
    this.#fill(TLB_WRITE, TLB2_WRITE, low, high, host);
  }
  /** Enters a page that is at home and ready: see ready-pages.ts. */
  enter(page: number, access: number): void {
    const low = ((page * PAGE_SIZE) % LOW) | 0;
    const high = Math.floor(page / 0x10_0000);
    const host = FRAMES + homeOf(page) * PAGE_SIZE;
    if (access === WRITE) this.fillWrite(low, high, host);
    else this.fillRead(low, high, host);
  }
  #fill(first: number, second: number, low: number, high: number, host: number): void {
    const addend = (host - low) | 0;
    if (addend === HOME_ADDEND) {
      this.#setFirst(first + firstIndex(low, high), low & -PAGE_SIZE, high);
      this.#noteEntered((host - FRAMES) >>> 12);
    }
    const at = second + secondIndex(low, high);
    this.#setTag(at, low, high);
    this.#words[(at + TLB2_ADDEND) >>> 2] = addend;
  }
  /** Sets the tag of a page, whose address comes in halves, in the first level. */
  #setFirst(at: number, low: number, high: number): void {
    this.#words[at >>> 2] = -low;
    this.#words[(at >>> 2) + 1] = negatedHigh(low, high);
  }
  #setTag(at: number, low: number, high: number): void {
    this.#words[at >>> 2] = low & -PAGE_SIZE;
    this.#words[(at >>> 2) + 1] = high;
  }

  /** Makes pages, which are at home and can be written, the stack window: see layout.ts. */
  openWindow(firstPage: number, endPage: number): void {
    this.#windowStart = firstPage;
    this.#windowEnd = endPage;
    this.#setNumber(STACK_WINDOW, firstPage * PAGE_SIZE);
    const bytes = (endPage - firstPage) * PAGE_SIZE;
    WINDOW_WIDTHS.forEach((width, index) => {
      this.#setNumber(WINDOW_LIMITS + index * 8, Math.max(0, bytes - width + 1));
    });
    for (let page = firstPage; page < endPage; page++) this.#noteWritable(homeOf(page));
  }
  #closeWindow(): void {
    if (this.#windowEnd === 0) return;
    this.openWindow(0, 0);
    this.hasLost = true;
  }
  #setNumber(at: number, value: number): void {
    this.#words[at >>> 2] = value % LOW;
    this.#words[(at >>> 2) + 1] = Math.floor(value / LOW);
  }
  #noteEntered(frame: number): void {
    if (this.#isEntered[rankOf(frame)] === 1) return;
    this.#isEntered[rankOf(frame)] = 1;
    this.#entered.push(frame);
  }
  #noteWritable(frame: number): void {
    if (this.#isWritable[rankOf(frame)] === 1) return;
    this.#isWritable[rankOf(frame)] = 1;
    this.#writable.push(frame);
  }

  /** Drops the entries of pages. */
  drop(firstPage: number, pageCount: number): void {
    if (pageCount > TLB_ENTRIES) {
      this.flush();
      return;
    }
    this.#flushStreams();
    if (firstPage < this.#windowEnd && firstPage + pageCount > this.#windowStart) this.#closeWindow();
    for (let page = firstPage; page < firstPage + pageCount; page++) {
      const high = Math.floor(page / 0x10_0000);
      const low = ((page * PAGE_SIZE) % LOW) >>> 0;
      if (this.#isEntered[rankOf(homeOf(page))] === 1) this.hasLost = true;
      this.#clearFirst(TLB_READ, firstIndex(low, high), low, high);
      this.#clearFirst(TLB_WRITE, firstIndex(low, high), low, high);
      this.#clear(TLB2_READ + secondIndex(low, high), low, high);
      this.#clear(TLB2_WRITE + secondIndex(low, high), low, high);
    }
  }
  #clearFirst(tlb: number, entry: number, low: number, high: number): void {
    const words = this.#words;
    const at = (tlb + entry) >>> 2;
    if (words[at] !== -low >>> 0 || words[at + 1] !== negatedHigh(low, high) >>> 0) return;
    this.#setFirst(tlb + entry, emptyPage(entry), 0);
  }
  #clear(at: number, low: number, high: number): void {
    const words = this.#words;
    if (words[at >>> 2] !== low || words[(at >>> 2) + 1] !== high) return;
    words[at >>> 2] = 0xffff_ffff;
    words[(at >>> 2) + 1] = 0xffff_ffff;
  }
}

/** The high half of a number negated, given its halves. */
function negatedHigh(low: number, high: number): number {
  return low === 0 ? -high : ~high;
}
function firstIndex(low: number, high: number): number {
  return ((low >>> TLB_INDEX_SHIFT) | (high << (32 - TLB_INDEX_SHIFT))) & TLB_INDEX_MASK;
}
function secondIndex(low: number, high: number): number {
  const page = (low >>> TLB2_INDEX_SHIFT) | (high << (32 - TLB2_INDEX_SHIFT));
  const above = (low >>> TLB2_MIXED_SHIFT) | (high << (32 - TLB2_MIXED_SHIFT));
  return (page ^ above) & TLB2_INDEX_MASK;
}

import { FRAMES, PAGE_SIZE } from '../../machine/layout.ts';
import {
  EXECUTE,
  MEM_COMMIT,
  PAGE_EXECUTE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  READ,
} from '../../memory/constants.ts';
import type { AddressSpace, MemoryInfo } from '../../memory/space.ts';
import { decode } from '../decode/decode.ts';
import type { Instruction } from '../decode/instruction.ts';

const LONGEST = 15;

/** A stretch of translated code within one page: which frame, and which of its bytes. */
export interface CodeSpan {
  readonly page: number;
  readonly frame: number;
  start: number;
  end: number;
}

/**
 * Reads guest code for the translator. Only the page of an entry is probed as the CPU would; others are read
 * only when that has no effect a program could notice.
 */
export class CodeReader {
  readonly #space: AddressSpace;
  readonly #bytes: Uint8Array;
  /** Host address by page number; 0 = not to be read now. */
  readonly #pages = new Map<number, number>();
  readonly #readable = new Map<number, boolean>();
  readonly #joined = new Uint8Array(2 * LONGEST);
  readonly #info: MemoryInfo;
  /** What was read, by page. */
  readonly spans = new Map<number, CodeSpan>();

  constructor(space: AddressSpace, info: MemoryInfo) {
    this.#space = space;
    this.#bytes = space.system.ram.bytes;
    this.#info = info;
  }
  /** Opens the page of an address as executing there does; false leaves the fault in the space. */
  enter(address: number): boolean {
    const host = this.#space.probe(address, EXECUTE);
    if (host === 0) return false;
    this.#pages.set(Math.floor(address / PAGE_SIZE), host - (address % PAGE_SIZE));
    return true;
  }
  /** Whether the instruction at an address can be read without an effect. */
  canRead(address: number): boolean {
    return this.hostOf(Math.floor(address / PAGE_SIZE)) !== 0 && this.instruction(address) !== 'fault';
  }
  /** Host address of a page of code, if it can be read without an effect; else 0. */
  hostOf(page: number): number {
    let host = this.#pages.get(page);
    if (host === undefined) {
      host = page > 0 && this.#isPlainCode(page) ? this.#space.probe(page * PAGE_SIZE, EXECUTE) : 0;
      this.#pages.set(page, host);
    }
    return host;
  }
  #isPlainCode(page: number): boolean {
    return (this.#plainProtection(page) & (PAGE_EXECUTE_WRITECOPY * 2 - PAGE_EXECUTE)) !== 0;
  }
  /** The protection of a committed page that is no guard page, else 0. */
  #plainProtection(page: number): number {
    if (this.#space.query(page * PAGE_SIZE, this.#info) !== 0 || this.#info.state !== MEM_COMMIT) return 0;
    const { protect } = this.#info;
    return (protect & PAGE_GUARD) === 0 ? protect : 0;
  }
  /** The 4 or 8 bytes at an aligned address of data, as they are now, if they can be read without an effect. */
  dataAt(address: number, size: 4 | 8): number | undefined {
    const page = Math.floor(address / PAGE_SIZE);
    if (page <= 0 || address % size !== 0 || !this.#isReadable(page)) return undefined;
    const host = this.#space.probe(address, READ);
    if (host === 0) return undefined;
    const { view } = this.#space.system.ram;
    const low = view.getUint32(host, true);
    return size === 4 ? low : low + view.getUint32(host + 4, true) * 0x1_0000_0000;
  }
  #isReadable(page: number): boolean {
    let is = this.#readable.get(page);
    if (is === undefined) {
      is = (this.#plainProtection(page) & ~PAGE_NOACCESS) !== 0;
      this.#readable.set(page, is);
    }
    return is;
  }

  /** The instruction at an address; 'fault' when its bytes cannot be read (now), undefined when there is none such. */
  instruction(address: number): Instruction | undefined | 'fault' {
    const page = Math.floor(address / PAGE_SIZE);
    const offset = address - page * PAGE_SIZE;
    const host = this.hostOf(page);
    if (host === 0) return 'fault';
    const available = PAGE_SIZE - offset;
    if (available >= LONGEST) return decode(this.#bytes, host + offset, address) as Instruction | undefined;
    return this.#acrossPages(address, host + offset, available, page + 1);
  }
  #acrossPages(
    address: number,
    at: number,
    available: number,
    nextPage: number,
  ): Instruction | undefined | 'fault' {
    const joined = this.#joined;
    joined.set(this.#bytes.subarray(at, at + available));
    const alone = decode(joined.subarray(0, available), 0, address);
    if (alone !== 'truncated') return alone;
    const next = this.hostOf(nextPage);
    if (next === 0) return 'fault';
    joined.set(this.#bytes.subarray(next, next + LONGEST), available);
    return decode(joined.subarray(0, available + LONGEST), 0, address) as Instruction | undefined;
  }

  /** Notes that the bytes of an instruction are part of a translation. */
  note(address: number, length: number): void {
    const page = Math.floor(address / PAGE_SIZE);
    const offset = address - page * PAGE_SIZE;
    this.#noteIn(page, offset, Math.min(PAGE_SIZE, offset + length));
    if (offset + length > PAGE_SIZE) this.#noteIn(page + 1, 0, offset + length - PAGE_SIZE);
  }
  #noteIn(page: number, start: number, end: number): void {
    const span = this.spans.get(page);
    if (span === undefined) {
      const host = this.hostOf(page);
      if (host !== 0) this.spans.set(page, { page, frame: (host - FRAMES) / PAGE_SIZE, start, end });
      return;
    }
    if (start < span.start) span.start = start;
    if (end > span.end) span.end = end;
  }
}

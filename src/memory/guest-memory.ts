import type { Frames } from '../machine/frames.ts';
import { FRAMES, PAGE_SIZE } from '../machine/layout.ts';
import { READ, WRITE } from './constants.ts';
import type { AddressSpace } from './space.ts';
import { STATUS_INSUFFICIENT_RESOURCES } from './status.ts';
import { CACHED_PAGES } from './translation-cache.ts';

/** An access of the API to guest memory that faulted. Only accessors throw it, and the API entry catches it. */
export class GuestFault {
  readonly status: number;
  /** READ, WRITE or EXECUTE. */
  readonly access: number;
  /** The first byte that could not be accessed. */
  readonly address: number;
  /** For STATUS_IN_PAGE_ERROR: the NTSTATUS behind it. */
  readonly detail: number;

  constructor(status: number, access: number, address: number, detail = 0) {
    this.status = status;
    this.access = access;
    this.address = address;
    this.detail = detail;
  }
}

const TWO_32 = 0x1_0000_0000;
const OFFSET = PAGE_SIZE - 1;
const SLOT = CACHED_PAGES - 1;
const FIRST_FRAME_PAGE = FRAMES / PAGE_SIZE;
/** Most bytes that leave guest memory in one piece. */
const MAX_BYTES = 0x4000_0000;

/**
 * The bytes of an address space as the API's functions see them. Every access probes the page tables like the
 * program's own, by way of a small cache; what they refuse is thrown as a GuestFault. Values are little-endian.
 * An access that crosses into another page probes both before it changes anything.
 */
export class GuestMemory {
  readonly space: AddressSpace;
  /** Bytes that bulk operations moved since somebody set it to 0: what a long API call is charged for. */
  work = 0;
  readonly #readTags: Float64Array;
  readonly #readPages: Uint32Array;
  readonly #writeTags: Float64Array;
  readonly #writePages: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #view: DataView;
  readonly #frames: Frames;

  constructor(space: AddressSpace) {
    this.space = space;
    this.#readTags = space.translations.readTags;
    this.#readPages = space.translations.readPages;
    this.#writeTags = space.translations.writeTags;
    this.#writePages = space.translations.writePages;
    this.#bytes = space.system.ram.bytes;
    this.#words = space.system.ram.words;
    this.#view = space.system.ram.view;
    this.#frames = space.system.frames;
  }

  /** The page in RAM that holds a byte to be read. */
  #readPage(address: number): number {
    const low = address | 0;
    const slot = (low >>> 12) & SLOT;
    if (this.#readTags[slot] === address - (low & OFFSET)) return this.#readPages[slot]!;
    return this.#readMiss(address, slot);
  }

  #readMiss(address: number, slot: number): number {
    const at = this.space.probe(address, READ);
    if (at === 0) this.#fault();
    this.#readTags[slot] = address - (address & OFFSET);
    this.#readPages[slot] = at >>> 12;
    return at >>> 12;
  }

  /** The page in RAM that holds a byte to be written; whoever asks writes. */
  #writePage(address: number): number {
    const low = address | 0;
    const slot = (low >>> 12) & SLOT;
    if (this.#writeTags[slot] !== address - (low & OFFSET)) return this.#writeMiss(address, slot);
    const page = this.#writePages[slot]!;
    if (this.#frames.holdsCode(page - FIRST_FRAME_PAGE))
      this.space.system.codeChanged(page - FIRST_FRAME_PAGE);
    return page;
  }

  #writeMiss(address: number, slot: number): number {
    const at = this.space.probe(address, WRITE);
    if (at === 0) this.#fault();
    const page = at >>> 12;
    this.#writeTags[slot] = address - (address & OFFSET);
    this.#writePages[slot] = page;
    this.space.system.codeChanged(page - FIRST_FRAME_PAGE);
    return page;
  }

  /** The offset in RAM of a byte that is to be read. */
  #at(address: number): number {
    return this.#readPage(address) * PAGE_SIZE + (address & OFFSET);
  }
  /** The offset in RAM of a byte that is to be written. */
  #to(address: number): number {
    return this.#writePage(address) * PAGE_SIZE + (address & OFFSET);
  }
  // Numbers of 32-bit words in RAM stay below 2^30: integers to the machine, which the offsets are not.
  #wordAt(address: number): number {
    return (this.#readPage(address) << 10) | ((address & OFFSET) >>> 2);
  }
  #wordTo(address: number): number {
    return (this.#writePage(address) << 10) | ((address & OFFSET) >>> 2);
  }

  #fault(): never {
    const { faultStatus, faultAccess, faultAddress, faultDetail } = this.space;
    throw new GuestFault(faultStatus, faultAccess, faultAddress, faultDetail);
  }

  u8(address: number): number {
    return this.#bytes[this.#at(address)]!;
  }
  u16(address: number): number {
    if ((address & OFFSET) === OFFSET) return this.u8(address) + this.u8(address + 1) * 0x100;
    return this.#view.getUint16(this.#at(address), true);
  }
  u32(address: number): number {
    const offset = address & OFFSET;
    if ((offset & 3) === 0) return this.#words[this.#wordAt(address)]!;
    if (offset > PAGE_SIZE - 4) return this.u16(address) + this.u16(address + 2) * 0x10000;
    return this.#view.getUint32(this.#at(address), true);
  }
  i32(address: number): number {
    return this.u32(address) | 0;
  }
  f64(address: number): number {
    if ((address & OFFSET) <= PAGE_SIZE - 8) return this.#view.getFloat64(this.#at(address), true);
    const copy = this.bytes(address, 8);
    return new DataView(copy.buffer).getFloat64(0, true);
  }
  /** An address or size. Above 2^53 it is rounded, but never below 2^53. */
  u64(address: number): number {
    if ((address & 7) !== 0) return this.u32(address) + this.u32(address + 4) * TWO_32;
    const word = this.#wordAt(address);
    return this.#words[word]! + this.#words[word + 1]! * TWO_32;
  }

  setU8(address: number, value: number): void {
    this.#bytes[this.#to(address)] = value;
  }
  setU16(address: number, value: number): void {
    if ((address & OFFSET) === OFFSET) this.#setAcross(address, 2, value, 0);
    else this.#view.setUint16(this.#to(address), value, true);
  }
  setU32(address: number, value: number): void {
    const offset = address & OFFSET;
    if ((offset & 3) === 0) this.#words[this.#wordTo(address)] = value;
    else if (offset > PAGE_SIZE - 4) this.#setAcross(address, 4, value, 0);
    else this.#view.setUint32(this.#to(address), value, true);
  }
  /** Stores an address or size below 2^53, or a negative number above -2^53 as two's complement. */
  setU64(address: number, value: number): void {
    this.setHalves(address, value >>> 0, Math.floor(value / TWO_32) >>> 0);
  }
  setHalves(address: number, low: number, high: number): void {
    if ((address & 7) === 0) {
      const word = this.#wordTo(address);
      this.#words[word] = low;
      this.#words[word + 1] = high;
    } else if ((address & OFFSET) > PAGE_SIZE - 8) this.#setAcross(address, 8, low, high);
    else {
      const at = this.#to(address);
      this.#view.setUint32(at, low, true);
      this.#view.setUint32(at + 4, high, true);
    }
  }

  /**
   * For a structure that is written at once: the number of the word of `ram.words` that `address` is, if it is
   * aligned to words and `length` bytes lie in one page; else -1, and nothing happened. The caller writes them all.
   */
  wordsTo(address: number, length: number): number {
    const offset = address & OFFSET;
    return (offset & 3) !== 0 || offset > PAGE_SIZE - length ? -1 : this.#wordTo(address);
  }

  #setAcross(address: number, size: number, low: number, high: number): void {
    this.#to(address);
    this.#to(address + size - 1);
    for (let i = 0; i < size; i++)
      this.setU8(address + i, (i < 4 ? low >>> (i * 8) : high >>> ((i - 4) * 8)) & 0xff);
  }

  /** A copy of `length` bytes. */
  bytes(address: number, length: number): Uint8Array {
    if (!(length <= MAX_BYTES)) throw new GuestFault(STATUS_INSUFFICIENT_RESOURCES, READ, address);
    if (length > PAGE_SIZE) this.touch(address, length, READ);
    return this.read(address, new Uint8Array(length));
  }

  /** Fills `into` from `address` on; at a fault the part before it is filled. */
  read(address: number, into: Uint8Array): Uint8Array {
    const { length } = into;
    this.work += length;
    for (let done = 0; done < length; ) {
      const count = pieceOf(address + done, length - done);
      const at = this.#at(address + done);
      into.set(this.#bytes.subarray(at, at + count), done);
      done += count;
    }
    return into;
  }

  /** Stores bytes page by page; at a fault those before it are stored. */
  setBytes(address: number, bytes: Uint8Array): void {
    this.work += bytes.length;
    for (let done = 0; done < bytes.length; ) {
      const count = pieceOf(address + done, bytes.length - done);
      this.#bytes.set(bytes.subarray(done, done + count), this.#to(address + done));
      done += count;
    }
  }

  /** Stores one byte `length` times, page by page; at a fault those before it are stored. */
  fill(address: number, byte: number, length: number): void {
    this.work += length;
    for (let done = 0; done < length; ) {
      const count = pieceOf(address + done, length - done);
      const at = this.#to(address + done);
      this.#bytes.fill(byte, at, at + count);
      done += count;
    }
  }

  /** Moves bytes; the ranges may overlap. All pages are probed first, so a fault leaves everything as it was. */
  copy(destination: number, source: number, length: number): void {
    if (!(length > 0)) return;
    this.work += length;
    this.touch(source, length, READ);
    this.touch(destination, length, WRITE);
    if (destination > source && destination < source + length) this.#copyDown(destination, source, length);
    else this.#copyUp(destination, source, length);
  }

  #copyUp(destination: number, source: number, length: number): void {
    for (let done = 0; done < length; ) {
      const count = pieceOf(destination + done, pieceOf(source + done, length - done));
      const to = this.#to(destination + done);
      const at = this.#at(source + done);
      this.#bytes.copyWithin(to, at, at + count);
      done += count;
    }
  }

  /** From the end backwards, for a destination that lies above an overlapping source. */
  #copyDown(destination: number, source: number, length: number): void {
    for (let left = length; left > 0; ) {
      const count = Math.min(left, tailOf(destination + left), tailOf(source + left));
      const to = this.#to(destination + left - count);
      const at = this.#at(source + left - count);
      this.#bytes.copyWithin(to, at, at + count);
      left -= count;
    }
  }

  /** Probes every page of a range for an access. */
  touch(address: number, length: number, access: number): void {
    for (let done = 0; done < length; done += pieceOf(address + done, length - done))
      if (this.space.probe(address + done, access) === 0) this.#fault();
  }

  /** The text up to a NUL, or `max` characters, as Latin-1. */
  asciiz(address: number, max = 32768): string {
    let text = '';
    for (let done = 0; done < max; ) {
      const count = pieceOf(address + done, max - done);
      const at = this.#at(address + done);
      const piece = this.#bytes.subarray(at, at + count);
      const end = piece.indexOf(0);
      text += latin1(end < 0 ? piece : piece.subarray(0, end));
      if (end >= 0) break;
      done += count;
    }
    return text;
  }

  /** The text up to a NUL, or `max` code units, as UTF-16. */
  utf16z(address: number, max = 32768): string {
    const units: number[] = [];
    let text = '';
    for (let i = 0; i < max; i++) {
      const unit = this.u16(address + i * 2);
      if (unit === 0) break;
      if (units.push(unit) === TEXT_PIECE) text += String.fromCharCode(...units.splice(0));
    }
    return text + String.fromCharCode(...units);
  }
}

/** Characters that are made a string at once: calls take only so many arguments. */
const TEXT_PIECE = 4096;

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Bytes from `address` to the end of its page, at most `length`. */
function pieceOf(address: number, length: number): number {
  const left = PAGE_SIZE - (address & OFFSET);
  return Math.min(left, length);
}
/** Bytes between the start of the page of the byte before `end`, and `end`. */
function tailOf(end: number): number {
  const offset = end & OFFSET;
  return offset === 0 ? PAGE_SIZE : offset;
}

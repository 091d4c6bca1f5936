import { PAGE_SIZE } from '../machine/layout.ts';
import type { Headers } from './headers.ts';
import type { ImageFile } from './image-file.ts';
import { u32 } from './little-endian.ts';
import type { ImageSection } from './sections.ts';

/** A run of the image that comes from one run of the file; bytes beyond `dataSize` are zero. */
interface Extent {
  readonly address: number;
  readonly end: number;
  readonly dataOffset: number;
  readonly dataSize: number;
}

/** Bytes of text that are made a string at once. */
const LONGEST_TEXT = 0x4000;

/**
 * The bytes of an image by RVA, as they lie in memory before relocation. Everything outside the file's data, and what the
 * host can no longer read, reads as zero, so reading never fails; inside() tells whether a range is part of the image.
 */
export class ImageBytes {
  readonly size: number;
  readonly #file: ImageFile;
  readonly #extents: Extent[];
  /** The extent of the last read: tables are read from front to back. */
  #last: Extent;

  constructor(file: ImageFile, headers: Headers, sections: readonly ImageSection[]) {
    this.size = headers.size;
    this.#file = file;
    this.#extents = extentsOf(file.bytes, headers, sections);
    this.#last = this.#extents[0];
  }

  inside(address: number, length: number): boolean {
    return address >= 0 && length >= 0 && address + length <= this.size;
  }

  u8(address: number): number {
    const extent = this.#at(address);
    const offset = address - extent.address;
    if (offset < 0 || offset >= extent.dataSize) return 0;
    const at = extent.dataOffset + offset;
    this.#file.have(at, at + 1);
    return this.#file.bytes[at];
  }

  u16(address: number): number {
    return this.u8(address) | (this.u8(address + 1) << 8);
  }

  u32(address: number): number {
    const extent = this.#at(address);
    const offset = address - extent.address;
    if (offset >= 0 && offset + 4 <= extent.dataSize) {
      const at = extent.dataOffset + offset;
      this.#file.have(at, at + 4);
      return u32(this.#file.bytes, at);
    }
    return (this.u16(address) | (this.u16(address + 2) << 16)) >>> 0;
  }

  /** A 64-bit number; imprecise above 2^53. */
  u64(address: number): number {
    return this.u32(address) + this.u32(address + 4) * 0x1_0000_0000;
  }

  /** The NUL-terminated text at `address`, a character a byte; undefined when no NUL is within `most` bytes of the image. */
  text(address: number, most: number): string | undefined {
    const end = Math.min(address + Math.min(most, LONGEST_TEXT), this.size);
    let at = address;
    while (at < end && this.u8(at) !== 0) at++;
    if (at >= end) return undefined;
    const bytes = new Uint8Array(at - address);
    this.copy(address, bytes);
    return String.fromCharCode(...bytes);
  }

  /** Fills `into` with the bytes from `address` on. False: some, zeros now, can no longer be read. */
  copy(address: number, into: Uint8Array): boolean {
    into.fill(0);
    let all = true;
    const end = address + into.length;
    for (let i = this.#indexAt(address); i < this.#extents.length && this.#extents[i].address < end; i++) {
      const extent = this.#extents[i];
      const from = Math.max(address, extent.address);
      const to = Math.min(end, extent.address + extent.dataSize);
      if (from >= to) continue;
      const offset = extent.dataOffset - extent.address;
      if (!this.#file.copy(from + offset, into.subarray(from - address, to - address))) all = false;
    }
    return all;
  }

  #at(address: number): Extent {
    const last = this.#last;
    if (address >= last.address && address < last.end) return last;
    return (this.#last = this.#extents[this.#indexAt(address)]);
  }

  /** Index of the last extent that begins at or before `address`; extents ascend and the first begins at 0. */
  #indexAt(address: number): number {
    let low = 0;
    let high = this.#extents.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#extents[middle].address <= address) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function extentsOf(file: Uint8Array, headers: Headers, sections: readonly ImageSection[]): Extent[] {
  if (headers.sectionAlignment < PAGE_SIZE) {
    return [{ address: 0, end: headers.size, dataOffset: 0, dataSize: Math.min(file.length, headers.size) }];
  }
  const extents = [{ address: 0, end: headers.headerSize, dataOffset: 0, dataSize: headers.headerSize }];
  for (const { address, size, dataOffset, dataSize } of sections) {
    if (size > 0) extents.push({ address, end: address + Math.max(size, dataSize), dataOffset, dataSize });
  }
  return extents;
}

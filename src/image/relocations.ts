import { PAGE_SIZE } from '../machine/layout.ts';
import { RELOCATION_ABSOLUTE, RELOCATION_DIR64, RELOCATION_HIGHLOW } from './format.ts';
import type { DataDirectory } from './headers.ts';
import type { ImageBytes } from './image-bytes.ts';
import { damaged, hex, type Refusal } from './refusal.ts';

/** Bytes of the directory, two a relocation; the largest programs have a million relocations. */
const LARGEST_DIRECTORY = 0x100_0000;
const BLOCK_HEADER = 8;

/**
 * The places in an image that hold addresses, in ascending order. Each is packed as RVA * 2 + 1 for 8 bytes, RVA * 2 for 4:
 * an RVA has 31 bits.
 */
export class Relocations {
  readonly #packed: Uint32Array;

  constructor(packed: Uint32Array) {
    this.#packed = packed.sort();
  }

  get count(): number {
    return this.#packed.length;
  }

  address(index: number): number {
    return this.#packed[index] >>> 1;
  }

  /** Bytes of the address there: 8 or 4. */
  width(index: number): 4 | 8 {
    return (this.#packed[index] & 1) === 1 ? 8 : 4;
  }

  /** Index of the first relocation at or after `address`. */
  firstFrom(address: number): number {
    let low = 0;
    let high = this.#packed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#packed[middle] >>> 1 < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Reads the base relocation directory. */
export function readRelocations(bytes: ImageBytes, directory: DataDirectory): Relocations | Refusal {
  const packed: number[] = [];
  const end = directory.address + directory.size;
  if (directory.address === 0) return new Relocations(new Uint32Array());
  if (!bytes.inside(directory.address, directory.size))
    return damaged('its relocation table leaves the image');
  if (directory.size > LARGEST_DIRECTORY) return damaged('its relocation table is too large to be true');
  for (let at = directory.address; at + BLOCK_HEADER <= end; ) {
    const size = bytes.u32(at + 4);
    if (size === 0) break;
    if (size < BLOCK_HEADER || at + size > end) {
      return damaged(`its relocation table has a block of ${size} bytes at ${hex(at)}`);
    }
    const refusal = readBlock(bytes, at, size, packed);
    if (refusal !== undefined) return refusal;
    at += size;
  }
  return new Relocations(Uint32Array.from(packed));
}

function readBlock(bytes: ImageBytes, at: number, size: number, packed: number[]): Refusal | undefined {
  const page = bytes.u32(at);
  for (let entry = at + BLOCK_HEADER; entry + 2 <= at + size; entry += 2) {
    const value = bytes.u16(entry);
    const type = value >>> 12;
    if (type === RELOCATION_ABSOLUTE) continue;
    if (type !== RELOCATION_DIR64 && type !== RELOCATION_HIGHLOW)
      return damaged(`it has a relocation of type ${type}`);
    const address = page + (value % PAGE_SIZE);
    const isWide = type === RELOCATION_DIR64;
    if (!bytes.inside(address, isWide ? 8 : 4))
      return damaged(`its relocation at ${hex(address)} is outside the image`);
    packed.push(address * 2 + (isWide ? 1 : 0));
  }
  return undefined;
}

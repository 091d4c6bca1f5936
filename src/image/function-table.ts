import type { DataDirectory } from './headers.ts';
import type { ImageBytes } from './image-bytes.ts';

/** A RUNTIME_FUNCTION: all three are RVAs; `end` is exclusive. */
export interface RuntimeFunction {
  readonly begin: number;
  readonly end: number;
  readonly unwind: number;
}

const ENTRY_SIZE = 12;

/** The exception directory (.pdata): which function with a frame an address belongs to. Leaf functions are not in it. */
export class FunctionTable {
  readonly address: number;
  readonly count: number;
  readonly #bytes: ImageBytes;

  constructor(bytes: ImageBytes, directory: DataDirectory) {
    const present = directory.address !== 0 && bytes.inside(directory.address, directory.size);
    this.address = present ? directory.address : 0;
    this.count = present ? Math.floor(directory.size / ENTRY_SIZE) : 0;
    this.#bytes = bytes;
  }

  entry(index: number): RuntimeFunction {
    const at = this.address + index * ENTRY_SIZE;
    return { begin: this.#bytes.u32(at), end: this.#bytes.u32(at + 4), unwind: this.#bytes.u32(at + 8) };
  }

  /** The entry that `address` lies in; the table is sorted. */
  find(address: number): RuntimeFunction | undefined {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = this.entry(middle);
      if (address < entry.begin) high = middle - 1;
      else if (address >= entry.end) low = middle + 1;
      else return entry;
    }
    return undefined;
  }
}

import type { ImageBytes } from './image-bytes.ts';
import { damaged, hex, type Refusal } from './refusal.ts';

/** A function or variable an image takes from another: `name` is undefined when it is taken by ordinal. */
export interface ImportedSymbol {
  readonly name: string | undefined;
  readonly ordinal: number;
  /** RVA of the 8 bytes that receive its address. */
  readonly slot: number;
}

/** A DLL and what is taken from it. */
export interface ImportedDll {
  /** As the image spells it. */
  readonly dll: string;
  readonly symbols: readonly ImportedSymbol[];
}

const DESCRIPTOR_SIZE = 20;
const DELAY_DESCRIPTOR_SIZE = 32;
/** Names longer than this are not made by any compiler; C++ names reach a few thousand characters. */
const LONGEST_NAME = 0x4000;
/** Characters of names that one table may have, a DLL or symbol counting for COST more: 65536 symbols at most. */
const MOST_WORK = 0x100_0000;
const COST = 256;
const HIGH_BIT = 0x8000_0000;
const TOO_LARGE = damaged('its import table is too large to be true');

/** How a symbol is shown: its name or "#12". */
export function symbolText(symbol: { readonly name: string | undefined; readonly ordinal: number }): string {
  return symbol.name ?? `#${symbol.ordinal}`;
}

/** Reads the import directory at `address` (0 = none). */
export function readImports(bytes: ImageBytes, address: number): ImportedDll[] | Refusal {
  return new ImportReader(bytes).descriptors(address, DESCRIPTOR_SIZE, (at) => ({
    lookup: bytes.u32(at) || bytes.u32(at + 16),
    name: bytes.u32(at + 12),
    slots: bytes.u32(at + 16),
  }));
}

/** Reads the delay-load directory at `address` (0 = none). Programs bind these themselves; reports name them. */
export function readDelayedImports(bytes: ImageBytes, address: number): ImportedDll[] | Refusal {
  return new ImportReader(bytes).descriptors(address, DELAY_DESCRIPTOR_SIZE, (at) => ({
    lookup: bytes.u32(at + 16),
    name: bytes.u32(at + 4),
    slots: bytes.u32(at + 12),
  }));
}

interface Descriptor {
  readonly lookup: number;
  readonly name: number;
  readonly slots: number;
}

class ImportReader {
  readonly #bytes: ImageBytes;
  /** What is left of MOST_WORK: bounds a table whose entries all name the same huge text. */
  #work = MOST_WORK;

  constructor(bytes: ImageBytes) {
    this.#bytes = bytes;
  }

  /** A descriptor without name or slots ends the table. */
  descriptors(address: number, size: number, read: (at: number) => Descriptor): ImportedDll[] | Refusal {
    const dlls: ImportedDll[] = [];
    if (address === 0) return dlls;
    for (let at = address; ; at += size) {
      if (!this.#bytes.inside(at, size))
        return damaged(`its import table at ${hex(address)} leaves the image`);
      const descriptor = read(at);
      if (descriptor.name === 0 || descriptor.slots === 0) return dlls;
      const dll = this.#name(descriptor.name);
      if (dll === undefined) return damaged(`its import table has no DLL name at ${hex(descriptor.name)}`);
      if ((this.#work -= COST) < 0) return TOO_LARGE;
      const symbols = this.#symbols(dll, descriptor);
      if (!Array.isArray(symbols)) return symbols;
      dlls.push({ dll, symbols });
    }
  }

  #symbols(dll: string, { lookup, slots }: Descriptor): ImportedSymbol[] | Refusal {
    const symbols: ImportedSymbol[] = [];
    for (let i = 0; ; i += 8) {
      if (!this.#bytes.inside(lookup + i, 8) || !this.#bytes.inside(slots + i, 8)) {
        return damaged(`its imports from ${dll} leave the image`);
      }
      const low = this.#bytes.u32(lookup + i);
      const high = this.#bytes.u32(lookup + i + 4);
      if (low === 0 && high === 0) return symbols;
      const symbol = this.#symbol(low, high, slots + i);
      if (symbol === undefined) return damaged(`its imports from ${dll} have no symbol name at ${hex(low)}`);
      if ((this.#work -= COST) < 0) return TOO_LARGE;
      symbols.push(symbol);
    }
  }

  #symbol(low: number, high: number, slot: number): ImportedSymbol | undefined {
    if (high === HIGH_BIT && low <= 0xffff) return { name: undefined, ordinal: low, slot };
    if (high !== 0 || low >= HIGH_BIT) return undefined;
    // Two bytes of hint come before the name.
    const name = this.#name(low + 2);
    return name === undefined ? undefined : { name, ordinal: 0, slot };
  }

  #name(address: number): string | undefined {
    const name = this.#bytes.text(address, Math.min(LONGEST_NAME, this.#work));
    this.#work -= name?.length ?? 0;
    return name === '' || name === undefined ? undefined : printable(name);
  }
}

const UNPRINTABLE = /[^\x20-\x7e]/g;

/** Names go to terminals, so no control characters. Names that differ only there are in no export table. */
function printable(name: string): string {
  return name.replace(UNPRINTABLE, '?');
}

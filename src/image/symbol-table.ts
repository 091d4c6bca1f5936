import { SYMBOL_SIZE } from './format.ts';
import type { Headers } from './headers.ts';
import type { ImageFile } from './image-file.ts';
import { u16, u32 } from './little-endian.ts';
import type { ImageSection } from './sections.ts';

/** A named place at or before an address, and how far before. */
export interface NearestSymbol {
  readonly name: string;
  readonly address: number;
  readonly offset: number;
}

const CLASS_EXTERNAL = 2;
const CLASS_STATIC = 3;
const TYPE_FUNCTION = 0x20;
const DOT = 0x2e;
/** A table with more is cut there; a large C++ program has a few hundred thousand. */
const MOST_SYMBOLS = 0x10_0000;
const LONGEST_NAME = 0x4000;

/**
 * The COFF symbols that mingw's linker leaves in an image: names of functions and variables by RVA. A broken table has fewer
 * symbols, never an error: it serves only reports.
 */
export class SymbolTable {
  readonly #file: Uint8Array;
  readonly #strings: number;
  /** RVAs in ascending order, and beside each the file offset of its symbol record. */
  readonly #addresses: Float64Array;
  readonly #records: Uint32Array;

  constructor(image: ImageFile, headers: Headers, sections: readonly ImageSection[]) {
    const { symbolTable, symbolCount } = headers;
    const file = image.bytes;
    const room = Math.floor(Math.max(0, file.length - symbolTable) / SYMBOL_SIZE);
    const isThere = symbolTable !== 0 && image.have(symbolTable, file.length);
    const count = isThere ? Math.min(symbolCount, room, MOST_SYMBOLS) : 0;
    const strings = symbolTable + symbolCount * SYMBOL_SIZE;
    const found = collect({ file, table: symbolTable, count, strings }, sections);
    this.#file = file;
    this.#strings = strings;
    this.#addresses = Float64Array.from(found, (symbol) => symbol.address);
    this.#records = Uint32Array.from(found, (symbol) => symbol.record);
  }

  get count(): number {
    return this.#addresses.length;
  }

  /** The last symbol at or before `address`; of several at one place the best (a function, then a global). */
  nearest(address: number): NearestSymbol | undefined {
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const found = this.#addresses[low - 1];
    return { name: this.#name(this.#records[low - 1]), address: found, offset: address - found };
  }

  /** RVA of a symbol by name. */
  find(name: string): number | undefined {
    const index = this.#records.findIndex((record) => this.#name(record) === name);
    return index < 0 ? undefined : this.#addresses[index];
  }

  #name(record: number): string {
    const start = nameStart(this.#file, record, this.#strings);
    const end = Math.min(start + (start === record ? 8 : LONGEST_NAME), this.#file.length);
    let name = '';
    for (let at = start; at < end && this.#file[at] !== 0; at++) {
      const byte = this.#file[at];
      name += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
    }
    return name;
  }
}

/** File offset of a symbol's name: up to eight characters in the record, or in the strings behind the table. */
function nameStart(file: Uint8Array, record: number, strings: number): number {
  return u32(file, record) === 0 ? strings + u32(file, record + 4) : record;
}

interface RawTable {
  readonly file: Uint8Array;
  /** File offsets of the records and of the strings. */
  readonly table: number;
  readonly strings: number;
  readonly count: number;
}

interface Found {
  readonly address: number;
  readonly record: number;
  readonly rank: number;
}

function collect({ file, table, count, strings }: RawTable, sections: readonly ImageSection[]): Found[] {
  const found: Found[] = [];
  for (let i = 0; i < count; ) {
    const record = table + i * SYMBOL_SIZE;
    const section = sections[u16(file, record + 12) - 1];
    const address = (section?.address ?? 0) + u32(file, record + 8);
    const rank = rankOf(file, record, strings);
    if (section !== undefined && rank > 0 && address < section.address + section.size) {
      found.push({ address, record, rank });
    }
    i += 1 + file[record + 17];
  }
  return found.sort((a, b) => a.address - b.address || a.rank - b.rank);
}

/** 0 = not a symbol to show: sections, files, debug entries; higher is better. */
function rankOf(file: Uint8Array, record: number, strings: number): number {
  const storage = file[record + 16];
  if (storage !== CLASS_EXTERNAL && storage !== CLASS_STATIC) return 0;
  // Section symbols and compiler labels begin with a dot.
  if (file[nameStart(file, record, strings)] === DOT) return 0;
  return 1 + (storage === CLASS_EXTERNAL ? 1 : 0) + (u16(file, record + 14) === TYPE_FUNCTION ? 2 : 0);
}

import type { DataDirectory } from './headers.ts';
import type { ImageBytes } from './image-bytes.ts';

/** What an export stands for: a place in the image, or "DLL.Name" / "DLL.#12" elsewhere. */
export type ExportTarget =
  | { readonly address: number; readonly forwarder?: undefined }
  | { readonly forwarder: string; readonly address?: undefined };

/** A line of the export table. */
export interface ExportedSymbol {
  /** Undefined for one that has only an ordinal. */
  readonly name: string | undefined;
  readonly ordinal: number;
  readonly target: ExportTarget;
}

const LONGEST_NAME = 0x4000;
const LONGEST_FORWARDER = 0x400;
/** Ordinals have 16 bits. */
const MOST_FUNCTIONS = 0x1_0000;
/** Names and forwarders beyond these are not listed (they still resolve). */
const MOST_LISTED = 0x4_0000;
const MOST_FORWARDERS = 0x1000;

/** The export directory of an image. A table that is broken resolves nothing, and `damage` tells why. */
export class ExportTable {
  readonly damage: string | undefined;
  readonly ordinalBase: number;
  readonly functionCount: number;
  readonly nameCount: number;
  readonly #bytes: ImageBytes;
  readonly #directory: DataDirectory;
  readonly #functions: number;
  readonly #names: number;
  readonly #ordinals: number;

  constructor(bytes: ImageBytes, directory: DataDirectory) {
    const at = directory.address;
    const present = at !== 0 && bytes.inside(at, 40);
    const field = (offset: number) => (present ? bytes.u32(at + offset) : 0);
    this.#bytes = bytes;
    this.#directory = directory;
    this.#functions = field(28);
    this.#names = field(32);
    this.#ordinals = field(36);
    const functions = field(20);
    const names = field(24);
    const sound =
      (present || at === 0) &&
      functions <= MOST_FUNCTIONS &&
      bytes.inside(this.#functions, functions * 4) &&
      bytes.inside(this.#names, names * 4) &&
      bytes.inside(this.#ordinals, names * 2);
    this.damage = sound ? undefined : 'its export table leaves the image';
    this.ordinalBase = field(16);
    this.functionCount = sound ? functions : 0;
    this.nameCount = sound ? names : 0;
  }

  /** What the export of this name (case matters) or ordinal stands for; undefined when there is none. */
  resolve(symbol: string | number): ExportTarget | undefined {
    const index = typeof symbol === 'number' ? symbol - this.ordinalBase : this.#indexOf(symbol);
    return this.#target(index);
  }

  /** All exports, in order of ordinal; of several names for one ordinal each is listed. */
  list(): ExportedSymbol[] {
    const names = this.#namesByIndex();
    const symbols: ExportedSymbol[] = [];
    let forwarders = 0;
    for (let index = 0; index < this.functionCount; index++) {
      if (this.#isForwarder(this.#address(index)) && ++forwarders > MOST_FORWARDERS) continue;
      const target = this.#target(index);
      if (target === undefined) continue;
      for (const name of names.get(index) ?? [undefined]) {
        symbols.push({ name, ordinal: this.ordinalBase + index, target });
      }
    }
    return symbols;
  }

  #namesByIndex(): Map<number, string[]> {
    const names = new Map<number, string[]>();
    let characters = 0;
    for (let i = 0; i < Math.min(this.nameCount, MOST_LISTED) && characters < MOST_LISTED * 64; i++) {
      const name = this.#bytes.text(this.#bytes.u32(this.#names + i * 4), LONGEST_NAME);
      characters += name?.length ?? LONGEST_NAME;
      if (name === undefined) continue;
      const index = this.#bytes.u16(this.#ordinals + i * 2);
      const others = names.get(index);
      if (others === undefined) names.set(index, [name]);
      else others.push(name);
    }
    return names;
  }

  #target(index: number): ExportTarget | undefined {
    const address = this.#address(index);
    if (address === 0) return undefined;
    if (!this.#isForwarder(address)) return { address };
    const forwarder = this.#bytes.text(address, LONGEST_FORWARDER);
    return forwarder === undefined ? undefined : { forwarder };
  }

  /** What the table has for an index: a place in the image, or 0. */
  #address(index: number): number {
    if (!(index >= 0 && index < this.functionCount)) return 0;
    const address = this.#bytes.u32(this.#functions + index * 4);
    return this.#bytes.inside(address, 1) ? address : 0;
  }

  /** An address within the directory itself is that of a forwarder's text. */
  #isForwarder(address: number): boolean {
    const start = this.#directory.address;
    return address >= start && address < start + this.#directory.size;
  }

  /** Index into the functions of a name, or -1. "The names are sorted, so a binary search can be used." */
  #indexOf(name: string): number {
    let low = 0;
    let high = this.nameCount - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.#compare(this.#bytes.u32(this.#names + middle * 4), name);
      if (order === 0) return this.#bytes.u16(this.#ordinals + middle * 2);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Order of the text at `address` relative to `name`, by bytes. */
  #compare(address: number, name: string): number {
    for (let i = 0; i < name.length; i++) {
      const difference = this.#bytes.u8(address + i) - name.charCodeAt(i);
      if (difference !== 0) return difference;
    }
    return this.#bytes.u8(address + name.length);
  }
}

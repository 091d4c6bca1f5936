import { Directory, SECTION_EXECUTE } from './format.ts';
import type { PeImage } from './pe.ts';
import { hex } from './refusal.ts';

/** A module where it is loaded. */
export interface MappedModule {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly image?: PeImage;
}

/** A place in a module: `symbol` and the offset from it, if the module names anything at or before the place. */
export interface Place<M extends MappedModule> {
  readonly module: M;
  /** From the module's base. */
  readonly offset: number;
  readonly symbol?: string;
  readonly symbolOffset?: number;
}

/** The modules of a process by address, for reports. */
export class ModuleMap<M extends MappedModule = MappedModule> {
  /** In ascending order of base; they never overlap. */
  readonly #modules: M[] = [];
  readonly #symbols = new WeakMap<PeImage, ExportSymbols>();

  add(module: M): void {
    this.#modules.splice(this.#indexAfter(module.base), 0, module);
  }

  remove(base: number): void {
    const index = this.#indexAfter(base) - 1;
    if (this.#modules[index]?.base === base) this.#modules.splice(index, 1);
  }

  /** In ascending order of base. */
  [Symbol.iterator](): Iterator<M> {
    return this.#modules[Symbol.iterator]();
  }

  /** The module whose pages `address` is in. */
  find(address: number): M | undefined {
    const module = this.#modules[this.#indexAfter(address) - 1];
    return module !== undefined && address < module.base + module.size ? module : undefined;
  }

  /** A module by file name; case does not matter. */
  byName(name: string): M | undefined {
    const lower = name.toLowerCase();
    return this.#modules.find((module) => module.name.toLowerCase() === lower);
  }

  locate(address: number): Place<M> | undefined {
    const module = this.find(address);
    if (module === undefined) return undefined;
    const offset = address - module.base;
    const symbol = module.image && this.#nearest(module.image, offset);
    return { module, offset, symbol: symbol?.name, symbolOffset: symbol && offset - symbol.address };
  }

  /** "app.exe!main+0x1f", "app.exe+0x1234", or "0x12340000" outside all modules. */
  describe(address: number): string {
    const place = this.locate(address);
    if (place === undefined) return hex(address);
    const { module, offset, symbol, symbolOffset = 0 } = place;
    if (symbol === undefined) return `${module.name}+${hex(offset)}`;
    return `${module.name}!${symbol}${symbolOffset === 0 ? '' : `+${hex(symbolOffset)}`}`;
  }

  /** The closer of the nearest linker symbol and the nearest export, if it can be the one that `offset` belongs to. */
  #nearest(image: PeImage, offset: number): NamedPlace | undefined {
    const exports = this.#symbols.get(image) ?? new ExportSymbols(image);
    this.#symbols.set(image, exports);
    const exported = exports.nearest(offset);
    const linked = image.symbols.nearest(offset);
    const best = exported !== undefined && exported.address >= (linked?.address ?? 0) ? exported : linked;
    return best !== undefined && belongsTo(image, offset, best.address) ? best : undefined;
  }

  #indexAfter(address: number): number {
    let low = 0;
    let high = this.#modules.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#modules[middle].base <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface NamedPlace {
  readonly name: string;
  readonly address: number;
}

/** A name before the function that holds the address, or in another section, is a name of something else. */
function belongsTo(image: PeImage, offset: number, symbol: number): boolean {
  const section = image.sectionAt(offset);
  if (section === undefined || symbol < section.address) return false;
  if ((section.characteristics & SECTION_EXECUTE) === 0) return true;
  const holder = image.functions.find(offset);
  return holder === undefined || symbol >= holder.begin;
}

/** The exports of an image in ascending order of address. */
class ExportSymbols {
  readonly #places: NamedPlace[];

  constructor(image: PeImage) {
    const places: NamedPlace[] = [];
    const listed = image.headers.directories[Directory.exports].address === 0 ? [] : image.exports.list();
    for (const { name, ordinal, target } of listed) {
      if (target.address !== undefined) places.push({ name: name ?? `#${ordinal}`, address: target.address });
    }
    this.#places = places.sort((a, b) => a.address - b.address);
  }

  nearest(address: number): NamedPlace | undefined {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#places[middle].address <= address) low = middle + 1;
      else high = middle;
    }
    return this.#places[low - 1];
  }
}

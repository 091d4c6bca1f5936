import { hostsOfApiSet, normalizeDllName } from './api-sets.ts';
import type { ImageFile } from './image-file.ts';
import { type ImportedSymbol, symbolText } from './import-table.ts';
import { PeImage, readImage } from './pe.ts';
import { unreadable } from './refusal.ts';
import { resolveImport } from './resolve.ts';

/** An image with what the loader has to do for it. The object is the module's identity over all plans of a process. */
export interface PlannedModule {
  /** File name without path, as found; compare it lower-case. */
  readonly name: string;
  readonly image: PeImage;
  /** Import slots to write, once all modules of the plan have a base. */
  readonly bindings: readonly Binding[];
  /** Imports that no module satisfies. */
  readonly missing: readonly MissingImport[];
}

/** An import slot (RVA in the importing module, 8 bytes) gets the address of `address` (RVA) in `module`. */
export interface Binding {
  readonly slot: number;
  readonly module: PlannedModule;
  readonly address: number;
}

/** An import that no module satisfies: its slot (RVA, 8 bytes) gets the stand-in, if there is one. */
export interface MissingImport {
  readonly slot: number;
  /** As the importing image spells it. */
  readonly dll: string;
  readonly symbol: string;
  /** Address in the guest. */
  readonly standIn: number | undefined;
}

/** How to load an image and everything it needs. */
export interface LoadPlan {
  readonly root: PlannedModule;
  /** The modules that are new, in the order of initialisation: each after those it needs, but for cycles; the root last. */
  readonly modules: readonly PlannedModule[];
  /** A line for each DLL or function that is missing and has no stand-in; of an absent DLL only one. */
  readonly problems: readonly string[];
}

/** What a plan is made from. */
export interface PlanRequest {
  /** File name without path. */
  readonly name: string;
  readonly image: PeImage;
  /** The file of a DLL by lower-case name with extension; undefined when there is none. Asked once for each name. */
  readonly find: (name: string) => FoundDll | undefined;
  /** What stands in for a function that no module has: an address in the guest, or undefined. */
  readonly standIn?: (dll: string, symbol: string) => number | undefined;
  /** Modules of earlier plans that are still loaded. */
  readonly loaded?: Iterable<PlannedModule>;
  /** DLLs that every process has, needed or not; they are initialised first. */
  readonly always?: readonly string[];
}

/** A DLL's file or image, and its file name if that is not what was asked for. */
export interface FoundDll {
  readonly file: Uint8Array | ImageFile | PeImage;
  readonly name?: string;
}

/** More DLLs than any program has, and a longer chain of needs; each step of a chain is some frames of our own stack. */
const MOST_MODULES = 1024;
const LONGEST_CHAIN = 200;
/** A broken program may lack a quarter of a million functions: so many are told apart, and so many told. */
const MOST_PROBLEMS = 1000;
const MOST_TOLD = 32;

/** Plans the loading of an image. Nothing is mapped or written. */
export function planLoad(request: PlanRequest): LoadPlan {
  return new Planner(request).plan();
}

interface Draft extends PlannedModule {
  readonly bindings: Binding[];
  readonly missing: MissingImport[];
}

class Planner {
  readonly #request: PlanRequest;
  /** By lower-case name; undefined for one that is absent. */
  readonly #known = new Map<string, PlannedModule | undefined>();
  readonly #order: PlannedModule[] = [];
  readonly #problems = new Set<string>();
  /** Why a DLL is absent, if it is more than that. */
  readonly #refusals = new Map<string, string>();
  #chain = 0;

  constructor(request: PlanRequest) {
    this.#request = request;
    for (const module of request.loaded ?? []) this.#known.set(module.name.toLowerCase(), module);
  }

  plan(): LoadPlan {
    const { name, image, always = [] } = this.#request;
    const root = this.#draft(name, image);
    for (const dll of always) this.#require(name, dll);
    this.#bind(root);
    return { root, modules: this.#order, problems: this.#told(name) };
  }
  /** The first problems, and how many more there are. */
  #told(name: string): string[] {
    // What a file that cannot be read seems to lack says nothing.
    const lost = this.#order.filter(({ image }) => image.file.hasLost);
    const problems =
      lost.length > 0 ? lost.map((module) => `${module.name}: ${unreadable().refusal}`) : [...this.#problems];
    const untold = problems.length - MOST_TOLD;
    if (untold <= 0) return problems;
    const count = problems.length >= MOST_PROBLEMS ? `at least ${untold}` : untold;
    return [...problems.slice(0, MOST_TOLD), `${name} needs ${count} more that cannot be had`];
  }

  #draft(name: string, image: PeImage): Draft {
    const module: Draft = { name, image, bindings: [], missing: [] };
    this.#known.set(name.toLowerCase(), module);
    return module;
  }

  /** Loads what `module` needs, depth first, and binds it; then it is next in order. */
  #bind(module: Draft): void {
    for (const { dll, symbols } of module.image.imports) {
      if (!this.#require(module.name, dll)) {
        for (const symbol of symbols) this.#miss(module, dll, symbol, 'which is not there', false);
        continue;
      }
      for (const symbol of symbols) this.#bindSymbol(module, dll, symbol);
    }
    this.#order.push(module);
  }

  #bindSymbol(module: Draft, dll: string, symbol: ImportedSymbol): void {
    const found = resolveImport(dll, symbol.name ?? symbol.ordinal, (name) => this.#load(name));
    if (found.module === undefined) this.#miss(module, dll, symbol, found.absent, true);
    else module.bindings.push({ slot: symbol.slot, module: found.module, address: found.address });
  }

  #miss(module: Draft, dll: string, symbol: ImportedSymbol, why: string, isReported: boolean): void {
    const text = symbolText(symbol);
    const standIn = isReported ? this.#request.standIn?.(dll, text) : undefined;
    module.missing.push({ slot: symbol.slot, dll, symbol: text, standIn });
    if (!isReported || standIn !== undefined || this.#problems.size >= MOST_PROBLEMS) return;
    this.#problems.add(`${module.name} needs ${dll}!${text}, ${why}`);
  }

  /** Loads the DLL, or one of those that serve the API set; reports it when there is none. */
  #require(importer: string, dll: string): boolean {
    const name = normalizeDllName(dll);
    const hosts = hostsOfApiSet(name) ?? [name];
    if (hosts.some((host) => this.#load(host) !== undefined)) return true;
    const refusal = hosts.map((host) => this.#refusals.get(host)).find((text) => text !== undefined);
    const why = refusal === undefined ? 'which is not there' : `which cannot be loaded: ${refusal}`;
    this.#problems.add(`${importer} needs ${dll}, ${why}`);
    return false;
  }

  #load(name: string): PlannedModule | undefined {
    if (this.#known.has(name)) return this.#known.get(name);
    const found = this.#find(name);
    const image = found && this.#read(name, found.file);
    if (image === undefined) {
      this.#known.set(name, undefined);
      return undefined;
    }
    const module = this.#draft(found?.name ?? name, image);
    this.#known.set(name, module);
    this.#chain++;
    this.#bind(module);
    this.#chain--;
    return module;
  }

  #find(name: string): FoundDll | undefined {
    if (this.#known.size < MOST_MODULES && this.#chain < LONGEST_CHAIN) return this.#request.find(name);
    this.#refusals.set(name, 'too many DLLs need each other');
    return undefined;
  }

  #read(name: string, file: Uint8Array | ImageFile | PeImage): PeImage | undefined {
    if (file instanceof PeImage) return file;
    const result = readImage(file, 'library');
    if (result.image === undefined) this.#refusals.set(name, result.refusal);
    return result.image;
  }
}

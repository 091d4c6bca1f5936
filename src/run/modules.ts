import type { PlannedModule } from '../image/load-plan.ts';
import type { ModuleMap } from '../image/module-map.ts';
import type { PeImage } from '../image/pe.ts';
import { resolveExport } from '../image/resolve.ts';
import type { Module } from '../process/process.ts';

/** A module of a running process, with the image it came from. */
export class LoadedModule implements Module {
  readonly planned: PlannedModule;
  readonly name: string;
  readonly path: string;
  readonly base: number;
  readonly size: number;
  readonly image: PeImage;
  readonly functionTable: { readonly address: number; readonly count: number };
  ldrEntry = 0;
  loads = Number.POSITIVE_INFINITY;
  tlsIndex = -1;
  readonly #all: ModuleMap<LoadedModule>;

  constructor(
    planned: PlannedModule,
    path: string,
    base: number,
    size: number,
    all: ModuleMap<LoadedModule>,
  ) {
    this.planned = planned;
    this.name = planned.name;
    this.path = path;
    this.base = base;
    this.size = size;
    this.image = planned.image;
    const { address, count } = planned.image.functions;
    this.functionTable = { address: base + address, count };
    this.#all = all;
  }

  get entryPoint(): number {
    const rva = this.image.headers.entryPoint;
    return rva === 0 ? 0 : this.base + rva;
  }
  resolve(symbol: string | number): number {
    const found = resolveExport<LoadedModule>(this, symbol, (name) => this.#all.byName(name));
    return found.module ? found.module.base + found.address : 0;
  }
  describe(address: number): string | undefined {
    const place = this.#all.locate(address);
    if (place?.module !== this || place.symbol === undefined) return undefined;
    return place.symbolOffset === 0 ? place.symbol : `${place.symbol}+0x${place.symbolOffset!.toString(16)}`;
  }
}

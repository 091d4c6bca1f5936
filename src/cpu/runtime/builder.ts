import { type FunctionType, ModuleBuilder } from '../wasm/module.ts';
import { I32 } from '../wasm/opcodes.ts';
import { HALVES_I32, HALVES_I32_I32, I32_I32, type RuntimeFunction } from './function.ts';
import { forwarder, importedType } from './helper-imports.ts';
import type { HelperName } from './helpers.ts';

/** What the runtime module calls in TypeScript; nothing here is i64. Addresses are two halves. */
export const HOST_IMPORTS: Record<string, FunctionType> = {
  probeRead: HALVES_I32,
  probeWrite: HALVES_I32_I32,
  find: HALVES_I32_I32,
  hostRefillStack: HALVES_I32_I32,
  hostHold: { params: [I32, I32, I32, I32, I32, I32], results: [I32] },
  hostService: I32_I32,
  hostOutOfFuel: HALVES_I32_I32,
  hostRare: I32_I32,
  hostLoadX87: { params: [], results: [I32] },
  hostLoadSse: { params: [], results: [I32] },
};

/** Builds the runtime module: its functions are listed in advance so that they can call each other. */
export class RuntimeBuilder {
  readonly #module = new ModuleBuilder();
  readonly #names: readonly string[];
  readonly #functions = new Map<string, RuntimeFunction>();

  constructor(names: readonly string[]) {
    this.#names = names;
    for (const [name, type] of Object.entries(HOST_IMPORTS)) this.#module.importFunction({ name, type });
  }
  /** Function index by name, of a host import or of a function defined now or later. */
  index(name: string): number {
    const imports = Object.keys(HOST_IMPORTS);
    const imported = imports.indexOf(name);
    if (imported >= 0) return imported;
    const own = this.#names.indexOf(name);
    if (own < 0) throw new Error(`no runtime function ${name}`);
    return imports.length + own;
  }
  typeIndex(type: FunctionType): number {
    return this.#module.typeIndex(type);
  }
  define(name: string, f: RuntimeFunction): void {
    this.#functions.set(name, f);
  }
  /** Exports all functions; those of `helpers` for translated code, under the types that this imports. */
  finish(memoryPages: number, helpers: readonly HelperName[]): Uint8Array {
    const isHelper = new Set<string>(helpers);
    for (const name of this.#names) {
      const f = this.#functions.get(name);
      if (f === undefined) throw new Error(`runtime function ${name} is not defined`);
      this.#module.defineFunction(f.type, f.locals, f.bytes());
      if (!isHelper.has(name)) this.#module.exportFunction(name, this.index(name));
    }
    for (const name of helpers) {
      const type = importedType(name);
      const body = forwarder(type.params.length - 1, this.index(name), false);
      const number = this.#module.defineFunction(type, [], body);
      this.#module.exportFunction(name, this.#module.importCount + number);
    }
    return this.#module.finish(memoryPages);
  }
}

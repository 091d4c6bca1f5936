import { RAM_BYTES } from '../../machine/layout.ts';
import { HELPERS, type HelperName, REGION_TYPE } from '../runtime/helpers.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import type { ValueType } from '../wasm/opcodes.ts';

/** Function number of a call to patch, once the number of imports is known. */
export interface CallSite {
  readonly at: number;
  readonly target: number;
}

/**
 * One module in the making: several regions that call each other directly. Calls to an address ask for its
 * region, which joins the batch while there is room.
 */
export class Batch {
  readonly module = new ModuleBuilder();
  /** Entry addresses in order of their function numbers. */
  readonly entries: number[];
  /** Addresses that calls name. */
  readonly called = new Set<number>();
  readonly #numbers = new Map<number, number>();
  readonly #limit: number;
  readonly #accepts: (address: number) => boolean;
  readonly #bodies: { locals: readonly ValueType[]; code: Uint8Array; sites: readonly CallSite[] }[] = [];
  readonly regionType: number;

  constructor(entry: number, limit: number, accepts: (address: number) => boolean) {
    this.regionType = this.module.typeIndex(REGION_TYPE);
    this.entries = [entry];
    this.#numbers.set(entry, 0);
    this.#limit = limit;
    this.#accepts = accepts;
  }
  /** The function number of the region at an address, or -1 when it is not to be in this batch. */
  request(address: number): number {
    const known = this.#numbers.get(address);
    if (known !== undefined) return known;
    if (this.entries.length >= this.#limit || !this.#accepts(address)) return -1;
    this.#numbers.set(address, this.entries.length);
    return this.entries.push(address) - 1;
  }
  /** As request, for a call: jumps to the address are tail calls from now on. */
  requestCalled(address: number): number {
    this.called.add(address);
    return this.request(address);
  }
  isCalled(address: number): boolean {
    return this.called.has(address);
  }
  helper(name: HelperName): number {
    return this.module.importFunction({ name, type: HELPERS[name] });
  }
  add(locals: readonly ValueType[], code: Uint8Array, sites: readonly CallSite[]): void {
    this.#bodies.push({ locals, code, sites });
  }
  /** The module's bytes; function number n is exported as `n`. */
  finish(): Uint8Array {
    const imports = this.module.importCount;
    this.#bodies.forEach(({ locals, code, sites }, number) => {
      for (const { at, target } of sites) patch(code, at, imports + target);
      this.module.defineFunction(REGION_TYPE, locals, code);
      this.module.exportFunction(String(number), imports + number);
    });
    return this.module.finish(RAM_BYTES / 0x10000);
  }
}

function patch(code: Uint8Array, at: number, value: number): void {
  for (let index = 0; index < 5; index++) {
    code[at + index] = (value & 0x7f) | (index < 4 ? 0x80 : 0);
    value >>>= 7;
  }
}

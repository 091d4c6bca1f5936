import { RAM_BYTES } from '../../machine/layout.ts';
import { forwarder, importedType } from '../runtime/helper-imports.ts';
import { HELPERS, type HelperName, REGION_TYPE } from '../runtime/helpers.ts';
import type { Code } from '../wasm/code.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import type { ValueType } from '../wasm/opcodes.ts';

/** A call to patch once function indices are known: of a region, by its number, or of a helper from nearby. */
export interface CallSite {
  readonly at: number;
  readonly target: number | HelperName;
}

export interface BatchOptions {
  /** Most regions. */
  readonly limit: number;
  /** Whether a region at an address may join. */
  readonly accepts: (address: number) => boolean;
  /** Reads a pointer of the guest's, as it is now. */
  readonly pointerAt: (address: number) => number | undefined;
  /** Address of the pointer that the code at an address jumps through at once, if it does: then it is part of what calls it. */
  readonly thunkAt: (address: number) => number | undefined;
  readonly exactFloats: boolean;
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
  /** Helpers called through functions of this module, numbered. */
  readonly #near = new Map<HelperName, number>();
  readonly #limit: number;
  readonly #accepts: (address: number) => boolean;
  readonly #pointerAt: (address: number) => number | undefined;
  readonly #thunkAt: (address: number) => number | undefined;
  readonly #bodies: {
    readonly locals: readonly ValueType[];
    readonly code: Uint8Array;
    readonly sites: readonly CallSite[];
    readonly hints: readonly number[];
  }[] = [];
  /** Number of REGION_TYPE. */
  readonly regionType: number;
  #usesTable = false;
  /** Whether the flags and controls of MXCSR are to be exact; see lift/float-guard.ts. */
  readonly exactFloats: boolean;
  /** Some instruction looks at MXCSR or sets it. */
  observesFloats = false;

  constructor(entry: number, { limit, accepts, pointerAt, thunkAt, exactFloats }: BatchOptions) {
    this.exactFloats = exactFloats;
    this.regionType = this.module.typeIndex(REGION_TYPE);
    this.entries = [entry];
    this.#numbers.set(entry, 0);
    this.#limit = limit;
    this.#accepts = accepts;
    this.#pointerAt = pointerAt;
    this.#thunkAt = thunkAt;
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
  /** Where a pointer leads to now: an import, mostly. The call or jump through it still has to look. */
  expectedThrough(pointer: number | undefined): number | undefined {
    return (pointer !== undefined && this.#pointerAt(pointer)) || undefined;
  }
  /** Address of the pointer, if a call of `address` is one through a pointer: compilers call imports by a jump. */
  thunkAt(address: number): number | undefined {
    const pointer = this.#thunkAt(address);
    if (pointer !== undefined) this.called.add(address);
    return pointer;
  }
  isCalled(address: number): boolean {
    return this.called.has(address);
  }
  /** Index of an imported helper; who calls it pushes the import mark last. */
  helper(name: HelperName): number {
    return this.module.importFunction({ name, type: importedType(name) });
  }
  /** Calls the region with the function table index on the stack, or goes on there for good. */
  callThroughTable(code: Code, isTail = false): void {
    this.#usesTable = true;
    code.callIndirect(this.regionType, isTail);
  }
  add(locals: readonly ValueType[], code: Code, sites: readonly CallSite[]): void {
    this.#bodies.push({ locals, code: code.bytes.slice(0, code.length), sites, hints: code.hints });
  }
  /**
   * Makes the module call a helper through a function of its own. Slow paths do so: for a call of an import the
   * engine fetches the import's code and context, and does that on the fast path, too, once several slow paths want it.
   */
  near(name: HelperName): void {
    if (this.#near.has(name)) return;
    this.helper(name);
    this.#near.set(name, this.#near.size);
  }
  /** The module's bytes; function number n is exported as `n`. */
  finish(): Uint8Array {
    const nearBase = this.module.importCount;
    const regionBase = nearBase + this.#near.size;
    for (const name of this.#near.keys()) {
      this.module.defineFunction(
        HELPERS[name],
        [],
        forwarder(HELPERS[name].params.length, this.helper(name), true),
      );
    }
    this.#bodies.forEach(({ locals, code, sites, hints }, number) => {
      for (const { at, target } of sites) {
        patch(
          code,
          at,
          typeof target === 'number' ? regionBase + target : nearBase + this.#near.get(target)!,
        );
      }
      this.module.defineFunction(REGION_TYPE, locals, code, hints);
      this.module.exportFunction(String(number), regionBase + number);
    });
    return this.module.finish(RAM_BYTES / 0x10000, this.#usesTable);
  }
}

function patch(code: Uint8Array, at: number, value: number): void {
  for (let index = 0; index < 5; index++) {
    code[at + index] = (value & 0x7f) | (index < 4 ? 0x80 : 0);
    value >>>= 7;
  }
}

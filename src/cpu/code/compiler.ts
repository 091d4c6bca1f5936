import { FRAMES, PAGE_SIZE } from '../../machine/layout.ts';
import { monotonic } from '../../machine/monotonic.ts';
import type { AddressSpace, MemoryInfo } from '../../memory/space.ts';
import { Batch } from '../region/batch.ts';
import { CodeReader, type CodeSpan } from '../region/code-reader.ts';
import { knownPointer } from '../region/effects.ts';
import { LIMITS_INSIDE, LIMITS_RESUMED, REGION_LIMITS } from '../region/limits.ts';
import { translateRegion, translateStep } from '../region/region.ts';
import { REACHED, type Reached } from '../runtime/helpers.ts';
import { type CompiledBatch, entryKey, type SpaceCode } from './code-cache.ts';
import type { FunctionTable } from './function-table.ts';

/** Functions in one module, and guest instructions after which no more are taken in. */
const BATCH_FUNCTIONS = 24;
const BATCH_INSTRUCTIONS = 3000;

/** What translation has cost so far. */
export interface TranslationStatistics {
  modules: number;
  functions: number;
  instructions: number;
  /** Bytes of those instructions, each as often as it was translated. */
  guestBytes: number;
  wasmBytes: number;
  /** Milliseconds in our translator, and in the engine's compiler. */
  translateTime: number;
  compileTime: number;
  /** Instructions run alone because they wrote to translated code, or single-stepped. */
  steps: number;
}

/** Turns guest code into compiled modules. */
export class Compiler {
  readonly #table: FunctionTable;
  readonly #imports: WebAssembly.Imports;
  readonly #info: MemoryInfo = {
    baseAddress: 0,
    allocationBase: 0,
    allocationProtect: 0,
    regionSize: 0,
    state: 0,
    protect: 0,
    type: 0,
  };
  readonly statistics: TranslationStatistics = {
    modules: 0,
    functions: 0,
    instructions: 0,
    guestBytes: 0,
    wasmBytes: 0,
    translateTime: 0,
    compileTime: 0,
    steps: 0,
  };

  /** Whether code is translated so that MXCSR's flags and controls are exact. It never goes back to false. */
  exactFloats = false;

  constructor(table: FunctionTable, imports: WebAssembly.Imports) {
    this.#table = table;
    this.#imports = imports;
  }

  /** A reader for code at `rip`, or undefined when executing there faults (the space knows how). */
  reader(space: AddressSpace, rip: number): CodeReader | undefined {
    const reader = new CodeReader(space, this.#info);
    if (!reader.enter(rip)) return undefined;
    if (reader.instruction(rip) !== 'fault') return reader;
    return reader.enter((Math.floor(rip / PAGE_SIZE) + 1) * PAGE_SIZE) ? reader : undefined;
  }
  /** Whether a page still shows the frame that a translation was made from. */
  holds(space: AddressSpace, span: CodeSpan): boolean {
    const reader = new CodeReader(space, this.#info);
    return reader.hostOf(span.page) === FRAMES + span.frame * PAGE_SIZE;
  }

  /** Translates the function at `rip` and what it calls; again if that is the first code to look at MXCSR. */
  compile(reader: CodeReader, rip: number, code: SpaceCode, reached: Reached): CompiledBatch {
    const started = monotonic();
    let { batch, instructions } = this.#translate(reader, rip, code, reached);
    if (this.#mustBeExact(batch)) ({ batch, instructions } = this.#translate(reader, rip, code, reached));
    for (const called of batch.called) code.functions.add(called);
    const bytes = batch.finish();
    this.statistics.translateTime += monotonic() - started;
    const exports = this.#instantiate(bytes);
    const functions = batch.entries.map((entry, number) => ({
      entry: entryKey(entry, reached),
      index: this.#table.add(exports[String(number)]!),
    }));
    this.statistics.functions += functions.length;
    this.statistics.instructions += instructions;
    return { functions, spans: [...reader.spans.values()], users: new Set() };
  }
  /** True, once, for code that looks at MXCSR: from then on all code keeps it exactly. */
  #mustBeExact(batch: Batch): boolean {
    if (this.exactFloats || !batch.observesFloats) return false;
    this.exactFloats = true;
    return true;
  }
  #translate(
    reader: CodeReader,
    rip: number,
    code: SpaceCode,
    reached: Reached,
  ): { readonly batch: Batch; readonly instructions: number } {
    let instructions = 0;
    const isFunction = (address: number): boolean => code.functions.has(address) || batch.isCalled(address);
    // What begins inside a function (after a fuel exit, an unwind, a jump through a table) goes only as far as to what is
    // translated, and nothing is taken in but functions that are called: else a large function would be translated whole
    // for each place where it is resumed, or where the stack reaches a new page. (Without: speedtest1 translates 363,000
    // instructions, not 215,000.)
    const isCareful = reached === REACHED.careful;
    if (reached === REACHED.call) code.functions.add(rip);
    const isInside = isCareful || !code.functions.has(rip);
    const insideLimits = reached === REACHED.resumed ? LIMITS_RESUMED : LIMITS_INSIDE;
    const firstLimits = isInside ? insideLimits : REGION_LIMITS;
    const isTranslated = (address: number) => isInside && code.entries.has(entryKey(address, reached));
    const batch: Batch = new Batch(rip, {
      limit: isCareful ? 1 : BATCH_FUNCTIONS,
      accepts: (address) =>
        instructions < BATCH_INSTRUCTIONS &&
        isFunction(address) &&
        !code.entries.has(address) &&
        reader.canRead(address),
      pointerAt: (pointer) => reader.dataAt(pointer, 8),
      thunkAt: (address) => thunkAt(reader, address),
      exactFloats: this.exactFloats,
    });
    for (let number = 0; number < batch.entries.length; number++) {
      const entry = batch.entries[number]!;
      const surroundings = {
        isFunction,
        isTranslated,
        tables: code.tables,
        large: code.large,
        inLoops: code.inLoops,
      };
      const limits = number === 0 ? firstLimits : REGION_LIMITS;
      const size = translateRegion(batch, reader, entry, limits, surroundings, isCareful);
      instructions += size.instructions;
      this.statistics.guestBytes += size.bytes;
    }
    return { batch, instructions };
  }

  /** Translates the one instruction at `rip`; the caller removes its table index after use. */
  compileStep(reader: CodeReader, rip: number): number {
    let batch = this.#translateOne(reader, rip);
    if (this.#mustBeExact(batch)) batch = this.#translateOne(reader, rip);
    this.statistics.steps++;
    return this.#table.add(this.#instantiate(batch.finish())['0']!);
  }

  #translateOne(reader: CodeReader, rip: number): Batch {
    const batch = new Batch(rip, {
      limit: 1,
      accepts: () => false,
      pointerAt: () => undefined,
      thunkAt: () => undefined,
      exactFloats: this.exactFloats,
    });
    translateStep(batch, reader, rip);
    return batch;
  }

  #instantiate(bytes: Uint8Array): WebAssembly.Exports {
    const started = monotonic();
    const module = new WebAssembly.Module(bytes as BufferSource);
    const { exports } = new WebAssembly.Instance(module, this.#imports);
    this.statistics.compileTime += monotonic() - started;
    this.statistics.modules++;
    this.statistics.wasmBytes += bytes.length;
    return exports;
  }
}

/** A jump through a pointer at a known address is taken into its callers, so their translation depends on it, too. */
function thunkAt(reader: CodeReader, address: number): number | undefined {
  const jump = reader.canRead(address) ? reader.instruction(address) : undefined;
  if (typeof jump !== 'object' || jump.mnemonic !== 'jmp') return undefined;
  const pointer = knownPointer(jump);
  if (pointer !== undefined) reader.note(address, jump.length);
  return pointer;
}

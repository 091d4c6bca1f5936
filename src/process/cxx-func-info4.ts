import type { GuestMemory } from '../memory/guest-memory.ts';
import { CompactReader } from './compact-reader.ts';
import {
  bounded,
  type CatchBlock,
  type CatchFunclet,
  CorruptTables,
  type FunctionTable,
  NO_STATE,
  type Step,
  type TablePlace,
  type TryBlock,
} from './cxx-tables.ts';

/** What the first byte of FuncInfo4 tells. */
const INFO = {
  isCatch: 1,
  isSeparated: 2,
  hasBlockFlags: 4,
  hasUnwindMap: 8,
  hasTries: 16,
  isSynchronous: 32,
  isNoexcept: 64,
} as const;

/** What the first byte of a handler tells. */
const HANDLER = { adjectives: 1, type: 2, variable: 4, areRvas: 8, continuations: 16, mostContinuations: 3 };

/** What leads out of a state: a funclet, or the destructor of an object that is in the frame or pointed to there. */
const Action = { none: 0, object: 1, pointer: 2, funclet: 3 } as const;

/**
 * FuncInfo4, the table of __CxxFrameHandler4: one of a function, and one of each of its catch funclets.
 * https://devblogs.microsoft.com/cppblog/making-cpp-exception-handling-smaller-x64/
 */
export function readFuncInfo4(memory: GuestMemory, place: TablePlace): FunctionTable {
  return new FuncInfo4(memory, place);
}

class FuncInfo4 implements FunctionTable {
  readonly imageBase: number;
  readonly tries: readonly TryBlock[];
  readonly isSynchronous: boolean;
  readonly isNoexcept: boolean;
  readonly funclet: CatchFunclet | undefined;
  private readonly memory: GuestMemory;
  private readonly begin: number;
  /** Addresses; 0 for none. */
  private readonly unwindMap: number;
  private readonly ipMap: number;
  private steps: readonly Step[] | undefined;
  constructor(memory: GuestMemory, { imageBase, table, begin }: TablePlace) {
    const reader = new CompactReader(memory, imageBase + table);
    const header = reader.byte();
    const has = (bit: number) => (header & bit) !== 0;
    // For the optimizer alone.
    if (has(INFO.hasBlockFlags)) reader.number();
    this.memory = memory;
    this.imageBase = imageBase;
    this.begin = begin;
    this.isSynchronous = has(INFO.isSynchronous);
    this.isNoexcept = has(INFO.isNoexcept);
    this.unwindMap = has(INFO.hasUnwindMap) ? imageBase + reader.rva() : 0;
    this.tries = has(INFO.hasTries) ? this.readTries(imageBase + reader.rva()) : [];
    const map = imageBase + reader.rva();
    this.ipMap = has(INFO.isSeparated) ? this.partOf(map) : map;
    this.funclet = has(INFO.isCatch) ? { parent: reader.number(), inside: undefined } : undefined;
  }
  /** Of a function in several parts, the map of the part that is meant. */
  private partOf(segments: number): number {
    const reader = new CompactReader(this.memory, segments);
    const count = bounded(reader.number());
    for (let i = 0; i < count; i++) {
      const start = reader.rva();
      const map = reader.rva();
      if (start === this.begin) return this.imageBase + map;
    }
    throw new CorruptTables(`no states of the part at ${this.begin}`);
  }
  private readTries(map: number): TryBlock[] {
    const reader = new CompactReader(this.memory, map);
    const count = bounded(reader.number());
    const tries: TryBlock[] = [];
    let total = 0;
    for (let i = 0; i < count; i++) {
      const [low, high, catchHigh] = [reader.number(), reader.number(), reader.number()];
      const handlers = new CompactReader(this.memory, this.imageBase + reader.rva());
      const catches = bounded(handlers.number());
      total = bounded(total + catches);
      tries.push({
        ...{ low, high, catchHigh },
        handlers: Array.from({ length: catches }, () => this.readCatch(handlers)),
      });
    }
    return tries;
  }
  private readCatch(reader: CompactReader): CatchBlock {
    const header = reader.byte();
    const has = (bit: number) => (header & bit) !== 0;
    const adjectives = has(HANDLER.adjectives) ? reader.number() : 0;
    const type = has(HANDLER.type) ? reader.rva() : 0;
    const variable = has(HANDLER.variable) ? reader.number() : 0;
    const funclet = reader.rva();
    const length = Math.floor(header / HANDLER.continuations) & HANDLER.mostContinuations;
    if (length === HANDLER.mostContinuations) throw new CorruptTables('three ways on');
    const continuations = Array.from({ length }, () =>
      has(HANDLER.areRvas) ? reader.rva() : this.begin + reader.number(),
    );
    return { adjectives, type, variable, funclet, continuations };
  }
  stateAt(pc: number): number {
    const offset = pc - this.imageBase - this.begin;
    const reader = new CompactReader(this.memory, this.ipMap);
    const count = bounded(reader.number());
    let state = NO_STATE;
    let ip = 0;
    for (let i = 0; i < count; i++) {
      ip += reader.number();
      if (ip > offset) break;
      state = reader.number() - 1;
    }
    return state;
  }
  stepOut(state: number): Step {
    const steps = (this.steps ??= this.readSteps());
    const step = steps[state];
    if (!step) throw new CorruptTables(`state ${state} of ${steps.length}`);
    return step;
  }
  /** An entry names the one outside of it by how many bytes that is before: it has been read. */
  private readSteps(): Step[] {
    if (this.unwindMap === 0) return [];
    const reader = new CompactReader(this.memory, this.unwindMap);
    const count = bounded(reader.number());
    const first = reader.at;
    const states = new Map<number, number>();
    const steps: Step[] = [];
    for (let state = 0; state < count; state++) {
      const start = reader.at;
      const entry = reader.number();
      const outside = start - Math.floor(entry / 4);
      const next = outside < first ? NO_STATE : states.get(outside);
      if (next === undefined) throw new CorruptTables(`state ${state} leads to ${outside}`);
      states.set(start, state);
      const type = entry & 3;
      const action = type === Action.none ? 0 : reader.rva();
      const isPointer = type === Action.pointer;
      const object = isPointer || type === Action.object ? { offset: reader.number(), isPointer } : undefined;
      steps.push({ next, action, object });
    }
    return steps;
  }
}

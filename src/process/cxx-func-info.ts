import type { GuestMemory } from '../memory/guest-memory.ts';
import {
  bounded,
  type CatchBlock,
  type CatchFunclet,
  CorruptTables,
  CXX_MAGIC,
  type FunctionTable,
  NO_STATE,
  type Step,
  type TablePlace,
  type TryBlock,
} from './cxx-tables.ts';

const LAST_MAGIC = 0x19930522;

/** FuncInfo, the table of __CxxFrameHandler3: one of a function and all its funclets (x64: every pointer is an RVA). */
export function readFuncInfo(memory: GuestMemory, place: TablePlace): FunctionTable {
  return new FuncInfo(memory, place);
}

/** A handler with where its funclet's own frame keeps the address of the function's. */
interface OwnedCatch extends CatchBlock {
  readonly parent: number;
}

interface OwnedTry extends TryBlock {
  readonly handlers: readonly OwnedCatch[];
}

class FuncInfo implements FunctionTable {
  readonly imageBase: number;
  readonly tries: readonly OwnedTry[];
  readonly isSynchronous: boolean;
  readonly isNoexcept: boolean;
  readonly funclet: CatchFunclet | undefined;
  private readonly memory: GuestMemory;
  private readonly states: number;
  private readonly unwindMap: number;
  private readonly ipCount: number;
  private readonly ipMap: number;
  constructor(memory: GuestMemory, { imageBase, table, begin }: TablePlace) {
    const at = imageBase + table;
    const magic = memory.u32(at) & 0x1fff_ffff;
    if (magic < CXX_MAGIC || magic > LAST_MAGIC) throw new CorruptTables('no FuncInfo');
    const flags = magic === LAST_MAGIC ? memory.u32(at + 36) : 0;
    this.memory = memory;
    this.imageBase = imageBase;
    this.states = bounded(memory.u32(at + 4));
    this.unwindMap = imageBase + memory.u32(at + 8);
    this.tries = readTries(memory, imageBase, bounded(memory.u32(at + 12)), imageBase + memory.u32(at + 16));
    this.ipCount = bounded(memory.u32(at + 20));
    this.ipMap = imageBase + memory.u32(at + 24);
    this.isSynchronous = (flags & 1) !== 0;
    this.isNoexcept = (flags & 4) !== 0;
    this.funclet = this.funcletAt(begin);
  }
  private funcletAt(begin: number): CatchFunclet | undefined {
    for (const inside of this.tries) {
      const own = inside.handlers.find(({ funclet }) => funclet === begin);
      if (own) return { parent: own.parent, inside };
    }
    return undefined;
  }
  stateAt(pc: number): number {
    const { memory } = this;
    const offset = pc - this.imageBase;
    let state = NO_STATE;
    for (let i = 0; i < this.ipCount; i++) {
      const at = this.ipMap + i * 8;
      if (memory.u32(at) > offset) break;
      state = memory.u32(at + 4) | 0;
    }
    return state;
  }
  stepOut(state: number): Step {
    if (state >= this.states) throw new CorruptTables(`state ${state} of ${this.states}`);
    const at = this.unwindMap + state * 8;
    const next = this.memory.u32(at) | 0;
    if (next >= state || next < NO_STATE) throw new CorruptTables(`state ${state} leads to ${next}`);
    return { next, action: this.memory.u32(at + 4), object: undefined };
  }
}

function readTries(memory: GuestMemory, imageBase: number, count: number, map: number): OwnedTry[] {
  const tries: OwnedTry[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = map + i * 20;
    const catches = bounded(memory.u32(at + 12));
    total = bounded(total + catches);
    tries.push({
      low: memory.u32(at) | 0,
      high: memory.u32(at + 4) | 0,
      catchHigh: memory.u32(at + 8) | 0,
      handlers: readCatches(memory, catches, imageBase + memory.u32(at + 16)),
    });
  }
  return tries;
}

function readCatches(memory: GuestMemory, count: number, map: number): OwnedCatch[] {
  return Array.from({ length: count }, (_, i) => ({
    adjectives: memory.u32(map + i * 20),
    type: memory.u32(map + i * 20 + 4),
    variable: memory.u32(map + i * 20 + 8) | 0,
    funclet: memory.u32(map + i * 20 + 12),
    parent: memory.u32(map + i * 20 + 16),
    continuations: [],
  }));
}

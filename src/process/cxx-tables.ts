import type { GuestMemory } from '../memory/guest-memory.ts';

/**
 * The tables that Visual C++ and clang write for a function with C++ exceptions (x64: every pointer is an RVA), and for
 * a `throw`. All of it is guest memory: counts are bounded here, and a table that cannot be is CorruptTables.
 */

export const CXX_EXCEPTION = 0xe06d7363;
export const CXX_MAGIC = 0x19930520;
const LAST_MAGIC = 0x19930522;
/** More states, blocks, handlers or types than this has no function; all the handlers of one function together too. */
const MOST_ENTRIES = 0x10000;
/** What a state is outside of everything. */
export const NO_STATE = -1;

/** Tables that no compiler writes. */
export class CorruptTables extends Error {}

/** FuncInfo of a function and all its funclets. */
export interface FunctionTable {
  readonly imageBase: number;
  readonly states: number;
  readonly unwindMap: number;
  readonly tries: readonly TryBlock[];
  readonly ipCount: number;
  readonly ipMap: number;
  /** /EHs: structured exceptions neither are caught here nor destroy anything. */
  readonly isSynchronous: boolean;
  readonly isNoexcept: boolean;
}

export interface TryBlock {
  readonly low: number;
  readonly high: number;
  /** Last state of the try block's catch funclets, whose first is high + 1. */
  readonly catchHigh: number;
  readonly handlers: readonly CatchBlock[];
}

export interface CatchBlock {
  readonly adjectives: number;
  /** RVA of a TypeDescriptor; 0 for catch (...). */
  readonly type: number;
  /** Where the variable is in the function's frame; 0 for none. */
  readonly variable: number;
  readonly funclet: number;
  /** Where the funclet's own frame keeps the address of the function's. */
  readonly parent: number;
}

export function readFunctionTable(memory: GuestMemory, imageBase: number, rva: number): FunctionTable {
  const at = imageBase + rva;
  const magic = memory.u32(at) & 0x1fff_ffff;
  if (magic < CXX_MAGIC || magic > LAST_MAGIC) throw new CorruptTables('no FuncInfo');
  const flags = magic === LAST_MAGIC ? memory.u32(at + 36) : 0;
  return {
    imageBase,
    states: bounded(memory.u32(at + 4)),
    unwindMap: imageBase + memory.u32(at + 8),
    tries: readTries(memory, imageBase, bounded(memory.u32(at + 12)), imageBase + memory.u32(at + 16)),
    ipCount: bounded(memory.u32(at + 20)),
    ipMap: imageBase + memory.u32(at + 24),
    isSynchronous: (flags & 1) !== 0,
    isNoexcept: (flags & 4) !== 0,
  };
}

function readTries(memory: GuestMemory, imageBase: number, count: number, map: number): TryBlock[] {
  const tries: TryBlock[] = [];
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

function readCatches(memory: GuestMemory, count: number, map: number): CatchBlock[] {
  return Array.from({ length: count }, (_, i) => ({
    adjectives: memory.u32(map + i * 20),
    type: memory.u32(map + i * 20 + 4),
    variable: memory.u32(map + i * 20 + 8) | 0,
    funclet: memory.u32(map + i * 20 + 12),
    parent: memory.u32(map + i * 20 + 16),
  }));
}

/** Count of a table; CorruptTables when it is none. */
export function bounded(count: number): number {
  if (count > MOST_ENTRIES) throw new CorruptTables(`a table of ${count} entries`);
  return count;
}

/** The state that the function is in at a place in its code. */
export function stateAt(memory: GuestMemory, table: FunctionTable, pc: number): number {
  const offset = pc - table.imageBase;
  let state = NO_STATE;
  for (let i = 0; i < table.ipCount; i++) {
    const at = table.ipMap + i * 8;
    if (memory.u32(at) > offset) break;
    state = memory.u32(at + 4) | 0;
  }
  return state;
}

/** The state outside of one, and the RVA of the funclet that leads there or 0. States only fall, so that a walk ends. */
export function stepOut(
  memory: GuestMemory,
  table: FunctionTable,
  state: number,
): { readonly next: number; readonly action: number } {
  if (state >= table.states) throw new CorruptTables(`state ${state} of ${table.states}`);
  const at = table.unwindMap + state * 8;
  const next = memory.u32(at) | 0;
  if (next >= state || next < NO_STATE) throw new CorruptTables(`state ${state} leads to ${next}`);
  return { next, action: memory.u32(at + 4) };
}

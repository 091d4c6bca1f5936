/**
 * What the tables say that a compiler writes for a function with C++ exceptions, in either of their formats: FuncInfo
 * (cxx-func-info.ts) and FuncInfo4 (cxx-func-info4.ts). All of it is guest memory: counts are bounded, and a table that
 * cannot be is CorruptTables.
 */

export const CXX_EXCEPTION = 0xe06d7363;
export const CXX_MAGIC = 0x19930520;
/** More states, blocks, handlers or types than this has no function; all the handlers of one function together too. */
const MOST_ENTRIES = 0x10000;
/** What a state is outside of everything. */
export const NO_STATE = -1;

/** Tables that no compiler writes. */
export class CorruptTables extends Error {}

/** Where a table is, and whose it is when an exception passes. */
export interface TablePlace {
  readonly imageBase: number;
  /** RVA of the table. */
  readonly table: number;
  /** RVA of the function, or of the funclet, in whose frame the exception is. */
  readonly begin: number;
}

/** What a function, or a catch funclet, has to catch and to destroy. */
export interface FunctionTable {
  readonly imageBase: number;
  readonly tries: readonly TryBlock[];
  /** /EHs: structured exceptions neither are caught here nor destroy anything. */
  readonly isSynchronous: boolean;
  readonly isNoexcept: boolean;
  /** Undefined for the function itself. */
  readonly funclet: CatchFunclet | undefined;
  /** The state that the function is in at a place in its code. */
  stateAt(pc: number): number;
  /** The way out of a state. States only fall, so that a walk ends. */
  stepOut(state: number): Step;
}

export interface CatchFunclet {
  /** Where the funclet's own frame keeps the address of the function's. */
  readonly parent: number;
  /** The try block that it belongs to, when the table is that of the whole function. */
  readonly inside: TryBlock | undefined;
}

export interface Step {
  /** The state outside. */
  readonly next: number;
  /** RVA of the code that leads there, or 0: a funclet, or the destructor of `object`. */
  readonly action: number;
  readonly object: FrameObject | undefined;
}

/** An object to destroy: where it is in the function's frame, or where a pointer to it is. */
export interface FrameObject {
  readonly offset: number;
  readonly isPointer: boolean;
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
  /** RVAs of where the function goes on: the funclet answers which. None when it answers the address itself. */
  readonly continuations: readonly number[];
}

/** Count of a table; CorruptTables when it is none. */
export function bounded(count: number): number {
  if (count > MOST_ENTRIES) throw new CorruptTables(`a table of ${count} entries`);
  return count;
}

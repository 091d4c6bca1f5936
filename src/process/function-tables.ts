import { RUNTIME_FUNCTION_SIZE } from '../machine/unwind-codes.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { Process } from './process.ts';

/** Functions of code that the program made itself, as it described them. */
export interface DynamicTable {
  /** What it is deleted by: the table's address, or the identifier of a callback. */
  readonly key: number;
  readonly base: number;
  /** The code it covers; `end` is exclusive. */
  readonly begin: number;
  end: number;
  /** RUNTIME_FUNCTIONs in the guest. */
  readonly table: number;
  count: number;
  readonly isSorted: boolean;
  /** PGET_RUNTIME_FUNCTION_CALLBACK, asked instead of a table; 0 when there is none. */
  readonly callback: number;
  readonly context: number;
}

/** Tables that a program can add; a search looks at each. */
const MOST_DYNAMIC_TABLES = 0x10000;

/**
 * Finds the RUNTIME_FUNCTION of an address: in the exception directories of modules, then in what
 * RtlAddFunctionTable and its relatives were given.
 */
export class FunctionTables {
  readonly dynamic: DynamicTable[] = [];
  /** Set by lookup: what the entry's RVAs count from. */
  imageBase = 0;
  readonly #process: Process;
  readonly #memory: GuestMemory;

  constructor(process: Process) {
    this.#process = process;
    this.#memory = process.memory;
  }

  /** False when there are too many. */
  add(table: DynamicTable): boolean {
    if (this.dynamic.length >= MOST_DYNAMIC_TABLES) return false;
    this.dynamic.push(table);
    return true;
  }

  remove(key: number): boolean {
    const index = this.dynamic.findIndex((table) => table.key === key);
    if (index < 0) return false;
    this.dynamic.splice(index, 1);
    return true;
  }

  /**
   * Address of the entry that `pc` lies in; 0 for a leaf function; -1 when `asked()` has to be called for it.
   * GuestFault when a table cannot be read.
   */
  lookup(pc: number): number {
    const module = this.#process.moduleAt(pc);
    if (module) {
      this.imageBase = module.base;
      const { address, count } = module.functionTable;
      return this.#search(address, count, pc - module.base);
    }
    const table = this.asked(pc);
    this.imageBase = table?.base ?? 0;
    if (table === undefined) return 0;
    if (table.callback !== 0) return -1;
    const offset = pc - table.base;
    return table.isSorted
      ? this.#search(table.table, table.count, offset)
      : this.#scan(table.table, table.count, offset);
  }

  /** The dynamic table that covers `pc`. */
  asked(pc: number): DynamicTable | undefined {
    for (const table of this.dynamic) if (pc >= table.begin && pc < table.end) return table;
    return undefined;
  }

  #scan(table: number, count: number, offset: number): number {
    const memory = this.#memory;
    for (let i = 0; i < count; i++) {
      const entry = table + i * RUNTIME_FUNCTION_SIZE;
      if (offset >= memory.u32(entry) && offset < memory.u32(entry + 4)) return entry;
    }
    return 0;
  }

  #search(table: number, count: number, offset: number): number {
    const memory = this.#memory;
    let low = 0;
    let high = count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = table + middle * RUNTIME_FUNCTION_SIZE;
      if (offset < memory.u32(entry)) high = middle - 1;
      else if (offset >= memory.u32(entry + 4)) low = middle + 1;
      else return entry;
    }
    return 0;
  }
}

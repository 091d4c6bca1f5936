import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../memory/constants.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { Pending, parametersOf, type Thread } from '../process/thread.ts';
import type { ApiOf, Declaration } from './api.ts';
import { memoryFamilies } from './registry-memory.ts';
import { faultResult } from './service-table.ts';

type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never;

/** VirtualAlloc, HeapAlloc, CreateFileMapping and the rest by their own names, on one thread. */
export type MemoryApi = Intersection<ApiOf<(typeof memoryFamilies)[number]>>;

/** Bytes for the strings of one call. */
const SCRATCH = 0x10000;

/**
 * The memory API of a thread for TypeScript callers. A call returns the function's result; `thread.lastError`
 * and `thread.exception` tell the rest. A string argument is placed in the guest as NUL-terminated text (UTF-16
 * for functions that end in W). RangeError: something that is not built, or a string that is too long.
 */
export function memoryApi(thread: Thread): MemoryApi {
  const scratch = new Scratch(thread);
  const api: Record<string, (...args: (number | string)[]) => number> = {};
  for (const { functions } of memoryFamilies) {
    for (const [name, declaration] of Object.entries(functions)) {
      api[name] = (...args) => call(thread, declaration, scratch.place(args, name.endsWith('W')));
    }
  }
  return api as MemoryApi;
}

function call(thread: Thread, declaration: Declaration<never[]>, args: number[]): number {
  thread.exception = undefined;
  thread.pending = Pending.none;
  let result = 0;
  try {
    result = (declaration.plain as (thread: Thread, ...args: number[]) => number)(thread, ...args);
  } catch (error) {
    if (!(error instanceof GuestFault)) throw error;
    if (declaration.rule === 'service') return faultResult(thread, declaration.result, error);
    thread.raise(error.status, parametersOf(error.access, error.address));
  }
  const pending = thread.pending;
  thread.pending = Pending.none;
  if (pending === Pending.stop) throw new RangeError(thread.stopReason);
  return result;
}

/** Guest memory for the strings of a call; the next call overwrites it. */
class Scratch {
  readonly #thread: Thread;
  #base = 0;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  place(args: readonly (number | string)[], wide: boolean): number[] {
    let used = 0;
    return args.map((arg) => {
      if (typeof arg === 'number') return arg;
      const at = this.#at() + used;
      used += (arg.length + 1) * 2;
      if (used > SCRATCH) throw new RangeError('the strings of a call must fit 64 KiB');
      this.#write(at, arg, wide);
      return at;
    });
  }

  #at(): number {
    const { space } = this.#thread;
    if (this.#base === 0) {
      if (space.allocate(0, SCRATCH, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) !== 0)
        throw new RangeError('no memory for strings');
      this.#base = space.resultBase;
    }
    return this.#base;
  }

  #write(at: number, text: string, wide: boolean): void {
    const { memory } = this.#thread;
    for (let i = 0; i <= text.length; i++) {
      const code = i < text.length ? text.charCodeAt(i) : 0;
      if (wide) memory.setU16(at + i * 2, code);
      else memory.setU8(at + i, code > 0xff ? 0x3f : code);
    }
  }
}

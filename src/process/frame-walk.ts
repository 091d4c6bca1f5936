import type { GuestMemory } from '../memory/guest-memory.ts';
import { CONTEXT } from './context.ts';
import type { GuestCallRequest } from './host-frames.ts';
import { TEB } from './teb.ts';
import type { Thread } from './thread.ts';

const RSP_AT = CONTEXT.gpr + 4 * 8;

/** Where frames may lie: the running stack, as the TEB has it. */
export interface StackBounds {
  readonly low: number;
  readonly high: number;
}

export function stackBounds(thread: Thread): StackBounds {
  const { memory, teb } = thread;
  return { low: memory.u64(teb + TEB.stackLimit), high: memory.u64(teb + TEB.stackBase) };
}

export function isFrame(bounds: StackBounds, frame: number): boolean {
  return frame >= bounds.low && frame < bounds.high && frame % 8 === 0;
}

export function ripOf(memory: GuestMemory, context: number): number {
  return memory.u64(context + CONTEXT.rip);
}
export function rspOf(memory: GuestMemory, context: number): number {
  return memory.u64(context + RSP_AT);
}

/** The function that an address lies in, as FunctionTables.lookup; it may have to ask the program. */
export function* findFunction(thread: Thread, pc: number): Generator<GuestCallRequest, number, number> {
  const { functionTables } = thread.process;
  const found = functionTables.lookup(pc);
  if (found >= 0) return found;
  const { callback, context, base } = functionTables.asked(pc)!;
  const entry = yield { address: callback, args: [pc, context] };
  functionTables.imageBase = base;
  return entry;
}

import { RSP, STATE } from '../machine/cpu-state.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { STATUS_STACK_OVERFLOW } from '../memory/status.ts';
import { readContext, writeContext } from './context.ts';
import { CALLING_FRAME, type GuestCallRequest, resultLow } from './host-frames.ts';
import type { VectoredHandler } from './process.ts';
import { type ExceptionRecord, Pending, type Thread } from './thread.ts';

export const EXCEPTION_NONCONTINUABLE = 1;
export const EXCEPTION_MAXIMUM_PARAMETERS = 15;
const EXCEPTION_CONTINUE_EXECUTION = -1;
const STATUS_NONCONTINUABLE_EXCEPTION = 0xc0000025;

/** Interrupts on, bit 1 always set. */
const INITIAL_FLAGS = 0x202;
const RECORD_SIZE = 0x98;
/** Where KiUserExceptionDispatcher finds the record and room for EXCEPTION_POINTERS, from rsp. */
const RECORD_AT = 0x4f0;
const POINTERS_AT = 0x590;
/** CONTEXT at 0, then the record, the pointers, and shadow space below for the handlers it calls. */
const FRAME_SIZE = 0x5b0;
/** Shadow space that called handlers own, below the CONTEXT. */
const SHADOW = 0x20;

/**
 * Puts record and context on the guest's stack and points the registers at KiUserExceptionDispatcher, as the
 * kernel does. `rip` in the registers must be the faulting instruction. Returns false when the stack cannot
 * take them: the process then ends with the exception's code, as on Windows.
 */
export function enterDispatcher(thread: Thread, record: ExceptionRecord, dispatcher: number): boolean {
  const { cpu, memory } = thread;
  const frame = Math.floor((cpu.gpr(RSP) - FRAME_SIZE) / 16) * 16;
  try {
    // Highest address first: a stack that must grow grows page by page, in order.
    writeRecord(memory, frame + RECORD_AT, record);
    writeContext(memory, cpu, frame);
    memory.setU64(frame + POINTERS_AT, frame + RECORD_AT);
    memory.setU64(frame + POINTERS_AT + 8, frame);
    memory.fill(frame - SHADOW, 0, SHADOW);
  } catch (error) {
    if (error instanceof GuestFault) return false;
    throw error;
  }
  // The dispatcher's stub takes its own frame first, as every calling function's does.
  cpu.rsp = frame - SHADOW + CALLING_FRAME;
  cpu.rip = dispatcher;
  // The dispatcher clears DF first thing, and the kernel TF and RF.
  cpu.setWord(STATE.rflags, INITIAL_FLAGS);
  return true;
}

function writeRecord(memory: GuestMemory, at: number, record: ExceptionRecord): void {
  memory.fill(at, 0, RECORD_SIZE);
  memory.setU32(at, record.code);
  memory.setU32(at + 4, record.flags);
  memory.setU64(at + 0x10, record.address);
  memory.setU32(at + 0x18, record.parameters.length / 2);
  record.parameters.forEach((half, i) => {
    memory.setU32(at + 0x20 + i * 4, half);
  });
}

/** The exception record at a guest address, its parameter count bounded. */
export function readRecord(memory: GuestMemory, at: number): ExceptionRecord {
  const count = Math.min(memory.u32(at + 0x18), EXCEPTION_MAXIMUM_PARAMETERS);
  const parameters = Array.from({ length: count * 2 }, (_, i) => memory.u32(at + 0x20 + i * 4));
  return { code: memory.u32(at), flags: memory.u32(at + 4), address: memory.u64(at + 0x10), parameters };
}

/**
 * What KiUserExceptionDispatcher does: vectored handlers, (frame-based ones), the unhandled filter. It never
 * returns to its stub: it ends by restoring a context or by ending the process.
 */
export function* dispatchException(thread: Thread): Generator<GuestCallRequest, number, number> {
  const { memory, process } = thread;
  const context = thread.cpu.gpr(RSP) + SHADOW;
  const record = context + RECORD_AT;
  const pointers = context + POINTERS_AT;
  if (yield* callHandlers(thread, process.exceptionHandlers, pointers)) {
    if ((memory.u32(record + 4) & EXCEPTION_NONCONTINUABLE) === 0) {
      yield* callHandlers(thread, process.continueHandlers, pointers);
      return restore(thread, context);
    }
    return terminate(
      thread,
      { ...readRecord(memory, record), code: STATUS_NONCONTINUABLE_EXCEPTION },
      context,
    );
  }
  const overflow = memory.u32(record) === STATUS_STACK_OVERFLOW;
  if (process.unhandledFilter !== 0 && !overflow) {
    yield { address: process.unhandledFilter, args: [pointers] };
    if (resultLow(thread) === EXCEPTION_CONTINUE_EXECUTION) return restore(thread, context);
  }
  return terminate(thread, readRecord(memory, record), context);
}

/** True when a handler answers "continue execution". Handlers may add or remove handlers meanwhile. */
function* callHandlers(
  thread: Thread,
  list: VectoredHandler[],
  pointers: number,
): Generator<GuestCallRequest, boolean, number> {
  for (const handler of [...list]) {
    if (!list.includes(handler)) continue;
    yield { address: handler.address, args: [pointers] };
    if (resultLow(thread) === EXCEPTION_CONTINUE_EXECUTION) return true;
  }
  return false;
}

/** Loads the registers from a CONTEXT in the guest and goes on there (NtContinue). */
export function restore(thread: Thread, context: number): 0 {
  readContext(thread.memory, thread.cpu, context);
  thread.pending = Pending.jumped;
  return 0;
}

function terminate(thread: Thread, record: ExceptionRecord, context: number): 0 {
  readContext(thread.memory, thread.cpu, context);
  endUnhandled(thread, record);
  return 0;
}

/** Ends the process with an unhandled exception; its facts stay on the thread for the report. */
export function endUnhandled(thread: Thread, record: ExceptionRecord): void {
  thread.unhandled = { record, rip: thread.cpu.number64(STATE.rip) };
  thread.exitProcess(record.code);
}

import { RSP, STATE } from '../machine/cpu-state.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { STATUS_LONGJUMP, STATUS_UNWIND_CONSOLIDATE } from '../memory/status.ts';
import { CONTEXT, CONTEXT_SIZE, readContext, writeContext } from './context.ts';
import { RECORD, writeRecord } from './exception-record.ts';
import type { GuestCallRequest } from './host-frames.ts';
import { loadJump } from './jump-buffer.ts';
import { DISPATCH_FRAME } from './stub-frames.ts';
import { type ExceptionRecord, Pending, type Thread } from './thread.ts';

/** Interrupts on, bit 1 always set. */
const INITIAL_FLAGS = 0x202;
const USER_CODE_SEGMENT = 0x33;
const USER_STACK_SEGMENT = 0x2b;

/**
 * Puts record and context on the guest's stack and points the registers at KiUserExceptionDispatcher, as the
 * kernel does. `rip` in the registers must be the faulting instruction. Returns false when the stack cannot
 * take them: the process then ends with the exception's code, as on Windows.
 */
export function enterDispatcher(thread: Thread, record: ExceptionRecord, dispatcher: number): boolean {
  const { cpu, memory } = thread;
  const frame = Math.floor((cpu.gpr(RSP) - DISPATCH_FRAME.size) / 16) * 16;
  try {
    // Highest address first: a stack that must grow grows page by page, in order.
    const { machine } = DISPATCH_FRAME;
    writeMachineFrame(thread, frame + machine);
    memory.setHalves(frame + machine + 24, cpu.gprLow(RSP), cpu.gprHigh(RSP));
    memory.setHalves(frame + machine, cpu.word(STATE.rip), cpu.word(STATE.rip + 4));
    writeRecord(memory, frame + DISPATCH_FRAME.record, record);
    writeContext(memory, cpu, frame + DISPATCH_FRAME.context);
    memory.fill(frame, 0, DISPATCH_FRAME.search);
    memory.setU64(frame + DISPATCH_FRAME.pointers, frame + DISPATCH_FRAME.record);
    memory.setU64(frame + DISPATCH_FRAME.pointers + 8, frame + DISPATCH_FRAME.context);
  } catch (error) {
    if (error instanceof GuestFault) return false;
    throw error;
  }
  cpu.rsp = frame;
  cpu.rip = dispatcher;
  // The dispatcher clears DF first thing, and the kernel TF and RF.
  cpu.setWord(STATE.rflags, INITIAL_FLAGS);
  return true;
}

/**
 * What the processor pushes when it is interrupted, but for rsp and rip: where unwinding past the dispatcher goes on.
 */
function writeMachineFrame(thread: Thread, at: number): void {
  const { cpu, memory } = thread;
  memory.setU64(at + 32, USER_STACK_SEGMENT);
  memory.setU64(at + 16, cpu.word(STATE.rflags));
  memory.setU64(at + 8, USER_CODE_SEGMENT);
}

/**
 * Loads the registers from a CONTEXT in the guest and goes on there (NtContinue). With the record of a long jump
 * the jump buffer that it names has the last word, with that of a consolidation the function that it names
 * (https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-rtlrestorecontext).
 */
export function restore(thread: Thread, context: number, record = 0): 0 {
  const { memory } = thread;
  const code = record !== 0 && memory.u32(record + RECORD.count) >= 1 ? memory.u32(record) : 0;
  const isJump = code === STATUS_LONGJUMP;
  if (code === STATUS_UNWIND_CONSOLIDATE) return enterConsolidation(thread, context, record);
  readContext(memory, thread.cpu, context);
  if (isJump) loadJump(thread, memory.u64(record + RECORD.parameters));
  thread.pending = Pending.jumped;
  return 0;
}

/** Name of the function in ntdll, which it does not export, that calls the function of a consolidating record. */
export const CONSOLIDATE = 'RcConsolidateFrames';

/**
 * Frames are consolidated: the registers of `context` are not loaded yet. Below all that is on the stack, from where an
 * unwind leads to that context, a function is called that answers where to go on.
 */
function enterConsolidation(thread: Thread, context: number, record: number): 0 {
  const { cpu, memory } = thread;
  const frame = Math.floor((cpu.gpr(RSP) - DISPATCH_FRAME.size) / 16) * 16;
  const { machine, pointers } = DISPATCH_FRAME;
  writeMachineFrame(thread, frame + machine);
  memory.copy(frame + machine + 24, context + CONTEXT.gpr + RSP * 8, 8);
  memory.copy(frame + machine, context + CONTEXT.rip, 8);
  memory.copy(frame + DISPATCH_FRAME.context, context, CONTEXT_SIZE);
  memory.setU64(frame + pointers, record);
  cpu.rsp = frame;
  cpu.rip = thread.process.hiddenFunctions.get(`ntdll!${CONSOLIDATE}`) ?? 0;
  thread.pending = Pending.jumped;
  return 0;
}

/** CONSOLIDATE: its frame was made by enterConsolidation. */
export function* consolidate(thread: Thread): Generator<GuestCallRequest, number, number> {
  const { cpu, memory } = thread;
  const stub = cpu.gpr(RSP);
  const record = memory.u64(stub + DISPATCH_FRAME.pointers);
  const next = yield { address: memory.u64(record + RECORD.parameters), args: [record] };
  memory.setU64(stub + DISPATCH_FRAME.context + CONTEXT.rip, next);
  return restore(thread, stub + DISPATCH_FRAME.context);
}

/** Ends the process with an unhandled exception; its facts stay on the thread for the report. */
export function endUnhandled(thread: Thread, record: ExceptionRecord): void {
  thread.unhandled = { record, rip: thread.cpu.number64(STATE.rip) };
  thread.exitProcess(record.code);
}

import { RSP, STATE } from '../machine/cpu-state.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { STATUS_LONGJUMP } from '../memory/status.ts';
import { readContext, writeContext } from './context.ts';
import { RECORD, writeRecord } from './exception-record.ts';
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
    writeMachineFrame(thread, frame + DISPATCH_FRAME.machine);
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

/** What the processor pushes when it is interrupted: where unwinding past the dispatcher goes on. */
function writeMachineFrame(thread: Thread, at: number): void {
  const { cpu, memory } = thread;
  memory.setU64(at + 32, USER_STACK_SEGMENT);
  memory.setHalves(at + 24, cpu.gprLow(RSP), cpu.gprHigh(RSP));
  memory.setU64(at + 16, cpu.word(STATE.rflags));
  memory.setU64(at + 8, USER_CODE_SEGMENT);
  memory.setHalves(at, cpu.word(STATE.rip), cpu.word(STATE.rip + 4));
}

/**
 * Loads the registers from a CONTEXT in the guest and goes on there (NtContinue). With the record of a long jump
 * the jump buffer that it names has the last word (RtlRestoreContext).
 */
export function restore(thread: Thread, context: number, record = 0): 0 {
  const { memory } = thread;
  const isJump =
    record !== 0 && memory.u32(record) === STATUS_LONGJUMP && memory.u32(record + RECORD.count) >= 1;
  readContext(memory, thread.cpu, context);
  if (isJump) loadJump(thread, memory.u64(record + RECORD.parameters));
  thread.pending = Pending.jumped;
  return 0;
}

/** Ends the process with an unhandled exception; its facts stay on the thread for the report. */
export function endUnhandled(thread: Thread, record: ExceptionRecord): void {
  thread.unhandled = { record, rip: thread.cpu.number64(STATE.rip) };
  thread.exitProcess(record.code);
}

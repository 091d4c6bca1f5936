import { RAX, RSP } from '../machine/cpu-state.ts';
import { UNW_FLAG_UHANDLER } from '../machine/unwind-codes.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import {
  STATUS_BAD_STACK,
  STATUS_INVALID_DISPOSITION,
  STATUS_INVALID_UNWIND_TARGET,
  STATUS_UNWIND,
  STATUS_UNWIND_CONSOLIDATE,
} from '../memory/status.ts';
import { CONTEXT, CONTEXT_SIZE, readContext, writeContext } from './context.ts';
import {
  copyDispatcher,
  DISPATCHER,
  Disposition,
  EXCEPTION_COLLIDED_UNWIND,
  EXCEPTION_EXIT_UNWIND,
  EXCEPTION_TARGET_UNWIND,
  EXCEPTION_UNWINDING,
  type HandlerFrame,
  newHandlerFrame,
  readDispatcher,
  writeDispatcher,
} from './dispatcher-context.ts';
import { endUnhandled, restore } from './exception.ts';
import { RECORD, readRecord, writeRecord } from './exception-record.ts';
import { findFunction, isFrame, ripOf, rspOf, type StackBounds, stackBounds } from './frame-walk.ts';
import { type GuestCallRequest, resultLow } from './host-frames.ts';
import { UNWIND_FRAME } from './stub-frames.ts';
import type { Thread } from './thread.ts';

type Calls<T> = Generator<GuestCallRequest, T, number>;

/** Where an unwind ends. */
export interface UnwindTarget {
  /** The establisher frame to stop at; 0 unwinds everything (an exit unwind). */
  readonly frame: number;
  /** Where to go on. */
  readonly ip: number;
  /** EXCEPTION_RECORD that handlers get to see; 0 for one that says STATUS_UNWIND. */
  readonly record: number;
  /** Halves of what rax is to hold. */
  readonly valueLow: number;
  readonly valueHigh: number;
  /** A CONTEXT that the unwind may use; 0 for one of its own. */
  readonly context: number;
  readonly history: number;
}

/** The registers that the caller of a running stub has when it returns. */
export function captureCaller(thread: Thread, at: number, stubFrame: number): void {
  const { cpu, memory } = thread;
  const rsp = cpu.gpr(RSP);
  const rip = cpu.rip;
  cpu.rip = memory.u64(rsp + stubFrame);
  cpu.rsp = rsp + stubFrame + 8;
  try {
    writeContext(memory, cpu, at);
  } finally {
    cpu.rip = rip;
    cpu.rsp = rsp;
  }
}

/**
 * RtlUnwindEx: calls the termination handlers of the frames from the caller's to the target's, then goes on in
 * the target. Its stub must have taken UNWIND_FRAME.
 */
export function unwindFrames(thread: Thread, target: UnwindTarget): Calls<number> {
  return new Unwind(thread, target).run();
}

class Unwind {
  readonly #thread: Thread;
  readonly #target: UnwindTarget;
  readonly #stub: number;
  readonly #record: number;
  readonly #bounds: StackBounds;
  readonly #frame: HandlerFrame = newHandlerFrame();
  /** The registers in the frame that is being left, and those in its caller. */
  #current: number;
  #caller: number;
  #flags: number;

  constructor(thread: Thread, target: UnwindTarget) {
    const { memory } = thread;
    this.#thread = thread;
    this.#target = target;
    this.#stub = thread.cpu.gpr(RSP);
    this.#current = target.context || this.#stub + UNWIND_FRAME.ownContext;
    this.#caller = this.#stub + UNWIND_FRAME.context;
    captureCaller(thread, this.#current, UNWIND_FRAME.size);
    this.#bounds = stackBounds(thread);
    this.#record = target.record || this.#ownRecord();
    const exit = target.frame === 0 ? EXCEPTION_EXIT_UNWIND : 0;
    this.#flags = memory.u32(this.#record + RECORD.flags) | EXCEPTION_UNWINDING | exit;
  }

  #ownRecord(): number {
    const at = this.#stub + UNWIND_FRAME.record;
    const address = ripOf(this.#thread.memory, this.#current);
    writeRecord(this.#thread.memory, at, { code: STATUS_UNWIND, flags: 0, address, parameters: [] });
    return at;
  }

  *run(): Calls<number> {
    const { memory } = this.#thread;
    memory.setU64(this.#stub + UNWIND_FRAME.busy, 0);
    try {
      return yield* this.#walk();
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      return this.#fail(STATUS_BAD_STACK, error.address);
    }
  }

  *#walk(): Calls<number> {
    const { memory, process } = this.#thread;
    const { unwinder, functionTables } = process;
    const frame = this.#frame;
    let below = 0;
    for (;;) {
      const pc = ripOf(memory, this.#current);
      const rsp = rspOf(memory, this.#current);
      if (pc === 0) return this.#pastAll();
      // Every caller's frame lies above: a walk ends.
      if (!isFrame(this.#bounds, rsp) || rsp <= below) return this.#fail(STATUS_BAD_STACK, rsp);
      below = rsp;
      let entry = functionTables.lookup(pc);
      if (entry < 0) entry = yield* findFunction(this.#thread, pc);
      if (entry === 0) {
        unwinder.unwindLeaf(this.#current);
        continue;
      }
      memory.copy(this.#caller, this.#current, CONTEXT_SIZE);
      unwinder.unwind(UNW_FLAG_UHANDLER, functionTables.imageBase, pc, entry, this.#caller);
      frame.establisher = unwinder.establisher;
      if (!isFrame(this.#bounds, frame.establisher)) return this.#fail(STATUS_BAD_STACK, frame.establisher);
      if (this.#target.frame !== 0 && frame.establisher > this.#target.frame)
        return this.#fail(STATUS_INVALID_UNWIND_TARGET, frame.establisher);
      frame.handler = unwinder.handler;
      if (frame.handler !== 0) {
        frame.controlPc = pc;
        frame.imageBase = functionTables.imageBase;
        frame.entry = entry;
        frame.handlerData = unwinder.handlerData;
        frame.scopeIndex = 0;
        if (!(yield* this.#terminate())) return 0;
      }
      if (frame.establisher === this.#target.frame) return this.#arrive();
      [this.#current, this.#caller] = [this.#caller, this.#current];
    }
  }

  /** Calls a frame's termination handler; more than once where unwinds collide. False: another exception comes. */
  *#terminate(): Calls<boolean> {
    const { memory } = this.#thread;
    const { frame: targetFrame, ip, history } = this.#target;
    const dispatcher = this.#stub + UNWIND_FRAME.dispatcher;
    const frame = this.#frame;
    for (;;) {
      if (frame.establisher === targetFrame) this.#flags |= EXCEPTION_TARGET_UNWIND;
      this.#setResult();
      writeDispatcher(memory, dispatcher, frame, ip, this.#current, history);
      memory.setU32(this.#record + RECORD.flags, this.#flags);
      memory.setU64(this.#stub + UNWIND_FRAME.busy, 1);
      yield { address: frame.handler, args: [this.#record, frame.establisher, this.#current, dispatcher] };
      memory.setU64(this.#stub + UNWIND_FRAME.busy, 0);
      this.#flags &= ~(EXCEPTION_COLLIDED_UNWIND | EXCEPTION_TARGET_UNWIND);
      switch (resultLow(this.#thread)) {
        case Disposition.continueSearch:
          return true;
        case Disposition.collidedUnwind:
          this.#collide(dispatcher);
          break;
        default:
          this.#thread.raiseNested(STATUS_INVALID_DISPOSITION, this.#record);
          return false;
      }
    }
  }

  /** Goes on where an older unwind stood: the frames that it left are not left again. */
  #collide(dispatcher: number): void {
    const { memory, process } = this.#thread;
    const frame = this.#frame;
    readDispatcher(memory, dispatcher, frame);
    memory.copy(this.#current, memory.u64(dispatcher + DISPATCHER.contextRecord), CONTEXT_SIZE);
    memory.copy(this.#caller, this.#current, CONTEXT_SIZE);
    process.unwinder.unwind(0, frame.imageBase, frame.controlPc, frame.entry, this.#caller);
    this.#flags |= EXCEPTION_COLLIDED_UNWIND;
  }

  #setResult(): void {
    const { valueLow, valueHigh } = this.#target;
    this.#thread.memory.setHalves(this.#current + CONTEXT.gpr + RAX * 8, valueLow, valueHigh);
  }

  #arrive(): number {
    const { memory } = this.#thread;
    this.#setResult();
    if (memory.u32(this.#record) !== STATUS_UNWIND_CONSOLIDATE)
      memory.setU64(this.#current + CONTEXT.rip, this.#target.ip);
    return restore(this.#thread, this.#current, this.#record);
  }

  /** Every frame is left and the target was none of them: the process ends with the record's code. */
  #pastAll(): number {
    readContext(this.#thread.memory, this.#thread.cpu, this.#current);
    endUnhandled(this.#thread, readRecord(this.#thread.memory, this.#record));
    return 0;
  }

  #fail(status: number, address: number): number {
    this.#thread.unhandledNote = `unwinding ended at 0x${address.toString(16)}: no frame on the way to the target`;
    return this.#thread.raiseNested(status, this.#record);
  }
}

/** The language handler of an unwind's own frame: who comes by collides with it. */
export function handleInUnwind(thread: Thread, frame: number, dispatcher: number): number {
  const { memory } = thread;
  if (memory.u64(frame + UNWIND_FRAME.busy) === 0) return Disposition.continueSearch;
  copyDispatcher(memory, dispatcher, frame + UNWIND_FRAME.dispatcher);
  return Disposition.collidedUnwind;
}

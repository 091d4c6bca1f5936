import { RSP } from '../machine/cpu-state.ts';
import { UNW_FLAG_EHANDLER } from '../machine/unwind-codes.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { STATUS_INVALID_DISPOSITION, STATUS_NONCONTINUABLE_EXCEPTION } from '../memory/status.ts';
import { CONTEXT_SIZE, readContext } from './context.ts';
import {
  DISPATCHER,
  Disposition,
  EXCEPTION_NESTED_CALL,
  EXCEPTION_NONCONTINUABLE,
  EXCEPTION_STACK_INVALID,
  EXCEPTION_UNWIND,
  type HandlerFrame,
  newHandlerFrame,
  readDispatcher,
  writeDispatcher,
} from './dispatcher-context.ts';
import { endUnhandled, restore } from './exception.ts';
import { RECORD, readRecord } from './exception-record.ts';
import { findFunction, isFrame, ripOf, rspOf, type StackBounds, stackBounds } from './frame-walk.ts';
import { type GuestCallRequest, resultLow } from './host-frames.ts';
import type { VectoredHandler } from './process.ts';
import { DISPATCH_FRAME } from './stub-frames.ts';
import type { Thread } from './thread.ts';

const EXCEPTION_CONTINUE_EXECUTION = -1;

type Calls<T> = Generator<GuestCallRequest, T, number>;

/**
 * What KiUserExceptionDispatcher does: vectored handlers, then those of the frames. It never returns to its
 * stub: it ends by restoring a context, by another exception, or by ending the process.
 */
export function* dispatchException(thread: Thread): Calls<number> {
  const { memory, process } = thread;
  const stub = thread.cpu.gpr(RSP);
  const context = stub + DISPATCH_FRAME.context;
  const record = stub + DISPATCH_FRAME.record;
  const pointers = stub + DISPATCH_FRAME.pointers;
  const isVectored = yield* callVectored(thread, process.exceptionHandlers, pointers);
  if (isVectored || (yield* new FrameSearch(thread, stub).run())) {
    if ((memory.u32(record + RECORD.flags) & EXCEPTION_NONCONTINUABLE) !== 0)
      return thread.raiseNested(STATUS_NONCONTINUABLE_EXCEPTION, record);
    if (isVectored) yield* callVectored(thread, process.continueHandlers, pointers);
    return restore(thread, context);
  }
  if (thread.pending !== 0) return 0;
  readContext(memory, thread.cpu, context);
  endUnhandled(thread, readRecord(memory, record));
  return 0;
}

/** True when a handler answers "continue execution". Handlers may add or remove handlers meanwhile. */
function* callVectored(thread: Thread, list: VectoredHandler[], pointers: number): Calls<boolean> {
  for (const handler of [...list]) {
    if (!list.includes(handler)) continue;
    yield { address: handler.address, args: [pointers] };
    if (resultLow(thread) === EXCEPTION_CONTINUE_EXECUTION) return true;
  }
  return false;
}

/**
 * The search phase: asks the handlers of the frames, innermost first, until one continues the program or
 * unwinds the stack (and so never comes back).
 */
class FrameSearch {
  readonly #thread: Thread;
  readonly #stub: number;
  readonly #search: number;
  readonly #record: number;
  readonly #bounds: StackBounds;
  readonly #frame: HandlerFrame = newHandlerFrame();
  #flags: number;
  /** The frame up to which the handlers were already active when this exception came. */
  #nested = 0;

  constructor(thread: Thread, stub: number) {
    this.#thread = thread;
    this.#stub = stub;
    this.#search = stub + DISPATCH_FRAME.search;
    this.#record = stub + DISPATCH_FRAME.record;
    this.#bounds = stackBounds(thread);
    this.#flags = thread.memory.u32(this.#record + RECORD.flags) & EXCEPTION_NONCONTINUABLE;
  }

  /** True: continue the program. False: nobody wants it, or (thread.pending) another exception takes its place. */
  *run(): Calls<boolean> {
    const { memory } = this.#thread;
    memory.copy(this.#search, this.#stub + DISPATCH_FRAME.context, CONTEXT_SIZE);
    try {
      return yield* this.#walk();
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      this.#note(error.address);
      return false;
    }
  }

  *#walk(): Calls<boolean> {
    const { memory, process } = this.#thread;
    const { unwinder, functionTables } = process;
    const search = this.#search;
    const frame = this.#frame;
    let below = 0;
    for (;;) {
      const pc = ripOf(memory, search);
      const rsp = rspOf(memory, search);
      if (pc === 0) return false;
      // Every caller's frame lies above: a walk ends.
      if (!isFrame(this.#bounds, rsp) || rsp <= below) return this.#invalid(rsp);
      below = rsp;
      let entry = functionTables.lookup(pc);
      if (entry < 0) entry = yield* findFunction(this.#thread, pc);
      if (entry === 0) {
        unwinder.unwindLeaf(search);
        continue;
      }
      unwinder.unwind(UNW_FLAG_EHANDLER, functionTables.imageBase, pc, entry, search);
      frame.establisher = unwinder.establisher;
      if (!isFrame(this.#bounds, frame.establisher)) return this.#invalid(frame.establisher);
      frame.handler = unwinder.handler;
      if (frame.handler === 0) {
        this.#leaveNested();
        continue;
      }
      frame.controlPc = pc;
      frame.imageBase = functionTables.imageBase;
      frame.entry = entry;
      frame.handlerData = unwinder.handlerData;
      frame.scopeIndex = 0;
      const isOver = yield* this.#ask();
      if (isOver) return isOver === 'continue';
    }
  }

  /** Asks a frame's handler, or several where an unwind collides. */
  *#ask(): Calls<'continue' | 'over' | undefined> {
    const { memory } = this.#thread;
    const dispatcher = this.#stub + DISPATCH_FRAME.dispatcher;
    const frame = this.#frame;
    for (;;) {
      writeDispatcher(memory, dispatcher, frame, 0, this.#search, 0);
      memory.setU32(this.#record + RECORD.flags, this.#flags);
      memory.setU64(this.#stub + DISPATCH_FRAME.busy, 1);
      const context = this.#stub + DISPATCH_FRAME.context;
      yield { address: frame.handler, args: [this.#record, frame.establisher, context, dispatcher] };
      memory.setU64(this.#stub + DISPATCH_FRAME.busy, 0);
      this.#flags |= memory.u32(this.#record + RECORD.flags) & EXCEPTION_NONCONTINUABLE;
      this.#leaveNested();
      switch (resultLow(this.#thread)) {
        case Disposition.continueExecution:
          return 'continue';
        case Disposition.continueSearch:
          return undefined;
        case Disposition.nestedException:
          this.#flags |= EXCEPTION_NESTED_CALL;
          this.#nested = Math.max(this.#nested, memory.u64(dispatcher + DISPATCHER.establisherFrame));
          return undefined;
        case Disposition.collidedUnwind:
          this.#collide(dispatcher);
          break;
        default:
          this.#thread.raiseNested(STATUS_INVALID_DISPOSITION, this.#record);
          return 'over';
      }
    }
  }

  /** Goes on where the unwind stood that the exception interrupted. */
  #collide(dispatcher: number): void {
    const { memory, process } = this.#thread;
    const frame = this.#frame;
    readDispatcher(memory, dispatcher, frame);
    memory.copy(this.#search, memory.u64(dispatcher + DISPATCHER.contextRecord), CONTEXT_SIZE);
    process.unwinder.unwind(0, frame.imageBase, frame.controlPc, frame.entry, this.#search);
  }

  #leaveNested(): void {
    if (this.#frame.establisher !== this.#nested) return;
    this.#flags &= ~EXCEPTION_NESTED_CALL;
    this.#nested = 0;
  }

  #invalid(frame: number): false {
    const { memory } = this.#thread;
    memory.setU32(this.#record + RECORD.flags, this.#flags | EXCEPTION_STACK_INVALID);
    this.#note(frame);
    return false;
  }

  #note(address: number): void {
    this.#thread.unhandledNote = `the search for a handler ended at 0x${address.toString(16)}: no frame of the stack`;
  }
}

/** The language handler of KiUserExceptionDispatcher's own frame: an exception inside a handler is nested. */
export function handleInDispatcher(
  thread: Thread,
  record: number,
  frame: number,
  dispatcher: number,
): number {
  const { memory } = thread;
  const isSearch = (memory.u32(record + RECORD.flags) & EXCEPTION_UNWIND) === 0;
  if (!isSearch || memory.u64(frame + DISPATCH_FRAME.busy) === 0) return Disposition.continueSearch;
  const active = memory.u64(frame + DISPATCH_FRAME.dispatcher + DISPATCHER.establisherFrame);
  memory.setU64(dispatcher + DISPATCHER.establisherFrame, active);
  return Disposition.nestedException;
}

import { RSP } from '../machine/cpu-state.ts';
import { GuestFault, type GuestMemory } from '../memory/guest-memory.ts';
import { STATUS_LONGJUMP, STATUS_UNWIND_CONSOLIDATE } from '../memory/status.ts';
import { type ActiveCatch, cxxOf } from './cxx-catches.ts';
import { makeVariable, matchCatch, readThrown, type Thrown } from './cxx-match.ts';
import {
  type CatchBlock,
  CorruptTables,
  CXX_EXCEPTION,
  type FunctionTable,
  NO_STATE,
  type Step,
  type TablePlace,
  type TryBlock,
} from './cxx-tables.ts';
import { DISPATCHER, Disposition, EXCEPTION_TARGET_UNWIND, EXCEPTION_UNWIND } from './dispatcher-context.ts';
import { RECORD, RECORD_SIZE, writeRecord } from './exception-record.ts';
import type { GuestCallRequest } from './host-frames.ts';
import { parametersOf, type Thread } from './thread.ts';

type Calls<T> = Generator<GuestCallRequest, T, number>;

/** What the stubs keep on the stack above the arguments of what they call. */
const BUSY = 0x30;
const OWN_RECORD = 0x40;
export const CXX_FRAME_SIZE = OWN_RECORD + RECORD_SIZE + 0x10;

/**
 * Parameters of the record with which an unwind to a catch block goes; the first is what RtlUnwindEx calls. `low` and
 * `outer` are states, above BELOW_STATES; the last two are where the function goes on, or 0.
 */
const CATCH = {
  callback: 0,
  frame: 1,
  root: 2,
  funclet: 3,
  record: 4,
  context: 5,
  low: 6,
  outer: 7,
  first: 8,
  second: 9,
} as const;

/** Added to a state, which may be -1, where it is kept as a number without a sign and 0 means none. */
const BELOW_STATES = 2;

/** What the handler needs of the DLL that exports it. */
export interface CxxRuntime {
  /** Addresses of RtlUnwindEx and of the function that calls a catch block's funclet (callCatch). */
  readonly unwindEx: number;
  readonly callCatch: number;
  /** std::terminate. */
  terminate(thread: Thread): Calls<number>;
}

/** Reads the tables of a function in the format of its language handler. */
export type TableReader = (memory: GuestMemory, place: TablePlace) => FunctionTable;

/** A function with C++ exceptions in the middle of an exception. */
interface Frame {
  readonly table: FunctionTable;
  /** The frame as the stack is walked: of the function or of one of its catch funclets. */
  readonly establisher: number;
  /** The function's own frame, which its funclets get. */
  readonly root: number;
  /** The try block whose catch funclet this is, when the table is that of the whole function. */
  readonly inside: TryBlock | undefined;
  readonly state: number;
}

/**
 * __CxxFrameHandler3 and __CxxFrameHandler4, the language handlers of functions with try blocks or objects to destroy.
 * Searching, they look for a catch block, make its variable and unwind to it; unwinding, they destroy.
 */
export function* handleCxxFrame(
  thread: Thread,
  runtime: CxxRuntime,
  readTable: TableReader,
  record: number,
  establisher: number,
  context: number,
  dispatcher: number,
): Calls<number> {
  thread.memory.setU64(thread.cpu.gpr(RSP) + BUSY, 0);
  try {
    const frame = findFrame(thread, readTable, establisher, dispatcher);
    if ((thread.memory.u32(record + RECORD.flags) & EXCEPTION_UNWIND) !== 0)
      return yield* leaveFrame(thread, runtime, frame, record, dispatcher);
    return yield* searchFrame(thread, runtime, frame, record, context, dispatcher);
  } catch (error) {
    if (!(error instanceof CorruptTables || error instanceof GuestFault)) throw error;
    return yield* runtime.terminate(thread);
  }
}

function findFrame(thread: Thread, readTable: TableReader, establisher: number, dispatcher: number): Frame {
  const { memory } = thread;
  const table = readTable(memory, {
    imageBase: memory.u64(dispatcher + DISPATCHER.imageBase),
    table: memory.u32(memory.u64(dispatcher + DISPATCHER.handlerData)),
    begin: memory.u32(memory.u64(dispatcher + DISPATCHER.functionEntry)),
  });
  const { funclet } = table;
  const root = funclet ? memory.u64(establisher + funclet.parent) : establisher;
  // An unwind that was interrupted goes on from the state that it had reached.
  const progress = memory.u32(dispatcher + DISPATCHER.scopeIndex);
  const active = cxxOf(thread).catches.findLast(({ frame }) => frame === establisher);
  const pc = memory.u64(dispatcher + DISPATCHER.controlPc);
  const state = progress !== 0 ? progress - BELOW_STATES : (active?.state ?? table.stateAt(pc));
  return { table, establisher, root, inside: funclet?.inside, state };
}

function* searchFrame(
  thread: Thread,
  runtime: CxxRuntime,
  frame: Frame,
  record: number,
  context: number,
  dispatcher: number,
): Calls<number> {
  const { memory } = thread;
  const thrown = readThrown(memory, record);
  if (!thrown && frame.table.isSynchronous) return Disposition.continueSearch;
  for (const block of frame.table.tries) {
    if (frame.state < block.low || frame.state > block.high || !isWithin(frame.inside, block)) continue;
    for (const handler of block.handlers) {
      const catchable = matchCatch(memory, frame.table.imageBase, handler, thrown);
      if (catchable === 0) continue;
      if (catchable > 0 && handler.variable !== 0)
        yield* makeCatchVariable(thread, frame, handler, catchable, thrown!);
      return yield* unwindToCatch(thread, runtime, frame, block, handler, record, context, dispatcher);
    }
  }
  if (thrown && frame.table.isNoexcept) return yield* runtime.terminate(thread);
  return Disposition.continueSearch;
}

/** What is around a catch funclet is looked for in the frame of its function, which the search comes to later. */
function isWithin(inside: TryBlock | undefined, block: TryBlock): boolean {
  return inside === undefined || (block.low > inside.high && block.high <= inside.catchHigh);
}

function* makeCatchVariable(
  thread: Thread,
  frame: Frame,
  handler: CatchBlock,
  catchable: number,
  thrown: Thrown,
): Calls<void> {
  const busy = thread.cpu.gpr(RSP) + BUSY;
  thread.memory.setU64(busy, 1);
  yield* makeVariable(thread.memory, frame.root + handler.variable, handler, catchable, thrown);
  thread.memory.setU64(busy, 0);
}

function* unwindToCatch(
  thread: Thread,
  runtime: CxxRuntime,
  frame: Frame,
  block: TryBlock,
  handler: CatchBlock,
  record: number,
  context: number,
  dispatcher: number,
): Calls<number> {
  const { memory } = thread;
  const own = thread.cpu.gpr(RSP) + OWN_RECORD;
  const funclet = frame.table.imageBase + handler.funclet;
  writeRecord(memory, own, {
    code: STATUS_UNWIND_CONSOLIDATE,
    flags: 0,
    address: memory.u64(dispatcher + DISPATCHER.controlPc),
    parameters: parametersOf(
      ...[runtime.callCatch, frame.establisher, frame.root, funclet, record, context],
      ...[block.low, frame.table.stepOut(block.low).next].map((state) => state + BELOW_STATES),
      ...[0, 1].map((i) => continuation(frame.table, handler, i)),
    ),
  });
  const working = memory.u64(dispatcher + DISPATCHER.contextRecord);
  const history = memory.u64(dispatcher + DISPATCHER.historyTable);
  yield { address: runtime.unwindEx, args: [frame.establisher, funclet, own, 0, working, history] };
  return Disposition.continueSearch;
}

function continuation({ imageBase }: FunctionTable, { continuations }: CatchBlock, index: number): number {
  const rva = continuations[index];
  return rva === undefined ? 0 : imageBase + rva;
}

/** Destroys what a frame has: all, or up to the try block that it is left for. */
function* leaveFrame(
  thread: Thread,
  runtime: CxxRuntime,
  frame: Frame,
  record: number,
  dispatcher: number,
): Calls<number> {
  const { memory } = thread;
  if (frame.table.isSynchronous && !destroys(memory.u32(record))) return Disposition.continueSearch;
  const isTarget = (memory.u32(record + RECORD.flags) & EXCEPTION_TARGET_UNWIND) !== 0;
  const isCatch = isTarget && memory.u32(record) === STATUS_UNWIND_CONSOLIDATE;
  const isOurs = isCatch && catchParameter(memory, record, CATCH.callback) === runtime.callCatch;
  // A jump into a frame leaves the state that it finds there.
  if (isTarget && !isOurs) return Disposition.continueSearch;
  const end = isOurs ? catchParameter(memory, record, CATCH.low) - BELOW_STATES : NO_STATE;
  const busy = thread.cpu.gpr(RSP) + BUSY;
  let { state } = frame;
  while (state > end && isOwnState(frame, state)) {
    const step = frame.table.stepOut(state);
    state = step.next;
    memory.setU32(dispatcher + DISPATCHER.scopeIndex, state + BELOW_STATES);
    if (step.action === 0) continue;
    memory.setU64(busy, 1);
    yield { address: frame.table.imageBase + step.action, args: argumentsOf(memory, frame, step) };
    memory.setU64(busy, 0);
  }
  return Disposition.continueSearch;
}

/** A destructor gets its object, a funclet the frame of its function. */
function argumentsOf(memory: GuestMemory, { root }: Frame, { object }: Step): number[] {
  if (!object) return [0, root];
  const at = root + object.offset;
  return [object.isPointer ? memory.u64(at) : at];
}

/** A funclet destroys what it made; the rest is the function's. */
function isOwnState({ inside }: Frame, state: number): boolean {
  return inside === undefined || (state > inside.high && state <= inside.catchHigh);
}

/** C++ exceptions and long jumps destroy also where structured exceptions do not. */
function destroys(code: number): boolean {
  return code === CXX_EXCEPTION || code === STATUS_UNWIND_CONSOLIDATE || code === STATUS_LONGJUMP;
}

function catchParameter(memory: GuestMemory, record: number, index: number): number {
  return memory.u64(record + RECORD.parameters + index * 8);
}

/**
 * What RtlUnwindEx calls once the stack is unwound to the frame of a catch block, below all that still stands: runs the
 * funclet, ends the exception, and answers where the function goes on.
 */
export function* callCatch(thread: Thread, runtime: CxxRuntime, record: number): Calls<number> {
  const { memory } = thread;
  const cxx = cxxOf(thread);
  const exception = catchParameter(memory, record, CATCH.record);
  const root = catchParameter(memory, record, CATCH.root);
  const active: ActiveCatch = {
    caller: thread.hostFrames.at(-1)!,
    frame: catchParameter(memory, record, CATCH.frame),
    state: catchParameter(memory, record, CATCH.outer) - BELOW_STATES,
    record: exception,
    context: catchParameter(memory, record, CATCH.context),
    object: readThrown(memory, exception)?.object ?? 0,
    leftBy: undefined,
  };
  cxx.catches.push(active);
  if (active.object !== 0 && cxx.uncaught > 0) cxx.uncaught--;
  const [first, second] = [CATCH.first, CATCH.second].map((index) => catchParameter(memory, record, index));
  const answer = yield { address: catchParameter(memory, record, CATCH.funclet), args: [0, root] };
  yield* endException(thread, active, undefined);
  const now = cxxOf(thread);
  now.catches = now.catches.filter((other) => other !== active);
  if (first === 0) return answer;
  if (second === 0 || answer === 0) return first!;
  return answer === 1 ? second! : yield* runtime.terminate(thread);
}

/** The language handler of callCatch's frame: an exception or a jump leaves the catch block. */
export function* leaveCatch(thread: Thread, record: number, frame: number): Calls<number> {
  const { memory } = thread;
  if ((memory.u32(record + RECORD.flags) & EXCEPTION_UNWIND) === 0) return Disposition.continueSearch;
  const active = cxxOf(thread).catches.find(({ caller, leftBy }) => caller.rsp === frame && !leftBy);
  if (active) {
    active.leftBy = thread.hostFrames.at(-2);
    yield* endException(thread, active, flyingObject(memory, record));
  }
  return Disposition.continueSearch;
}

/** The object of the exception that an unwind is for. */
function flyingObject(memory: GuestMemory, record: number): number | undefined {
  const isCatch =
    memory.u32(record) === STATUS_UNWIND_CONSOLIDATE && memory.u32(record + RECORD.count) > CATCH.record;
  return readThrown(memory, isCatch ? catchParameter(memory, record, CATCH.record) : record)?.object;
}

/** Destroys what was thrown, unless it flies on or another catch block has it too. */
function* endException(thread: Thread, ended: ActiveCatch, flying: number | undefined): Calls<void> {
  const { memory } = thread;
  const thrown = ended.object === flying ? undefined : readThrown(memory, ended.record);
  if (!thrown || thrown.info === 0) return;
  const isKept = cxxOf(thread).catches.some(
    (other) => other !== ended && !other.leftBy && other.object === ended.object,
  );
  const destructor = memory.u32(thrown.info + 4);
  if (!isKept && destructor !== 0) yield { address: thrown.imageBase + destructor, args: [thrown.object] };
}

/** The language handler of handleCxxFrame's frame: what a destructor throws while the stack is unwound ends the program. */
export function* guardCxxFrame(
  thread: Thread,
  runtime: CxxRuntime,
  record: number,
  frame: number,
): Calls<number> {
  const { memory } = thread;
  const isSearch = (memory.u32(record + RECORD.flags) & EXCEPTION_UNWIND) === 0;
  if (isSearch && memory.u64(frame + BUSY) !== 0 && readThrown(memory, record))
    return yield* runtime.terminate(thread);
  return Disposition.continueSearch;
}

import { RSP } from '../machine/cpu-state.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import { DISPATCHER, Disposition, EXCEPTION_TARGET_UNWIND, EXCEPTION_UNWIND } from './dispatcher-context.ts';
import { RECORD } from './exception-record.ts';
import { type GuestCallRequest, resultLow } from './host-frames.ts';
import type { Thread } from './thread.ts';

type Calls<T> = Generator<GuestCallRequest, T, number>;

/** Bytes of a scope: RVAs of begin and end (exclusive), of its filter or termination handler, of its __except block. */
const SCOPE_SIZE = 16;
/** A filter that is the constant EXCEPTION_EXECUTE_HANDLER. */
const ALWAYS = 1;
/** Where the stub keeps EXCEPTION_POINTERS for filters: above the arguments of what it calls. */
const POINTERS = 0x30;

/** SCOPE_TABLE of a C function with __try blocks, innermost first, and where in the function the frame is. */
interface Scopes {
  readonly table: number;
  readonly count: number;
  readonly imageBase: number;
  readonly offset: number;
}

/**
 * __C_specific_handler, the language handler of C functions with __try
 * (https://learn.microsoft.com/windows/win32/devnotes/--c-specific-handler2). `unwindEx` is the address of RtlUnwindEx.
 */
export function* handleCScopes(
  thread: Thread,
  unwindEx: number,
  record: number,
  frame: number,
  context: number,
  dispatcher: number,
): Calls<number> {
  const { memory } = thread;
  const imageBase = memory.u64(dispatcher + DISPATCHER.imageBase);
  const data = memory.u64(dispatcher + DISPATCHER.handlerData);
  const offset = memory.u64(dispatcher + DISPATCHER.controlPc) - imageBase;
  const scopes = { table: data + 4, count: memory.u32(data), imageBase, offset };
  if ((memory.u32(record + RECORD.flags) & EXCEPTION_UNWIND) !== 0)
    return yield* runTermination(thread, scopes, record, frame, dispatcher);
  return yield* searchFilters(thread, scopes, unwindEx, record, frame, context, dispatcher);
}

function* searchFilters(
  thread: Thread,
  scopes: Scopes,
  unwindEx: number,
  record: number,
  frame: number,
  context: number,
  dispatcher: number,
): Calls<number> {
  const { memory } = thread;
  const pointers = thread.cpu.gpr(RSP) + POINTERS;
  memory.setU64(pointers, record);
  memory.setU64(pointers + 8, context);
  for (let i = memory.u32(dispatcher + DISPATCHER.scopeIndex); i < scopes.count; i++) {
    const at = scopes.table + i * SCOPE_SIZE;
    const target = memory.u32(at + 12);
    if (!covers(memory, at, scopes.offset) || target === 0) continue;
    const answer = yield* askFilter(thread, memory.u32(at + 8), scopes.imageBase, pointers, frame);
    if (answer < 0) return Disposition.continueExecution;
    if (answer === 0) continue;
    const code = memory.u32(record);
    const working = memory.u64(dispatcher + DISPATCHER.contextRecord);
    const history = memory.u64(dispatcher + DISPATCHER.historyTable);
    yield { address: unwindEx, args: [frame, scopes.imageBase + target, record, code, working, history] };
  }
  return Disposition.continueSearch;
}

function* askFilter(
  thread: Thread,
  filter: number,
  imageBase: number,
  pointers: number,
  frame: number,
): Calls<number> {
  if (filter === ALWAYS) return 1;
  yield { address: imageBase + filter, args: [pointers, frame] };
  return resultLow(thread);
}

/** Runs the __finally blocks that an unwind leaves; with the unwind's target in this frame, those up to it. */
function* runTermination(
  thread: Thread,
  scopes: Scopes,
  record: number,
  frame: number,
  dispatcher: number,
): Calls<number> {
  const { memory } = thread;
  const targetIp = memory.u64(dispatcher + DISPATCHER.targetIp) - scopes.imageBase;
  const isTarget = (memory.u32(record + RECORD.flags) & EXCEPTION_TARGET_UNWIND) !== 0;
  for (let i = memory.u32(dispatcher + DISPATCHER.scopeIndex); i < scopes.count; i++) {
    const at = scopes.table + i * SCOPE_SIZE;
    if (!covers(memory, at, scopes.offset)) continue;
    if (isTarget && staysInside(memory, scopes, at, targetIp)) break;
    const target = memory.u32(at + 12);
    if (target !== 0) {
      if (isTarget && targetIp === target) break;
      continue;
    }
    // What interrupts the block goes on with the next one.
    memory.setU32(dispatcher + DISPATCHER.scopeIndex, i + 1);
    yield { address: scopes.imageBase + memory.u32(at + 8), args: [1, frame] };
  }
  return Disposition.continueSearch;
}

function covers(memory: GuestMemory, scope: number, offset: number): boolean {
  return offset >= memory.u32(scope) && offset < memory.u32(scope + 4);
}

/** Whether the target lies in the same __try block, which may be several ranges, so that the block is not left. */
function staysInside(memory: GuestMemory, scopes: Scopes, scope: number, targetIp: number): boolean {
  for (let i = 0; i < scopes.count; i++) {
    const other = scopes.table + i * SCOPE_SIZE;
    const isSame =
      memory.u32(other + 8) === memory.u32(scope + 8) && memory.u32(other + 12) === memory.u32(scope + 12);
    if (isSame && covers(memory, other, targetIp)) return true;
  }
  return false;
}

import { RSP, STATE } from '../../machine/cpu-state.ts';
import { CROSSING, FRAMES, PAGE_SIZE, TLB_READ, TLB_WRITE } from '../../machine/layout.ts';
import type { MemoryOperand, Segment } from '../decode/instruction.ts';
import { fixedAddress } from '../region/effects.ts';
import type { Emitter, Helper } from '../region/emitter.ts';
import type { Leader } from '../region/groups.ts';
import { STREAM_NUMBERS } from '../region/streams.ts';
import { type Code, ONE_BYTE_LOCALS, type Prepared, prepare } from '../wasm/code.ts';
import { I32, I64, OP, SIMD, VOID } from '../wasm/opcodes.ts';
import {
  READ_STREAMS,
  STACK_WINDOW,
  STREAM_ENTRIES,
  STREAM_ENTRY_SIZE,
  STREAM_NARROW,
  STREAM_NARROW_LIMIT,
  STREAM_TLB,
  STREAM_WIDE,
  STREAM_WIDE_LIMIT,
  TLB_INDEX_MASK,
  TLB_INDEX_SHIFT,
  WINDOW_LIMITS,
  WINDOW_WIDTHS,
} from './layout.ts';
import { fillStream, loadOp, storeOp } from './tlb-runtime.ts';

/*
 * Every access of translated code to guest memory is emitted here. The fast path looks where in the page of the tag the
 * first byte is, and whether the last one is there, too: an access that crosses a page misses. What it pushes is a
 * place: the host address counted from FRAMES, which for a page with a tag is the low half of the guest address.
 */

/** In place of the number of an entry in the TLB of streams: what such an access looks into is the stack window. */
const IN_STACK = STREAM_ENTRIES;

/** Computes the effective address of a memory operand into a new temporary. */
export function address(e: Emitter, operand: MemoryOperand): number {
  pushAddress(e, operand);
  const at = e.save(I64);
  e.nameLeader(at, e.plan?.operand);
  e.nameChecked(at, e.plan?.operandChecked);
  const stream = e.plan?.stream;
  if (operand.base === RSP && operand.segment === undefined) e.nameStream(at, IN_STACK);
  else if (stream !== undefined) e.nameStream(at, READ_STREAMS + stream);
  return at;
}

/** Makes local `at`, which holds the address of the instruction's access to the stack, known as such. */
export function stackAddress(e: Emitter): number {
  const at = e.save(I64);
  e.nameLeader(at, e.plan?.stack);
  e.nameChecked(at, e.plan?.stackChecked);
  return at;
}

/** Pushes the effective address, segment base included. */
export function pushAddress(e: Emitter, operand: MemoryOperand): void {
  pushOffset(e, operand);
  addSegment(e, operand.segment);
}

/** Pushes the effective address without the segment base: what lea computes. */
export function pushOffset(e: Emitter, operand: MemoryOperand): void {
  const { code } = e;
  const { base, index, scale, disp } = operand;
  const fixed = fixedAddress(operand);
  if (fixed !== undefined) {
    code.i64(fixed);
    return;
  }
  if (base >= 0) e.get(base);
  if (index >= 0) {
    e.get(index);
    if (scale > 1) code.i64op(OP.i64_shl, Math.log2(scale));
    if (base >= 0) code.op(OP.i64_add);
  }
  if (disp !== 0) code.i64op(OP.i64_add, disp);
  if (operand.address32) {
    code.op(OP.i32_wrap_i64);
    code.op(OP.i64_extend_i32_u);
  }
}

export function addSegment(e: Emitter, segment: Segment): void {
  if (segment === undefined) return;
  e.loadState(I64, segment === 'gs' ? STATE.gsBase : STATE.fsBase);
  e.code.op(OP.i64_add);
}

/** The comparison of most accesses, ready but for the number of its local, by size and TLB. */
const comparisons = new Map<number, Prepared>();

function preparedComparison(size: number, tlb: number): Prepared {
  const key = tlb + size;
  let found = comparisons.get(key);
  if (found === undefined) {
    found = prepare((code) => writeComparison(code, { at: 0, distance: 0, size, tlb }));
    comparisons.set(key, found);
  }
  return found;
}

/** Writes the comparison: see layout.ts. Yields where the numbers of the local lie. */
function writeComparison(code: Code, { at, distance, size, tlb }: Range): number[] {
  if (size > PAGE_SIZE) throw new Error(`an access of ${size} bytes is in no page`);
  const positions = [code.length + 1];
  code.get(at);
  if (distance !== 0) code.i64op(OP.i64_add, distance);
  code.i64op(OP.i64_shr_u, TLB_INDEX_SHIFT);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, TLB_INDEX_MASK);
  code.memory(OP.i64_load, tlb);
  positions.push(code.length + 1);
  code.get(at);
  code.op(OP.i64_add);
  if (distance !== 0) code.i64op(OP.i64_add, distance);
  code.i64op(OP.i64_le_u, PAGE_SIZE - size);
  return positions;
}

/** Emits the comparison of a range with its TLB entry. */
function compareTag(e: Emitter, range: Range): void {
  const { at, distance, size, tlb } = range;
  if (distance === 0 && size <= 16 && at < ONE_BYTE_LOCALS)
    e.code.appendPrepared(preparedComparison(size, tlb), at);
  else writeComparison(e.code, range);
}

/** What is to be checked: `size` bytes at the address in local `at` + `distance`. */
interface Range {
  readonly at: number;
  readonly distance: number;
  readonly size: number;
  readonly tlb: number;
}

/**
 * Emits an access as its fast path (with the place pushed) and, where it is not known to be accessible, its slow path.
 * The first access of a group checks for all of it, and has no slow path of its own.
 */
function checked(
  e: Emitter,
  at: number,
  size: number,
  tlb: number,
  type: number,
  fast: () => void,
  slow: () => void,
): void {
  const { code } = e;
  const quickly = () => {
    code.get(at);
    code.op(OP.i32_wrap_i64);
    fast();
  };
  const leader = e.leaderAt(at);
  if (leader !== undefined) {
    checkGroup(e, at, size, tlb === TLB_WRITE, leader);
    e.nameChecked(at, size);
  }
  if (e.isChecked(at, size)) {
    quickly();
    return;
  }
  const range = { at, distance: 0, size, tlb };
  const stream = e.streamAt(at);
  if (stream >= 0) checkedStream(e, range, stream, type, quickly, slow);
  else {
    compareTag(e, range);
    code.ifLikely(type);
    quickly();
    code.else();
    slow();
    code.end();
  }
}

/** Leaves for the careful translation, or with a fault, where the bytes of a group cannot be accessed as they are. */
function checkGroup(e: Emitter, at: number, size: number, isWrite: boolean, { group, offset }: Leader): void {
  const { code } = e;
  const { low, high, writes } = group;
  const range = { at, distance: low - offset, size: high - low, tlb: writes ? TLB_WRITE : TLB_READ };
  const slow = () => {
    code.get(at);
    code.i32(size);
    code.i32(range.distance);
    code.i32(range.size);
    e.callRarely(isWrite ? 'holdWrite' : writes ? 'holdReadWrite' : 'holdRead');
    e.exitIfFailed();
  };
  const stream = e.streamAt(at);
  if (stream >= 0 && stream !== IN_STACK && range.size <= STREAM_WIDE) {
    checkedStream(e, range, stream, VOID, () => {}, slow);
    return;
  }
  compareTag(e, range);
  code.op(OP.i32_eqz);
  code.ifUnlikely(VOID);
  slow();
  code.end();
}

/** As an access of its own, but first looks whether the range is in the page of the entry in the TLB of streams. */
function checkedStream(
  e: Emitter,
  range: Range,
  stream: number,
  type: number,
  fast: () => void,
  slow: () => void,
): void {
  if (stream === IN_STACK) {
    checkedInWindow(e, range, type, fast, slow);
    return;
  }
  const { code } = e;
  const number = range.tlb === TLB_WRITE ? stream + STREAM_NUMBERS : stream;
  const entry = STREAM_TLB + number * STREAM_ENTRY_SIZE;
  code.block(type);
  code.block(VOID);
  pushStart(code, range);
  code.i32(entry);
  code.memory(OP.i64_load);
  code.op(OP.i64_sub);
  code.i32(entry + (range.size <= STREAM_NARROW ? STREAM_NARROW_LIMIT : STREAM_WIDE_LIMIT));
  code.memory(OP.i64_load);
  code.op(OP.i64_lt_u);
  code.brIfLikely(0);
  lookAgain(e, range, entry);
  slow();
  code.br(1);
  code.end();
  fast();
  code.end();
}

/**
 * Pushes whether a range of the stack, which begins at `low` from the stack pointer in local `rsp`, lies in the stack
 * window. The answer holds until something else runs: what lies there needs no check until then.
 */
export function pushIsInWindow(code: Code, rsp: number, low: number, width: number): void {
  const number = WINDOW_WIDTHS.findIndex((widest) => width <= widest);
  if (number < 0) throw new Error(`no stack window is ${width} bytes wide`);
  code.get(rsp);
  if (low !== 0) code.i64op(OP.i64_add, low);
  code.i32(STACK_WINDOW);
  code.memory(OP.i64_load);
  code.op(OP.i64_sub);
  code.i32(WINDOW_LIMITS + number * 8);
  code.memory(OP.i64_load);
  code.op(OP.i64_lt_u);
}

/** As an access of its own, but first looks whether the range is in the stack window, wherever that is now. */
function checkedInWindow(e: Emitter, range: Range, type: number, fast: () => void, slow: () => void): void {
  const { code } = e;
  code.block(type);
  code.block(VOID);
  pushIsInWindow(code, range.at, range.distance, range.size);
  code.brIfLikely(0);
  compareTag(e, range);
  code.brIfLikely(0);
  slow();
  code.br(1);
  code.end();
  fast();
  code.end();
}

/** Looks into the TLB; if the range is there, fills the entry and leaves the innermost block. */
function lookAgain(e: Emitter, range: Range, entry: number): void {
  const { code } = e;
  compareTag(e, range);
  code.ifLikely(VOID);
  fillStream(code, entry, () => pushStart(code, range));
  code.br(1);
  code.end();
}

function pushStart(code: Code, { at, distance }: Range): void {
  code.get(at);
  if (distance !== 0) code.i64op(OP.i64_add, distance);
}

/** Pushes the place of `size` bytes at the address in local `at`; leaves the region on a fault. */
function pushChecked(e: Emitter, at: number, size: number, tlb: number, miss: Helper): void {
  const { code } = e;
  const host = e.temp(I32);
  checked(
    e,
    at,
    size,
    tlb,
    I32,
    () => {},
    () => {
      code.get(at);
      code.i32(size);
      e.callRarely(miss);
      code.tee(host);
      code.op(OP.i32_eqz);
      e.exitIfFailed();
      code.get(host);
      code.i32op(OP.i32_sub, FRAMES);
    },
  );
}

/** Pushes the place for reading. The bytes there must be used at once. */
function pushReadable(e: Emitter, at: number, size: number): void {
  pushChecked(e, at, size, TLB_READ, 'missRead');
}
/** The same as a host address, for a helper. */
export function pushReadableHost(e: Emitter, at: number, size: number): void {
  pushReadable(e, at, size);
  e.code.i32op(OP.i32_add, FRAMES);
}

/** Pushes the value of `size` bytes at the address in local `at`: i32 (zero-extended), i64 or v128. */
export function load(e: Emitter, at: number, size: number): void {
  pushReadable(e, at, size);
  loadOp(e.code, size, FRAMES);
}

/** Pushes the quadword at a known address if its page has a tag, else `otherwise`. Nothing comes in, and nothing faults. */
export function loadKnown(e: Emitter, address: number, otherwise: number): void {
  const { code } = e;
  code.i64(address);
  const at = e.save(I64);
  compareTag(e, { at, distance: 0, size: 8, tlb: TLB_READ });
  code.ifLikely(I64);
  code.get(at);
  code.op(OP.i32_wrap_i64);
  loadOp(code, 8, FRAMES);
  code.else();
  code.i64(otherwise);
  code.end();
}

/** Pushes the f32 or f64 at the address in local `at`. */
export function loadFloat(e: Emitter, at: number, size: 4 | 8): void {
  pushReadable(e, at, size);
  e.code.memory(size === 8 ? OP.f64_load : OP.f32_load, FRAMES);
}

/** Pushes the 4 or 8 bytes at the address in local `at` as v128 with zeros above. */
export function loadLowLane(e: Emitter, at: number, size: 4 | 8): void {
  pushReadable(e, at, size);
  e.code.simdMemory(size === 8 ? SIMD.v128_load64_zero : SIMD.v128_load32_zero, FRAMES);
}

/** Stores local `value` to the address in local `at`. */
export function store(e: Emitter, at: number, size: number, value: number): void {
  const { code } = e;
  const fast = () => {
    code.get(value);
    storeOp(code, size, FRAMES);
  };
  checked(e, at, size, TLB_WRITE, VOID, fast, () => {
    code.get(at);
    code.get(value);
    e.callRarely(`store${size as 1 | 2 | 4 | 8 | 16}`);
    e.exitIfFailed();
  });
}

/** Stores quadwords, which `pushes` push, upwards from the address in local `at`; `slow` is to do the same one by one. */
export function storeRun(e: Emitter, at: number, pushes: readonly (() => void)[], slow: () => void): void {
  const { code } = e;
  const place = e.temp(I32);
  const fast = () => {
    code.set(place);
    pushes.forEach((push, index) => {
      code.get(place);
      push();
      storeOp(code, 8, FRAMES + index * 8);
    });
  };
  checked(e, at, pushes.length * 8, TLB_WRITE, VOID, fast, slow);
}
/** Stores the quadword that `push` pushes, by a call of the helper. */
export function storeSlowly(e: Emitter, at: number, push: () => void): void {
  e.code.get(at);
  push();
  e.callRarely('store8');
  e.exitIfFailed();
}

/** Loads quadwords upwards from the address in local `at` and pops each; `slow` is to do the same one by one. */
export function loadRun(e: Emitter, at: number, pops: readonly (() => void)[], slow: () => void): void {
  const { code } = e;
  const place = e.temp(I32);
  const fast = () => {
    code.set(place);
    pops.forEach((pop, index) => {
      code.get(place);
      loadOp(code, 8, FRAMES + index * 8);
      pop();
    });
  };
  checked(e, at, pops.length * 8, TLB_READ, VOID, fast, slow);
}
/** Pushes the quadword at the address in local `at`, by a call of the helper. */
export function loadSlowly(e: Emitter, at: number): void {
  const { code } = e;
  const host = e.temp(I32);
  code.get(at);
  code.i32(8);
  e.callRarely('missRead');
  code.tee(host);
  code.op(OP.i32_eqz);
  e.exitIfFailed();
  code.get(host);
  loadOp(code, 8);
}

/** A read-modify-write in progress. */
export interface Modify {
  readonly at: number;
  /** Local with the place of the first byte. */
  readonly place: number;
  readonly size: number;
}

/** Checks an access that reads and writes; nothing after it can fault. */
export function beginModify(e: Emitter, at: number, size: number): Modify {
  pushChecked(e, at, size, TLB_WRITE, 'missModify');
  return { at, size, place: e.save(I32) };
}

export function loadModify(e: Emitter, modify: Modify): void {
  e.code.get(modify.place);
  loadOp(e.code, modify.size, FRAMES);
}

/** Stores local `value` back. */
export function endModify(e: Emitter, modify: Modify, value: number): void {
  const { code } = e;
  code.get(modify.place);
  code.get(value);
  storeOp(code, modify.size, FRAMES);
  commitModify(e, modify);
}

/** Pushes the host address of the first byte, for a helper. */
export function pushHost(e: Emitter, modify: Modify): void {
  e.code.get(modify.place);
  e.code.i32op(OP.i32_add, FRAMES);
}

/** Completes a read-modify-write whose bytes were changed. */
export function commitModify(e: Emitter, modify: Modify): void {
  const { code } = e;
  if (modify.size === 1 || e.isChecked(modify.at, modify.size)) return;
  code.get(modify.place);
  code.i32op(OP.i32_ge_u, CROSSING - FRAMES);
  code.ifUnlikely(VOID);
  code.get(modify.at);
  code.i32(modify.size);
  e.callRarely('commit');
  code.end();
}

/** Leaves with the fault of a misaligned access (what Windows reports for #GP) unless `at` is a multiple of 16. */
export function checkAligned(e: Emitter, at: number): void {
  const { code } = e;
  code.get(at);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, 15);
  code.ifUnlikely(VOID);
  e.callRarely('protection');
  e.exitAt(e.instruction.address);
  code.end();
}

/** Checks an access whose bytes are read in parts, before any other access. */
export function beginRead(e: Emitter, at: number, size: number): Modify {
  pushReadable(e, at, size);
  return { at, size, place: e.save(I32) };
}

/** Pushes the 4, 8 or 16 bytes at `offset` of what is being modified. */
export function loadPart(e: Emitter, modify: Modify, offset: number, size: 4 | 8 | 16): void {
  e.code.get(modify.place);
  loadOp(e.code, size, FRAMES + offset);
}

/** Stores 4, 8 or 16 bytes, which `push` pushes, at `offset` of what is being modified. */
export function storePart(
  e: Emitter,
  modify: Modify,
  offset: number,
  size: 4 | 8 | 16,
  push: () => void,
): void {
  e.code.get(modify.place);
  push();
  storeOp(e.code, size, FRAMES + offset);
}

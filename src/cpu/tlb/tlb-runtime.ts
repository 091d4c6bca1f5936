import { STATE } from '../../machine/cpu-state.ts';
import { CROSSING, PAGE_SIZE, TLB_READ, TLB_WRITE, TLB2_READ, TLB2_WRITE } from '../../machine/layout.ts';
import type { RuntimeBuilder } from '../runtime/builder.ts';
import { I64_I32, RuntimeFunction } from '../runtime/function.ts';
import { HELPERS, HOLD } from '../runtime/helpers.ts';
import type { Code } from '../wasm/code.ts';
import { FC, I32, I64, OP, SIMD, V128, VOID } from '../wasm/opcodes.ts';
import {
  HOME_ADDEND,
  STREAM_NARROW,
  STREAM_NARROW_LIMIT,
  STREAM_WIDE,
  STREAM_WIDE_LIMIT,
  TLB_INDEX_MASK,
  TLB_INDEX_SHIFT,
  TLB2_ADDEND,
  TLB2_INDEX_MASK,
  TLB2_INDEX_SHIFT,
  TLB2_MIXED_SHIFT,
} from './layout.ts';

/** Adds the functions that serve what the first-level TLB does not hold. */
export function addTlbFunctions(runtime: RuntimeBuilder): void {
  runtime.define('pageRead', pageFunction(runtime, TLB_READ, TLB2_READ, 'probeRead'));
  runtime.define('pageWrite', pageFunction(runtime, TLB_WRITE, TLB2_WRITE, 'probeWrite'));
  runtime.define('missRead', missFunction(runtime, 'pageRead'));
  runtime.define('missModify', missFunction(runtime, 'pageWrite'));
  runtime.define('refillStack', refillStackFunction(runtime));
  runtime.define('holdRead', holdFunction(runtime, TLB_READ, TLB2_READ, HOLD.holdRead));
  runtime.define('holdWrite', holdFunction(runtime, TLB_WRITE, TLB2_WRITE, HOLD.holdWrite));
  runtime.define('holdReadWrite', holdFunction(runtime, TLB_WRITE, TLB2_WRITE, HOLD.holdReadWrite));
  runtime.define('commit', commitFunction(runtime));
  for (const size of [1, 2, 4, 8, 16] as const) runtime.define(`store${size}`, storeFunction(runtime, size));
}

/** Pushes the byte offset of the entry of the page of the i64 local `address`. */
function firstEntry(code: Code, address: number): void {
  pushShifted(code, address, TLB_INDEX_SHIFT);
  code.i32op(OP.i32_and, TLB_INDEX_MASK);
}
function secondEntry(code: Code, address: number): void {
  pushShifted(code, address, TLB2_INDEX_SHIFT);
  pushShifted(code, address, TLB2_MIXED_SHIFT);
  code.op(OP.i32_xor);
  code.i32op(OP.i32_and, TLB2_INDEX_MASK);
}
function pushShifted(code: Code, address: number, shift: number): void {
  code.get(address);
  code.i64op(OP.i64_shr_u, shift);
  code.op(OP.i32_wrap_i64);
}

/** Enters the page of the i64 local `address`, which is at home, in the first level. */
function fillFirst(code: Code, address: number, tlb: number): void {
  firstEntry(code, address);
  code.i64(0);
  code.get(address);
  code.i64op(OP.i64_and, -PAGE_SIZE);
  code.op(OP.i64_sub);
  code.memory(OP.i64_store, tlb);
}

/** (address, size) → host address within one page: second level, then the host, which fills both. */
function pageFunction(runtime: RuntimeBuilder, tlb: number, tlb2: number, probe: string): RuntimeFunction {
  const f = new RuntimeFunction(I64_I32);
  const { code } = f;
  const entry = f.local(I32);
  const addend = f.local(I32);
  secondEntry(code, 0);
  code.tee(entry);
  code.memory(OP.i64_load, tlb2);
  code.get(0);
  code.i64op(OP.i64_and, -PAGE_SIZE);
  code.op(OP.i64_eq);
  code.if(I32);
  code.get(entry);
  code.memory(OP.i32_load, tlb2 + TLB2_ADDEND);
  code.tee(addend);
  code.i32op(OP.i32_eq, HOME_ADDEND);
  code.if(VOID);
  fillFirst(code, 0, tlb);
  code.end();
  code.get(0);
  code.op(OP.i32_wrap_i64);
  code.get(addend);
  code.op(OP.i32_add);
  code.else();
  f.pushHalves();
  if (probe === 'probeWrite') code.get(1);
  code.call(runtime.index(probe));
  code.end();
  return f;
}

/** Fills an entry in the TLB of streams with the page, which is at home, of the address that `pushAddress` pushes. */
export function fillStream(code: Code, entry: number, pushAddress: () => void): void {
  code.i32(0);
  pushAddress();
  code.i64op(OP.i64_and, -PAGE_SIZE);
  code.memory(OP.i64_store, entry);
  code.i32(0);
  code.i64(PAGE_SIZE + 1 - STREAM_NARROW);
  code.memory(OP.i64_store, entry + STREAM_NARROW_LIMIT);
  code.i32(0);
  code.i64(PAGE_SIZE + 1 - STREAM_WIDE);
  code.memory(OP.i64_store, entry + STREAM_WIDE_LIMIT);
}

/** (start, width) → 1 if the stack window was laid there. */
function refillStackFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.refillStack);
  const { code } = f;
  f.pushHalves();
  code.get(1);
  code.call(runtime.index('hostRefillStack'));
  return f;
}

/** (address, size, distance, width) → status: both pages of the range in the TLB, or the host. */
function holdFunction(runtime: RuntimeBuilder, tlb: number, tlb2: number, how: number): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.holdRead);
  const { code } = f;
  const page = f.local(I64);
  const last = f.local(I64);
  const entry = f.local(I32);
  code.get(0);
  code.get(2);
  code.op(OP.i64_extend_i32_s);
  code.op(OP.i64_add);
  code.tee(page);
  code.get(3);
  code.op(OP.i64_extend_i32_u);
  code.op(OP.i64_add);
  code.i64op(OP.i64_sub, 1);
  code.i64op(OP.i64_and, -PAGE_SIZE);
  code.set(last);
  code.get(page);
  code.i64op(OP.i64_and, -PAGE_SIZE);
  code.set(page);
  code.block(VOID);
  code.loop(VOID);
  secondEntry(code, page);
  code.tee(entry);
  code.memory(OP.i64_load, tlb2);
  code.get(page);
  code.op(OP.i64_ne);
  code.brIf(1);
  code.get(entry);
  code.memory(OP.i32_load, tlb2 + TLB2_ADDEND);
  code.i32op(OP.i32_ne, HOME_ADDEND);
  code.brIf(1);
  fillFirst(code, page, tlb);
  code.get(page);
  code.get(last);
  code.op(OP.i64_eq);
  code.if(VOID);
  code.i32(0);
  code.op(OP.return);
  code.end();
  code.get(last);
  code.set(page);
  code.br(0);
  code.end();
  code.end();
  f.pushHalves();
  code.get(1);
  code.get(2);
  code.get(3);
  code.i32(how);
  code.call(runtime.index('hostHold'));
  return f;
}

/** Sets `first` to the bytes before the page end and tests whether the access needs more. */
function crossing(f: RuntimeFunction, pushSize: () => void): number {
  const first = f.local(I32);
  const { code } = f;
  code.i32(PAGE_SIZE);
  code.get(0);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, PAGE_SIZE - 1);
  code.op(OP.i32_sub);
  code.tee(first);
  pushSize();
  code.op(OP.i32_lt_u);
  return first;
}

/** Looks up both pages of a crossing access; yields `failure` (an i32 left by return) when either faults. */
function bothPages(
  f: RuntimeFunction,
  runtime: RuntimeBuilder,
  page: string,
  first: number,
  pushSize: () => void,
  failure: number,
) {
  const { code } = f;
  const low = f.local(I32);
  const high = f.local(I32);
  const look = (pushAddress: () => void, pushBytes: () => void, into: number) => {
    pushAddress();
    pushBytes();
    code.call(runtime.index(page));
    code.tee(into);
    code.op(OP.i32_eqz);
    code.if(VOID);
    code.i32(failure);
    code.op(OP.return);
    code.end();
  };
  look(
    () => code.get(0),
    () => code.get(first),
    low,
  );
  look(
    () => {
      code.get(0);
      code.get(first);
      code.op(OP.i64_extend_i32_u);
      code.op(OP.i64_add);
    },
    () => {
      pushSize();
      code.get(first);
      code.op(OP.i32_sub);
    },
    high,
  );
  return { low, high };
}

function missFunction(runtime: RuntimeBuilder, page: string): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.missRead);
  const { code } = f;
  const size = () => code.get(1);
  const first = crossing(f, size);
  code.if(VOID);
  const { low, high } = bothPages(f, runtime, page, first, size, 0);
  copy(
    code,
    () => code.i32(CROSSING),
    low,
    () => code.get(first),
  );
  copy(
    code,
    () => pushCrossing(code, first),
    high,
    () => pushRest(code, first, size),
  );
  code.i32(CROSSING);
  code.op(OP.return);
  code.end();
  code.get(0);
  code.get(1);
  code.call(runtime.index(page));
  return f;
}

function pushCrossing(code: Code, first: number): void {
  code.get(first);
  code.i32op(OP.i32_add, CROSSING);
}
function pushRest(code: Code, first: number, size: () => void): void {
  size();
  code.get(first);
  code.op(OP.i32_sub);
}
function copy(code: Code, to: () => void, from: number, count: () => void): void {
  to();
  code.get(from);
  count();
  code.fc(FC.memory_copy);
}

/** Writes the bytes at CROSSING to the two pages of a crossing access, probed before; nothing can fail. */
function writeBack(f: RuntimeFunction, first: number, low: number, high: number, size: () => void): void {
  const { code } = f;
  code.get(low);
  code.i32(CROSSING);
  code.get(first);
  code.fc(FC.memory_copy);
  code.get(high);
  pushCrossing(code, first);
  pushRest(code, first, size);
  code.fc(FC.memory_copy);
}

function commitFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.commit);
  const { code } = f;
  const size = () => code.get(1);
  const low = f.local(I32);
  const high = f.local(I32);
  const first = crossing(f, size);
  code.op(OP.drop);
  code.get(0);
  code.get(first);
  code.call(runtime.index('pageWrite'));
  code.set(low);
  code.get(0);
  code.get(first);
  code.op(OP.i64_extend_i32_u);
  code.op(OP.i64_add);
  pushRest(code, first, size);
  code.call(runtime.index('pageWrite'));
  code.set(high);
  writeBack(f, first, low, high, size);
  return f;
}

function storeFunction(runtime: RuntimeBuilder, size: 1 | 2 | 4 | 8 | 16): RuntimeFunction {
  const type = size === 16 ? V128 : size === 8 ? I64 : I32;
  const f = new RuntimeFunction({ params: [I64, type], results: [I32] });
  const { code } = f;
  const host = f.local(I32);
  const pushSize = () => code.i32(size);
  if (size > 1) {
    const first = crossing(f, pushSize);
    code.if(VOID);
    const { low, high } = bothPages(f, runtime, 'pageWrite', first, pushSize, 1);
    code.i32(CROSSING);
    code.get(1);
    storeOp(code, size);
    writeBack(f, first, low, high, pushSize);
    code.i32(0);
    code.op(OP.return);
    code.end();
  }
  code.get(0);
  code.i32(size);
  code.call(runtime.index('pageWrite'));
  code.tee(host);
  code.op(OP.i32_eqz);
  code.if(VOID);
  code.i32(1);
  code.op(OP.return);
  code.end();
  code.get(host);
  code.get(1);
  storeOp(code, size);
  code.i32(0);
  return f;
}

/** Stores a value of `size` bytes (i32 up to 4, i64, v128) to a host address. */
export function storeOp(code: Code, size: number, offset = 0): void {
  if (size === 16) code.simdMemory(SIMD.v128_store, offset);
  else {
    const op =
      size === 8 ? OP.i64_store : size === 4 ? OP.i32_store : size === 2 ? OP.i32_store16 : OP.i32_store8;
    code.memory(op, offset);
  }
}

/** Loads a value of `size` bytes, zero-extended, from a host address. */
export function loadOp(code: Code, size: number, offset = 0): void {
  if (size === 16) code.simdMemory(SIMD.v128_load, offset);
  else {
    const op =
      size === 8 ? OP.i64_load : size === 4 ? OP.i32_load : size === 2 ? OP.i32_load16_u : OP.i32_load8_u;
    code.memory(op, offset);
  }
}

/** The code for the fault of an access that has no address: what Windows reports for #GP. */
export function addProtectionFunction(
  runtime: RuntimeBuilder,
  exitFault: number,
  accessViolation: number,
): void {
  const f = new RuntimeFunction(HELPERS.protection);
  f.storeState32(STATE.exit, () => f.code.i32(exitFault));
  f.storeState32(STATE.exitCode, () => f.code.i32(accessViolation));
  f.storeState64(STATE.faultAddress, () => f.code.i64(-1));
  f.storeState32(STATE.faultAccess, () => f.code.i32(0));
  runtime.define('protection', f);
}

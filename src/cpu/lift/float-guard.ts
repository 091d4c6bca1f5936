import { STATE } from '../../machine/cpu-state.ts';
import type { Emitter } from '../region/emitter.ts';
import { type FloatOperation, floatControl, MXCSR } from '../runtime/sse/layout.ts';
import { I32, OP, SIMD, V128, VOID } from '../wasm/opcodes.ts';

/*
 * Wasm rounds to nearest, knows no exceptions and leaves the bits of NaNs open. Until a program looks at MXCSR or sets its
 * control, an operation is done again, exactly, by runtime/sse when its result is infinite or NaN: what makes those is
 * noted, but not inexact, tiny and denormal numbers. After that (Batch.exactFloats) wasm's result counts only when MXCSR
 * could not tell the difference: all exceptions masked, rounding to nearest, no flushing; inexactness noted before;
 * numbers neither denormal nor zero nor infinite nor NaN.
 */

export type Size = 4 | 8;

/** The lanes that an operation computes, as bits. */
export function lanesOf(size: Size, isScalar: boolean): number {
  return isScalar ? 1 : size === 8 ? 3 : 15;
}

/** What i32x4_bitmask shows of lanes whose highest 32 bits count. */
function highWords(lanes: number, size: Size): number {
  return size === 4 ? lanes : ((lanes & 1) << 1) | ((lanes & 2) << 2);
}

/** Bits of MXCSR that must be as after an inexact operation under the usual control: all but the other flags. */
const OBSERVED = 0xffc0 | MXCSR.PE;
const QUIET_STATE = MXCSR.MASKS | MXCSR.PE;

/** Ors 0 into the condition on the stack when inexact results change nothing in MXCSR and rounding is to nearest. */
export function orStateChange(e: Emitter): void {
  if (!e.batch.exactFloats) return;
  pushStateChange(e);
  e.code.op(OP.i32_or);
}
/** Ands whether inexact results do change something into the condition on the stack, which is 0 or 1. */
export function andStateChange(e: Emitter): void {
  pushStateChange(e);
  e.code.i32(0);
  e.code.op(OP.i32_ne);
  e.code.op(OP.i32_and);
}
function pushStateChange(e: Emitter): void {
  e.loadState(I32, STATE.mxcsr);
  e.code.i32op(OP.i32_and, OBSERVED);
  e.code.i32op(OP.i32_xor, QUIET_STATE);
}

function pushMagnitude(e: Emitter, local: number): void {
  e.code.get(local);
  splat(e, 0x7fff_ffff);
  e.code.simd(SIMD.v128_and);
}

function splat(e: Emitter, word: number): void {
  e.code.v128(word, word, word, word);
}

/** Highest words of the smallest normal number and of infinity. */
const LEAST = { 4: 0x0080_0000, 8: 0x0010_0000 } as const;
const INFINITE = { 4: 0x7f80_0000, 8: 0x7ff0_0000 } as const;

/**
 * Pushes 0 when the result is a normal number that is not the smallest one (a tiny result may have been rounded up to
 * that) and no operand is denormal. An infinite operand or a NaN shows in the result.
 */
export function pushExtraordinary(
  e: Emitter,
  result: number,
  operands: readonly number[],
  size: Size,
  lanes: number,
): void {
  const { code } = e;
  if (!e.batch.exactFloats) {
    pushNotFinite(e, result, size, lanes);
    return;
  }
  pushMagnitude(e, result);
  const magnitude = e.save(V128);
  operands.forEach((operand, index) => {
    pushMagnitude(e, operand);
    if (index > 0) code.simd(SIMD.i32x4_min_u);
  });
  if (operands.length > 0) {
    splat(e, LEAST[size]);
    code.simd(SIMD.i32x4_add);
  }
  code.get(magnitude);
  if (operands.length > 0) code.simd(SIMD.i32x4_min_u);
  splat(e, 2 * LEAST[size]);
  code.simd(SIMD.i32x4_sub);
  splat(e, INFINITE[size] - 1);
  code.get(magnitude);
  code.simd(SIMD.i32x4_sub);
  code.simd(SIMD.v128_or);
  code.simd(SIMD.i32x4_bitmask);
  code.i32op(OP.i32_and, highWords(lanes, size));
}

function pushNotFinite(e: Emitter, result: number, size: Size, lanes: number): void {
  const { code } = e;
  if (lanes === 1) {
    code.get(result);
    code.lane(size === 8 ? SIMD.f64x2_extract_lane : SIMD.f32x4_extract_lane, 0);
    code.op(size === 8 ? OP.f64_abs : OP.f32_abs);
    code.op(size === 8 ? OP.f64_const : OP.f32_const);
    const infinity = [Number.POSITIVE_INFINITY];
    const bits = size === 8 ? new Float64Array(infinity) : new Float32Array(infinity);
    code.append(new Uint8Array(bits.buffer));
    code.op(size === 8 ? OP.f64_lt : OP.f32_lt);
    code.op(OP.i32_eqz);
    return;
  }
  pushMagnitude(e, result);
  splat(e, INFINITE[size] - 1);
  code.simd(SIMD.i32x4_gt_s);
  code.simd(SIMD.i32x4_bitmask);
  code.i32op(OP.i32_and, highWords(lanes, size));
}

function pushNotNumbers(e: Emitter, operands: readonly number[], size: Size, lanes: number): void {
  const { code } = e;
  operands.forEach((operand, index) => {
    code.get(operand);
    code.get(operand);
    code.simd(size === 8 ? SIMD.f64x2_ne : SIMD.f32x4_ne);
    if (index > 0) code.simd(SIMD.v128_or);
  });
  code.simd(SIMD.i32x4_bitmask);
  code.i32op(OP.i32_and, highWords(lanes, size));
}

/** Pushes 0 when each operand is a finite number and normal, or 0; or no NaN, where that is all that matters. */
export function pushUnusual(e: Emitter, operands: readonly number[], size: Size, lanes: number): void {
  const { code } = e;
  if (!e.batch.exactFloats) {
    pushNotNumbers(e, operands, size, lanes);
    return;
  }
  operands.forEach((operand, index) => {
    pushMagnitude(e, operand);
    const magnitude = e.save(V128);
    code.get(magnitude);
    splat(e, LEAST[size]);
    code.simd(SIMD.i32x4_lt_s);
    code.get(operand);
    code.v128(0, 0, 0, 0);
    code.simd(size === 8 ? SIMD.f64x2_eq : SIMD.f32x4_eq);
    code.simd(SIMD.v128_andnot);
    code.get(magnitude);
    splat(e, INFINITE[size] - 1);
    code.simd(SIMD.i32x4_gt_s);
    code.simd(SIMD.v128_or);
    if (index > 0) code.simd(SIMD.v128_or);
  });
  code.simd(SIMD.i32x4_bitmask);
  code.i32op(OP.i32_and, highWords(lanes, size));
}

export interface Operation {
  readonly name: FloatOperation;
  readonly size: Size;
  readonly lanes: number;
  readonly detail?: number;
}

/** Pushes the exact result for two v128 locals; leaves the region for an exception that is not masked. */
export function pushExact(e: Emitter, operation: Operation, a: number, b: number): void {
  const { name, size, lanes, detail } = operation;
  e.code.i32(floatControl(name, lanes, size === 8, detail));
  e.code.get(a);
  e.code.get(b);
  e.callRarely('exactFloat');
  // Before MXCSR is set, all exceptions are masked.
  if (e.batch.exactFloats) e.exitIfFailed();
  else e.code.op(OP.drop);
}

/** Replaces `result` by the exact one if the condition on the stack is not 0. */
export function correct(e: Emitter, operation: Operation, a: number, b: number, result: number): void {
  e.code.ifUnlikely(VOID);
  pushExact(e, operation, a, b);
  e.code.set(result);
  e.code.end();
}

/** Pushes the arithmetic result that `fast` pushes, or the exact one where they may differ. */
export function pushArithmetic(
  e: Emitter,
  operation: Operation,
  a: number,
  b: number,
  fast: () => void,
): void {
  fast();
  const result = e.save(V128);
  pushExtraordinary(e, result, operation.name === 'sqrt' ? [b] : [a, b], operation.size, operation.lanes);
  orStateChange(e);
  correct(e, operation, a, b, result);
  e.code.get(result);
}

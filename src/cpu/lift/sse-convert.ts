import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt, popRegister, push, sizeOf } from '../region/operands.ts';
import { F64, FC, I32, I64, OP, SIMD, V128, VOID } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import {
  andStateChange,
  correct,
  type Operation,
  orStateChange,
  pushExact,
  pushExtraordinary,
  pushUnusual,
  type Size,
} from './float-guard.ts';
import { FLOAT_OPTIONS, pushLowest, pushWithLowest, saveVector } from './sse-float.ts';
import { xmmOf } from './xmm.ts';

/** Integers up to this are floats of the size. */
const EXACT_LIMIT = { 4: 2 ** 24, 8: 2 ** 53 } as const;

const FROM_INTEGER = {
  4: { 4: OP.f32_convert_i32_s, 8: OP.f32_convert_i64_s },
  8: { 4: OP.f64_convert_i32_s, 8: OP.f64_convert_i64_s },
} as const;

/** Integer to float, into the lowest lane. */
function fromInteger(size: Size): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const { code } = e;
    const target = xmmOf(operandAt(i, 0));
    const source = operandAt(i, 1);
    const width = sizeOf(source) === 8 ? 8 : 4;
    push(e, source, width);
    const value = e.save(width === 8 ? I64 : I32);
    e.get(target);
    const rest = e.save(V128);
    code.get(value);
    code.op(FROM_INTEGER[size][width]);
    pushWithLowest(e, rest, size);
    if (e.batch.exactFloats && (size === 4 || width === 8)) correctInteger(e, size, width, value, rest);
    e.set(target);
  };
  return entry('rw,r', lift, FLOAT_OPTIONS);
}

/** Takes the result on the stack, which counts when the integer has few bits or rounding it changes nothing else. */
function correctInteger(e: Emitter, size: Size, width: Size, value: number, rest: number): void {
  const { code } = e;
  const result = e.save(V128);
  code.get(value);
  if (width === 4) code.op(OP.i64_extend_i32_s);
  code.i64op(OP.i64_add, EXACT_LIMIT[size]);
  code.i64op(OP.i64_gt_u, 2 * EXACT_LIMIT[size]);
  andStateChange(e);
  const integer = e.temp(V128);
  code.ifUnlikely(VOID);
  code.get(value);
  code.simd(width === 8 ? SIMD.i64x2_splat : SIMD.i32x4_splat);
  code.set(integer);
  pushExact(e, { name: width === 8 ? 'fromInt64' : 'fromInt32', size, lanes: 1 }, rest, integer);
  code.set(result);
  code.end();
  code.get(result);
}

/** Float to integer; what does not fit, and a NaN, becomes the smallest integer. */
function toInteger(size: Size, truncates: boolean): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const { code } = e;
    const target = operandAt(i, 0);
    if (target.kind !== 'reg') throw new Error('conversion into memory');
    const isWide = target.size === 8;
    const source = saveVector(e, i, 1);
    pushLowest(e, source, size);
    if (size === 4) code.op(OP.f64_promote_f32);
    const value = e.save(F64);
    code.get(value);
    if (!truncates) code.op(OP.f64_nearest);
    const rounded = e.save(F64);
    code.get(rounded);
    code.fc(isWide ? FC.i64_trunc_sat_f64_s : FC.i32_trunc_sat_f64_s);
    const result = e.save(isWide ? I64 : I32);
    pushDoubtful(e, value, rounded, result, isWide);
    code.ifUnlikely(VOID);
    pushExact(
      e,
      { name: isWide ? 'toInt64' : 'toInt32', size, lanes: 1, detail: truncates ? 1 : 0 },
      source,
      source,
    );
    code.lane(isWide ? SIMD.i64x2_extract_lane : SIMD.i32x4_extract_lane, 0);
    code.set(result);
    code.end();
    code.get(result);
    popRegister(e, target);
  };
  return entry('w,r', lift, FLOAT_OPTIONS);
}

/** Pushes not 0 where the number, once rounded, does not fit, and where it is inexact and MXCSR must show that. */
function pushDoubtful(e: Emitter, value: number, rounded: number, result: number, isWide: boolean): void {
  const { code } = e;
  code.get(rounded);
  code.op(OP.f64_abs);
  f64Constant(e, isWide ? 2 ** 63 : 2 ** 31);
  code.op(OP.f64_lt);
  code.op(OP.i32_eqz);
  if (!e.batch.exactFloats) return;
  code.get(value);
  code.get(result);
  code.op(isWide ? OP.f64_convert_i64_s : OP.f64_convert_i32_s);
  code.op(OP.f64_ne);
  andStateChange(e);
  code.op(OP.i32_or);
}

function f64Constant(e: Emitter, value: number): void {
  e.code.op(OP.f64_const);
  e.code.append(new Uint8Array(new Float64Array([value]).buffer));
}

/** Four floats to integers, or two doubles to the low two with zeros above. */
function packedToInteger(size: Size, truncates: boolean): Entry {
  const operation: Operation = {
    name: 'toInt32',
    size,
    lanes: size === 8 ? 3 : 15,
    detail: truncates ? 1 : 0,
  };
  return packed(operation, (e, source, result) => {
    const { code } = e;
    code.get(source);
    if (!truncates) code.simd(size === 8 ? SIMD.f64x2_nearest : SIMD.f32x4_nearest);
    const rounded = e.save(V128);
    code.get(rounded);
    code.simd(size === 8 ? SIMD.i32x4_trunc_sat_f64x2_s_zero : SIMD.i32x4_trunc_sat_f32x4_s);
    code.set(result);
    // Saturated lanes, and those of NaNs, which wasm makes zero.
    code.get(rounded);
    const limit = size === 8 ? [0, 0x41e0_0000] : [0x4f00_0000, 0x4f00_0000]; // 2^31
    code.simd(size === 8 ? SIMD.f64x2_abs : SIMD.f32x4_abs);
    code.v128(limit[0]!, limit[1]!, limit[0]!, limit[1]!);
    code.simd(size === 8 ? SIMD.f64x2_lt : SIMD.f32x4_lt);
    code.simd(size === 8 ? SIMD.i64x2_all_true : SIMD.i32x4_all_true);
    code.op(OP.i32_eqz);
    orStateChange(e);
  });
}

/** A conversion of vectors: `fast` sets the result and pushes not 0 where it may not be exact. */
function packed(operation: Operation, fast: (e: Emitter, source: number, result: number) => void): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const source = saveVector(e, i, 1);
    const result = e.temp(V128);
    fast(e, source, result);
    const zero = e.temp(V128);
    e.code.ifUnlikely(VOID);
    e.code.v128(0, 0, 0, 0);
    e.code.set(zero);
    pushExact(e, operation, zero, source);
    e.code.set(result);
    e.code.end();
    e.code.get(result);
    e.set(xmmOf(operandAt(i, 0)));
  };
  return entry('w,r', lift, FLOAT_OPTIONS);
}

function liftSingleToDouble(e: Emitter, instruction: Instruction): void {
  const source = saveVector(e, instruction, 1);
  const rest = saveVector(e, instruction, 0);
  pushLowest(e, source, 4);
  e.code.op(OP.f64_promote_f32);
  pushWithLowest(e, rest, 8);
  const result = e.save(V128);
  pushUnusual(e, [source], 4, 1);
  correct(e, { name: 'convert', size: 4, lanes: 1 }, rest, source, result);
  e.code.get(result);
  e.set(xmmOf(operandAt(instruction, 0)));
}

function liftDoubleToSingle(e: Emitter, instruction: Instruction): void {
  const source = saveVector(e, instruction, 1);
  const rest = saveVector(e, instruction, 0);
  pushLowest(e, source, 8);
  e.code.op(OP.f32_demote_f64);
  pushWithLowest(e, rest, 4);
  const result = e.save(V128);
  pushExtraordinary(e, result, [], 4, 1);
  orStateChange(e);
  correct(e, { name: 'convert', size: 8, lanes: 1 }, rest, source, result);
  e.code.get(result);
  e.set(xmmOf(operandAt(instruction, 0)));
}

const widenSingles = packed({ name: 'convert', size: 4, lanes: 3 }, (e, source, result) => {
  e.code.get(source);
  e.code.simd(SIMD.f64x2_promote_low_f32x4);
  e.code.set(result);
  pushUnusual(e, [source], 4, 3);
});

const narrowDoubles = packed({ name: 'convert', size: 8, lanes: 3 }, (e, source, result) => {
  e.code.get(source);
  e.code.simd(SIMD.f32x4_demote_f64x2_zero);
  e.code.set(result);
  pushExtraordinary(e, result, [], 4, 3);
  orStateChange(e);
});

const integersToSingles = packed({ name: 'fromInt32', size: 4, lanes: 15 }, (e, source, result) => {
  e.code.get(source);
  e.code.simd(SIMD.f32x4_convert_i32x4_s);
  e.code.set(result);
  e.code.i32(0);
  orStateChange(e);
});

/** Every 32-bit integer is a double. */
const integersToDoubles = entry('w,r', (e, i) => {
  const source = saveVector(e, i, 1);
  e.code.get(source);
  e.code.simd(SIMD.f64x2_convert_low_i32x4_s);
  e.set(xmmOf(operandAt(i, 0)));
});

/** Conversions between integers, singles and doubles. */
export const SSE_CONVERT: Family = {
  cvtsi2ss: fromInteger(4),
  cvtsi2sd: fromInteger(8),
  cvttss2si: toInteger(4, true),
  cvtss2si: toInteger(4, false),
  cvttsd2si: toInteger(8, true),
  cvtsd2si: toInteger(8, false),
  cvtss2sd: entry('rw,r', liftSingleToDouble, FLOAT_OPTIONS),
  cvtsd2ss: entry('rw,r', liftDoubleToSingle, FLOAT_OPTIONS),
  cvtps2pd: widenSingles,
  cvtpd2ps: narrowDoubles,
  cvtdq2ps: integersToSingles,
  cvtdq2pd: integersToDoubles,
  cvttps2dq: packedToInteger(4, true),
  cvtps2dq: packedToInteger(4, false),
  cvttpd2dq: packedToInteger(8, true),
  cvtpd2dq: packedToInteger(8, false),
};

import type { Instruction } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, PF, ZF } from '../region/flag-kinds.ts';
import { operandAt, popRegister, push, sizeOf } from '../region/operands.ts';
import { F64, FC, OP, SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { floatType, immediate, lanes, pushScalar, pushVector, setLowest, xmmOf } from './xmm.ts';

type Size = 4 | 8;

/** Lowest lane: target = op(target, source). */
function scalar(op: number, size: Size): Entry {
  return entry('rw,r', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    pushScalar(e, operandAt(i, 1), size);
    const source = e.save(floatType(size));
    pushScalar(e, operandAt(i, 0), size);
    e.code.get(source);
    e.code.op(op);
    setLowest(e, target, e.save(floatType(size)), size);
  });
}

/** Lowest lane: target = op(source). */
function scalarUnary(size: Size, compute: (e: Emitter) => void): Entry {
  return entry('rw,r', (e, i) => {
    pushScalar(e, operandAt(i, 1), size);
    compute(e);
    setLowest(e, xmmOf(operandAt(i, 0)), e.save(floatType(size)), size);
  });
}

/** All lanes: target = op(target, source), or of (source, target) when swapped. */
function packed(op: number, swapped = false): Entry {
  return entry('rw,r', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    if (swapped) e.code.get(source);
    e.get(target);
    if (!swapped) e.code.get(source);
    e.code.simd(op);
    e.set(target);
  });
}

function packedUnary(compute: (e: Emitter) => void): Entry {
  return entry('w,r', (e, i) => {
    pushVector(e, operandAt(i, 1));
    compute(e);
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/**
 * min and max give the second operand when one is a NaN or both are zeros, which is what wasm's pmin and pmax of
 * the swapped operands do; the scalar forms keep the other lanes.
 */
function extreme(op: number, size: Size): Entry {
  return entry('rw,r', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    pushVector(e, operandAt(i, 1));
    e.get(target);
    e.code.simd(op);
    const result = e.save(V128);
    e.code.get(result);
    e.get(target);
    e.code.shuffle(size === 8 ? lanes(8, 0, 3) : lanes(4, 0, 5, 6, 7));
    e.set(target);
  });
}

/** Pushes the mask of predicate 0..7 (eq lt le unord, and their negations) of two v128 locals. */
function compareMask(e: Emitter, predicate: number, a: number, b: number, size: Size): void {
  const { code } = e;
  const pair = (first: number, second: number, op: number) => {
    code.get(first);
    code.get(second);
    code.simd(op);
  };
  const [eq, ne, lt, le] =
    size === 8
      ? [SIMD.f64x2_eq, SIMD.f64x2_ne, SIMD.f64x2_lt, SIMD.f64x2_le]
      : [SIMD.f32x4_eq, SIMD.f32x4_ne, SIMD.f32x4_lt, SIMD.f32x4_le];
  switch (predicate & 3) {
    case 0:
      pair(a, b, eq);
      break;
    case 1:
      pair(a, b, lt);
      break;
    case 2:
      pair(a, b, le);
      break;
    default:
      pair(a, a, ne);
      pair(b, b, ne);
      code.simd(SIMD.v128_or);
  }
  if (predicate & 4) code.simd(SIMD.v128_not);
}

function compared(size: Size, isScalar: boolean): Entry {
  return entry('rw,r,-', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    e.get(target);
    const left = e.save(V128);
    compareMask(e, immediate(i.operands[2]), left, source, size);
    if (isScalar) {
      e.code.get(left);
      e.code.shuffle(size === 8 ? lanes(8, 0, 3) : lanes(4, 0, 5, 6, 7));
    }
    e.set(target);
  });
}

/** ZF, PF and CF: unordered 111, greater 000, less 001, equal 100; the others are cleared. */
function ordered(size: Size): Entry {
  return entry(
    'r,r',
    (e, i) => {
      const { code } = e;
      pushScalar(e, operandAt(i, 1), size);
      const right = e.save(floatType(size));
      pushScalar(e, operandAt(i, 0), size);
      const left = e.save(floatType(size));
      if (!e.flagsLive) return;
      const test = (op: number, bits: number) => {
        code.get(left);
        code.get(right);
        code.op(op);
        code.op(OP.i32_eqz);
        code.i32op(OP.i32_mul, bits);
      };
      // not (a >= b): CF; not (a < b) and not (a > b): ZF; PF on top when neither side compares.
      test(size === 8 ? OP.f64_ge : OP.f32_ge, CF);
      test(size === 8 ? OP.f64_lt : OP.f32_lt, ZF);
      test(size === 8 ? OP.f64_gt : OP.f32_gt, ZF);
      code.op(OP.i32_and);
      code.op(OP.i32_or);
      for (const local of [left, right]) {
        code.get(local);
        code.get(local);
        code.op(size === 8 ? OP.f64_ne : OP.f32_ne);
      }
      code.op(OP.i32_or);
      code.i32op(OP.i32_mul, PF);
      code.op(OP.i32_or);
      e.setFlagBits();
    },
    { flags: FLAGS.set },
  );
}

/** Integer to float, into the lowest lane. */
function fromInteger(size: Size): Entry {
  return entry('rw,r', (e, i) => {
    const source = operandAt(i, 1);
    const wide = sizeOf(source) === 8;
    push(e, source, sizeOf(source));
    if (size === 8) e.code.op(wide ? OP.f64_convert_i64_s : OP.f64_convert_i32_s);
    else e.code.op(wide ? OP.f32_convert_i64_s : OP.f32_convert_i32_s);
    setLowest(e, xmmOf(operandAt(i, 0)), e.save(floatType(size)), size);
  });
}

/** Float to integer; what does not fit, and a NaN, becomes the smallest integer. */
function toInteger(size: Size, truncates: boolean): Entry {
  return entry('w,r', (e, i) => {
    const { code } = e;
    const target = operandAt(i, 0);
    if (target.kind !== 'reg') throw new Error('conversion into memory');
    const wide = target.size === 8;
    pushScalar(e, operandAt(i, 1), size);
    if (size === 4) code.op(OP.f64_promote_f32);
    if (!truncates) code.op(OP.f64_nearest);
    const value = e.save(F64);
    code.get(value);
    code.fc(wide ? FC.i64_trunc_sat_f64_s : FC.i32_trunc_sat_f64_s);
    if (wide) code.i64(-0x8000_0000_0000_0000n);
    else code.i32(-0x8000_0000);
    code.get(value);
    f64Constant(e, wide ? 2 ** 63 : 2 ** 31);
    code.op(OP.f64_lt);
    code.op(OP.select);
    popRegister(e, target);
  });
}

function f64Constant(e: Emitter, value: number): void {
  e.code.op(OP.f64_const);
  e.code.append(new Uint8Array(new Float64Array([value]).buffer));
}

/** Four floats to integers, as toInteger. */
function packedToInteger(truncates: boolean): Entry {
  return packedUnary((e) => {
    const { code } = e;
    if (!truncates) code.simd(SIMD.f32x4_nearest);
    const value = e.save(V128);
    code.get(value);
    code.simd(SIMD.i32x4_trunc_sat_f32x4_s);
    smallestIntegers(e);
    code.get(value);
    const limit = 0x4f000000; // 2^31 as a float
    code.v128(limit, limit, limit, limit);
    code.simd(SIMD.f32x4_lt);
    code.simd(SIMD.v128_bitselect);
  });
}

/** Two doubles to the low two integers, zeros above. */
function pairToInteger(truncates: boolean): Entry {
  return packedUnary((e) => {
    const { code } = e;
    if (!truncates) code.simd(SIMD.f64x2_nearest);
    const value = e.save(V128);
    code.get(value);
    code.simd(SIMD.i32x4_trunc_sat_f64x2_s_zero);
    smallestIntegers(e);
    code.get(value);
    code.v128(0, 0x41e00000, 0, 0x41e00000); // 2^31 as doubles
    code.simd(SIMD.f64x2_lt);
    code.v128(-1, -1, -1, -1);
    code.shuffle(lanes(4, 0, 2, 4, 5));
    code.simd(SIMD.v128_bitselect);
  });
}

function smallestIntegers(e: Emitter): void {
  const smallest = -0x8000_0000;
  e.code.v128(smallest, smallest, smallest, smallest);
}

/** Reciprocals are computed in full: the CPUs' 12-bit approximations differ from each other. */
function reciprocal(e: Emitter, ofRoot: boolean): void {
  const one = 0x3f800000;
  if (ofRoot) e.code.simd(SIMD.f32x4_sqrt);
  const value = e.save(V128);
  e.code.v128(one, one, one, one);
  e.code.get(value);
  e.code.simd(SIMD.f32x4_div);
}

function reciprocalLowest(ofRoot: boolean): Entry {
  return scalarUnary(4, (e) => {
    e.code.simd(SIMD.f32x4_splat);
    reciprocal(e, ofRoot);
    e.code.lane(SIMD.f32x4_extract_lane, 0);
  });
}

function liftSingleToDouble(e: Emitter, instruction: Instruction): void {
  pushScalar(e, operandAt(instruction, 1), 4);
  e.code.op(OP.f64_promote_f32);
  setLowest(e, xmmOf(operandAt(instruction, 0)), e.save(floatType(8)), 8);
}
function liftDoubleToSingle(e: Emitter, instruction: Instruction): void {
  pushScalar(e, operandAt(instruction, 1), 8);
  e.code.op(OP.f32_demote_f64);
  setLowest(e, xmmOf(operandAt(instruction, 0)), e.save(floatType(4)), 4);
}

/** Floating point on xmm registers, rounding to nearest. */
export const SSE_FLOAT: Family = {
  addss: scalar(OP.f32_add, 4),
  subss: scalar(OP.f32_sub, 4),
  mulss: scalar(OP.f32_mul, 4),
  divss: scalar(OP.f32_div, 4),
  addsd: scalar(OP.f64_add, 8),
  subsd: scalar(OP.f64_sub, 8),
  mulsd: scalar(OP.f64_mul, 8),
  divsd: scalar(OP.f64_div, 8),
  addps: packed(SIMD.f32x4_add),
  subps: packed(SIMD.f32x4_sub),
  mulps: packed(SIMD.f32x4_mul),
  divps: packed(SIMD.f32x4_div),
  addpd: packed(SIMD.f64x2_add),
  subpd: packed(SIMD.f64x2_sub),
  mulpd: packed(SIMD.f64x2_mul),
  divpd: packed(SIMD.f64x2_div),
  minps: packed(SIMD.f32x4_pmin, true),
  maxps: packed(SIMD.f32x4_pmax, true),
  minpd: packed(SIMD.f64x2_pmin, true),
  maxpd: packed(SIMD.f64x2_pmax, true),
  minss: extreme(SIMD.f32x4_pmin, 4),
  maxss: extreme(SIMD.f32x4_pmax, 4),
  minsd: extreme(SIMD.f64x2_pmin, 8),
  maxsd: extreme(SIMD.f64x2_pmax, 8),
  sqrtss: scalarUnary(4, (e) => e.code.op(OP.f32_sqrt)),
  sqrtsd: scalarUnary(8, (e) => e.code.op(OP.f64_sqrt)),
  sqrtps: packedUnary((e) => e.code.simd(SIMD.f32x4_sqrt)),
  sqrtpd: packedUnary((e) => e.code.simd(SIMD.f64x2_sqrt)),
  rcpps: packedUnary((e) => reciprocal(e, false)),
  rsqrtps: packedUnary((e) => reciprocal(e, true)),
  rcpss: reciprocalLowest(false),
  rsqrtss: reciprocalLowest(true),
  cmpps: compared(4, false),
  cmppd: compared(8, false),
  cmpss: compared(4, true),
  cmpsd: compared(8, true),
  ucomiss: ordered(4),
  comiss: ordered(4),
  ucomisd: ordered(8),
  comisd: ordered(8),
  cvtsi2ss: fromInteger(4),
  cvtsi2sd: fromInteger(8),
  cvttss2si: toInteger(4, true),
  cvtss2si: toInteger(4, false),
  cvttsd2si: toInteger(8, true),
  cvtsd2si: toInteger(8, false),
  cvtss2sd: entry('rw,r', liftSingleToDouble),
  cvtsd2ss: entry('rw,r', liftDoubleToSingle),
  cvtps2pd: packedUnary((e) => e.code.simd(SIMD.f64x2_promote_low_f32x4)),
  cvtpd2ps: packedUnary((e) => e.code.simd(SIMD.f32x4_demote_f64x2_zero)),
  cvtdq2ps: packedUnary((e) => e.code.simd(SIMD.f32x4_convert_i32x4_s)),
  cvtdq2pd: packedUnary((e) => e.code.simd(SIMD.f64x2_convert_low_i32x4_s)),
  cvttps2dq: packedToInteger(true),
  cvtps2dq: packedToInteger(false),
  cvttpd2dq: pairToInteger(true),
  cvtpd2dq: pairToInteger(false),
};

import type { Instruction } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, ZF } from '../region/flag-kinds.ts';
import { operandAt } from '../region/operands.ts';
import { I32, OP, SIMD, V128, VOID } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import {
  correct,
  lanesOf,
  type Operation,
  pushArithmetic,
  pushExact,
  pushUnusual,
  type Size,
} from './float-guard.ts';
import { floatType, immediate, lanes, pushVector, xmmOf } from './xmm.ts';

/** Pushes a scalar operand as v128 (of memory the rest is zeros) and saves it. */
export function saveVector(e: Emitter, instruction: Instruction, index: number): number {
  pushVector(e, operandAt(instruction, index));
  return e.save(V128);
}

/** Pushes the lowest lane of a v128 local. */
export function pushLowest(e: Emitter, local: number, size: Size): void {
  e.code.get(local);
  e.code.lane(size === 8 ? SIMD.f64x2_extract_lane : SIMD.f32x4_extract_lane, 0);
}

/** Pops a float and pushes local `rest` with it as the lowest lane. */
export function pushWithLowest(e: Emitter, rest: number, size: Size): void {
  const value = e.save(floatType(size));
  e.code.get(rest);
  e.code.get(value);
  e.code.lane(size === 8 ? SIMD.f64x2_replace_lane : SIMD.f32x4_replace_lane, 0);
}

type Arithmetic = 'add' | 'sub' | 'mul' | 'div';
const SCALAR: Record<Arithmetic, Record<Size, number>> = {
  add: { 4: OP.f32_add, 8: OP.f64_add },
  sub: { 4: OP.f32_sub, 8: OP.f64_sub },
  mul: { 4: OP.f32_mul, 8: OP.f64_mul },
  div: { 4: OP.f32_div, 8: OP.f64_div },
};
export const PACKED: Record<Arithmetic, Record<Size, number>> = {
  add: { 4: SIMD.f32x4_add, 8: SIMD.f64x2_add },
  sub: { 4: SIMD.f32x4_sub, 8: SIMD.f64x2_sub },
  mul: { 4: SIMD.f32x4_mul, 8: SIMD.f64x2_mul },
  div: { 4: SIMD.f32x4_div, 8: SIMD.f64x2_div },
};

/** Every operation can leave for an exception. */
export const FLOAT_OPTIONS = { exits: true };

/** target = target op source, in all lanes or in the lowest one. */
function arithmetic(name: Arithmetic, size: Size, isScalar: boolean): Entry {
  const operation = { name, size, lanes: lanesOf(size, isScalar) };
  const lift = (e: Emitter, i: Instruction) => {
    const b = saveVector(e, i, 1);
    const a = saveVector(e, i, 0);
    pushArithmetic(e, operation, a, b, () => {
      if (!isScalar) {
        e.code.get(a);
        e.code.get(b);
        e.code.simd(PACKED[name][size]);
        return;
      }
      pushLowest(e, a, size);
      pushLowest(e, b, size);
      e.code.op(SCALAR[name][size]);
      pushWithLowest(e, a, size);
    });
    e.set(xmmOf(operandAt(i, 0)));
  };
  return entry('rw,r', lift, FLOAT_OPTIONS);
}

function squareRoot(size: Size, isScalar: boolean): Entry {
  const operation = { name: 'sqrt', size, lanes: lanesOf(size, isScalar) } as const;
  const lift = (e: Emitter, i: Instruction) => {
    const b = saveVector(e, i, 1);
    const a = isScalar ? saveVector(e, i, 0) : b;
    pushArithmetic(e, operation, a, b, () => {
      if (!isScalar) {
        e.code.get(b);
        e.code.simd(size === 8 ? SIMD.f64x2_sqrt : SIMD.f32x4_sqrt);
        return;
      }
      pushLowest(e, b, size);
      e.code.op(size === 8 ? OP.f64_sqrt : OP.f32_sqrt);
      pushWithLowest(e, a, size);
    });
    e.set(xmmOf(operandAt(i, 0)));
  };
  return entry(isScalar ? 'rw,r' : 'w,r', lift, FLOAT_OPTIONS);
}

/** Lowest lane of the v128 on the stack, the others of a local. */
export function keepUpper(e: Emitter, rest: number, size: Size): void {
  e.code.get(rest);
  e.code.shuffle(size === 8 ? lanes(8, 0, 3) : lanes(4, 0, 5, 6, 7));
}

/** min and max give the second operand when both are zeros, which is what wasm's pmin and pmax of the swapped operands do. */
function extreme(name: 'min' | 'max', size: Size, isScalar: boolean): Entry {
  const operation = { name, size, lanes: lanesOf(size, isScalar) };
  const op =
    name === 'min'
      ? { 4: SIMD.f32x4_pmin, 8: SIMD.f64x2_pmin }[size]
      : { 4: SIMD.f32x4_pmax, 8: SIMD.f64x2_pmax }[size];
  const lift = (e: Emitter, i: Instruction) => {
    const b = saveVector(e, i, 1);
    const a = saveVector(e, i, 0);
    e.code.get(b);
    e.code.get(a);
    e.code.simd(op);
    if (isScalar) keepUpper(e, a, size);
    finishUnlessUnusual(e, i, operation, a, b);
  };
  return entry('rw,r', lift, FLOAT_OPTIONS);
}

/** Sets the target to the result on the stack, which holds for operands that are neither NaN nor denormal. */
function finishUnlessUnusual(
  e: Emitter,
  instruction: Instruction,
  operation: Operation,
  a: number,
  b: number,
): void {
  const result = e.save(V128);
  pushUnusual(e, [a, b], operation.size, operation.lanes);
  correct(e, operation, a, b, result);
  e.code.get(result);
  e.set(xmmOf(operandAt(instruction, 0)));
}

/** Pushes the mask of predicate 0..7 (eq lt le unord, and their negations) of two v128 locals without NaNs. */
function compareMask(e: Emitter, predicate: number, a: number, b: number, size: Size): void {
  const { code } = e;
  if ((predicate & 3) === 3) code.v128(0, 0, 0, 0);
  else {
    code.get(a);
    code.get(b);
    const ops =
      size === 8
        ? [SIMD.f64x2_eq, SIMD.f64x2_lt, SIMD.f64x2_le]
        : [SIMD.f32x4_eq, SIMD.f32x4_lt, SIMD.f32x4_le];
    code.simd(ops[predicate & 3]!);
  }
  if (predicate & 4) code.simd(SIMD.v128_not);
}

function compared(size: Size, isScalar: boolean): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const detail = immediate(i.operands[2]) & 7;
    const b = saveVector(e, i, 1);
    const a = saveVector(e, i, 0);
    compareMask(e, detail, a, b, size);
    if (isScalar) keepUpper(e, a, size);
    finishUnlessUnusual(e, i, { name: 'compare', size, lanes: lanesOf(size, isScalar), detail }, a, b);
  };
  return entry('rw,r,-', lift, FLOAT_OPTIONS);
}

function pushUnordered(e: Emitter, a: number, b: number, size: Size): void {
  for (const op of size === 8 ? [OP.f64_lt, OP.f64_ge] : [OP.f32_lt, OP.f32_ge]) {
    pushLowest(e, a, size);
    pushLowest(e, b, size);
    e.code.op(op);
  }
  e.code.op(OP.i32_or);
  e.code.op(OP.i32_eqz);
}

/** ZF, PF and CF: unordered 111, greater 000, less 001, equal 100; the others are cleared. */
function ordered(size: Size, isStrict: boolean): Entry {
  const operation = { name: 'order', size, lanes: 1, detail: isStrict ? 1 : 0 } as const;
  const lift = (e: Emitter, i: Instruction) => {
    const { code } = e;
    const b = saveVector(e, i, 1);
    const a = saveVector(e, i, 0);
    const bits = e.temp(I32);
    if (e.batch.exactFloats) pushUnusual(e, [a, b], size, 1);
    else pushUnordered(e, a, b, size);
    code.ifUnlikely(VOID);
    pushExact(e, operation, a, b);
    code.lane(SIMD.i32x4_extract_lane, 0);
    code.set(bits);
    code.else();
    if (e.flags.live) {
      const test = (op: number) => {
        pushLowest(e, a, size);
        pushLowest(e, b, size);
        code.op(op);
      };
      test(size === 8 ? OP.f64_lt : OP.f32_lt);
      code.i32op(OP.i32_mul, CF);
      test(size === 8 ? OP.f64_eq : OP.f32_eq);
      code.i32op(OP.i32_shl, Math.log2(ZF));
      code.op(OP.i32_or);
      code.set(bits);
    }
    code.end();
    if (!e.flags.live) return;
    code.get(bits);
    e.flags.setBits();
  };
  return entry('r,r', lift, { flags: FLAGS.set, exits: true });
}

/** Reciprocals are computed in full: the CPUs' 12-bit approximations differ from each other. */
function reciprocal(ofRoot: boolean, isScalar: boolean): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const { code } = e;
    const one = 0x3f80_0000;
    const a = isScalar ? saveVector(e, i, 0) : -1;
    code.v128(one, one, one, one);
    pushVector(e, operandAt(i, 1));
    if (ofRoot) code.simd(SIMD.f32x4_sqrt);
    code.simd(SIMD.f32x4_div);
    if (isScalar) keepUpper(e, a, 4);
    e.set(xmmOf(operandAt(i, 0)));
  };
  return entry(isScalar ? 'rw,r' : 'w,r', lift);
}

/** Floating point lane by lane; conversions are in sse-convert.ts. */
export const SSE_FLOAT: Family = {
  addss: arithmetic('add', 4, true),
  subss: arithmetic('sub', 4, true),
  mulss: arithmetic('mul', 4, true),
  divss: arithmetic('div', 4, true),
  addsd: arithmetic('add', 8, true),
  subsd: arithmetic('sub', 8, true),
  mulsd: arithmetic('mul', 8, true),
  divsd: arithmetic('div', 8, true),
  addps: arithmetic('add', 4, false),
  subps: arithmetic('sub', 4, false),
  mulps: arithmetic('mul', 4, false),
  divps: arithmetic('div', 4, false),
  addpd: arithmetic('add', 8, false),
  subpd: arithmetic('sub', 8, false),
  mulpd: arithmetic('mul', 8, false),
  divpd: arithmetic('div', 8, false),
  minps: extreme('min', 4, false),
  maxps: extreme('max', 4, false),
  minpd: extreme('min', 8, false),
  maxpd: extreme('max', 8, false),
  minss: extreme('min', 4, true),
  maxss: extreme('max', 4, true),
  minsd: extreme('min', 8, true),
  maxsd: extreme('max', 8, true),
  sqrtss: squareRoot(4, true),
  sqrtsd: squareRoot(8, true),
  sqrtps: squareRoot(4, false),
  sqrtpd: squareRoot(8, false),
  rcpps: reciprocal(false, false),
  rsqrtps: reciprocal(true, false),
  rcpss: reciprocal(false, true),
  rsqrtss: reciprocal(true, true),
  cmpps: compared(4, false),
  cmppd: compared(8, false),
  cmpss: compared(4, true),
  cmpsd: compared(8, true),
  ucomiss: ordered(4, false),
  comiss: ordered(4, true),
  ucomisd: ordered(8, false),
  comisd: ordered(8, true),
};

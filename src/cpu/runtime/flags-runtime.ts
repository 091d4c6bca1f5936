import { STATE } from '../../machine/cpu-state.ts';
import {
  AF,
  ARITHMETIC_FLAGS,
  CF,
  FLAG,
  FLAG_CONSTANT,
  FLAGS_IN_MEMORY,
  OF,
  PF,
  SF,
  ZF,
} from '../region/flag-kinds.ts';
import type { Code } from '../wasm/code.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { NOTHING, RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';

const KIND = 0;
const A = 1;
const B = 2;
const R = 3;
const SIGN = -(2 ** 63);

/** Adds `flags`, `materialise` (lazy flags into rflags) and `adopt` (rflags into lazy flags). */
export function addFlagFunctions(runtime: RuntimeBuilder): void {
  runtime.define('flags', flagsFunction(runtime));
  const materialise = new RuntimeFunction(NOTHING);
  materialise.storeState32(STATE.rflags, () => {
    materialise.loadState32(STATE.rflags);
    materialise.code.i32op(OP.i32_and, ~ARITHMETIC_FLAGS);
    materialise.code.i32(FLAGS_IN_MEMORY);
    for (let index = 0; index < 3; index++) materialise.code.i64(0);
    materialise.code.call(runtime.index('flags'));
    materialise.code.op(OP.i32_or);
  });
  runtime.define('materialise', materialise);
  const adopt = new RuntimeFunction(NOTHING);
  adopt.storeState32(STATE.flagKind, () => adopt.code.i32(FLAG.raw));
  adopt.storeState64(STATE.flagResult, () => {
    adopt.loadState32(STATE.rflags);
    adopt.code.i32op(OP.i32_and, ARITHMETIC_FLAGS);
    adopt.code.op(OP.i64_extend_i32_u);
  });
  runtime.define('adopt', adopt);
}

/** Turns the condition on the stack into a flag bit. */
function bit(code: Code, flag: number): void {
  code.i32op(OP.i32_shl, Math.log2(flag));
}

function flagsFunction(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.flags);
  const { code } = f;
  const shift = f.local(I64);
  const result = f.local(I64);
  const operation = f.local(I32);
  const common = f.local(I32);

  whenKind(code, KIND, FLAG.raw, () => {
    code.get(R);
    code.op(OP.i32_wrap_i64);
    code.i32op(OP.i32_and, ARITHMETIC_FLAGS);
  });
  whenKind(code, KIND, FLAGS_IN_MEMORY, () => {
    f.loadState32(STATE.flagKind);
    code.i32op(OP.i32_and, 0xff);
    f.loadState64(STATE.flagA);
    f.loadState32(STATE.flagKind + 4);
    code.op(OP.i64_extend_i32_u);
    f.loadState64(STATE.flagB);
    f.loadState32(STATE.flagKind);
    code.i32op(OP.i32_and, FLAG_CONSTANT);
    code.op(OP.select);
    f.loadState64(STATE.flagResult);
    code.call(runtime.index('flags'));
  });
  code.i64(64);
  code.i64(8);
  code.get(KIND);
  code.i32op(OP.i32_and, 3);
  code.op(OP.i64_extend_i32_u);
  code.op(OP.i64_shl);
  code.op(OP.i64_sub);
  code.set(shift);
  code.get(KIND);
  code.i32op(OP.i32_and, ~3);
  code.set(operation);
  // A comparison keeps its operands only: it is a subtraction whose result is made now.
  code.get(operation);
  code.i32op(OP.i32_eq, FLAG.cmp);
  code.if(VOID);
  code.get(A);
  code.get(B);
  code.op(OP.i64_sub);
  code.set(R);
  code.i32(FLAG.sub);
  code.set(operation);
  code.end();
  code.get(R);
  code.get(shift);
  code.op(OP.i64_shl);
  code.set(result);
  commonFlags(code, result, common);

  whenKind(code, operation, FLAG.logic, () => code.get(common));
  whenKind(code, operation, FLAG.bits, () => {
    code.get(common);
    code.get(B);
    code.op(OP.i32_wrap_i64);
    code.op(OP.i32_or);
  });
  for (const increment of [true, false]) {
    whenKind(code, operation, increment ? FLAG.inc : FLAG.dec, () =>
      stepFlags(code, result, shift, common, increment),
    );
  }
  sumFlags(f, result, shift, operation, common);
  return f;
}

function whenKind(code: Code, local: number, kind: number, value: () => void): void {
  code.get(local);
  code.i32op(OP.i32_eq, kind);
  code.if(VOID);
  value();
  code.op(OP.return);
  code.end();
}

/** ZF, SF and PF of the result shifted to the top. */
function commonFlags(code: Code, result: number, common: number): void {
  code.get(result);
  code.op(OP.i64_eqz);
  bit(code, ZF);
  code.get(result);
  code.i64op(OP.i64_lt_s, 0);
  bit(code, SF);
  code.op(OP.i32_or);
  code.get(R);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, 0xff);
  code.op(OP.i32_popcnt);
  code.i32op(OP.i32_and, 1);
  code.op(OP.i32_eqz);
  bit(code, PF);
  code.op(OP.i32_or);
  code.set(common);
}

/** inc overflows to the smallest number, dec to the largest; CF is the one before. */
function stepFlags(code: Code, result: number, shift: number, common: number, increment: boolean): void {
  code.get(common);
  code.get(A);
  code.op(OP.i32_wrap_i64);
  code.op(OP.i32_or);
  code.get(result);
  code.i64(BigInt(SIGN));
  if (!increment) {
    code.i64(1);
    code.get(shift);
    code.op(OP.i64_shl);
    code.op(OP.i64_sub);
  }
  code.op(OP.i64_eq);
  bit(code, OF);
  code.op(OP.i32_or);
  code.get(R);
  code.i64op(OP.i64_and, 15);
  code.i64op(OP.i64_eq, increment ? 0 : 15);
  bit(code, AF);
  code.op(OP.i32_or);
}

/** add, adc, sub, sbb: the left operand follows from the others. */
function sumFlags(
  f: RuntimeFunction,
  result: number,
  shift: number,
  operation: number,
  common: number,
): void {
  const { code } = f;
  const carry = f.local(I64);
  const subtract = f.local(I32);
  const left = f.local(I64);
  const leftTop = f.local(I64);
  const right = f.local(I64);
  const isKind = (kind: number) => {
    code.get(operation);
    code.i32op(OP.i32_eq, kind);
  };
  code.get(A);
  code.i64(0);
  isKind(FLAG.adc);
  isKind(FLAG.sbb);
  code.op(OP.i32_or);
  code.op(OP.select);
  code.set(carry);
  isKind(FLAG.sub);
  isKind(FLAG.sbb);
  code.op(OP.i32_or);
  code.set(subtract);
  code.get(R);
  code.get(B);
  code.get(carry);
  code.op(OP.i64_add);
  code.op(OP.i64_add);
  code.get(R);
  code.get(B);
  code.get(carry);
  code.op(OP.i64_add);
  code.op(OP.i64_sub);
  code.get(subtract);
  code.op(OP.select);
  code.tee(left);
  code.get(shift);
  code.op(OP.i64_shl);
  code.set(leftTop);
  code.get(B);
  code.get(shift);
  code.op(OP.i64_shl);
  code.set(right);

  code.get(common);
  // CF: the sum, or the left operand of a subtraction, is below the right operand (or equal, with carry in).
  const below = f.local(I64);
  code.get(leftTop);
  code.get(result);
  code.get(subtract);
  code.op(OP.select);
  code.tee(below);
  code.get(right);
  code.op(OP.i64_lt_u);
  code.get(below);
  code.get(right);
  code.op(OP.i64_eq);
  code.get(carry);
  code.op(OP.i32_wrap_i64);
  code.op(OP.i32_and);
  code.op(OP.i32_or);
  bit(code, CF);
  code.op(OP.i32_or);
  // OF: the left operand and the result differ in sign, and so do the right operand and: the left one for a
  // subtraction, the result for a sum.
  code.get(leftTop);
  code.get(result);
  code.op(OP.i64_xor);
  code.get(right);
  code.get(leftTop);
  code.get(result);
  code.get(subtract);
  code.op(OP.select);
  code.op(OP.i64_xor);
  code.op(OP.i64_and);
  code.i64op(OP.i64_lt_s, 0);
  bit(code, OF);
  code.op(OP.i32_or);
  code.get(left);
  code.get(B);
  code.op(OP.i64_xor);
  code.get(R);
  code.op(OP.i64_xor);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, AF);
  code.op(OP.i32_or);
}

import { RAX, RCX, RDX } from '../../machine/cpu-state.ts';
import type { Instruction } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, OF, SF, ZF } from '../region/flag-kinds.ts';
import { operandAt, popRegister, register } from '../region/operands.ts';
import { I32, I64, OP, SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { immediate, pushVector, xmm, xmmOf } from './xmm.ts';

/** The register that pcmpestrm and pcmpistrm write. */
const MASK = xmm(0);

/** Bits of the immediate. */
const WORDS = 1;
const WIDE_OUTPUT = 0x40;

function count(control: number): number {
  return control & WORDS ? 8 : 16;
}

/** The length before the first zero element of a v128 local. */
function implicitLength(e: Emitter, operand: number, control: number): number {
  const { code } = e;
  code.get(operand);
  code.v128(0, 0, 0, 0);
  code.simd(control & WORDS ? SIMD.i16x8_eq : SIMD.i8x16_eq);
  code.simd(control & WORDS ? SIMD.i16x8_bitmask : SIMD.i8x16_bitmask);
  code.i32op(OP.i32_or, 1 << count(control));
  code.op(OP.i32_ctz);
  return e.save(I32);
}

/** The absolute value of eax or edx (rax or rdx with REX.W), at most the number of elements. */
function explicitLength(e: Emitter, reg: number, isWide: boolean, control: number): number {
  const { code } = e;
  e.get(reg);
  if (!isWide) code.op(OP.i64_extend32_s);
  const value = e.save(I64);
  // The smallest number is its own negative, and as an unsigned number the largest of all.
  code.i64(0);
  code.get(value);
  code.op(OP.i64_sub);
  code.get(value);
  code.get(value);
  code.i64op(OP.i64_lt_s, 0);
  code.op(OP.select);
  code.set(value);
  code.get(value);
  code.i64(count(control));
  code.get(value);
  code.i64op(OP.i64_lt_u, count(control));
  code.op(OP.select);
  code.op(OP.i32_wrap_i64);
  return e.save(I32);
}

/** Flags: CF any result, ZF and SF a second and first string shorter than the register, OF the lowest result. */
function setStringFlags(e: Emitter, result: number, first: number, second: number, control: number): void {
  if (!e.flags.live) return;
  const { code } = e;
  code.get(result);
  code.i32op(OP.i32_ne, 0);
  code.i32op(OP.i32_mul, CF);
  for (const [length, flag] of [
    [second, ZF],
    [first, SF],
  ] as const) {
    code.get(length);
    code.i32op(OP.i32_lt_u, count(control));
    code.i32op(OP.i32_mul, flag);
    code.op(OP.i32_or);
  }
  code.get(result);
  code.i32op(OP.i32_and, 1);
  code.i32op(OP.i32_mul, OF);
  code.op(OP.i32_or);
  e.flags.setBits();
}

/** ecx: the lowest or highest element with a result, or their number. */
function storeIndex(e: Emitter, result: number, control: number): void {
  const { code } = e;
  const highest = (control & WIDE_OUTPUT) !== 0;
  if (highest) {
    code.i32(count(control));
    code.i32(31);
  }
  code.get(result);
  if (!highest) {
    code.i32op(OP.i32_or, 1 << count(control));
    code.op(OP.i32_ctz);
  } else {
    code.op(OP.i32_clz);
    code.op(OP.i32_sub);
    code.get(result);
    code.op(OP.i32_eqz);
    code.op(OP.select);
  }
  popRegister(e, register(RCX, 4));
}

/** xmm0: the results as bits, or as whole elements of ones. */
function storeMask(e: Emitter, result: number, control: number): void {
  const { code } = e;
  if (control & WIDE_OUTPUT) {
    code.get(result);
    if (control & WORDS) {
      code.simd(SIMD.i16x8_splat);
      code.v128(0x0002_0001, 0x0008_0004, 0x0020_0010, 0x0080_0040);
      code.simd(SIMD.v128_and);
      code.v128(0x0002_0001, 0x0008_0004, 0x0020_0010, 0x0080_0040);
      code.simd(SIMD.i16x8_eq);
    } else {
      code.simd(SIMD.i16x8_splat);
      code.v128(0, 0, 0, 0);
      code.shuffle([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
      code.v128(0x0804_0201, 0x8040_2010, 0x0804_0201, 0x8040_2010);
      code.simd(SIMD.v128_and);
      code.v128(0x0804_0201, 0x8040_2010, 0x0804_0201, 0x8040_2010);
      code.simd(SIMD.i8x16_eq);
    }
  } else {
    code.v128(0, 0, 0, 0);
    code.get(result);
    code.lane(SIMD.i32x4_replace_lane, 0);
  }
  e.set(MASK);
}

function compare(isExplicit: boolean, toIndex: boolean): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const control = immediate(i.operands[2]);
    pushVector(e, operandAt(i, 1), true);
    const second = e.save(V128);
    e.get(xmmOf(operandAt(i, 0)));
    const first = e.save(V128);
    const isWide = i.opSize === 8;
    const lengthOf = (operand: number, reg: number) =>
      isExplicit ? explicitLength(e, reg, isWide, control) : implicitLength(e, operand, control);
    const firstLength = lengthOf(first, RAX);
    const secondLength = lengthOf(second, RDX);
    for (const local of [first, second, firstLength, secondLength]) e.code.get(local);
    e.code.i32(control);
    e.call('compareStrings');
    const result = e.save(I32);
    if (toIndex) storeIndex(e, result, control);
    else storeMask(e, result, control);
    setStringFlags(e, result, firstLength, secondLength, control);
  };
  return entry('r,r,-', lift, {
    uses: isExplicit ? (1 << RAX) | (1 << RDX) : 0,
    defines: toIndex ? 1 << RCX : 1 << MASK,
    flags: FLAGS.set,
  });
}

/** The string comparisons of SSE4.2. */
export const STRING_COMPARE: Family = {
  pcmpestri: compare(true, true),
  pcmpestrm: compare(true, false),
  pcmpistri: compare(false, true),
  pcmpistrm: compare(false, false),
};

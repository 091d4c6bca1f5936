import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt } from '../region/operands.ts';
import { I32, I64, OP, SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, each, entry, type Family } from './entry.ts';
import { immediate, lanes, pushVector, xmmOf } from './xmm.ts';

/** target = compute(target, source), both in v128 locals; what it pushes is the result. */
export function combined(
  compute: (e: Emitter, target: number, source: number, instruction: Instruction) => void,
): Entry {
  return entry('rw,r', (e, i) => {
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    e.get(xmmOf(operandAt(i, 0)));
    const target = e.save(V128);
    compute(e, target, source, i);
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/** One wasm operation of target and source. */
export function direct(op: number): Entry {
  return combined((e, target, source) => {
    e.code.get(target);
    e.code.get(source);
    e.code.simd(op);
  });
}

function interleaved(width: number, ...numbers: number[]): Entry {
  return combined((e, target, source) => {
    e.code.get(target);
    e.code.get(source);
    e.code.shuffle(lanes(width, ...numbers));
  });
}

const DIRECT = {
  paddb: SIMD.i8x16_add,
  paddw: SIMD.i16x8_add,
  paddd: SIMD.i32x4_add,
  paddq: SIMD.i64x2_add,
  paddsb: SIMD.i8x16_add_sat_s,
  paddsw: SIMD.i16x8_add_sat_s,
  paddusb: SIMD.i8x16_add_sat_u,
  paddusw: SIMD.i16x8_add_sat_u,
  psubb: SIMD.i8x16_sub,
  psubw: SIMD.i16x8_sub,
  psubd: SIMD.i32x4_sub,
  psubq: SIMD.i64x2_sub,
  psubsb: SIMD.i8x16_sub_sat_s,
  psubsw: SIMD.i16x8_sub_sat_s,
  psubusb: SIMD.i8x16_sub_sat_u,
  psubusw: SIMD.i16x8_sub_sat_u,
  pand: SIMD.v128_and,
  por: SIMD.v128_or,
  pxor: SIMD.v128_xor,
  andps: SIMD.v128_and,
  andpd: SIMD.v128_and,
  orps: SIMD.v128_or,
  orpd: SIMD.v128_or,
  xorps: SIMD.v128_xor,
  xorpd: SIMD.v128_xor,
  pcmpeqb: SIMD.i8x16_eq,
  pcmpeqw: SIMD.i16x8_eq,
  pcmpeqd: SIMD.i32x4_eq,
  pcmpgtb: SIMD.i8x16_gt_s,
  pcmpgtw: SIMD.i16x8_gt_s,
  pcmpgtd: SIMD.i32x4_gt_s,
  pminub: SIMD.i8x16_min_u,
  pmaxub: SIMD.i8x16_max_u,
  pminsw: SIMD.i16x8_min_s,
  pmaxsw: SIMD.i16x8_max_s,
  pavgb: SIMD.i8x16_avgr_u,
  pavgw: SIMD.i16x8_avgr_u,
  pmullw: SIMD.i16x8_mul,
  pmaddwd: SIMD.i32x4_dot_i16x8_s,
  packsswb: SIMD.i8x16_narrow_i16x8_s,
  packuswb: SIMD.i8x16_narrow_i16x8_u,
  packssdw: SIMD.i16x8_narrow_i32x4_s,
} as const;

function liftAndNot(e: Emitter, target: number, source: number): void {
  e.code.get(source);
  e.code.get(target);
  e.code.simd(SIMD.v128_andnot);
}

/** The high 16 bits of 32-bit products. */
function highProduct(low: number, high: number): Entry {
  return combined((e, target, source) => {
    for (const op of [low, high]) {
      e.code.get(target);
      e.code.get(source);
      e.code.simd(op);
    }
    e.code.shuffle(lanes(2, 1, 3, 5, 7, 9, 11, 13, 15));
  });
}

/** Products of the even 32-bit lanes. */
function liftPmuludq(e: Emitter, target: number, source: number): void {
  for (const local of [target, source]) {
    e.code.get(local);
    e.code.get(local);
    e.code.shuffle(lanes(4, 0, 2, 0, 2));
  }
  e.code.simd(SIMD.i64x2_extmul_low_i32x4_u);
}

/** Sums of absolute differences of each half's bytes. */
function liftPsadbw(e: Emitter, target: number, source: number): void {
  const { code } = e;
  for (const [a, b] of [
    [target, source],
    [source, target],
  ] as const) {
    code.get(a);
    code.get(b);
    code.simd(SIMD.i8x16_sub_sat_u);
  }
  code.simd(SIMD.v128_or);
  code.simd(SIMD.i16x8_extadd_pairwise_i8x16_u);
  code.simd(SIMD.i32x4_extadd_pairwise_i16x8_u);
  const sums = e.save(V128);
  code.get(sums);
  code.get(sums);
  code.i32(32);
  code.simd(SIMD.i64x2_shr_u);
  code.simd(SIMD.i32x4_add);
  code.v128(-1, 0, -1, 0);
  code.simd(SIMD.v128_and);
}

/** Shifts of lanes: a count of the lane's width or more gives 0, or the sign alone. */
function shift(bits: number, op: number, arithmetic: boolean): Entry {
  return entry('rw,r', (e, i) => {
    const { code } = e;
    const [target, count] = [operandAt(i, 0), operandAt(i, 1)];
    if (count.kind === 'imm') {
      shiftKnown(e, xmmOf(target), immediate(count), bits, op, arithmetic);
      return;
    }
    pushVector(e, count);
    code.lane(SIMD.i64x2_extract_lane, 0);
    const amount = e.save(I64);
    if (arithmetic) {
      code.get(amount);
      code.i64(bits - 1);
      code.get(amount);
      code.i64op(OP.i64_lt_u, bits);
      code.op(OP.select);
      code.set(amount);
    }
    const capped = e.temp(I32);
    code.get(amount);
    code.op(OP.i32_wrap_i64);
    code.set(capped);
    e.get(xmmOf(target));
    code.get(capped);
    code.simd(op);
    if (!arithmetic) {
      code.i64(-1);
      code.i64(0);
      code.get(amount);
      code.i64op(OP.i64_lt_u, bits);
      code.op(OP.select);
      code.simd(SIMD.i64x2_splat);
      code.simd(SIMD.v128_and);
    }
    e.set(xmmOf(target));
  });
}

function shiftKnown(
  e: Emitter,
  target: number,
  count: number,
  bits: number,
  op: number,
  arithmetic: boolean,
): void {
  if (count >= bits && !arithmetic) e.code.v128(0, 0, 0, 0);
  else {
    e.get(target);
    e.code.i32(Math.min(count, bits - 1));
    e.code.simd(op);
  }
  e.set(target);
}

/** Shifts of the whole register by bytes: a shuffle with zero. */
function byteShift(left: boolean): Entry {
  return entry('rw,r', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    const count = Math.min(16, immediate(operandAt(i, 1)));
    const indices = Array.from({ length: 16 }, (_, index) => (left ? index + 16 - count : index + count));
    if (left) e.code.v128(0, 0, 0, 0);
    e.get(target);
    if (!left) e.code.v128(0, 0, 0, 0);
    e.code.shuffle(indices);
    e.set(target);
  });
}

/** Rearrangement of the source by an immediate. */
function rearranged(indices: (immediate: number) => number[]): Entry {
  return entry('w,r,-', (e, i) => {
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    e.code.get(source);
    e.code.get(source);
    e.code.shuffle(indices(immediate(i.operands[2])));
    e.set(xmmOf(operandAt(i, 0)));
  });
}

function fields(value: number): number[] {
  return [value & 3, (value >> 2) & 3, (value >> 4) & 3, (value >> 6) & 3];
}

/** shufps and shufpd: low lanes from the target, high lanes from the source. */
function mixed(indices: (immediate: number) => number[]): Entry {
  return entry('rw,r,-', (e, i) => {
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    e.get(xmmOf(operandAt(i, 0)));
    e.code.get(source);
    e.code.shuffle(indices(immediate(i.operands[2])));
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/** Integer and bitwise operations on xmm registers. */
export const SSE_INT: Family = {
  ...each(Object.keys(DIRECT) as (keyof typeof DIRECT)[], (mnemonic) => direct(DIRECT[mnemonic])),
  ...each(['pandn', 'andnps', 'andnpd'], () => combined(liftAndNot)),
  pmulhw: highProduct(SIMD.i32x4_extmul_low_i16x8_s, SIMD.i32x4_extmul_high_i16x8_s),
  pmulhuw: highProduct(SIMD.i32x4_extmul_low_i16x8_u, SIMD.i32x4_extmul_high_i16x8_u),
  pmuludq: combined(liftPmuludq),
  psadbw: combined(liftPsadbw),
  punpcklbw: interleaved(1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
  punpckhbw: interleaved(1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
  punpcklwd: interleaved(2, 0, 8, 1, 9, 2, 10, 3, 11),
  punpckhwd: interleaved(2, 4, 12, 5, 13, 6, 14, 7, 15),
  punpckldq: interleaved(4, 0, 4, 1, 5),
  punpckhdq: interleaved(4, 2, 6, 3, 7),
  punpcklqdq: interleaved(8, 0, 2),
  punpckhqdq: interleaved(8, 1, 3),
  psllw: shift(16, SIMD.i16x8_shl, false),
  pslld: shift(32, SIMD.i32x4_shl, false),
  psllq: shift(64, SIMD.i64x2_shl, false),
  psrlw: shift(16, SIMD.i16x8_shr_u, false),
  psrld: shift(32, SIMD.i32x4_shr_u, false),
  psrlq: shift(64, SIMD.i64x2_shr_u, false),
  psraw: shift(16, SIMD.i16x8_shr_s, true),
  psrad: shift(32, SIMD.i32x4_shr_s, true),
  pslldq: byteShift(true),
  psrldq: byteShift(false),
  pshufd: rearranged((value) => lanes(4, ...fields(value))),
  pshuflw: rearranged((value) => lanes(2, ...fields(value), 4, 5, 6, 7)),
  pshufhw: rearranged((value) => lanes(2, 0, 1, 2, 3, ...fields(value).map((lane) => lane + 4))),
  shufps: mixed((value) => {
    const [a, b, c, d] = fields(value) as [number, number, number, number];
    return lanes(4, a, b, c + 4, d + 4);
  }),
  shufpd: mixed((value) => lanes(8, value & 1, 2 + ((value >> 1) & 1))),
};

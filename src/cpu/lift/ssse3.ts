import type { Emitter } from '../region/emitter.ts';
import { operandAt } from '../region/operands.ts';
import { SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { combined } from './sse-int.ts';
import { immediate, lanes, pushVector, xmmOf } from './xmm.ts';

/** Wasm zeroes for any index of 16 or more, x86 only where bit 7 is set. */
function liftPshufb(e: Emitter, target: number, source: number): void {
  e.code.get(target);
  e.code.get(source);
  const kept = 0x8f8f_8f8f;
  e.code.v128(kept, kept, kept, kept);
  e.code.simd(SIMD.v128_and);
  e.code.simd(SIMD.i8x16_swizzle);
}

/** Adds or subtracts neighbours: the target's pairs give the low half, the source's the high half. */
function horizontal(width: 2 | 4, op: number): Entry {
  const all = Array.from({ length: 32 / width }, (_, lane) => lane);
  return combined((e, target, source) => {
    for (const parity of [0, 1]) {
      e.code.get(target);
      e.code.get(source);
      e.code.shuffle(lanes(width, ...all.filter((lane) => lane % 2 === parity)));
    }
    e.code.simd(op);
  });
}

/** Unsigned bytes of the target times signed bytes of the source, neighbours added with saturation. */
function liftPmaddubsw(e: Emitter, target: number, source: number): void {
  const { code } = e;
  const low = 0x00ff_00ff;
  code.get(target);
  code.v128(low, low, low, low);
  code.simd(SIMD.v128_and);
  code.get(source);
  code.i32(8);
  code.simd(SIMD.i16x8_shl);
  code.i32(8);
  code.simd(SIMD.i16x8_shr_s);
  code.simd(SIMD.i16x8_mul);
  for (const [local, op] of [
    [target, SIMD.i16x8_shr_u],
    [source, SIMD.i16x8_shr_s],
  ] as const) {
    code.get(local);
    code.i32(8);
    code.simd(op);
  }
  code.simd(SIMD.i16x8_mul);
  code.simd(SIMD.i16x8_add_sat_s);
}

/** Negates where the source is negative, zeroes where it is zero. */
function sign(lessThan: number, equal: number, sub: number): Entry {
  return combined((e, target, source) => {
    const { code } = e;
    code.get(source);
    code.v128(0, 0, 0, 0);
    code.simd(lessThan);
    const negative = e.save(V128);
    code.get(target);
    code.get(negative);
    code.simd(SIMD.v128_xor);
    code.get(negative);
    code.simd(sub);
    code.get(source);
    code.v128(0, 0, 0, 0);
    code.simd(equal);
    code.simd(SIMD.v128_andnot);
  });
}

/** Wasm saturates -1 times -1, where x86 wraps to -1. */
function liftPmulhrsw(e: Emitter, target: number, source: number): void {
  const { code } = e;
  const smallest = 0x8000_8000;
  code.get(target);
  code.get(source);
  code.simd(SIMD.i16x8_q15mulr_sat_s);
  for (const local of [target, source]) {
    code.get(local);
    code.v128(smallest, smallest, smallest, smallest);
    code.simd(SIMD.i16x8_eq);
  }
  code.simd(SIMD.v128_and);
  code.simd(SIMD.v128_xor);
}

function unary(op: number): Entry {
  return entry('w,r', (e, i) => {
    pushVector(e, operandAt(i, 1));
    e.code.simd(op);
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/** 16 bytes out of target:source, from byte `count` on; beyond them are zeros. */
const palignr = entry('rw,r,-', (e, i) => {
  const { code } = e;
  const target = xmmOf(operandAt(i, 0));
  const count = Math.min(32, immediate(i.operands[2]));
  pushVector(e, operandAt(i, 1));
  const source = e.save(V128);
  if (count <= 16) code.get(source);
  e.get(target);
  if (count > 16) code.v128(0, 0, 0, 0);
  code.shuffle(range(count <= 16 ? count : count - 16));
  e.set(target);
});

function range(first: number): number[] {
  return Array.from({ length: 16 }, (_, index) => first + index);
}

/** SSSE3. */
export const SSSE3: Family = {
  pshufb: combined(liftPshufb),
  phaddw: horizontal(2, SIMD.i16x8_add),
  phaddd: horizontal(4, SIMD.i32x4_add),
  phaddsw: horizontal(2, SIMD.i16x8_add_sat_s),
  phsubw: horizontal(2, SIMD.i16x8_sub),
  phsubd: horizontal(4, SIMD.i32x4_sub),
  phsubsw: horizontal(2, SIMD.i16x8_sub_sat_s),
  pmaddubsw: combined(liftPmaddubsw),
  psignb: sign(SIMD.i8x16_lt_s, SIMD.i8x16_eq, SIMD.i8x16_sub),
  psignw: sign(SIMD.i16x8_lt_s, SIMD.i16x8_eq, SIMD.i16x8_sub),
  psignd: sign(SIMD.i32x4_lt_s, SIMD.i32x4_eq, SIMD.i32x4_sub),
  pmulhrsw: combined(liftPmulhrsw),
  pabsb: unary(SIMD.i8x16_abs),
  pabsw: unary(SIMD.i16x8_abs),
  pabsd: unary(SIMD.i32x4_abs),
  palignr,
};

import { operandAt } from '../region/operands.ts';
import { SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { immediate, lanes, pushVector, xmmOf } from './xmm.ts';

type Size = 4 | 8;

/** Adds or subtracts neighbours: the target's pairs give the low half, the source's the high half. */
function horizontal(op: number, size: Size): Entry {
  return entry('rw,r', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    for (const parity of [0, 1]) {
      e.get(target);
      e.code.get(source);
      e.code.shuffle(
        size === 8 ? lanes(8, parity, parity + 2) : lanes(4, ...[0, 2, 4, 6].map((n) => n + parity)),
      );
    }
    e.code.simd(op);
    e.set(target);
  });
}

/** Subtracts even lanes and adds odd ones. */
function alternating(subtract: number, add: number, size: Size): Entry {
  return entry('rw,r', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    for (const op of [subtract, add]) {
      e.get(target);
      e.code.get(source);
      e.code.simd(op);
    }
    e.code.shuffle(size === 8 ? lanes(8, 0, 3) : lanes(4, 0, 5, 2, 7));
    e.set(target);
  });
}

/** Products of the lanes that the high half of the immediate names, their sum in those that the low half names. */
function dotProduct(multiply: number, add: number, size: Size): Entry {
  const all = size === 8 ? [0, 1] : [0, 1, 2, 3];
  return entry('rw,r,-', (e, i) => {
    const { code } = e;
    const target = xmmOf(operandAt(i, 0));
    const bits = immediate(i.operands[2]);
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    e.get(target);
    code.get(source);
    code.simd(multiply);
    code.v128(0, 0, 0, 0);
    code.shuffle(lanes(size, ...all.map((lane) => ((bits >> (lane + 4)) & 1 ? lane : all.length))));
    const sum = e.save(V128);
    for (let distance = 1; distance < all.length; distance *= 2) {
      code.get(sum);
      code.get(sum);
      code.get(sum);
      code.shuffle(lanes(size, ...all.map((lane) => lane ^ distance)));
      code.simd(add);
      code.set(sum);
    }
    code.get(sum);
    code.v128(0, 0, 0, 0);
    code.shuffle(lanes(size, ...all.map((lane) => ((bits >> lane) & 1 ? lane : all.length))));
    e.set(target);
  });
}

/** SSE3's and SSE4.1's floating point across lanes. */
export const SSE_HORIZONTAL: Family = {
  haddps: horizontal(SIMD.f32x4_add, 4),
  haddpd: horizontal(SIMD.f64x2_add, 8),
  hsubps: horizontal(SIMD.f32x4_sub, 4),
  hsubpd: horizontal(SIMD.f64x2_sub, 8),
  addsubps: alternating(SIMD.f32x4_sub, SIMD.f32x4_add, 4),
  addsubpd: alternating(SIMD.f64x2_sub, SIMD.f64x2_add, 8),
  dpps: dotProduct(SIMD.f32x4_mul, SIMD.f32x4_add, 4),
  dppd: dotProduct(SIMD.f64x2_mul, SIMD.f64x2_add, 8),
};

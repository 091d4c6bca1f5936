import { operandAt } from '../region/operands.ts';
import { SIMD } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { immediate, lanes, pushVector, xmmOf } from './xmm.ts';

type Size = 4 | 8;

/** By the immediate's low two bits: to nearest, down, up, toward zero. */
const OPERATIONS: Record<Size, readonly number[]> = {
  4: [SIMD.f32x4_nearest, SIMD.f32x4_floor, SIMD.f32x4_ceil, SIMD.f32x4_trunc],
  8: [SIMD.f64x2_nearest, SIMD.f64x2_floor, SIMD.f64x2_ceil, SIMD.f64x2_trunc],
};
/** Bit of the immediate: round as MXCSR says. */
const BY_MXCSR = 4;

function rounded(size: Size, isScalar: boolean): Entry {
  return entry(isScalar ? 'rw,r,-' : 'w,r,-', (e, i) => {
    const { code } = e;
    const target = xmmOf(operandAt(i, 0));
    const control = immediate(i.operands[2]);
    pushVector(e, operandAt(i, 1));
    code.simd(OPERATIONS[size][control & BY_MXCSR ? 0 : control & 3]!);
    if (isScalar) {
      e.get(target);
      code.shuffle(size === 8 ? lanes(8, 0, 3) : lanes(4, 0, 5, 6, 7));
    }
    e.set(target);
  });
}

/** Rounding to integers in floating point. */
export const SSE_ROUND: Family = {
  roundps: rounded(4, false),
  roundpd: rounded(8, false),
  roundss: rounded(4, true),
  roundsd: rounded(8, true),
};

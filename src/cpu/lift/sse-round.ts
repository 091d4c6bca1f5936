import { operandAt } from '../region/operands.ts';
import { SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { correct, lanesOf, orStateChange, pushUnusual, type Size } from './float-guard.ts';
import { FLOAT_OPTIONS, keepUpper, saveVector } from './sse-float.ts';
import { immediate, xmmOf } from './xmm.ts';

/** By the immediate's low two bits: to nearest, down, up, toward zero. */
const OPERATIONS: Record<Size, readonly number[]> = {
  4: [SIMD.f32x4_nearest, SIMD.f32x4_floor, SIMD.f32x4_ceil, SIMD.f32x4_trunc],
  8: [SIMD.f64x2_nearest, SIMD.f64x2_floor, SIMD.f64x2_ceil, SIMD.f64x2_trunc],
};
/** Bits of the immediate: round as MXCSR says; what is inexact is not told. */
const BY_MXCSR = 4;
const IS_SILENT = 8;

function rounded(size: Size, isScalar: boolean): Entry {
  return entry(
    isScalar ? 'rw,r,-' : 'w,r,-',
    (e, i) => {
      const { code } = e;
      const control = immediate(i.operands[2]) & 15;
      const lanes = lanesOf(size, isScalar);
      const b = saveVector(e, i, 1);
      const a = isScalar ? saveVector(e, i, 0) : b;
      code.get(b);
      code.simd(OPERATIONS[size][control & BY_MXCSR ? 0 : control & 3]!);
      if (isScalar) keepUpper(e, a, size);
      const result = e.save(V128);
      pushUnusual(e, [b], size, lanes);
      if (control & BY_MXCSR || !(control & IS_SILENT)) {
        orStateChange(e);
      }
      correct(e, { name: 'round', size, lanes, detail: control }, a, b, result);
      code.get(result);
      e.set(xmmOf(operandAt(i, 0)));
    },
    FLOAT_OPTIONS,
  );
}

/** Rounding to integers in floating point. */
export const SSE_ROUND: Family = {
  roundps: rounded(4, false),
  roundpd: rounded(8, false),
  roundss: rounded(4, true),
  roundsd: rounded(8, true),
};

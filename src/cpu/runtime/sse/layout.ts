import { STATE } from '../../../machine/cpu-state.ts';
import { CPU_STATE } from '../../../machine/layout.ts';

/** Exception flags of MXCSR; the masks have the same order from bit 7 on. */
export const MXCSR = {
  IE: 0x01,
  DE: 0x02,
  ZE: 0x04,
  OE: 0x08,
  UE: 0x10,
  PE: 0x20,
  /** Denormal operands count as zeros. */
  DAZ: 0x40,
  /** Bit 13: 0 to nearest, 1 down, 2 up, 3 toward zero. */
  ROUNDING_SHIFT: 13,
  /** Denormal results become zeros, if underflow is masked. */
  FTZ: 0x8000,
  MASKS: 0x1f80,
} as const;

/** Offsets from CPU_STATE of what the exact operations work on. */
export const SSE_SCRATCH = {
  /** Function table index of the exact operations, 0 until they are needed. */
  exactFloat: STATE.temp + 0x10,
  /** Flags found before and after computing: an unmasked one of the first kind hides the second kind. */
  before: STATE.temp + 0x14,
  after: STATE.temp + 0x18,
  a: STATE.temp + 0x20,
  b: STATE.temp + 0x30,
  result: STATE.temp + 0x40,
  /** First operand of a string comparison. */
  elements: STATE.temp + 0x50,
} as const;

/**
 * Operations of `exactFloat`. Its parameter is operation | lanes << 8 | isDouble << 12 | detail << 16: `lanes` has a bit for
 * each lane that is computed (the others are the first operand's); `detail` is the predicate or the rounding.
 */
export const FLOAT_OPERATION = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  min: 4,
  max: 5,
  sqrt: 6,
  /** A mask; detail: the predicate of cmpps. */
  compare: 7,
  /** ZF, PF and CF as the whole result; detail 1: comis. */
  order: 8,
  /** Detail: as roundps. */
  round: 9,
  /** The lane as the low 32 or 64 bits; detail: 1 truncates. */
  toInt32: 10,
  toInt64: 11,
  fromInt32: 12,
  fromInt64: 13,
  /** Of the size that isDouble says into the other one. */
  convert: 14,
} as const;
export type FloatOperation = keyof typeof FLOAT_OPERATION;

/** Parameter of `exactFloat`. */
export function floatControl(
  operation: FloatOperation,
  lanes: number,
  isDouble: boolean,
  detail = 0,
): number {
  return FLOAT_OPERATION[operation] | (lanes << 8) | (isDouble ? 0x1000 : 0) | (detail << 16);
}

const upper = (names: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(names).map(([name, value]) => [name.replace(/([A-Z])/g, '_$1').toUpperCase(), value]),
  );

/** Names that the sources use. */
export const SSE_CONSTANTS: Readonly<Record<string, number | bigint>> = {
  ...MXCSR,
  ...upper(FLOAT_OPERATION),
  STATUS: CPU_STATE + STATE.mxcsr,
  BEFORE: CPU_STATE + SSE_SCRATCH.before,
  AFTER: CPU_STATE + SSE_SCRATCH.after,
  A: CPU_STATE + SSE_SCRATCH.a,
  B: CPU_STATE + SSE_SCRATCH.b,
  RESULT: CPU_STATE + SSE_SCRATCH.result,
  TOP: 1n << 63n,
  LOW32: 0xffff_ffffn,
};

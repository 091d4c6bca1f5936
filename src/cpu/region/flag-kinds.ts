/**
 * Lazy flags: instead of six flag bits, a kind and what the operation left. A kind is `operation * 4 + log2(size)`.
 *
 *     operation  b             a          result
 *     raw        -             -          the flag bits themselves
 *     add, sub   right operand -          result (the left operand follows: a = r - b, a = r + b)
 *     adc, sbb   right operand carry in   result
 *     cmp        right operand left       -
 *     logic      -             -          result; CF = OF = AF = 0
 *     inc, dec   -             CF before  result
 *     bits       CF, OF and AF as bits    result; ZF, SF and PF come from it
 */
export const FLAG = {
  raw: 0,
  add: 4,
  sub: 8,
  adc: 12,
  sbb: 16,
  logic: 20,
  inc: 24,
  dec: 28,
  bits: 32,
  cmp: 36,
} as const;

/** In memory only, added to a kind: b is a constant, in the 32 bits after the kind (which saves a store). */
export const FLAG_CONSTANT = 0x100;
/** Constants up to here are stored so. */
export const MOST_FLAG_CONSTANT = 0xf_ffff;
/** Kind of a local that says: the flags are those in memory. */
export const FLAGS_IN_MEMORY = 0xff;
/** Translation-time only: the kind is in the local `flagKind`. */
export const FLAGS_DYNAMIC = -1;
/** Translation-time only: nothing can observe the flags before they are set. */
export const FLAGS_DEAD = -2;

export const CF = 0x001;
export const PF = 0x004;
export const AF = 0x010;
export const ZF = 0x040;
export const SF = 0x080;
export const OF = 0x800;
/** The flags that arithmetic changes. */
export const ARITHMETIC_FLAGS = CF | PF | AF | ZF | SF | OF;
export const TF = 0x100;
export const DF = 0x400;

/** log2 of an operand size, the low bits of a kind. */
export function sizeLog(size: number): number {
  return size === 8 ? 3 : size === 4 ? 2 : size === 2 ? 1 : 0;
}

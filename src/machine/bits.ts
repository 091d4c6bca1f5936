/** Number of the lowest bit that is set. A set is gone through by taking it away: `bits & (bits - 1)`. */
export function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

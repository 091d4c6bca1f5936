/** The 128-bit product of two words, for x87 and the exact operations of SSE: high, low. */
export const MULTIPLY_SOURCE = `
fn multiply(a: i64, b: i64): i64, i64 {
  let al = a & LOW32;
  let ah = a >>> 32;
  let bl = b & LOW32;
  let bh = b >>> 32;
  let middle = ah * bl + (al * bl >>> 32);
  let other = al * bh + (middle & LOW32);
  return ah * bh + (middle >>> 32) + (other >>> 32), a * b;
}
`;

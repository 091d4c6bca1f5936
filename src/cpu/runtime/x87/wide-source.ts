/**
 * Numbers of 128 bits for the transcendental functions. A wide number is an exponent and a significand high:low whose
 * top bit stands for 2^exponent; a fraction is high:low / 2^128. Results are truncated, within 4 units of the last bit.
 */
export const WIDE_SOURCE = `
fn multiplyFractions(ah: i64, al: i64, bh: i64, bl: i64): i64, i64 {
  let (high, low) = multiply(ah, bh);
  let (x, unused) = multiply(ah, bl);
  let (y, unusedToo) = multiply(al, bh);
  let sum = low + x;
  if (sum <u low) high = high + 1;
  low = sum + y;
  if (low <u sum) high = high + 1;
  return high, low;
}
fn addFractions(ah: i64, al: i64, bh: i64, bl: i64): i64, i64 {
  let low = al + bl;
  return ah + bh + i64(low <u al), low;
}
fn subtractFractions(ah: i64, al: i64, bh: i64, bl: i64): i64, i64 {
  return ah - bh - i64(al <u bl), al - bl;
}
// c + x * s and c - x * s: the steps of Horner's scheme
fn addProduct(xh: i64, xl: i64, sh: i64, sl: i64, ch: i64, cl: i64): i64, i64 {
  let (h, l) = multiplyFractions(xh, xl, sh, sl);
  return addFractions(ch, cl, h, l);
}
fn subtractProduct(xh: i64, xl: i64, sh: i64, sl: i64, ch: i64, cl: i64): i64, i64 {
  let (h, l) = multiplyFractions(xh, xl, sh, sl);
  return subtractFractions(ch, cl, h, l);
}
fn wideMultiply(aE: i32, ah: i64, al: i64, bE: i32, bh: i64, bl: i64): i32, i64, i64 {
  let (h, l) = multiplyFractions(ah, al, bh, bl);
  if (h < 0) return aE + bE + 1, h, l;
  return aE + bE, h << 1 | l >>> 63, l << 1;
}
// One digit of 64 bits of (rh:rl) / (dh:dl), the dividend being less and the divisor's top bit set; and what remains.
fn wideDigit(rh: i64, rl: i64, dh: i64, dl: i64): i64, i64, i64 {
  let q = -1n;
  let unused = 0n;
  if (rh <u dh) (q, unused) = divide(rh, rl, dh);
  let (carry, low) = multiply(q, dl);
  let (top, middle) = multiply(q, dh);
  middle = middle + carry;
  if (middle <u carry) top = top + 1;
  // subtract top:middle:low from rh:rl:0
  let borrow = low != 0;
  let m = rl - middle - i64(borrow);
  let h = rh - top - i64(rl <u middle || rl == middle && borrow);
  let l = -low;
  while (h < 0) {
    q = q - 1;
    l = l + dl;
    let over = l <u dl;
    m = m + dh + i64(over);
    if (m <u dh || over && m == dh) h = h + 1;
  }
  return q, m, l;
}
fn wideDivide(nE: i32, nh: i64, nl: i64, dE: i32, dh: i64, dl: i64): i32, i64, i64 {
  let exp = nE - dE;
  if (nh >u dh || nh == dh && nl >=u dl) {
    nl = nl >>> 1 | nh << 63;
    nh = nh >>> 1;
  } else exp = exp - 1;
  let (high, rh, rl) = wideDigit(nh, nl, dh, dl);
  let (low, unused, unusedToo) = wideDigit(rh, rl, dh, dl);
  return exp, high, low;
}
// A wide number below 1 as a fraction.
fn toFraction(exp: i32, h: i64, l: i64): i64, i64 {
  (h, l) = shiftJam(h, l, -1 - exp);
  return h, l;
}
// An inexact wide number as an extended one.
fn packWide(sign: i32, exp: i32, h: i64, l: i64): i32, i64 {
  return pack(sign, exp + BIAS, h, l | 1, 0);
}
`;

const FRACTION_BITS = 128n;

/** A value of 2^128 times something as two literals of the language. */
export function literals(value: bigint): string {
  const high = BigInt.asUintN(64, value >> 64n);
  const low = BigInt.asUintN(64, value);
  return `0x${high.toString(16)}n, 0x${low.toString(16)}n`;
}

/** Half of numerator / denominator as a fraction. */
export function half(numerator: bigint, denominator: bigint): string {
  return literals((numerator << (FRACTION_BITS - 1n)) / denominator);
}

/**
 * Statements that set sh:sl to half of the polynomial with these coefficients (1 / each) in the fraction xh:xl, which
 * `step` (addProduct, subtractProduct) adds or subtracts at each power.
 */
export function polynomial(denominators: readonly bigint[], step: string): string {
  const [last, ...rest] = [...denominators].reverse();
  const lines = rest.map((each) => `(sh, sl) = ${step}(xh, xl, sh, sl, ${half(1n, each)});`);
  const [high, low] = half(1n, last!).split(', ');
  return [`let sh = ${high};`, `let sl = ${low};`, ...lines].join('\n  ');
}

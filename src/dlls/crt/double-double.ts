/**
 * Numbers as unevaluated sums of two doubles: some 106 bits, for results that must be rounded correctly. The high part
 * is the sum rounded to a double.
 */
export type Pair = readonly [high: number, low: number];

export function sum(a: number, b: number): Pair {
  const high = a + b;
  const part = high - a;
  return [high, a - (high - part) + (b - part)];
}

/** Veltkamp's constant, 2^27 + 1. */
const SPLITTER = 134217729;

export function product(a: number, b: number): Pair {
  const high = a * b;
  const bigA = SPLITTER * a;
  const highA = bigA - (bigA - a);
  const lowA = a - highA;
  const bigB = SPLITTER * b;
  const highB = bigB - (bigB - b);
  const lowB = b - highB;
  return [high, highA * highB - high + highA * lowB + lowA * highB + lowA * lowB];
}

export function add(a: Pair, b: Pair): Pair {
  const [high, low] = sum(a[0], b[0]);
  const [lowHigh, lowLow] = sum(a[1], b[1]);
  const [middle, rest] = sum(high, low + lowHigh);
  return sum(middle, rest + lowLow);
}

export function multiply(a: Pair, b: Pair): Pair {
  const [high, low] = product(a[0], b[0]);
  return sum(high, low + a[0] * b[1] + a[1] * b[0]);
}

export function times(a: Pair, b: number): Pair {
  const [high, low] = product(a[0], b);
  return sum(high, low + a[1] * b);
}

export function negate(a: Pair): Pair {
  return [-a[0], -a[1]];
}

export function divide(a: Pair, b: Pair): Pair {
  const first = a[0] / b[0];
  const rest = add(a, negate(times(b, first)));
  const second = rest[0] / b[0];
  const last = add(rest, negate(times(b, second)));
  const [high, low] = sum(first, second);
  return sum(high, low + last[0] / b[0]);
}

export function squareRoot(a: Pair): Pair {
  if (a[0] <= 0) return [0, 0];
  const root = Math.sqrt(a[0]);
  const rest = add(a, negate(product(root, root)));
  return sum(root, rest[0] / (2 * root));
}

export const LN2: Pair = [Math.LN2, 2.3190468138462996e-17];
export const PI: Pair = [Math.PI, 1.2246467991473532e-16];
const HALVINGS = 9;
const TERMS = 12;

/** e^a as a pair times 2^exponent. */
export function exponential(a: Pair): { readonly value: Pair; readonly exponent: number } {
  const exponent = Math.round(a[0] / LN2[0]);
  const reduced = add(a, negate(times(LN2, exponent)));
  const small: Pair = [reduced[0] / 2 ** HALVINGS, reduced[1] / 2 ** HALVINGS];
  // e^small - 1, so that squaring loses nothing of a number near 1.
  let rest: Pair = [0, 0];
  for (let n = TERMS; n >= 1; n--) rest = divide(multiply(small, add([1, 0], rest)), [n, 0]);
  for (let i = 0; i < HALVINGS; i++) rest = add(times(rest, 2), multiply(rest, rest));
  return { value: add([1, 0], rest), exponent };
}

/** The natural logarithm of a number > 0 that is normal. */
export function logarithm(a: Pair): Pair {
  const first = Math.log(a[0]);
  // Newton's step on e^y = a: y + (a e^-y - 1), with the cubic term left away as first is good to 52 bits.
  const { value, exponent } = exponential([-first, 0]);
  const scaled: Pair = [a[0] * 2 ** exponent, a[1] * 2 ** exponent];
  const correction = add(multiply(scaled, value), [-1, 0]);
  const half = multiply(correction, correction);
  return add([first, 0], add(correction, times(half, -0.5)));
}

const LEAST_NORMAL = 2 ** -1022;
const LEAST_EXPONENT = -1074;

/** A pair times 2^exponent as a double, rounded once also where the result is subnormal. */
export function toDouble([high, low]: Pair, exponent: number): number {
  const magnitude = Math.abs(high);
  if (high === 0 || !Number.isFinite(high)) return high;
  if (exponent > 2100) return high * Infinity;
  if (exponent < -2200) return high * 0;
  const half = Math.trunc(exponent / 2);
  const scaled = high * 2 ** half * 2 ** (exponent - half);
  if (Math.abs(scaled) >= 2 * LEAST_NORMAL || exponent === 0) return scaled;
  const sign = high < 0 ? -1 : 1;
  // In units of the smallest double.
  const units = magnitude * 2 ** (exponent - LEAST_EXPONENT);
  const whole = Math.floor(units);
  const rest = units - whole + sign * low * 2 ** (exponent - LEAST_EXPONENT);
  const up = rest > 0.5 || (rest === 0.5 && whole % 2 === 1);
  return sign * (whole + (up ? 1 : 0)) * 2 ** LEAST_EXPONENT;
}

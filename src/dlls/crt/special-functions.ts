import {
  add,
  divide,
  exponential,
  LN2,
  logarithm,
  multiply,
  negate,
  type Pair,
  PI,
  product,
  squareRoot,
  times,
  toDouble,
} from './double-double.ts';
import { split } from './float-parts.ts';

/** The error and gamma functions, from their series in some 100 bits, so that the double is right to the last bit or so. */

const ONE: Pair = [1, 0];
/** Below this erf's series is used, above it the continued fraction of erfc. */
const SERIES_LIMIT = 2.5;
const MOST_TERMS = 200;
const TINY = 2 ** -110;

/** 2/sqrt(pi) * x * sum of (2x²)^n / (1·3·…·(2n+1)) * e^-x² */
function erfSeries(x: number): Pair {
  const square = product(x, x);
  let term: Pair = [x, 0];
  let total = term;
  for (let n = 1; n < MOST_TERMS && Math.abs(term[0]) > TINY * Math.abs(total[0]); n++) {
    term = divide(multiply(term, times(square, 2)), [2 * n + 1, 0]);
    total = add(total, term);
  }
  const { value, exponent } = exponential(negate(square));
  const scaled = multiply(total, value);
  const factor = divide([2, 0], squareRoot(PI));
  const result = multiply(scaled, factor);
  return [result[0] * 2 ** exponent, result[1] * 2 ** exponent];
}

/** e^-x² / (x sqrt(pi)) / (1 + 1/(2x²)/(1 + 2/(2x²)/(1 + …))), for x > 0. */
function erfcFraction(x: number): number {
  const square = product(x, x);
  const step = divide(ONE, times(square, 2));
  let fraction: Pair = ONE;
  const depth = Math.ceil(30 + 700 / (x * x));
  for (let n = depth; n >= 1; n--) fraction = add(ONE, divide(times(step, n), fraction));
  const { value, exponent } = exponential(negate(square));
  const denominator = multiply(times(squareRoot(PI), x), fraction);
  return toDouble(divide(value, denominator), exponent);
}

export function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const magnitude = Math.abs(x);
  if (magnitude > 6) return Math.sign(x);
  if (magnitude < SERIES_LIMIT) return erfSeries(x)[0];
  return Math.sign(x) * (1 - erfcFraction(magnitude));
}

export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 28) return 0;
  if (x < -6) return 2;
  if (x < SERIES_LIMIT) return add(ONE, negate(erfSeries(x)))[0];
  return erfcFraction(x);
}

/** Coefficients of Stirling's series: B(2n) / (2n (2n - 1)), as numerator and denominator. */
const STIRLING: readonly (readonly [number, number])[] = [
  [1, 12],
  [-1, 360],
  [1, 1260],
  [-1, 1680],
  [1, 1188],
  [-691, 360360],
  [1, 156],
  [-3617, 122400],
  [43867, 244188],
  [-174611, 125400],
  [77683, 5796],
  [-236364091, 1506960],
  [657931, 300],
];
/** From here on the series is good to 100 bits. */
const STIRLING_FROM = 25;

function logOf(x: Pair): Pair {
  const { fraction, exponent } = split(x[0]);
  const low = x[1] * 2 ** -exponent;
  return add(logarithm([fraction, low]), times(LN2, exponent));
}

/** log of gamma for x > 0, shifted upwards to where Stirling's series holds. */
function logGammaPositive(x: number): Pair {
  let shifted: Pair = [x, 0];
  let divisor: Pair = ONE;
  while (shifted[0] < STIRLING_FROM) {
    divisor = multiply(divisor, shifted);
    shifted = add(shifted, ONE);
  }
  const inverse = divide(ONE, shifted);
  const square = multiply(inverse, inverse);
  let series: Pair = [0, 0];
  for (let n = STIRLING.length - 1; n >= 0; n--) {
    const [numerator, denominator] = STIRLING[n]!;
    series = add(divide([numerator, 0], [denominator, 0]), multiply(series, square));
  }
  const main = multiply(add(shifted, [-0.5, 0]), logOf(shifted));
  const half = times(logOf(times(PI, 2)), 0.5);
  const total = add(add(main, negate(shifted)), add(half, multiply(series, inverse)));
  return add(total, negate(logOf(divisor)));
}

/** sin(pi x) in a pair, for any x. */
function sinePi(x: number): Pair {
  const rest = x - 2 * Math.round(x / 2);
  const folded = Math.abs(rest) > 0.5 ? Math.sign(rest) * (1 - Math.abs(rest)) : rest;
  const angle = times(PI, folded);
  const square = negate(multiply(angle, angle));
  let term = angle;
  let total = angle;
  for (let n = 1; n < 20; n++) {
    term = divide(multiply(term, square), [2 * n * (2 * n + 1), 0]);
    total = add(total, term);
  }
  return total;
}

const LARGEST_LGAMMA = 2.5e305;

export function logGamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x) || x > LARGEST_LGAMMA) return Infinity;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x === 1 || x === 2) return 0;
  if (x > 2 ** 60) return x * (Math.log(x) - 1);
  if (x > 0) return logGammaPositive(x)[0];
  // Reflection: gamma(x) gamma(1 - x) sin(pi x) = pi.
  const sine = sinePi(x);
  const positive: Pair = sine[0] < 0 ? negate(sine) : sine;
  const { fraction } = split(positive[0]);
  if (fraction === 0) return Infinity;
  return add(add(logOf(PI), negate(logOf(positive))), negate(logGammaOfDifference(x)))[0];
}

/** log gamma(1 - x) for x < 0, where 1 - x may not be a double. */
function logGammaOfDifference(x: number): Pair {
  // gamma(1 - x) = -x gamma(-x)
  return add(logOf([-x, 0]), logGammaPositive(-x));
}

/** Beyond these the result is infinite, or 0. */
const GAMMA_OVERFLOW = 171.7;
const GAMMA_UNDERFLOW = -184;

export function gamma(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === 0) return 1 / x;
  if (x < 0 && Number.isInteger(x)) return Number.NaN;
  if (x > GAMMA_OVERFLOW) return Infinity;
  if (x === -Infinity) return Number.NaN;
  if (x < GAMMA_UNDERFLOW) return Math.floor(x) % 2 === 0 ? 0 : -0;
  if (x > 0 && x <= 23 && Number.isInteger(x)) return factorial(x - 1);
  if (x > 0) return exponentialOf(logGammaPositive(x));
  const { value, exponent } = exponential(logGammaOfDifference(x));
  return toDouble(divide(PI, multiply(sinePi(x), value)), -exponent);
}

function exponentialOf(a: Pair): number {
  const { value, exponent } = exponential(a);
  return toDouble(value, exponent);
}

function factorial(n: number): number {
  let result = 1;
  for (let i = 2; i <= n; i++) result *= i;
  return result;
}

import {
  exponential,
  LN2,
  logarithm,
  multiply,
  type Pair,
  product,
  squareRoot,
  sum,
  times,
  toDouble,
} from './double-double.ts';
import { scale, split } from './float-parts.ts';

/** Largest power that is made by multiplication, in which exact results stay exact. */
const MOST_FACTORS = 64;

/** x^y as C99 has it, rounded from 100 bits: JavaScript's own is off by an ulp or more for large exponents. */
export function power(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  if (x === -1 && Math.abs(y) === Infinity) return 1;
  if (x === 0 || !Number.isFinite(x) || !Number.isFinite(y)) return x ** y;
  const negative = x < 0;
  const integral = Number.isInteger(y);
  if (negative && !integral) return Number.NaN;
  const sign = negative && Math.abs(y % 2) === 1 ? -1 : 1;
  return sign * positivePower(Math.abs(x), y);
}

function positivePower(x: number, y: number): number {
  const { fraction, exponent } = split(x);
  if (fraction === 0.5)
    return Number.isInteger((exponent - 1) * y) ? scale(1, (exponent - 1) * y) : general(x, y);
  if (Number.isInteger(y) && y >= 2 && y <= MOST_FACTORS) {
    return toDouble(integerPower([fraction, 0], y), exponent * y);
  }
  return general(x, y);
}

function integerPower(base: Pair, count: number): Pair {
  let result: Pair = [1, 0];
  for (let square = base, left = count; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** Where |y log x| is larger the result is 0 or infinite. */
const LIMIT = 800;

function general(x: number, y: number): number {
  const rough = y * Math.log(x);
  if (rough > LIMIT) return Infinity;
  if (rough < -LIMIT) return 0;
  const { fraction, exponent } = split(x);
  // Near 1 the logarithm must be small, not a difference.
  const near = x > 0.7 && x < 1.5;
  const log = near ? logarithm([x, 0]) : addPairs(logarithm([fraction, 0]), times(LN2, exponent));
  const { value, exponent: scaled } = exponential(times(log, y));
  return toDouble(value, scaled);
}

function addPairs(a: Pair, b: Pair): Pair {
  const [high, low] = sum(a[0], b[0]);
  return sum(high, low + a[1] + b[1]);
}

/** The square root of x² + y², rounded from 100 bits, without overflow on the way. */
export function hypotenuse(x: number, y: number): number {
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return Infinity;
  const [large, small] = [Math.abs(x), Math.abs(y)].sort((a, b) => b - a) as [number, number];
  if (small === 0 || Number.isNaN(large + small)) return large + small;
  const { exponent } = split(large);
  const [a, b] = [scale(large, -exponent), scale(small, -exponent)];
  const squares = addPairs(product(a, a), product(b, b));
  return toDouble(squareRoot(squares), exponent);
}

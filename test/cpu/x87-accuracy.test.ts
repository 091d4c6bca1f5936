import { expect, test } from 'vitest';
import { Random } from './inputs.ts';
import { X87Bench } from './x87-bench.ts';
import { X87_STATE_BYTES } from './x87-inputs.ts';

/*
 * The transcendental instructions against series in integers. Numbers here are multiples of 2^-BITS; the arguments are
 * chosen so that they are exact.
 */
const BITS = 420n;
const ONE = 1n << BITS;
const TOP = 1n << 63n;
/** Of a unit in the last place; 0.5 is what rounding costs. */
const MOST_ERROR = 0.5001;
const SAMPLES = 150;

const times = (a: bigint, b: bigint) => (a * b) >> BITS;
const over = (a: bigint, b: bigint) => (a << BITS) / b;
const size = (a: bigint) => (a < 0n ? -a : a);

/** First term and the factor from term k to k + 1. */
function series(first: bigint, next: (term: bigint, k: bigint) => bigint): bigint {
  let sum = 0n;
  for (let term = first, k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = next(term, k);
  }
  return sum;
}
function artanh(x: bigint): bigint {
  const square = times(x, x);
  let power = x;
  return series(x, (_, k) => {
    power = times(power, square);
    return power / (2n * k + 1n);
  });
}
/** Of a number of at most 1, halved four times by arctan x = 2 arctan(x / (1 + sqrt(1 + x^2))). */
function arctan(x: bigint): bigint {
  for (let round = 0; round < 4; round++) x = over(x, ONE + root(ONE * ONE + x * x));
  const square = times(x, x);
  let power = x;
  const sum = series(x, (_, k) => {
    power = times(power, square);
    return (k % 2n === 1n ? -power : power) / (2n * k + 1n);
  });
  return sum << 4n;
}
function root(value: bigint): bigint {
  for (let x = 1n << BigInt((value.toString(2).length >> 1) + 1); ; ) {
    const better = (x + value / x) >> 1n;
    if (better >= x) return x;
    x = better;
  }
}
const sin = (x: bigint) => series(x, (term, k) => -times(times(term, x), x) / (2n * k * (2n * k + 1n)));
const cos = (x: bigint) => series(ONE, (term, k) => -times(times(term, x), x) / (2n * k * (2n * k - 1n)));
const LN2 = 2n * artanh(ONE / 3n);
const PI = 4n * arctan(ONE);
/** Half of the pi of 66 bits by which processors reduce arguments. */
const HALF_PI = ((0xc90fdaa22168c234n << 2n) | 3n) << (BITS - 65n);

function powerLessOne(x: bigint): bigint {
  const t = times(x, LN2);
  return series(t, (term, k) => times(term, t) / (k + 1n));
}
function log2(x: bigint): bigint {
  let exponent = 0n;
  for (; x >= 2n * ONE; x >>= 1n) exponent++;
  for (; x < ONE; x <<= 1n) exponent--;
  return exponent * ONE + over(2n * artanh(over(x - ONE, x + ONE)), LN2);
}
function angle(y: bigint, x: bigint): bigint {
  const [a, b] = [size(y), size(x)];
  const first = a <= b ? arctan(over(a, b)) : PI / 2n - arctan(over(b, a));
  const upper = x < 0n ? PI - first : first;
  return y < 0n ? -upper : upper;
}
function reduced(x: bigint): { turns: number; rest: bigint } {
  const turns = (2n * size(x) + HALF_PI) / (2n * HALF_PI);
  return { turns: Number(turns % 4n), rest: size(x) - turns * HALF_PI };
}
function sine(x: bigint, extra = 0): bigint {
  const { turns, rest } = reduced(x);
  const turned = (turns + extra) % 4;
  const value = turned % 2 === 0 ? sin(rest) : cos(rest);
  const sign = x < 0n && extra === 0 ? -1n : 1n;
  return (turned >= 2 ? -value : value) * sign;
}

/** [sign and exponent, significand]. */
type Extended = readonly [number, bigint];

function toFixed([se, significand]: Extended): bigint {
  const shift = BITS + BigInt((se & 0x7fff) - 0x3fff - 63);
  const value = shift >= 0n ? significand << shift : significand >> -shift;
  return se & 0x8000 ? -value : value;
}

const random = new Random(20261125);
function argument(lowest: number, highest: number, isSigned = true): Extended {
  const exponent = 0x3fff + lowest + random.below(highest - lowest + 1);
  return [(isSigned ? random.below(2) << 15 : 0) | exponent, random.word() | TOP];
}

const bench = new X87Bench();
/** ST0 after an instruction on ST0 and ST1, 64 bits, to nearest. */
function result(at: number, st0: Extended, st1: Extended): Extended {
  const state = new Uint8Array(X87_STATE_BYTES);
  const view = new DataView(state.buffer);
  view.setUint16(0, 0x37f, true);
  view.setUint16(2, 6 << 11, true);
  state[4] = 0xc0;
  [st0, st1].forEach(([se, significand], index) => {
    view.setBigUint64(32 + index * 16, significand, true);
    view.setUint16(40 + index * 16, se, true);
  });
  bench.run(at, state);
  const after = new DataView(bench.after().buffer);
  return [after.getUint16(40, true), after.getBigUint64(32, true)];
}

const NOTHING: Extended = [0x3fff, TOP];
test.each([
  ['f2xm1', [0xd9, 0xf0], () => [argument(-60, -1), NOTHING], ([x]) => powerLessOne(x)],
  ['fyl2x', [0xd9, 0xf1], () => [argument(-70, 70, false), argument(-9, 9)], ([x, y]) => times(y, log2(x))],
  [
    'fyl2x near 1',
    [0xd9, 0xf1],
    () => [argument(-1, 0, false), argument(-9, 9)],
    ([x, y]) => times(y, log2(x)),
  ],
  ['fyl2xp1', [0xd9, 0xf9], () => [argument(-60, -3), argument(-9, 9)], ([x, y]) => times(y, log2(ONE + x))],
  ['fpatan', [0xd9, 0xf3], () => [argument(-9, 9), argument(-9, 9)], ([x, y]) => angle(y, x)],
  ['fsin', [0xd9, 0xfe], () => [argument(-40, 62), NOTHING], ([x]) => sine(x)],
  ['fcos', [0xd9, 0xff], () => [argument(-40, 62), NOTHING], ([x]) => sine(x, 1)],
  // The tangent is below the 1 that is pushed: fstp st(0) removes it.
  ['fptan', [0xd9, 0xf2, 0xdd, 0xd8], () => [argument(-40, 62), NOTHING], ([x]) => over(sine(x), sine(x, 1))],
] as [string, number[], () => [Extended, Extended], (values: [bigint, bigint]) => bigint][])(
  '%s is off by no more than its rounding',
  (_name, code, operands, exact) => {
    const at = bench.place(new Uint8Array(code));
    let worst = 0;
    for (let sample = 0; sample < SAMPLES; sample++) {
      const [st0, st1] = operands();
      const got = result(at, st0, st1);
      const unit = toFixed([got[0] & 0x7fff, 1n]);
      const error = size(toFixed(got) - exact([toFixed(st0), toFixed(st1)]));
      worst = Math.max(worst, Number((error << 20n) / unit) / 2 ** 20);
    }
    expect(worst).toBeGreaterThan(0.4);
    expect(worst).toBeLessThan(MOST_ERROR);
  },
);

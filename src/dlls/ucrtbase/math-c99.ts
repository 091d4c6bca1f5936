import { STATE } from '../../machine/cpu-state.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EDOM, setErrno } from '../crt/errno.ts';
import { DOUBLE, FLOAT, roundBinary } from '../crt/float-parse.ts';
import {
  copySign,
  exactParts,
  nextAfter,
  nextFloatAfter,
  remainder,
  roundHalfAway,
  roundToIntegral,
  scale,
  split,
} from '../crt/float-parts.ts';
import { double1, double2, exponentOf, float1, float2, report } from '../crt/math.ts';
import { power } from '../crt/power.ts';
import { erf, erfc, gamma, logGamma } from '../crt/special-functions.ts';

/** x * y + z, rounded once. */
function fusedMultiplyAdd(x: number, y: number, z: number, single: boolean): number {
  const plain = x * y + z;
  if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z)) return plain;
  if (x === 0 || y === 0) return plain;
  const [a, b, c] = [exactParts(x), exactParts(y), exactParts(z)];
  const exponent = Math.min(a.exponent + b.exponent, c.exponent);
  const total =
    a.significand * b.significand * 2n ** BigInt(a.exponent + b.exponent - exponent) +
    c.significand * 2n ** BigInt(c.exponent - exponent);
  if (total === 0n) return z === 0 ? plain : 0;
  const magnitude = roundBinary(total < 0n ? -total : total, exponent, single ? FLOAT : DOUBLE);
  return total < 0n ? -magnitude : magnitude;
}

const ROUNDING_SHIFT = 13;
function roundingMode(thread: Thread): number {
  return (thread.cpu.word(STATE.mxcsr) >> ROUNDING_SHIFT) & 3;
}

/** A number without a fraction as a 32-bit or 64-bit integer; what does not fit is the smallest one, as x86 has it. */
function toInteger(thread: Thread, value: number, bits: 32 | 64): number {
  const limit = 2 ** (bits - 1);
  const fits = value >= -limit && value < limit;
  if (!fits) setErrno(thread, EDOM);
  if (bits === 32) return fits ? value : -limit;
  const whole = fits ? Math.abs(value) : limit;
  const low = (whole % 2 ** 32) >>> 0;
  const high = Math.floor(whole / 2 ** 32) >>> 0;
  const negative = value < 0;
  thread.resultHigh = negative ? (~high + (low === 0 ? 1 : 0)) >>> 0 : high;
  return negative ? -low >>> 0 : low;
}

const FP_ILOGB0 = -0x8000_0000;
const FP_ILOGBNAN = 0x7fff_ffff;
const INT_MAX = 0x7fff_ffff;

function integerExponent(thread: Thread, x: number): number {
  if (x === 0) {
    setErrno(thread, EDOM);
    return FP_ILOGB0;
  }
  if (Number.isNaN(x)) return FP_ILOGBNAN;
  return Number.isFinite(x) ? split(x).exponent - 1 : INT_MAX;
}

function larger(x: number, y: number): number {
  if (Number.isNaN(x)) return y;
  return Number.isNaN(y) ? x : Math.max(x, y);
}
function smaller(x: number, y: number): number {
  if (Number.isNaN(x)) return y;
  return Number.isNaN(y) ? x : Math.min(x, y);
}
function difference(x: number, y: number): number {
  return Number.isNaN(x) || Number.isNaN(y) ? x + y : x > y ? x - y : 0;
}

/** The functions of one type: double (long double is the same) or float. */
function functionsOf(single: boolean) {
  const kind = single ? 'float' : 'double';
  const one = single ? float1 : double1;
  const two = single ? float2 : double2;
  const rounded = single ? Math.fround : (x: number) => x;
  const rounding = (bits: 32 | 64, round: (t: Thread, x: number) => number) =>
    library(`x: ${kind}`, bits === 32 ? 'int' : 'opaque64', (t, x) => toInteger(t, round(t, x), bits));
  const current = (t: Thread, x: number) => roundToIntegral(x, roundingMode(t));
  const halfAway = (_t: Thread, x: number) => roundHalfAway(x);
  const integral = library(`x: ${kind}`, kind, (t, x) => report(t, x, 0, current(t, x), single));
  const scaling = library(`x: ${kind}, n: int`, kind, (t, x, n) =>
    report(t, x, 0, rounded(scale(x, n)), single),
  );
  return {
    acosh: one(Math.acosh),
    asinh: one(Math.asinh),
    atanh: one(Math.atanh),
    cbrt: one(Math.cbrt),
    copysign: two(copySign),
    erf: one(erf),
    erfc: one(erfc),
    exp2: one((x) => power(2, x)),
    expm1: one(Math.expm1),
    fdim: two(difference),
    fma: library(`x: ${kind}, y: ${kind}, z: ${kind}`, kind, (t, x, y, z) =>
      report(t, x, y, fusedMultiplyAdd(x, y, z, single), single),
    ),
    fmax: two(larger),
    fmin: two(smaller),
    ilogb: library(`x: ${kind}`, 'int', integerExponent),
    lgamma: one(logGamma),
    llrint: rounding(64, current),
    llround: rounding(64, halfAway),
    log1p: one(Math.log1p),
    log2: one(Math.log2),
    logb: one(exponentOf),
    lrint: rounding(32, current),
    lround: rounding(32, halfAway),
    nan: library('tagp: address', kind, () => Number.NaN),
    nearbyint: integral,
    nextafter: two(single ? nextFloatAfter : nextAfter),
    /** The second number is a long double, which is a double. */
    nexttoward: library(`x: ${kind}, y: double`, kind, (t, x, y) =>
      report(t, x, y, single ? nextFloatAfter(x, y) : nextAfter(x, y), single),
    ),
    remainder: two((x, y) => remainder(x, y).value),
    remquo: library(`x: ${kind}, y: ${kind}, quo: address`, kind, (t, x, y, quo) => {
      const { value, quotient } = remainder(x, y);
      t.memory.setU32(quo, quotient);
      return report(t, x, y, value, single);
    }),
    rint: integral,
    round: one(roundHalfAway),
    scalbn: scaling,
    scalbln: scaling,
    tgamma: one(gamma),
    trunc: one(Math.trunc),
  };
}

function named<F extends Record<string, unknown>>(functions: F, suffix: string): Record<string, F[keyof F]> {
  return Object.fromEntries(
    Object.entries(functions).map(([name, declaration]) => [name + suffix, declaration as F[keyof F]]),
  );
}

// _dclass's answers.
const FP_SUBNORMAL = -2;
const FP_NORMAL = -1;
const FP_ZERO = 0;
const FP_INFINITE = 1;
const FP_NAN = 2;

function classify(x: number, smallest: number): number {
  if (Number.isNaN(x)) return FP_NAN;
  if (!Number.isFinite(x)) return FP_INFINITE;
  if (x === 0) return FP_ZERO;
  return Math.abs(x) < smallest ? FP_SUBNORMAL : FP_NORMAL;
}

/** 1: x < y, 2: equal, 4: x > y, 0: unordered. */
function compare(x: number, y: number): number {
  if (x < y) return 1;
  if (x > y) return 4;
  return x === y ? 2 : 0;
}

const SIGN_WORD = (STATE.xmm + 4) | 0;

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** math.h as C99 adds to it. */
export const mathC99Api = family('crt', PAGES, () => {
  const doubleClass = library('x: double', 'int', (_t, x) => classify(x, 2 ** -1022));
  const doubleSign = library('x: double', 'int', (t) => (t.cpu.word(SIGN_WORD) >>> 31 === 1 ? 0x8000 : 0));
  const doubleCompare = library('x: double, y: double', 'int', (_t, x, y) => compare(x, y));
  const doubles = functionsOf(false);
  return {
    ...doubles,
    ...named(doubles, 'l'),
    ...named(functionsOf(true), 'f'),
    _dclass: doubleClass,
    _ldclass: doubleClass,
    _fdclass: library('x: float', 'int', (_t, x) => classify(x, 2 ** -126)),
    _dsign: doubleSign,
    _ldsign: doubleSign,
    _fdsign: library('x: float', 'int', (t) => (t.cpu.word(STATE.xmm) >>> 31 === 1 ? 0x8000 : 0)),
    _dpcomp: doubleCompare,
    _ldpcomp: doubleCompare,
    _fdpcomp: library('x: float, y: float', 'int', (_t, x, y) => compare(x, y)),
  };
});

import type { Thread } from '../../process/thread.ts';
import { type Declaration, family, library } from '../api.ts';
import { EDOM, ERANGE, setErrno } from './errno.ts';
import { doubleArgument, floatArgument, setDouble, setFloat } from './float-call.ts';
import { bitsOfDouble, doubleFromBits } from './float-text.ts';

/** Functions of doubles; arguments and result are in xmm registers, so they are declared as taking nothing. */
type Numeric = (...values: number[]) => number;

/** EDOM where no argument is a NaN and the result is one, ERANGE where a finite argument becomes infinite. */
function report(thread: Thread, values: readonly number[], result: number): void {
  if (Number.isFinite(result) || values.some(Number.isNaN)) return;
  if (Number.isNaN(result)) setErrno(thread, EDOM);
  else if (values.every(Number.isFinite)) setErrno(thread, ERANGE);
}

function doubles(count: 1 | 2, run: Numeric): Declaration<[]> {
  return library('', 'void', (thread) => {
    const values =
      count === 1 ? [doubleArgument(thread, 0)] : [doubleArgument(thread, 0), doubleArgument(thread, 1)];
    const result = run(...values);
    report(thread, values, result);
    return setDouble(thread, result);
  });
}

function floats(count: 1 | 2, run: Numeric): Declaration<[]> {
  return library('', 'void', (thread) => {
    const values =
      count === 1 ? [floatArgument(thread, 0)] : [floatArgument(thread, 0), floatArgument(thread, 1)];
    const result = Math.fround(run(...values));
    report(thread, values, result);
    return setFloat(thread, result);
  });
}

/** The fraction in [0.5, 1) and the power of two of a finite number. */
function split(value: number): { fraction: number; exponent: number } {
  if (value === 0 || !Number.isFinite(value)) return { fraction: value, exponent: 0 };
  const { low, high } = bitsOfDouble(value);
  const biased = (high >>> 20) & 0x7ff;
  if (biased === 0) {
    const scaled = split(value * 2 ** 54);
    return { fraction: scaled.fraction, exponent: scaled.exponent - 54 };
  }
  return { fraction: doubleFromBits(low, (high & 0x800fffff) | 0x3fe00000), exponent: biased - 1022 };
}

/** Smallest exponent of a normal number's fraction in [0.5, 1). */
const LEAST_NORMAL = -1021;

/** value * 2^exponent, rounded once. */
function scale(value: number, exponent: number): number {
  const { fraction, exponent: own } = split(value);
  if (fraction === 0 || !Number.isFinite(fraction)) return value;
  const whole = own + exponent;
  if (whole > 1024) return fraction * Infinity;
  if (whole === 1024) return fraction * 2 * 2 ** 1023;
  // Below the normal numbers the last multiplication rounds, and only it.
  return whole >= LEAST_NORMAL
    ? fraction * 2 ** whole
    : fraction * 2 ** LEAST_NORMAL * 2 ** Math.max(whole - LEAST_NORMAL, -100);
}

/** pow where JavaScript's differs from C's: 1 to any power and -1 to an infinite one are 1. */
function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}

function copySign(x: number, y: number): number {
  const negative = y < 0 || Object.is(y, -0) || (Number.isNaN(y) && bitsOfDouble(y).high >= 0x8000_0000);
  return negative ? -Math.abs(x) : Math.abs(x);
}

/** _FPCLASS_* of float.h. */
function classOf(x: number): number {
  const negative = x < 0 || Object.is(x, -0);
  if (Number.isNaN(x)) return 0x0002;
  if (!Number.isFinite(x)) return negative ? 0x0004 : 0x0200;
  if (x === 0) return negative ? 0x0020 : 0x0040;
  if (Math.abs(x) < 2 ** -1022) return negative ? 0x0010 : 0x0080;
  return negative ? 0x0008 : 0x0100;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** math.h. */
export const mathApi = family('crt', PAGES, {
  sin: doubles(1, Math.sin),
  cos: doubles(1, Math.cos),
  tan: doubles(1, Math.tan),
  asin: doubles(1, Math.asin),
  acos: doubles(1, Math.acos),
  atan: doubles(1, Math.atan),
  atan2: doubles(2, (y, x) => Math.atan2(y!, x!)),
  sinh: doubles(1, Math.sinh),
  cosh: doubles(1, Math.cosh),
  tanh: doubles(1, Math.tanh),
  exp: doubles(1, Math.exp),
  log: doubles(1, Math.log),
  log10: doubles(1, Math.log10),
  pow: doubles(2, (x, y) => power(x!, y!)),
  sqrt: doubles(1, Math.sqrt),
  floor: doubles(1, Math.floor),
  ceil: doubles(1, Math.ceil),
  fabs: doubles(1, Math.abs),
  fmod: doubles(2, (x, y) => x! % y!),
  _hypot: doubles(2, (x, y) => Math.hypot(x!, y!)),
  _copysign: doubles(2, (x, y) => copySign(x!, y!)),
  _chgsign: doubles(1, (x) => -x!),
  sinf: floats(1, Math.sin),
  cosf: floats(1, Math.cos),
  tanf: floats(1, Math.tan),
  asinf: floats(1, Math.asin),
  acosf: floats(1, Math.acos),
  atanf: floats(1, Math.atan),
  atan2f: floats(2, (y, x) => Math.atan2(y!, x!)),
  sinhf: floats(1, Math.sinh),
  coshf: floats(1, Math.cosh),
  tanhf: floats(1, Math.tanh),
  expf: floats(1, Math.exp),
  logf: floats(1, Math.log),
  log10f: floats(1, Math.log10),
  powf: floats(2, (x, y) => power(x!, y!)),
  sqrtf: floats(1, Math.sqrt),
  floorf: floats(1, Math.floor),
  ceilf: floats(1, Math.ceil),
  fmodf: floats(2, (x, y) => x! % y!),
  ldexp: library('', 'void', (thread) => {
    const x = doubleArgument(thread, 0);
    const result = scale(x, thread.argumentLow(1) | 0);
    report(thread, [x], result);
    return setDouble(thread, result);
  }),
  frexp: library('', 'void', (thread) => {
    const { fraction, exponent } = split(doubleArgument(thread, 0));
    thread.memory.setU32(thread.argument(1), exponent);
    return setDouble(thread, fraction);
  }),
  modf: library('', 'void', (thread) => {
    const x = doubleArgument(thread, 0);
    const whole = Math.trunc(x);
    const { low, high } = bitsOfDouble(whole);
    thread.memory.setHalves(thread.argument(1), low, high);
    return setDouble(
      thread,
      Number.isFinite(x) ? copySign(x - whole, x) : Number.isNaN(x) ? x : copySign(0, x),
    );
  }),
  _isnan: library('', 'int', (thread) => (Number.isNaN(doubleArgument(thread, 0)) ? 1 : 0)),
  _finite: library('', 'int', (thread) => (Number.isFinite(doubleArgument(thread, 0)) ? 1 : 0)),
  _fpclass: library('', 'int', (thread) => classOf(doubleArgument(thread, 0))),
});

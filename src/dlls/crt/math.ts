import { STATE } from '../../machine/cpu-state.ts';
import { CPU_STATE } from '../../machine/layout.ts';
import type { Thread } from '../../process/thread.ts';
import { type Declaration, family, library } from '../api.ts';
import { EDOM, ERANGE, setErrno } from './errno.ts';
import { copySign, nextAfter, nextFloatAfter, scale, split } from './float-parts.ts';
import { bitsOfDouble } from './float-text.ts';
import { hypotenuse, power } from './power.ts';

/** A function of one or two numbers. */
type Numeric = (x: number, y: number) => number;

const FIRST_XMM = (CPU_STATE + STATE.xmm) / 4;
const XMM_WORDS = 4;
const QUIET = 0x80000;
/** High half of the NaN that an invalid operation makes. */
const INDEFINITE = 0xfff80000;

/**
 * A NaN result is the first NaN among the arguments, made quiet, or else the one that x86 makes of an invalid
 * operation: errno is EDOM. ERANGE where finite arguments give infinity.
 */
export function report(thread: Thread, x: number, y: number, result: number, single: boolean): number {
  if (Number.isFinite(result)) return result;
  if (!Number.isNaN(result)) {
    if (Number.isFinite(x) && Number.isFinite(y)) setErrno(thread, ERANGE);
    return result;
  }
  if (Number.isNaN(x)) passNaN(thread, 0, single);
  else if (Number.isNaN(y)) passNaN(thread, 1, single);
  else {
    setErrno(thread, EDOM);
    thread.nanHigh = INDEFINITE;
  }
  return result;
}

function passNaN(thread: Thread, index: number, single: boolean): void {
  const { words } = thread;
  const low = words[FIRST_XMM + index * XMM_WORDS]!;
  if (single) {
    thread.nanHigh = ((low & 0x8000_0000) | 0x7ff0_0000 | QUIET | ((low & 0x7fffff) >> 3)) >>> 0;
    thread.nanLow = (low << 29) >>> 0;
  } else {
    thread.nanLow = low;
    thread.nanHigh = (words[FIRST_XMM + index * XMM_WORDS + 1]! | QUIET) >>> 0;
  }
}

/** f(double). */
export function double1(run: Numeric): Declaration<[number]> {
  return library('x: double', 'double', (t, x) => report(t, x, 0, run(x, 0), false));
}
/** f(double, double). */
export function double2(run: Numeric): Declaration<[number, number]> {
  return library('x: double, y: double', 'double', (t, x, y) => report(t, x, y, run(x, y), false));
}
/** f(float): worked out as a double and rounded. */
export function float1(run: Numeric): Declaration<[number]> {
  return library('x: float', 'float', (t, x) => report(t, x, 0, Math.fround(run(x, 0)), true));
}
export function float2(run: Numeric): Declaration<[number, number]> {
  return library('x: float, y: float', 'float', (t, x, y) => report(t, x, y, Math.fround(run(x, y)), true));
}

/** _FPCLASS_* of float.h. */
function classOf(x: number, smallest: number): number {
  const negative = x < 0 || Object.is(x, -0);
  if (Number.isNaN(x)) return 0x0002;
  if (!Number.isFinite(x)) return negative ? 0x0004 : 0x0200;
  if (x === 0) return negative ? 0x0020 : 0x0040;
  if (Math.abs(x) < smallest) return negative ? 0x0010 : 0x0080;
  return negative ? 0x0008 : 0x0100;
}
const SMALLEST_DOUBLE = 2 ** -1022;
const SMALLEST_FLOAT = 2 ** -126;

/** The exponent of a number: -infinity for 0. */
export function exponentOf(x: number): number {
  if (x === 0) return -Infinity;
  return Number.isFinite(x) ? split(x).exponent - 1 : x * x;
}

function storeDouble(thread: Thread, at: number, value: number): void {
  const { low, high } = bitsOfDouble(value);
  thread.memory.setHalves(at, low, high);
}
const single = new DataView(new ArrayBuffer(4));
function storeFloat(thread: Thread, at: number, value: number): void {
  single.setFloat32(0, value);
  thread.memory.setU32(at, single.getUint32(0));
}

/** The fraction of a number, with its sign; an infinite one has none. */
function fractionOf(x: number): number {
  if (Number.isNaN(x)) return x;
  return copySign(Number.isFinite(x) ? x - Math.trunc(x) : 0, x);
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** math.h as C89 has it, and Microsoft's own. */
export const mathApi = family('crt', PAGES, () => {
  const isNaNApi = library('x: double', 'int', (_t, x) => (Number.isNaN(x) ? 1 : 0));
  const isNaNFloatApi = library('x: float', 'int', (_t, x) => (Number.isNaN(x) ? 1 : 0));
  const finiteApi = library('x: double', 'int', (_t, x) => (Number.isFinite(x) ? 1 : 0));
  const finiteFloatApi = library('x: float', 'int', (_t, x) => (Number.isFinite(x) ? 1 : 0));
  return {
    sin: double1(Math.sin),
    cos: double1(Math.cos),
    tan: double1(Math.tan),
    asin: double1(Math.asin),
    acos: double1(Math.acos),
    atan: double1(Math.atan),
    atan2: double2(Math.atan2),
    sinh: double1(Math.sinh),
    cosh: double1(Math.cosh),
    tanh: double1(Math.tanh),
    exp: double1(Math.exp),
    log: double1(Math.log),
    log10: double1(Math.log10),
    pow: double2(power),
    sqrt: double1(Math.sqrt),
    floor: double1(Math.floor),
    ceil: double1(Math.ceil),
    fabs: double1(Math.abs),
    fmod: double2((x, y) => x % y),
    hypot: double2(hypotenuse),
    _hypot: double2(hypotenuse),
    _copysign: double2(copySign),
    _chgsign: double1((x) => -x),
    _nextafter: double2(nextAfter),
    _logb: double1(exponentOf),
    _scalb: library('x: double, exp: int', 'double', (t, x, exponent) => {
      return report(t, x, 0, scale(x, exponent), false);
    }),
    sinf: float1(Math.sin),
    cosf: float1(Math.cos),
    tanf: float1(Math.tan),
    asinf: float1(Math.asin),
    acosf: float1(Math.acos),
    atanf: float1(Math.atan),
    atan2f: float2(Math.atan2),
    sinhf: float1(Math.sinh),
    coshf: float1(Math.cosh),
    tanhf: float1(Math.tanh),
    expf: float1(Math.exp),
    logf: float1(Math.log),
    log10f: float1(Math.log10),
    powf: float2(power),
    sqrtf: float1(Math.sqrt),
    floorf: float1(Math.floor),
    ceilf: float1(Math.ceil),
    fmodf: float2((x, y) => x % y),
    _hypotf: float2(hypotenuse),
    _copysignf: float2(copySign),
    _chgsignf: float1((x) => -x),
    _nextafterf: float2(nextFloatAfter),
    _logbf: float1(exponentOf),
    _scalbf: library('x: float, exp: int', 'float', (t, x, exponent) =>
      report(t, x, 0, Math.fround(scale(x, exponent)), true),
    ),
    ldexp: library('x: double, exp: int', 'double', (t, x, exponent) =>
      report(t, x, 0, scale(x, exponent), false),
    ),
    frexp: library('x: double, expptr: address', 'double', (t, x, into) => {
      const { fraction, exponent } = split(x);
      t.memory.setU32(into, exponent);
      return report(t, x, 0, fraction, false);
    }),
    modf: library('x: double, intptr: address', 'double', (t, x, into) => {
      storeDouble(t, into, Math.trunc(x));
      return report(t, x, 0, fractionOf(x), false);
    }),
    modff: library('x: float, intptr: address', 'float', (t, x, into) => {
      storeFloat(t, into, Math.trunc(x));
      return report(t, x, 0, fractionOf(x), true);
    }),
    /** struct _complex of two doubles comes by reference. */
    _cabs: library('z: address', 'double', (t, z) => {
      const [x, y] = [t.memory.f64(z), t.memory.f64(z + 8)];
      return report(t, x, y, hypotenuse(x, y), false);
    }),
    _isnan: isNaNApi,
    _isnanf: isNaNFloatApi,
    _finite: finiteApi,
    _finitef: finiteFloatApi,
    _fpclass: library('x: double', 'int', (_t, x) => classOf(x, SMALLEST_DOUBLE)),
    _fpclassf: library('x: float', 'int', (_t, x) => classOf(x, SMALLEST_FLOAT)),
  };
});

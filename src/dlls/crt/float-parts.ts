import { bitsOfDouble, doubleFromBits } from './float-text.ts';

/** Doubles taken apart and put together. */

/** The fraction in [0.5, 1) and the power of two of a finite number; others are their own fraction. */
export function split(value: number): { fraction: number; exponent: number } {
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
export function scale(value: number, exponent: number): number {
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

export function copySign(x: number, y: number): number {
  const negative = y < 0 || Object.is(y, -0) || (Number.isNaN(y) && bitsOfDouble(y).high >= 0x8000_0000);
  return negative ? -Math.abs(x) : Math.abs(x);
}

/** Sign and magnitude of a finite number: significand * 2^exponent, an integer. */
export function exactParts(value: number): { significand: bigint; exponent: number } {
  const { low, high } = bitsOfDouble(value);
  const biased = (high >>> 20) & 0x7ff;
  const magnitude = (BigInt(high & 0xfffff) << 32n) | BigInt(low) | (biased === 0 ? 0n : 1n << 52n);
  return {
    significand: high >= 0x8000_0000 ? -magnitude : magnitude,
    exponent: Math.max(biased, 1) - 1075,
  };
}

/** How a result is rounded to an integer: the control registers' numbers. */
export const ROUND_NEAREST = 0;
const ROUND_DOWN = 1;
const ROUND_UP = 2;

/** An integral number near x, as the rounding mode says; the sign of a zero is x's. */
export function roundToIntegral(x: number, mode: number): number {
  if (mode === ROUND_DOWN) return Math.floor(x);
  if (mode === ROUND_UP) return Math.ceil(x);
  if (mode !== ROUND_NEAREST || Math.abs(x) >= 2 ** 52 || !Number.isFinite(x)) return Math.trunc(x);
  const whole = Math.floor(x);
  const rest = x - whole;
  const result = rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? whole + 1 : whole;
  return result === 0 ? copySign(0, x) : result;
}

/** C's round: halves away from zero. */
export function roundHalfAway(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 2 ** 52)) return x;
  const whole = Math.floor(magnitude);
  return copySign(magnitude - whole >= 0.5 ? whole + 1 : whole, x);
}

/** IEEE's remainder: x - n y for the integer n nearest x / y, even in a tie; and n's magnitude, its low 31 bits. */
export function remainder(x: number, y: number): { value: number; quotient: number } {
  if (!Number.isFinite(x) || y === 0 || Number.isNaN(y)) return { value: Number.NaN, quotient: 0 };
  if (y === Infinity || y === -Infinity || x === 0) return { value: x, quotient: 0 };
  const a = exactParts(Math.abs(x));
  const b = exactParts(Math.abs(y));
  const least = Math.min(a.exponent, b.exponent);
  const dividend = a.significand << BigInt(a.exponent - least);
  const divisor = b.significand << BigInt(b.exponent - least);
  let quotient = dividend / divisor;
  const twice = (dividend - quotient * divisor) * 2n;
  const up = twice > divisor || (twice === divisor && (quotient & 1n) === 1n);
  if (up) quotient += 1n;
  const rest = dividend - quotient * divisor;
  const value = scale(Number(rest < 0n ? -rest : rest), least) * (rest < 0n ? -1 : 1) * Math.sign(x);
  const low = Number(quotient & 0x7fffffffn);
  return { value: value === 0 ? copySign(0, x) : value, quotient: x < 0 !== y < 0 ? -low : low };
}

/** The next double from x towards y. */
export function nextAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return x + y;
  if (x === y) return y;
  if (x === 0) return copySign(Number.MIN_VALUE, y);
  const { low, high } = bitsOfDouble(x);
  const up = y > x === x > 0;
  const next = ((BigInt(high) << 32n) | BigInt(low)) + (up ? 1n : -1n);
  return doubleFromBits(Number(next & 0xffffffffn), Number(next >> 32n));
}

const floatView = new DataView(new ArrayBuffer(4));

/** The next float from x towards y. */
export function nextFloatAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return x + y;
  if (x === y) return y;
  if (x === 0) return copySign(2 ** -149, y);
  floatView.setFloat32(0, x);
  floatView.setUint32(0, floatView.getUint32(0) + (y > x === x > 0 ? 1 : -1));
  return floatView.getFloat32(0);
}

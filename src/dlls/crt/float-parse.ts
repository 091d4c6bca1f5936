import { doubleFromBits } from './float-text.ts';

/** Text to floating-point numbers, rounded correctly (to nearest, exact halves to even) however long the text is. */

/** A format of IEEE 754: bits of the significand, and the exponent of the smallest number. */
interface Precision {
  readonly bits: number;
  readonly least: number;
}
export const DOUBLE: Precision = { bits: 53, least: -1074 };
export const FLOAT: Precision = { bits: 24, least: -149 };

export interface ParsedFloat {
  readonly value: number;
  /** Characters that belong to the number; 0 when there is none. */
  readonly length: number;
  /** The text does not say zero. */
  readonly nonzero: boolean;
}

const DECIMAL = /^[\t-\r ]*([+-]?(\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/;
/** msvcrt's exponents may be written with a "d", as in Fortran. */
const OLD_DECIMAL = /^[\t-\r ]*([+-]?(\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)/;
const HEXADECIMAL = /^[\t-\r ]*([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?/;
const SPECIAL = /^[\t-\r ]*([+-]?)(inf(?:inity)?|nan(?:\([a-z0-9_]*\))?)/i;
const INDEFINITE_BITS = 0x7ff80000;

/** A number as strtod reads it: with `c99` also hexadecimal ones, infinity and NaN. */
export function parseFloating(text: string, c99: boolean, single = false): ParsedFloat {
  if (c99) {
    const special = SPECIAL.exec(text);
    if (special) return { value: specialValue(special), length: special[0].length, nonzero: true };
    const hexadecimal = HEXADECIMAL.exec(text);
    if (hexadecimal && hexadecimal[2]! + hexadecimal[3]! !== '')
      return parseHexadecimal(hexadecimal, single ? FLOAT : DOUBLE);
  }
  const match = (c99 ? DECIMAL : OLD_DECIMAL).exec(text);
  if (!match) return { value: 0, length: 0, nonzero: false };
  const number = match[1]!.replace(/[dD]/, 'e');
  const value = single ? singleOf(number) : Number(number);
  return { value, length: match[0].length, nonzero: /[1-9]/.test(match[2]!) };
}

function specialValue([, sign, name]: RegExpExecArray): number {
  const magnitude = /^i/i.test(name!) ? Infinity : doubleFromBits(0, INDEFINITE_BITS);
  return sign === '-' ? -magnitude : magnitude;
}

function parseHexadecimal(match: RegExpExecArray, precision: Precision): ParsedFloat {
  const [all, sign, whole, fraction, exponent] = match;
  const significand = BigInt(`0x0${whole}${fraction}`);
  const scale = clampExponent(exponent ?? '0') - 4 * fraction!.length;
  const value = roundBinary(significand, scale, precision);
  return { value: sign === '-' ? -value : value, length: all.length, nonzero: significand !== 0n };
}

function clampExponent(text: string): number {
  return Math.max(Math.min(Number(text), 1e9), -1e9);
}

/** significand * 2^scale as the nearest number of a format. */
export function roundBinary(significand: bigint, scale: number, { bits, least }: Precision): number {
  if (significand === 0n) return 0;
  const length = significand.toString(2).length;
  // Exponent of the last place of the result.
  const last = Math.max(length + scale - bits, least);
  const dropped = last - scale;
  const kept =
    dropped <= 0 ? significand << BigInt(Math.min(-dropped, 1100)) : shiftRounded(significand, dropped);
  return scaled(Number(kept), dropped < -1100 ? Infinity : last, bits);
}

function shiftRounded(significand: bigint, count: number): bigint {
  if (count > significand.toString(2).length + 1) return 0n;
  const shift = BigInt(count);
  const quotient = significand >> shift;
  const rest = significand - (quotient << shift);
  const half = 1n << (shift - 1n);
  const up = rest > half || (rest === half && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** An integer of at most 53 bits times 2^exponent, exactly, or infinity. */
function scaled(integer: number, exponent: number, bits: number): number {
  if (integer === 0) return 0;
  if (exponent > 1024) return Infinity;
  const value = exponent < -1000 ? integer * 2 ** -1000 * 2 ** (exponent + 1000) : integer * 2 ** exponent;
  return bits === FLOAT.bits ? Math.fround(value) : value;
}

/** Decimal text as a float. Rounding by way of a double is wrong only where the double is halfway between floats. */
function singleOf(number: string): number {
  const double = Number(number);
  const single = Math.fround(double);
  if (single === double || !Number.isFinite(double) || !isHalfway(double)) return single;
  const difference = compareExactly(number, double);
  if (difference === 0) return single;
  const magnitude = Math.abs(double);
  const nudged = difference > 0 === double > 0 ? magnitude * (1 + 2 ** -52) : magnitude * (1 - 2 ** -53);
  return Math.fround(double < 0 ? -nudged : nudged);
}

/** Whether a double lies in the middle between two neighbouring floats. */
function isHalfway(double: number): boolean {
  const single = Math.fround(double);
  const other = 2 * double - single;
  return Math.fround(other) === other;
}

/** Sign of (decimal text - double). */
function compareExactly(number: string, double: number): number {
  const [, sign, whole, fraction = '', exponent = '0'] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(
    number,
  )!;
  const power = clampExponent(exponent) - fraction.length;
  let left = BigInt(`0${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  // A float's neighbourhood is a multiple of 2^-150, so the double is one of 2^-151 at the finest.
  let right = BigInt(double * 2 ** 151);
  left *= 2n ** 151n;
  if (power >= 0) left *= 10n ** BigInt(power);
  else right *= 10n ** BigInt(-power);
  return left > right ? 1 : left < right ? -1 : 0;
}

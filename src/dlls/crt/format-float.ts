import type { Dialect } from './dialect.ts';
import { doubleFromBits, fixedText, scientificDigits } from './float-text.ts';

const DEFAULT_PRECISION = 6;
/** Hexadecimal digits of a double's fraction. */
const HEX_DIGITS = 13;
const ZERO = 0x30;
/** Bit of the high half that makes a NaN quiet. */
const QUIET = 0x80000;
/** High half of the NaN that invalid operations make. */
const INDEFINITE = 0xfff80000;

/** A double taken apart: what its bits say, and its magnitude when it is finite. */
interface Value {
  readonly low: number;
  readonly high: number;
  readonly finite: boolean;
  readonly magnitude: number;
  readonly dialect: Dialect;
}

/** How C99 names what is not a number; which NaN it is the Universal C Runtime says in brackets. */
function specialName({ low, high }: Value): string {
  const fraction = high & 0xfffff;
  if (fraction === 0 && low === 0) return 'inf';
  if ((fraction & QUIET) === 0) return 'nan(snan)';
  return high >>> 0 === INDEFINITE && low === 0 ? 'nan(ind)' : 'nan';
}

/** How msvcrt names what is not a number: a digit 1, and letters that are rounded like digits. */
function specialDigits({ low, high }: Value): string {
  const fraction = high & 0xfffff;
  if (fraction === 0 && low === 0) return '1#INF';
  if ((fraction & QUIET) === 0) return '1#SNAN';
  return high >>> 0 === INDEFINITE && low === 0 ? '1#IND' : '1#QNAN';
}

/** The first `count` of the digits; the last is one more where the next counts as 5 or above. */
function roundSpecial(digits: string, count: number): string {
  if (digits.length <= count) return digits.padEnd(count, '0');
  const up = digits.charCodeAt(count) >= ZERO + 5 ? 1 : 0;
  return digits.slice(0, count - 1) + String.fromCharCode(digits.charCodeAt(count - 1) + up);
}

interface Scientific {
  readonly digits: string;
  readonly exponent: number;
}

function scientific(value: Value, places: number): Scientific {
  if (value.finite) return scientificDigits(value.magnitude, places, value.dialect.toEven);
  return { digits: roundSpecial(specialDigits(value), places + 1), exponent: 0 };
}

function fixed(value: Value, places: number): string {
  if (value.finite) return fixedText(value.magnitude, places, value.dialect.toEven);
  const { digits } = scientific(value, places);
  return places === 0 ? digits : `${digits[0]}.${digits.slice(1)}`;
}

function exponentText(exponent: number, { dialect }: Value): string {
  return (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(dialect.exponentDigits, '0');
}

function exponential(value: Value, places: number, point: boolean): string {
  const { digits, exponent } = scientific(value, places);
  const dot = places > 0 || point ? '.' : '';
  return `${digits[0]}${dot}${digits.slice(1)}e${exponentText(exponent, value)}`;
}

function general(value: Value, precision: number, alternate: boolean): string {
  const significant = Math.max(precision, 1);
  const { digits, exponent } = scientific(value, significant - 1);
  const kept = alternate ? digits : digits.replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= significant) {
    const dot = kept.length > 1 || (alternate && value.finite) ? '.' : '';
    return `${kept[0]}${dot}${kept.slice(1)}e${exponentText(exponent, value)}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${kept}`;
  const whole = kept.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = kept.slice(exponent + 1);
  return fraction !== '' || (alternate && value.finite) ? `${whole}.${fraction}` : whole;
}

function hexadecimal(value: Value, precision: number, alternate: boolean): string {
  const places = precision < 0 ? HEX_DIGITS : precision;
  if (!value.finite) return `0x${fixed(value, places)}p+0`;
  const biased = (value.high >>> 20) & 0x7ff;
  let mantissa = (BigInt(value.high & 0xfffff) << 32n) | BigInt(value.low) | (biased === 0 ? 0n : 1n << 52n);
  const exponent = biased !== 0 ? biased - 1023 : mantissa === 0n ? 0 : -1022;
  if (places < HEX_DIGITS) {
    const dropped = BigInt(4 * (HEX_DIGITS - places));
    const half = 1n << (dropped - 1n);
    const even = value.dialect.toEven && ((mantissa >> dropped) & 1n) === 0n;
    mantissa = ((mantissa + half - (even ? 1n : 0n)) >> dropped) << dropped;
  }
  const fraction = (mantissa & 0xfffffffffffffn).toString(16).padStart(HEX_DIGITS, '0');
  const shown = fraction.slice(0, places).padEnd(places, '0');
  const dot = places > 0 || alternate ? '.' : '';
  return `0x${mantissa >> 52n}${dot}${shown}p${exponent < 0 ? '' : '+'}${exponent}`;
}

/**
 * The text of a double, given as its bits, without its sign, for one of e f g a (either case). msvcrt writes
 * three-digit exponents, and `1.#INF`, `1.#QNAN` and `1.#IND` for inf and nan. A precision below 0 is the default.
 */
export function floatText(
  conversion: string,
  low: number,
  high: number,
  precision: number,
  alternate: boolean,
  dialect: Dialect,
): string {
  const magnitude = doubleFromBits(low, high & 0x7fff_ffff);
  const value = { low, high, finite: Number.isFinite(magnitude), magnitude, dialect };
  const kind = conversion.toLowerCase();
  const named = dialect.c99 && !value.finite;
  const text = named ? specialName(value) : magnitudeText(kind, value, precision, alternate);
  return kind === conversion ? text : text.toUpperCase();
}

function magnitudeText(kind: string, value: Value, precision: number, alternate: boolean): string {
  const places = precision < 0 ? DEFAULT_PRECISION : precision;
  switch (kind) {
    case 'a':
      return hexadecimal(value, precision, alternate);
    case 'e':
      return exponential(value, places, alternate && value.finite);
    case 'f': {
      const text = fixed(value, places);
      return alternate && value.finite && places === 0 ? `${text}.` : text;
    }
    default:
      return general(value, places, alternate);
  }
}

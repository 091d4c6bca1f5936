/**
 * Doubles as decimal text, exactly: every digit of the expansion is the number's own, the last one asked for is
 * rounded, an exact half away from zero or, on request, to even.
 */

/** What toFixed and toExponential take at most. */
const NATIVE_PLACES = 100;
/** From here on toFixed answers in exponential notation. */
const NATIVE_LIMIT = 1e21;

const scratch = new DataView(new ArrayBuffer(8));

/** The double with these bits. */
export function doubleFromBits(low: number, high: number): number {
  scratch.setUint32(0, low, true);
  scratch.setUint32(4, high, true);
  return scratch.getFloat64(0, true);
}
/** The bits of a double, in two halves. */
export function bitsOfDouble(value: number): { low: number; high: number } {
  scratch.setFloat64(0, value, true);
  return { low: scratch.getUint32(0, true), high: scratch.getUint32(4, true) };
}

/** All digits of a number >= 0: those before the point, and those behind it. */
function expand(value: number): { whole: string; fraction: string } {
  const { low, high } = bitsOfDouble(value);
  const biased = (high >>> 20) & 0x7ff;
  const mantissa = (BigInt(high & 0xfffff) << 32n) | BigInt(low) | (biased === 0 ? 0n : 1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  if (exponent >= 0) return { whole: (mantissa << BigInt(exponent)).toString(), fraction: '' };
  const places = -exponent;
  const digits = (mantissa * 5n ** BigInt(places)).toString().padStart(places + 1, '0');
  return { whole: digits.slice(0, -places), fraction: digits.slice(-places) };
}

/** `value` >= 0 with `places` digits behind the point. */
export function fixedText(value: number, places: number, toEven = false): string {
  if (!toEven && places <= NATIVE_PLACES && value < NATIVE_LIMIT) return value.toFixed(places);
  const { whole, fraction } = expand(value);
  if (fraction.length <= places) {
    return places === 0 ? whole : `${whole}.${fraction.padEnd(places, '0')}`;
  }
  const digits = rounded(whole + fraction, whole.length + places, toEven).padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The first `count` of the digits, rounded by what follows: `count` digits, or one more after a carry. */
function rounded(digits: string, count: number, toEven: boolean): string {
  const kept = BigInt(digits.slice(0, count) || '0');
  const next = digits[count]!;
  const half = next === '5' && /^0*$/.test(digits.slice(count + 1));
  const up = half && toEven ? (kept & 1n) === 1n : next >= '5';
  return (up ? kept + 1n : kept).toString().padStart(count, '0');
}

/** `value` >= 0 as one digit, `places` more, and the power of ten of the first. */
export function scientificDigits(
  value: number,
  places: number,
  toEven = false,
): { digits: string; exponent: number } {
  if (toEven || places > NATIVE_PLACES) return longScientific(value, places, toEven);
  const text = value.toExponential(places);
  const e = text.indexOf('e');
  return { digits: text[0]! + text.slice(2, e), exponent: Number(text.slice(e + 1)) };
}

function longScientific(
  value: number,
  places: number,
  toEven: boolean,
): { digits: string; exponent: number } {
  const { whole, fraction } = expand(value);
  const all = (whole + fraction).replace(/^0+/, '');
  if (all === '') return { digits: '0'.repeat(places + 1), exponent: 0 };
  const exponent = whole === '0' ? all.length - fraction.length - 1 : whole.length - 1;
  if (all.length <= places + 1) return { digits: all.padEnd(places + 1, '0'), exponent };
  const kept = rounded(all, places + 1, toEven);
  return kept.length > places + 1
    ? { digits: kept.slice(0, -1), exponent: exponent + 1 }
    : { digits: kept, exponent };
}

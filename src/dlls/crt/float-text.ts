/**
 * Doubles as decimal text, exactly: every digit of the expansion is the number's own, the last one asked for is
 * rounded half away from zero.
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
export function fixedText(value: number, places: number): string {
  if (places <= NATIVE_PLACES && value < NATIVE_LIMIT) return value.toFixed(places);
  const { whole, fraction } = expand(value);
  if (fraction.length <= places) {
    return places === 0 ? whole : `${whole}.${fraction.padEnd(places, '0')}`;
  }
  const kept = BigInt(whole + fraction.slice(0, places)) + (fraction[places]! >= '5' ? 1n : 0n);
  const digits = kept.toString().padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** `value` >= 0 as one digit, `places` more, and the power of ten of the first. */
export function scientificDigits(value: number, places: number): { digits: string; exponent: number } {
  if (places > NATIVE_PLACES) return longScientific(value, places);
  const text = value.toExponential(places);
  const e = text.indexOf('e');
  return { digits: text[0]! + text.slice(2, e), exponent: Number(text.slice(e + 1)) };
}

function longScientific(value: number, places: number): { digits: string; exponent: number } {
  const { whole, fraction } = expand(value);
  const all = (whole + fraction).replace(/^0+/, '');
  if (all === '') return { digits: '0'.repeat(places + 1), exponent: 0 };
  const exponent = whole === '0' ? all.length - fraction.length - 1 : whole.length - 1;
  if (all.length <= places + 1) return { digits: all.padEnd(places + 1, '0'), exponent };
  const kept = (BigInt(all.slice(0, places + 1)) + (all[places + 1]! >= '5' ? 1n : 0n)).toString();
  return kept.length > places + 1
    ? { digits: kept.slice(0, -1), exponent: exponent + 1 }
    : { digits: kept, exponent };
}

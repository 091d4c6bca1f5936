import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { MSVCRT, printfDialect } from './dialect.ts';
import { EINVAL, ERANGE } from './errno.ts';
import { bitsOfDouble, fixedText, scientificDigits } from './float-text.ts';
import { floatText } from './format-float.ts';
import { failInvalid } from './invalid.ts';
import { crtOf, keptBlock } from './state.ts';
import { writeTerminated } from './text.ts';

/** Digits of a number without its point, and where the point belongs. */
interface Digits {
  readonly digits: string;
  readonly point: number;
}

/** Room of the static buffer: 309 digits before the point and as many as anybody asks for. */
const MOST_DIGITS = 350;
const BUFFER = 1024;

/** `count` digits in all (_ecvt), or `count` behind the point (_fcvt). */
function digitsOf(value: number, count: number, behindPoint: boolean): Digits {
  const magnitude = Math.abs(value);
  if (!Number.isFinite(magnitude)) return { digits: Number.isNaN(value) ? '1#QNAN' : '1#INF', point: 1 };
  if (!behindPoint) {
    if (magnitude === 0) return { digits: '0'.repeat(Math.max(count, 0)), point: 0 };
    const { digits, exponent } = scientificDigits(magnitude, Math.max(count - 1, 0));
    return { digits: count <= 0 ? '' : digits, point: exponent + 1 };
  }
  const [whole = '0', fraction = ''] = fixedText(magnitude, Math.max(count, 0)).split('.');
  if (whole !== '0') return { digits: whole + fraction, point: whole.length };
  const digits = fraction.replace(/^0+/, '');
  if (magnitude === 0) return { digits: fraction, point: 0 };
  // Rounded to nothing, it still has its place.
  if (digits === '') return { digits, point: scientificDigits(magnitude, 0).exponent + 1 };
  return { digits, point: digits.length - fraction.length };
}

function isNegative(value: number): number {
  return value < 0 || Object.is(value, -0) ? 1 : 0;
}

function convert(
  thread: Thread,
  value: number,
  count: number,
  decpt: number,
  sign: number,
  behindPoint: boolean,
): number {
  if (decpt === 0 || sign === 0) return failInvalid(thread, EINVAL, 0);
  const { digits, point } = digitsOf(value, Math.min(count, MOST_DIGITS), behindPoint);
  const at = keptBlock(crtOf(thread.process), 'digits', BUFFER, () => {});
  writeTerminated(thread.memory, at, digits, false);
  thread.memory.setU32(decpt, point);
  thread.memory.setU32(sign, isNegative(value));
  return at;
}

function convertChecked(behindPoint: boolean) {
  return library(
    'buffer: address, size: size, value: double, count: int, decpt: address, sign: address',
    'int',
    (t, buffer, size, value, count, decpt, sign) => {
      if (buffer === 0 || size === 0 || decpt === 0 || sign === 0) return failInvalid(t, EINVAL, EINVAL);
      const { digits, point } = digitsOf(value, Math.min(count, MOST_DIGITS), behindPoint);
      const fits = digits.length < size;
      writeTerminated(t.memory, buffer, fits ? digits : '', false);
      if (!fits) return failInvalid(t, ERANGE, ERANGE);
      t.memory.setU32(decpt, point);
      t.memory.setU32(sign, isNegative(value));
      return 0;
    },
  );
}

/** As %g. */
function generalText(thread: Thread, value: number, digits: number): string {
  const { low, high } = bitsOfDouble(value);
  const dialect = crtOf(thread.process).isUniversal
    ? printfDialect(0, { codePage: 0, counts: false, positional: false })
    : MSVCRT;
  return (isNegative(value) ? '-' : '') + floatText('g', low, high, digits, false, dialect);
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h: numbers to digits. */
export const floatDigitsApi = family('crt', PAGES, () => ({
  _ecvt: library(
    'value: double, count: int, dec: address, sign: address',
    'address',
    (t, value, count, dec, sign) => convert(t, value, count, dec, sign, false),
  ),
  _fcvt: library(
    'value: double, count: int, dec: address, sign: address',
    'address',
    (t, value, count, dec, sign) => convert(t, value, count, dec, sign, true),
  ),
  _ecvt_s: convertChecked(false),
  _fcvt_s: convertChecked(true),
  _gcvt: library('value: double, digits: int, buffer: address', 'address', (t, value, digits, buffer) => {
    if (buffer === 0) return failInvalid(t, EINVAL, 0);
    writeTerminated(
      t.memory,
      buffer,
      generalText(t, value, Math.min(Math.max(digits, 0), MOST_DIGITS)),
      false,
    );
    return buffer;
  }),
  _gcvt_s: library(
    'buffer: address, size: size, value: double, digits: int',
    'int',
    (t, buffer, size, value, digits) => {
      if (buffer === 0 || size === 0) return failInvalid(t, EINVAL, EINVAL);
      const text = generalText(t, value, Math.min(Math.max(digits, 0), MOST_DIGITS));
      const fits = text.length < size;
      writeTerminated(t.memory, buffer, fits ? text : '', false);
      return fits ? 0 : failInvalid(t, ERANGE, ERANGE);
    },
  ),
}));

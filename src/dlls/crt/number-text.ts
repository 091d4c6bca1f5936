import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EINVAL, ERANGE } from './errno.ts';
import { signedText, unsignedText } from './format-integer.ts';
import { failInvalid } from './invalid.ts';
import { writeTerminated } from './text.ts';

/** The text of a number: only in base 10 has it a sign. */
function signed(low: number, high: number, bits: 32 | 64, radix: number): string {
  if (radix === 10) {
    const { negative, digits } = signedText(low, bits === 32 && low >= 0x8000_0000 ? 0xffff_ffff : high);
    return negative ? `-${digits}` : digits;
  }
  return unsignedText(low, bits === 32 ? 0 : high, radix);
}

function store(thread: Thread, text: string, buffer: number, wide: boolean): number {
  writeTerminated(thread.memory, buffer, text, wide);
  return buffer;
}

function storeChecked(thread: Thread, text: string, buffer: number, size: number, wide: boolean): number {
  if (buffer === 0 || size === 0) return failInvalid(thread, EINVAL, EINVAL);
  if (text.length >= size) {
    writeTerminated(thread.memory, buffer, '', wide);
    return failInvalid(thread, ERANGE, ERANGE);
  }
  store(thread, text, buffer, wide);
  return 0;
}

/** A radix that is none gives an empty string. */
function usable(radix: number): boolean {
  return radix >= 2 && radix <= 36;
}

function conversions(wide: boolean) {
  const checked = (t: Thread, text: string, buffer: number, size: number, radix: number) =>
    usable(radix) ? storeChecked(t, text, buffer, size, wide) : failInvalid(t, EINVAL, EINVAL);
  return {
    int: library('value: dword, buffer: address, radix: int', 'address', (t, value, buffer, radix) =>
      store(t, usable(radix) ? signed(value, 0, 32, radix) : '', buffer, wide),
    ),
    dword: library('value: dword, buffer: address, radix: int', 'address', (t, value, buffer, radix) =>
      store(t, usable(radix) ? unsignedText(value, 0, radix) : '', buffer, wide),
    ),
    int64: library('value: opaque64, buffer: address, radix: int', 'address', (t, low, high, buffer, radix) =>
      store(t, usable(radix) ? signed(low, high, 64, radix) : '', buffer, wide),
    ),
    dword64: library(
      'value: opaque64, buffer: address, radix: int',
      'address',
      (t, low, high, buffer, radix) =>
        store(t, usable(radix) ? unsignedText(low, high, radix) : '', buffer, wide),
    ),
    intChecked: library(
      'value: dword, buffer: address, size: size, radix: int',
      'int',
      (t, value, buffer, size, radix) =>
        checked(t, signed(value, 0, 32, usable(radix) ? radix : 10), buffer, size, radix),
    ),
    dwordChecked: library(
      'value: dword, buffer: address, size: size, radix: int',
      'int',
      (t, value, buffer, size, radix) =>
        checked(t, unsignedText(value, 0, usable(radix) ? radix : 10), buffer, size, radix),
    ),
    int64Checked: library(
      'value: opaque64, buffer: address, size: size, radix: int',
      'int',
      (t, low, high, buffer, size, radix) =>
        checked(t, signed(low, high, 64, usable(radix) ? radix : 10), buffer, size, radix),
    ),
    dword64Checked: library(
      'value: opaque64, buffer: address, size: size, radix: int',
      'int',
      (t, low, high, buffer, size, radix) =>
        checked(t, unsignedText(low, high, usable(radix) ? radix : 10), buffer, size, radix),
    ),
  };
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/itoa-itow';

/** stdlib.h: integers to text. */
export const numberTextApi = family('crt', PAGES, () => {
  const narrow = conversions(false);
  const wide = conversions(true);
  return {
    _itoa: narrow.int,
    _ltoa: narrow.int,
    _ultoa: narrow.dword,
    _i64toa: narrow.int64,
    _ui64toa: narrow.dword64,
    _itoa_s: narrow.intChecked,
    _ltoa_s: narrow.intChecked,
    _ultoa_s: narrow.dwordChecked,
    _i64toa_s: narrow.int64Checked,
    _ui64toa_s: narrow.dword64Checked,
    _itow: wide.int,
    _ltow: wide.int,
    _ultow: wide.dword,
    _i64tow: wide.int64,
    _ui64tow: wide.dword64,
    _itow_s: wide.intChecked,
    _ltow_s: wide.intChecked,
    _ultow_s: wide.dwordChecked,
    _i64tow_s: wide.int64Checked,
    _ui64tow_s: wide.dword64Checked,
  };
});

import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { EINVAL, ERANGE, failErrno } from './errno.ts';
import { signedText, unsignedText } from './format-integer.ts';
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
  if (buffer === 0 || size === 0) return failErrno(thread, EINVAL, EINVAL);
  if (text.length >= size) {
    writeTerminated(thread.memory, buffer, '', wide);
    return failErrno(thread, ERANGE, ERANGE);
  }
  store(thread, text, buffer, wide);
  return 0;
}

/** A radix that is none gives an empty string. */
function usable(radix: number): boolean {
  return radix >= 2 && radix <= 36;
}

function conversions(wide: boolean) {
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
        usable(radix)
          ? storeChecked(t, signed(value, 0, 32, radix), buffer, size, wide)
          : failErrno(t, EINVAL, EINVAL),
    ),
  };
}

const narrow = conversions(false);
const wide = conversions(true);
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/itoa-itow';

/** stdlib.h: integers to text. */
export const numberTextApi = family('crt', PAGES, {
  _itoa: narrow.int,
  _ltoa: narrow.int,
  _ultoa: narrow.dword,
  _i64toa: narrow.int64,
  _ui64toa: narrow.dword64,
  _itoa_s: narrow.intChecked,
  _ltoa_s: narrow.intChecked,
  _itow: wide.int,
  _ltow: wide.int,
  _ultow: wide.dword,
  _i64tow: wide.int64,
  _ui64tow: wide.dword64,
  _itow_s: wide.intChecked,
  _ltow_s: wide.intChecked,
});

import {
  ANSI_CODE_PAGE,
  decodeText,
  encodeText,
  hasInvalidBytes,
  isKnownCodePage,
  OEM_CODE_PAGE,
  realCodePage,
  UTF8,
  utf16Bytes,
  utf16Text,
} from '../../process/code-pages.ts';
import {
  ERROR_INSUFFICIENT_BUFFER,
  ERROR_INVALID_FLAGS,
  ERROR_INVALID_PARAMETER,
  ERROR_NO_UNICODE_TRANSLATION,
} from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ANSI, type TextForm, WIDE } from '../guest-text.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/stringapiset/nf-stringapiset-{}';
const CODE_PAGE_PAGES = 'https://learn.microsoft.com/windows/win32/api/winnls/nf-winnls-{}';

const MB_ERR_INVALID_CHARS = 0x8;
const MB_FLAGS = 0xf;
const WC_ERR_INVALID_CHARS = 0x80;
const WC_NO_BEST_FIT_CHARS = 0x400;
const WC_FLAGS = 0x6f0;
/** Longest NUL-terminated string that is converted, in characters. */
const LONGEST = 0x1000_0000;
const UNTIL_NUL = -1;

/** The code page to convert with, or undefined with last error set. CP_UTF7 and double-byte ones are not there. */
function codePageOf(thread: Thread, codePage: number): number | undefined {
  const real = realCodePage(codePage);
  if (isKnownCodePage(real)) return real;
  thread.fail(ERROR_INVALID_PARAMETER);
  return undefined;
}

/** MultiByteToWideChar. A buffer of 0 asks for the size; invalid sequences become U+FFFD unless refused. */
function toWide(
  thread: Thread,
  codePage: number,
  flags: number,
  source: number,
  count: number,
  target: number,
  capacity: number,
): number {
  const real = codePageOf(thread, codePage);
  if (real === undefined) return 0;
  if ((flags & ~(real === UTF8 ? MB_ERR_INVALID_CHARS : MB_FLAGS)) !== 0)
    return thread.fail(ERROR_INVALID_FLAGS);
  if (
    source === 0 ||
    count === 0 ||
    count < UNTIL_NUL ||
    capacity < 0 ||
    (capacity > 0 && (target === 0 || target === source))
  ) {
    return thread.fail(ERROR_INVALID_PARAMETER);
  }
  const { memory } = thread;
  const length = count === UNTIL_NUL ? memory.asciiz(source, LONGEST).length + 1 : count;
  const bytes = memory.bytes(source, length);
  if ((flags & MB_ERR_INVALID_CHARS) !== 0 && hasInvalidBytes(real, bytes)) {
    return thread.fail(ERROR_NO_UNICODE_TRANSLATION);
  }
  const text = decodeText(real, bytes);
  if (capacity === 0) return text.length;
  if (text.length > capacity) {
    memory.setBytes(target, utf16Bytes(text.slice(0, capacity)));
    return thread.fail(ERROR_INSUFFICIENT_BUFFER);
  }
  memory.setBytes(target, utf16Bytes(text));
  return text.length;
}

/** WideCharToMultiByte: a character without a place becomes a similar one or the default one. */
function toMultiByte(
  thread: Thread,
  codePage: number,
  flags: number,
  source: number,
  count: number,
  target: number,
  capacity: number,
  defaultChar: number,
  usedDefault: number,
): number {
  const real = codePageOf(thread, codePage);
  if (real === undefined) return 0;
  if ((flags & ~(real === UTF8 ? WC_ERR_INVALID_CHARS : WC_FLAGS)) !== 0)
    return thread.fail(ERROR_INVALID_FLAGS);
  const noDefault = real === UTF8 && (defaultChar !== 0 || usedDefault !== 0);
  if (
    noDefault ||
    source === 0 ||
    count === 0 ||
    count < UNTIL_NUL ||
    capacity < 0 ||
    (capacity > 0 && (target === 0 || target === source))
  ) {
    return thread.fail(ERROR_INVALID_PARAMETER);
  }
  const { memory } = thread;
  const length = count === UNTIL_NUL ? memory.utf16z(source, LONGEST).length + 1 : count;
  const text = utf16Text(memory.bytes(source, length * 2));
  const replacement = defaultChar === 0 ? [0x3f] : [memory.u8(defaultChar)];
  const { bytes, lossy } = encodeText(real, text, replacement, (flags & WC_NO_BEST_FIT_CHARS) === 0);
  if (lossy && (flags & WC_ERR_INVALID_CHARS) !== 0) return thread.fail(ERROR_NO_UNICODE_TRANSLATION);
  if (usedDefault !== 0) memory.setU32(usedDefault, lossy ? 1 : 0);
  if (capacity === 0) return bytes.length;
  memory.setBytes(target, bytes.subarray(0, capacity));
  return bytes.length > capacity ? thread.fail(ERROR_INSUFFICIENT_BUFFER) : bytes.length;
}

// CompareString's answers.
const CSTR_LESS_THAN = 1;
const CSTR_EQUAL = 2;
const CSTR_GREATER_THAN = 3;
const NORM_IGNORECASE = 0x1;
const LINGUISTIC_IGNORECASE = 0x10;
const SORT_STRINGSORT = 0x1000;
const NORM_LINGUISTIC_CASING = 0x0800_0000;
const IGNORES_CASE = NORM_IGNORECASE | LINGUISTIC_IGNORECASE;

type Sensitivity = 'variant' | 'accent';
/** Made when first compared with: each takes milliseconds to make. */
const collators = new Map<Sensitivity, Intl.Collator>();
function collator(sensitivity: Sensitivity): Intl.Collator {
  let made = collators.get(sensitivity);
  if (!made) collators.set(sensitivity, (made = new Intl.Collator('en', { sensitivity })));
  return made;
}

/** What a word sort looks at last: hyphens and apostrophes, so that "co-op" stands beside "coop". */
const MINOR = /[-'\u00ad]/g;

/** Linguistic order of two texts, -1, 0 or 1; a string sort gives punctuation its full weight. */
export function compareText(first: string, second: string, ignoreCase: boolean, stringSort = false): number {
  const { compare } = collator(ignoreCase ? 'accent' : 'variant');
  if (stringSort) return Math.sign(compare(first, second));
  const [a, b] = [first.replace(MINOR, ''), second.replace(MINOR, '')];
  const order =
    compare(a, b) || first.length - a.length - (second.length - b.length) || compare(first, second);
  return Math.sign(order);
}

function textArgument(thread: Thread, form: TextForm, address: number, count: number): string {
  if (count < 0) return form.read(thread.memory, address, LONGEST);
  return form.decode(thread.memory.bytes(address, count * form.unit));
}

function compareString(form: TextForm, name: string) {
  return (
    thread: Thread,
    flags: number,
    first: number,
    count1: number,
    second: number,
    count2: number,
  ): number => {
    if (first === 0 || second === 0) return thread.fail(ERROR_INVALID_PARAMETER);
    if ((flags & ~(IGNORES_CASE | SORT_STRINGSORT | NORM_LINGUISTIC_CASING)) !== 0) {
      return thread.stop(`kernel32!${name}: flags 0x${flags.toString(16)} are not built yet`);
    }
    const order = compareText(
      textArgument(thread, form, first, count1),
      textArgument(thread, form, second, count2),
      (flags & IGNORES_CASE) !== 0,
      (flags & SORT_STRINGSORT) !== 0,
    );
    return CSTR_EQUAL + order;
  };
}

function upper(text: string): string {
  let out = '';
  for (const unit of text.split('')) {
    const mapped = unit.toUpperCase();
    out += mapped.length === 1 ? mapped : unit;
  }
  return out;
}

function compareOrdinal(
  thread: Thread,
  first: number,
  count1: number,
  second: number,
  count2: number,
  ignoreCase: number,
): number {
  if (first === 0 || second === 0) return thread.fail(ERROR_INVALID_PARAMETER);
  let a = textArgument(thread, WIDE, first, count1);
  let b = textArgument(thread, WIDE, second, count2);
  if (ignoreCase !== 0) {
    a = upper(a);
    b = upper(b);
  }
  return a < b ? CSTR_LESS_THAN : a > b ? CSTR_GREATER_THAN : CSTR_EQUAL;
}

/** stringapiset.h */
export const stringApi = family('kernel32', PAGES, () => {
  const compareW = compareString(WIDE, 'CompareStringW');
  const compareEx = compareString(WIDE, 'CompareStringEx');
  return {
    MultiByteToWideChar: library(
      'CodePage: dword, dwFlags: dword, lpMultiByteStr: address, cbMultiByte: int, lpWideCharStr: address, cchWideChar: int',
      'int',
      toWide,
    ),
    WideCharToMultiByte: library(
      'CodePage: dword, dwFlags: dword, lpWideCharStr: address, cchWideChar: int, lpMultiByteStr: address, cbMultiByte: int, lpDefaultChar: address, lpUsedDefaultChar: address',
      'int',
      toMultiByte,
    ),
    CompareStringW: library(
      'Locale: dword, dwCmpFlags: dword, lpString1: address, cchCount1: int, lpString2: address, cchCount2: int',
      'int',
      (thread, _locale, flags, first, count1, second, count2) =>
        compareW(thread, flags, first, count1, second, count2),
    ),
    CompareStringEx: library(
      'lpLocaleName: address, dwCmpFlags: dword, lpString1: address, cchCount1: int, lpString2: address, cchCount2: int, lpVersionInformation: address, lpReserved: address, lParam: size',
      'int',
      (thread, _locale, flags, first, count1, second, count2) =>
        compareEx(thread, flags, first, count1, second, count2),
    ),
    CompareStringOrdinal: library(
      'lpString1: address, cchCount1: int, lpString2: address, cchCount2: int, bIgnoreCase: bool',
      'int',
      compareOrdinal,
    ),
  };
});

/** CPINFO and CPINFOEX. https://learn.microsoft.com/windows/win32/api/winnls/ns-winnls-cpinfo */
function codePageInfo(thread: Thread, codePage: number, into: number): number | undefined {
  const real = codePageOf(thread, codePage);
  if (real === undefined) return undefined;
  thread.memory.fill(into, 0, 20);
  thread.memory.setU32(into, real === UTF8 ? 4 : 1);
  thread.memory.setU8(into + 4, 0x3f);
  return real;
}

function codePageInfoEx(wide: boolean) {
  return (thread: Thread, codePage: number, flags: number, into: number): number => {
    if (flags !== 0) return thread.fail(ERROR_INVALID_PARAMETER);
    const real = codePageInfo(thread, codePage, into);
    if (real === undefined) return 0;
    const { memory } = thread;
    memory.setU16(into + 18, real === UTF8 ? 0xfffd : 0x3f);
    memory.setU32(into + 20, real);
    const name = `${real}  (${real === UTF8 ? 'UTF-8' : `code page ${real}`})\0`;
    memory.setBytes(into + 24, wide ? utf16Bytes(name) : encodeText(ANSI_CODE_PAGE, name).bytes);
    return 1;
  };
}

/** winnls.h: code pages (there are no double-byte ones, so nothing is a lead byte) and the A form of comparison. */
export const codePageApi = family('kernel32', CODE_PAGE_PAGES, () => {
  const compareA = compareString(ANSI, 'CompareStringA');
  return {
    CompareStringA: library(
      'Locale: dword, dwCmpFlags: dword, lpString1: address, cchCount1: int, lpString2: address, cchCount2: int',
      'int',
      (thread, _locale, flags, first, count1, second, count2) =>
        compareA(thread, flags, first, count1, second, count2),
    ),
    GetACP: library('', 'dword', () => ANSI_CODE_PAGE),
    GetOEMCP: library('', 'dword', () => OEM_CODE_PAGE),
    IsValidCodePage: library('CodePage: dword', 'bool', (_thread, codePage) =>
      codePage > 3 && isKnownCodePage(codePage) ? 1 : 0,
    ),
    GetCPInfo: library('CodePage: dword, lpCPInfo: address', 'bool', (thread, codePage, into) =>
      codePageInfo(thread, codePage, into) === undefined ? 0 : 1,
    ),
    GetCPInfoExA: library(
      'CodePage: dword, dwFlags: dword, lpCPInfoEx: address',
      'bool',
      codePageInfoEx(false),
    ),
    GetCPInfoExW: library(
      'CodePage: dword, dwFlags: dword, lpCPInfoEx: address',
      'bool',
      codePageInfoEx(true),
    ),
    IsDBCSLeadByte: library('TestChar: byte', 'bool', () => 0),
    IsDBCSLeadByteEx: library('CodePage: dword, TestChar: byte', 'bool', (thread, codePage) => {
      codePageOf(thread, codePage);
      return 0;
    }),
  };
});

import { ANSI_CODE_PAGE, OEM_CODE_PAGE } from '../../process/code-pages.ts';
import {
  ERROR_INSUFFICIENT_BUFFER,
  ERROR_INVALID_FLAGS,
  ERROR_INVALID_PARAMETER,
} from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ANSI, type TextForm, WIDE } from '../guest-text.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winnls/nf-winnls-{}';

/** en-US, the only locale. */
const LOCALE_ID = 0x409;
const LOCALE_NAME = 'en-US';
const LOCALE_NAME_LENGTH = 85;
const DEFAULT_LOCALES: readonly number[] = [0, 0x400, 0x800, 0x7f, 0x409];

/** LCTYPE values and what en-US answers. https://learn.microsoft.com/windows/win32/intl/locale-information-constants */
const INFORMATION: ReadonlyMap<number, string> = new Map([
  [0x01, '0409'], // LOCALE_ILANGUAGE
  [0x02, 'English (United States)'], // LOCALE_SLOCALIZEDDISPLAYNAME
  [0x05, '1'], // LOCALE_IDIALINGCODE
  [0x0b, String(OEM_CODE_PAGE)], // LOCALE_IDEFAULTCODEPAGE
  [0x0c, ','], // LOCALE_SLIST
  [0x0d, '1'], // LOCALE_IMEASURE
  [0x0e, '.'], // LOCALE_SDECIMAL
  [0x0f, ','], // LOCALE_STHOUSAND
  [0x10, '3;0'], // LOCALE_SGROUPING
  [0x11, '2'], // LOCALE_IDIGITS
  [0x12, '1'], // LOCALE_ILZERO
  [0x13, '0123456789'], // LOCALE_SNATIVEDIGITS
  [0x14, '$'], // LOCALE_SCURRENCY
  [0x15, 'USD'], // LOCALE_SINTLSYMBOL
  [0x16, '.'], // LOCALE_SMONDECIMALSEP
  [0x17, ','], // LOCALE_SMONTHOUSANDSEP
  [0x1d, '/'], // LOCALE_SDATE
  [0x1e, ':'], // LOCALE_STIME
  [0x1f, 'M/d/yyyy'], // LOCALE_SSHORTDATE
  [0x20, 'dddd, MMMM d, yyyy'], // LOCALE_SLONGDATE
  [0x28, 'AM'], // LOCALE_S1159
  [0x29, 'PM'], // LOCALE_S2359
  [0x51, '-'], // LOCALE_SNEGATIVESIGN
  [0x59, 'en'], // LOCALE_SISO639LANGNAME
  [0x5a, 'US'], // LOCALE_SISO3166CTRYNAME
  [0x5c, LOCALE_NAME], // LOCALE_SNAME
  [0x1001, 'English'], // LOCALE_SENGLISHLANGUAGENAME
  [0x1002, 'United States'], // LOCALE_SENGLISHCOUNTRYNAME
  [0x1003, 'h:mm:ss tt'], // LOCALE_STIMEFORMAT
  [0x1004, String(ANSI_CODE_PAGE)], // LOCALE_IDEFAULTANSICODEPAGE
]);
const LOCALE_RETURN_NUMBER = 0x2000_0000;
const LOCALE_FLAGS = 0xc000_0000;

function localeInfo(form: TextForm, name: string) {
  return (thread: Thread, type: number, buffer: number, capacity: number): number => {
    const value = INFORMATION.get(type & ~(LOCALE_RETURN_NUMBER | LOCALE_FLAGS));
    if (value === undefined)
      return thread.stop(`kernel32!${name}: locale information 0x${type.toString(16)} is not built yet`);
    if (capacity < 0 || (capacity > 0 && buffer === 0)) return thread.fail(ERROR_INVALID_PARAMETER);
    if ((type & LOCALE_RETURN_NUMBER) !== 0) {
      const units = 4 / form.unit;
      if (capacity === 0) return units;
      if (capacity < units) return thread.fail(ERROR_INSUFFICIENT_BUFFER);
      thread.memory.setU32(buffer, Number.parseInt(value, (type & 0xffff) === 1 ? 16 : 10) >>> 0);
      return units;
    }
    return giveCounted(thread, form, buffer, capacity, `${value}\0`);
  };
}

/** The convention of this header: units written, with what the text holds; 0 capacity asks for the size. */
function giveCounted(thread: Thread, form: TextForm, buffer: number, capacity: number, text: string): number {
  const bytes = form.encode(text);
  const units = bytes.length / form.unit;
  if (capacity === 0) return units;
  if (capacity < units) return thread.fail(ERROR_INSUFFICIENT_BUFFER);
  thread.memory.setBytes(buffer, bytes);
  return units;
}

const LCMAP_LOWERCASE = 0x100;
const LCMAP_UPPERCASE = 0x200;
const LCMAP_LINGUISTIC_CASING = 0x0100_0000;

/** A character whose other case is not one character stays, as in Windows' tables. */
function mapCase(text: string, upper: boolean): string {
  let out = '';
  for (const unit of text.split('')) {
    const mapped = upper ? unit.toUpperCase() : unit.toLowerCase();
    out += mapped.length === 1 ? mapped : unit;
  }
  return out;
}

const LONGEST = 0x1000_0000;

function mapString(form: TextForm, name: string) {
  return (
    thread: Thread,
    flags: number,
    source: number,
    count: number,
    target: number,
    capacity: number,
  ): number => {
    if (
      (flags & ~LCMAP_LINGUISTIC_CASING) !== LCMAP_LOWERCASE &&
      (flags & ~LCMAP_LINGUISTIC_CASING) !== LCMAP_UPPERCASE
    ) {
      const both = LCMAP_LOWERCASE | LCMAP_UPPERCASE;
      if ((flags & both) === both) return thread.fail(ERROR_INVALID_FLAGS);
      return thread.stop(`kernel32!${name}: flags 0x${flags.toString(16)} are not built yet`);
    }
    if (source === 0 || count === 0 || capacity < 0) return thread.fail(ERROR_INVALID_PARAMETER);
    const text = counted(thread, form, source, count);
    return giveCounted(thread, form, target, capacity, mapCase(text, (flags & LCMAP_UPPERCASE) !== 0));
  };
}

/** A string argument with a count; a negative count means up to and with the NUL. */
function counted(thread: Thread, form: TextForm, source: number, count: number): string {
  if (count < 0) return `${form.read(thread.memory, source, LONGEST)}\0`;
  return form.decode(thread.memory.bytes(source, count * form.unit));
}

const CT_CTYPE1 = 1;
let typePatterns: readonly (readonly [number, RegExp])[] | undefined;
/** C1_* bits and the characters that have them. https://learn.microsoft.com/windows/win32/api/stringapiset/nf-stringapiset-getstringtypew */
function patternsOfTypes() {
  typePatterns ??= [
    [0x01, /\p{Lu}/u],
    [0x02, /\p{Ll}/u],
    [0x04, /\p{Nd}/u],
    [0x08, /\s/u],
    [0x10, /[\p{P}\p{S}]/u],
    [0x20, /\p{Cc}/u],
    [0x40, /[\t\p{Zs}]/u],
    [0x80, /[0-9A-Fa-f]/],
    [0x100, /\p{L}/u],
    [0x200, /\P{Cn}/u],
  ];
  return typePatterns;
}

function characterTypes(form: TextForm, name: string) {
  return (thread: Thread, info: number, source: number, count: number, into: number): number => {
    if (info !== CT_CTYPE1) return thread.stop(`kernel32!${name}: information type ${info} is not built yet`);
    if (source === 0 || count === 0) return thread.fail(ERROR_INVALID_PARAMETER);
    const text = counted(thread, form, source, count);
    const patterns = patternsOfTypes();
    for (let i = 0; i < text.length; i++) {
      const bits = patterns.reduce((all, [bit, test]) => (test.test(text[i]!) ? all | bit : all), 0);
      thread.memory.setU16(into + i * 2, bits);
    }
    return 1;
  };
}

function localeName(thread: Thread, buffer: number, capacity: number): number {
  return giveCounted(thread, WIDE, buffer, capacity, `${LOCALE_NAME}\0`);
}

const INFO = 'Locale: dword, LCType: dword, lpLCData: address, cchData: int';
const MAP =
  'Locale: dword, dwMapFlags: dword, lpSrcStr: address, cchSrc: int, lpDestStr: address, cchDest: int';
const TYPE = 'Locale: dword, dwInfoType: dword, lpSrcStr: address, cchSrc: int, lpCharType: address';

/** winnls.h: the one locale. */
export const localeApi = family('kernel32', PAGES, () => {
  const infoA = localeInfo(ANSI, 'GetLocaleInfoA');
  const infoW = localeInfo(WIDE, 'GetLocaleInfoW');
  const infoEx = localeInfo(WIDE, 'GetLocaleInfoEx');
  const mapA = mapString(ANSI, 'LCMapStringA');
  const mapW = mapString(WIDE, 'LCMapStringW');
  const mapEx = mapString(WIDE, 'LCMapStringEx');
  const typesA = characterTypes(ANSI, 'GetStringTypeA');
  const typesW = characterTypes(WIDE, 'GetStringTypeW');
  return {
    GetUserDefaultLCID: library('', 'dword', () => LOCALE_ID),
    GetSystemDefaultLCID: library('', 'dword', () => LOCALE_ID),
    GetThreadLocale: library('', 'dword', () => LOCALE_ID),
    GetUserDefaultLangID: library('', 'word', () => LOCALE_ID),
    GetSystemDefaultLangID: library('', 'word', () => LOCALE_ID),
    GetUserDefaultUILanguage: library('', 'word', () => LOCALE_ID),
    GetSystemDefaultUILanguage: library('', 'word', () => LOCALE_ID),
    IsValidLocale: library('Locale: dword, dwFlags: dword', 'bool', (_thread, locale) =>
      DEFAULT_LOCALES.includes(locale) ? 1 : 0,
    ),
    IsValidLocaleName: library('lpLocaleName: address', 'bool', (thread, name) => {
      const text = name === 0 ? '' : WIDE.read(thread.memory, name, LOCALE_NAME_LENGTH).toLowerCase();
      return text === LOCALE_NAME.toLowerCase() || text === '' || text === 'en' ? 1 : 0;
    }),
    GetUserDefaultLocaleName: library('lpLocaleName: address, cchLocaleName: int', 'int', localeName),
    GetSystemDefaultLocaleName: library('lpLocaleName: address, cchLocaleName: int', 'int', localeName),
    GetLocaleInfoA: library(INFO, 'int', (thread, _locale, type, buffer, capacity) =>
      infoA(thread, type, buffer, capacity),
    ),
    GetLocaleInfoW: library(INFO, 'int', (thread, _locale, type, buffer, capacity) =>
      infoW(thread, type, buffer, capacity),
    ),
    GetLocaleInfoEx: library(
      'lpLocaleName: address, LCType: dword, lpLCData: address, cchData: int',
      'int',
      (thread, _locale, type, buffer, capacity) => infoEx(thread, type, buffer, capacity),
    ),
    LCMapStringA: library(MAP, 'int', (thread, _locale, ...rest) => mapA(thread, ...rest)),
    LCMapStringW: library(MAP, 'int', (thread, _locale, ...rest) => mapW(thread, ...rest)),
    LCMapStringEx: library(
      'lpLocaleName: address, dwMapFlags: dword, lpSrcStr: address, cchSrc: int, lpDestStr: address, cchDest: int, lpVersionInformation: address, lpReserved: address, sortHandle: size',
      'int',
      (thread, _locale, flags, source, count, target, capacity) =>
        mapEx(thread, flags, source, count, target, capacity),
    ),
    GetStringTypeA: library(TYPE, 'bool', (thread, _locale, ...rest) => typesA(thread, ...rest)),
    GetStringTypeExA: library(TYPE, 'bool', (thread, _locale, ...rest) => typesA(thread, ...rest)),
    GetStringTypeExW: library(TYPE, 'bool', (thread, _locale, ...rest) => typesW(thread, ...rest)),
    GetStringTypeW: library(
      'dwInfoType: dword, lpSrcStr: address, cchSrc: int, lpCharType: address',
      'bool',
      typesW,
    ),
  };
});

import { WRITE } from '../../memory/constants.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import { ANSI_CODE_PAGE, decodeText, UTF8 } from '../../process/code-pages.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { compareText } from '../kernel32/string.ts';
import { byteMaps, lowerUnit, upperUnit } from './case-map.ts';
import { EINVAL } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { codePageOf } from './locale-object.ts';
import { byteLength, narrowBytes, readText, wideLength, writeTerminated } from './text.ts';

/** String functions that depend on the locale, for bytes and UTF-16 units; each has a form that takes a locale. */

const ALL = Number.MAX_SAFE_INTEGER;
/** _NLSCMPERROR: the answer to a bad argument. */
const COMPARE_ERROR = 0x7fff_ffff;

type Map = (code: number) => number;

function lowerOf(codePage: number, wide: boolean): Map {
  if (wide) return (unit) => lowerUnit(codePage, unit);
  const { lower } = byteMaps(codePage);
  return (byte) => lower[byte]!;
}
function upperOf(codePage: number, wide: boolean): Map {
  if (wide) return (unit) => upperUnit(codePage, unit);
  const { upper } = byteMaps(codePage);
  return (byte) => upper[byte]!;
}

function codeAt(memory: GuestMemory, text: number, index: number, wide: boolean): number {
  return wide ? memory.u16(text + index * 2) : memory.u8(text + index);
}

/** Without regard to case: the difference of the first characters that differ, in lower case. */
function compareFolded(
  thread: Thread,
  a: number,
  b: number,
  count: number,
  locale: number,
  wide: boolean,
): number {
  if (count === 0) return 0;
  if (a === 0 || b === 0) return failInvalid(thread, EINVAL, COMPARE_ERROR);
  const fold = lowerOf(codePageOf(thread, locale), wide);
  for (let i = 0; i < count; i++) {
    const left = fold(codeAt(thread.memory, a, i, wide));
    const right = fold(codeAt(thread.memory, b, i, wide));
    if (left !== right) return left - right;
    if (left === 0) return 0;
  }
  return 0;
}

/** By the order of the locale: in "C" that of the codes. */
function collate(
  thread: Thread,
  a: number,
  b: number,
  count: number,
  locale: number,
  wide: boolean,
  ignoreCase: boolean,
): number {
  if (count === 0) return 0;
  if (a === 0 || b === 0) return failInvalid(thread, EINVAL, COMPARE_ERROR);
  const codePage = codePageOf(thread, locale);
  if (codePage === 0) {
    return ignoreCase
      ? compareFolded(thread, a, b, count, locale, wide)
      : compareCodes(thread.memory, a, b, count, wide);
  }
  const [left, right] = [a, b].map((at) => textAt(thread, at, count, codePage, wide));
  return compareText(left!, right!, ignoreCase);
}

function textAt(thread: Thread, at: number, count: number, codePage: number, wide: boolean): string {
  const text = readText(thread.memory, at, wide, count === ALL ? undefined : count);
  return wide ? text : decodeText(codePage, narrowBytes(text));
}

function compareCodes(memory: GuestMemory, a: number, b: number, count: number, wide: boolean): number {
  for (let i = 0; i < count; i++) {
    const left = codeAt(memory, a, i, wide);
    const right = codeAt(memory, b, i, wide);
    if (left !== right) return left < right ? -1 : 1;
    if (left === 0) return 0;
  }
  return 0;
}

/** Whole texts in order; the key of a text is the text itself in "C", elsewhere it is not made. */
function transform(
  thread: Thread,
  dest: number,
  src: number,
  count: number,
  locale: number,
  wide: boolean,
): number {
  const codePage = codePageOf(thread, locale);
  if (codePage !== 0 && codePage !== UTF8 && codePage !== ANSI_CODE_PAGE) return COMPARE_ERROR;
  if (codePage !== 0) return thread.stop('strxfrm: sort keys of locales other than "C" are not built yet');
  const text = readText(thread.memory, src, wide);
  if (text.length < count) writeTerminated(thread.memory, dest, text, wide);
  return text.length;
}

function mapInPlace(thread: Thread, text: number, length: number, wide: boolean, map: Map): number {
  const { memory } = thread;
  memory.touch(text, length * (wide ? 2 : 1), WRITE);
  for (let i = 0; i < length; i++) {
    const code = map(codeAt(memory, text, i, wide));
    if (wide) memory.setU16(text + i * 2, code);
    else memory.setU8(text + i, code);
  }
  return text;
}

type MapOf = (codePage: number, wide: boolean) => Map;

function change(thread: Thread, text: number, locale: number, wide: boolean, mapOf: MapOf): number {
  if (text === 0) return failInvalid(thread, EINVAL, 0);
  const length = wide ? wideLength(thread.memory, text) : byteLength(thread.memory, text);
  return mapInPlace(thread, text, length, wide, mapOf(codePageOf(thread, locale), wide));
}

/** The _s forms: the string must end within its size. */
function changeChecked(
  thread: Thread,
  text: number,
  size: number,
  locale: number,
  wide: boolean,
  mapOf: MapOf,
): number {
  if (text === 0) return failInvalid(thread, EINVAL, EINVAL);
  const length = wide ? wideLength(thread.memory, text, size) : byteLength(thread.memory, text, size);
  if (length >= size) {
    if (size > 0) writeTerminated(thread.memory, text, '', wide);
    return failInvalid(thread, EINVAL, EINVAL);
  }
  mapInPlace(thread, text, length, wide, mapOf(codePageOf(thread, locale), wide));
  return 0;
}

/** Each with its parameters, and again with a locale behind them. */
function functionsOf(wide: boolean) {
  const two = 'string1: address, string2: address';
  const counted = `${two}, count: size` as const;
  const text = 'str: address';
  const sized = `${text}, numberOfElements: size` as const;
  const move = 'strDest: address, strSource: address, count: size';
  const changes = (mapOf: MapOf) => ({
    plain: library(text, 'address', (t, at) => change(t, at, 0, wide, mapOf)),
    local: library(`${text}, locale: address`, 'address', (t, at, locale) =>
      change(t, at, locale, wide, mapOf),
    ),
    checked: library(sized, 'int', (t, at, size) => changeChecked(t, at, size, 0, wide, mapOf)),
    checkedLocal: library(`${sized}, locale: address`, 'int', (t, at, size, locale) =>
      changeChecked(t, at, size, locale, wide, mapOf),
    ),
  });
  const collates = (ignoreCase: boolean) => ({
    plain: library(two, 'int', (t, a, b) => collate(t, a, b, ALL, 0, wide, ignoreCase)),
    local: library(`${two}, locale: address`, 'int', (t, a, b, locale) =>
      collate(t, a, b, ALL, locale, wide, ignoreCase),
    ),
    counted: library(counted, 'int', (t, a, b, count) => collate(t, a, b, count, 0, wide, ignoreCase)),
    countedLocal: library(`${counted}, locale: address`, 'int', (t, a, b, count, locale) =>
      collate(t, a, b, count, locale, wide, ignoreCase),
    ),
  });
  return {
    fold: library(two, 'int', (t, a, b) => compareFolded(t, a, b, ALL, 0, wide)),
    foldLocal: library(`${two}, locale: address`, 'int', (t, a, b, locale) =>
      compareFolded(t, a, b, ALL, locale, wide),
    ),
    foldCounted: library(counted, 'int', (t, a, b, count) => compareFolded(t, a, b, count, 0, wide)),
    foldCountedLocal: library(`${counted}, locale: address`, 'int', (t, a, b, count, locale) =>
      compareFolded(t, a, b, count, locale, wide),
    ),
    collate: collates(false),
    collateFolded: collates(true),
    transform: library(move, 'size', (t, dest, src, count) => transform(t, dest, src, count, 0, wide)),
    transformLocal: library(`${move}, locale: address`, 'size', (t, dest, src, count, locale) =>
      transform(t, dest, src, count, locale, wide),
    ),
    lower: changes(lowerOf),
    upper: changes(upperOf),
  };
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** string.h and wchar.h: case and order. */
export const stringLocaleApi = family('crt', PAGES, () => {
  const narrow = functionsOf(false);
  const wide = functionsOf(true);
  return {
    strcoll: narrow.collate.plain,
    _strcoll_l: narrow.collate.local,
    _strncoll: narrow.collate.counted,
    _strncoll_l: narrow.collate.countedLocal,
    _stricoll: narrow.collateFolded.plain,
    _stricoll_l: narrow.collateFolded.local,
    _strnicoll: narrow.collateFolded.counted,
    _strnicoll_l: narrow.collateFolded.countedLocal,
    _stricmp: narrow.fold,
    _strcmpi: narrow.fold,
    _stricmp_l: narrow.foldLocal,
    _strnicmp: narrow.foldCounted,
    _strnicmp_l: narrow.foldCountedLocal,
    _memicmp_l: library(
      'buffer1: address, buffer2: address, count: size, locale: address',
      'int',
      (t, a, b, count, locale) => compareBlocks(t, a, b, count, locale),
    ),
    strxfrm: narrow.transform,
    _strxfrm_l: narrow.transformLocal,
    _strlwr: narrow.lower.plain,
    _strlwr_l: narrow.lower.local,
    _strlwr_s: narrow.lower.checked,
    _strlwr_s_l: narrow.lower.checkedLocal,
    _strupr: narrow.upper.plain,
    _strupr_l: narrow.upper.local,
    _strupr_s: narrow.upper.checked,
    _strupr_s_l: narrow.upper.checkedLocal,
    wcscoll: wide.collate.plain,
    _wcscoll_l: wide.collate.local,
    _wcsncoll: wide.collate.counted,
    _wcsncoll_l: wide.collate.countedLocal,
    _wcsicoll: wide.collateFolded.plain,
    _wcsicoll_l: wide.collateFolded.local,
    _wcsnicoll: wide.collateFolded.counted,
    _wcsnicoll_l: wide.collateFolded.countedLocal,
    _wcsicmp: wide.fold,
    _wcsicmp_l: wide.foldLocal,
    _wcsnicmp: wide.foldCounted,
    _wcsnicmp_l: wide.foldCountedLocal,
    wcsxfrm: wide.transform,
    _wcsxfrm_l: wide.transformLocal,
    _wcslwr: wide.lower.plain,
    _wcslwr_l: wide.lower.local,
    _wcslwr_s: wide.lower.checked,
    _wcslwr_s_l: wide.lower.checkedLocal,
    _wcsupr: wide.upper.plain,
    _wcsupr_l: wide.upper.local,
    _wcsupr_s: wide.upper.checked,
    _wcsupr_s_l: wide.upper.checkedLocal,
  };
});

/** Blocks do not end at a zero. */
function compareBlocks(thread: Thread, a: number, b: number, count: number, locale: number): number {
  const { lower } = byteMaps(codePageOf(thread, locale));
  for (let i = 0; i < count; i++) {
    const difference = lower[thread.memory.u8(a + i)]! - lower[thread.memory.u8(b + i)]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { byteMaps, lowerUnit, upperUnit, wideClass } from './case-map.ts';
import {
  ALPHA,
  BLANK,
  CONTROL,
  classTable,
  DIGIT,
  HEX,
  LOWER,
  PUNCT,
  SPACE,
  UPPER,
} from './character-class.ts';
import { codePageOf } from './locale-object.ts';
import { readNarrow } from './text.ts';

const WEOF = 0xffff;

/** The class bits that a byte has in a locale; EOF has none. */
function classOf(thread: Thread, c: number, locale: number): number {
  return c >= 0 && c < 256 ? byteMaps(codePageOf(thread, locale)).classes[c]! : 0;
}

function isByte(mask: number) {
  return library('c: int', 'int', (t, c) => classOf(t, c, 0) & mask);
}
function isByteIn(mask: number) {
  return library('c: int, locale: address', 'int', (t, c, locale) => classOf(t, c, locale) & mask);
}
/** The classes of wide characters are Unicode's in every locale. */
function isWide(mask: number) {
  return library('c: word', 'int', (_t, c) => (c === WEOF ? 0 : wideClass(c) & mask));
}

function lower(thread: Thread, c: number, locale: number): number {
  return c >= 0 && c < 256 ? byteMaps(codePageOf(thread, locale)).lower[c]! : c;
}
function upper(thread: Thread, c: number, locale: number): number {
  return c >= 0 && c < 256 ? byteMaps(codePageOf(thread, locale)).upper[c]! : c;
}

const GRAPH = PUNCT | ALPHA | DIGIT;
const PRINT = BLANK | GRAPH;
/** wctype's names, and the masks that iswctype takes. */
const CLASS_NAMES: Readonly<Record<string, number>> = {
  alnum: ALPHA | DIGIT,
  alpha: ALPHA,
  blank: BLANK,
  cntrl: CONTROL,
  digit: DIGIT,
  graph: GRAPH,
  lower: LOWER,
  print: PRINT,
  punct: PUNCT,
  space: SPACE,
  upper: UPPER,
  xdigit: HEX,
};
const TO_LOWER = 1;
const TO_UPPER = 2;

const isBlank = (c: number) => (c === 0x20 || c === 9 ? BLANK : 0);
const wideSymbol = (mask: number) =>
  library('c: word', 'int', (_t, c) => (c === 0x5f || (wideClass(c) & mask) !== 0 ? 1 : 0));
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** ctype.h and its wide twins. */
export const ctypeApi = family('crt', PAGES, () => {
  const isWideType = library('c: word, desc: word', 'int', (_t, c, desc) =>
    c === WEOF ? 0 : wideClass(c) & desc,
  );
  const isWideTypeIn = library('c: word, desc: word, locale: address', 'int', (_t, c, desc) =>
    c === WEOF ? 0 : wideClass(c) & desc,
  );
  const wideBlank = library('c: word', 'int', (_t, c) => (c === 9 ? BLANK : wideClass(c) & BLANK));
  const wideAscii = library('c: word', 'int', (_t, c) => (c < 128 ? 1 : 0));
  const noLeadByte = library('c: int', 'int', () => 0);
  return {
    isalpha: isByte(ALPHA),
    _isalpha_l: isByteIn(ALPHA),
    isdigit: isByte(DIGIT),
    _isdigit_l: isByteIn(DIGIT),
    isalnum: isByte(ALPHA | DIGIT),
    _isalnum_l: isByteIn(ALPHA | DIGIT),
    isspace: isByte(SPACE),
    _isspace_l: isByteIn(SPACE),
    isupper: isByte(UPPER),
    _isupper_l: isByteIn(UPPER),
    islower: isByte(LOWER),
    _islower_l: isByteIn(LOWER),
    isxdigit: isByte(HEX),
    _isxdigit_l: isByteIn(HEX),
    ispunct: isByte(PUNCT),
    _ispunct_l: isByteIn(PUNCT),
    iscntrl: isByte(CONTROL),
    _iscntrl_l: isByteIn(CONTROL),
    isprint: isByte(PRINT),
    _isprint_l: isByteIn(PRINT),
    isgraph: isByte(GRAPH),
    _isgraph_l: isByteIn(GRAPH),
    iswalpha: isWide(ALPHA),
    _iswalpha_l: isWide(ALPHA),
    iswdigit: isWide(DIGIT),
    _iswdigit_l: isWide(DIGIT),
    iswalnum: isWide(ALPHA | DIGIT),
    _iswalnum_l: isWide(ALPHA | DIGIT),
    iswspace: isWide(SPACE),
    _iswspace_l: isWide(SPACE),
    iswupper: isWide(UPPER),
    _iswupper_l: isWide(UPPER),
    iswlower: isWide(LOWER),
    _iswlower_l: isWide(LOWER),
    iswxdigit: isWide(HEX),
    _iswxdigit_l: isWide(HEX),
    iswpunct: isWide(PUNCT),
    _iswpunct_l: isWide(PUNCT),
    iswcntrl: isWide(CONTROL),
    _iswcntrl_l: isWide(CONTROL),
    iswprint: isWide(PRINT),
    _iswprint_l: isWide(PRINT),
    iswgraph: isWide(GRAPH),
    _iswgraph_l: isWide(GRAPH),
    isblank: library('c: int', 'int', (_t, c) => isBlank(c)),
    _isblank_l: library('c: int, locale: address', 'int', (_t, c) => isBlank(c)),
    iswblank: wideBlank,
    _iswblank_l: wideBlank,
    iswascii: wideAscii,
    __iswcsym: wideSymbol(ALPHA | DIGIT),
    __iswcsymf: wideSymbol(ALPHA),
    _iswcsym_l: wideSymbol(ALPHA | DIGIT),
    _iswcsymf_l: wideSymbol(ALPHA),
    _isctype: library('c: int, desc: int', 'int', (t, c, desc) => classOf(t, c, 0) & desc),
    _isctype_l: library(
      'c: int, desc: int, locale: address',
      'int',
      (t, c, desc, locale) => classOf(t, c, locale) & desc,
    ),
    isleadbyte: noLeadByte,
    _isleadbyte_l: noLeadByte,
    __isascii: library('c: int', 'int', (_t, c) => (c >= 0 && c < 128 ? 1 : 0)),
    __toascii: library('c: int', 'int', (_t, c) => c & 0x7f),
    __iscsym: library('c: int', 'int', (t, c) =>
      c === 0x5f || (classOf(t, c, 0) & (ALPHA | DIGIT)) !== 0 ? 1 : 0,
    ),
    __iscsymf: library('c: int', 'int', (t, c) => (c === 0x5f || (classOf(t, c, 0) & ALPHA) !== 0 ? 1 : 0)),
    tolower: library('c: int', 'int', (t, c) => lower(t, c, 0)),
    toupper: library('c: int', 'int', (t, c) => upper(t, c, 0)),
    _tolower_l: library('c: int, locale: address', 'int', lower),
    _toupper_l: library('c: int, locale: address', 'int', upper),
    _tolower: library('c: int', 'int', (_t, c) => c + 32),
    _toupper: library('c: int', 'int', (_t, c) => c - 32),
    iswctype: isWideType,
    is_wctype: isWideType,
    _iswctype_l: isWideTypeIn,
    wctype: library(
      'property: address',
      'word',
      (t, property) => CLASS_NAMES[readNarrow(t.memory, property, 16)] ?? 0,
    ),
    wctrans: library('property: address', 'word', (t, property) => {
      const name = readNarrow(t.memory, property, 16);
      return name === 'tolower' ? TO_LOWER : name === 'toupper' ? TO_UPPER : 0;
    }),
    towctrans: library('c: word, category: word', 'word', (t, c, category) =>
      category === TO_LOWER ? lowerUnit(codePageOf(t, 0), c) : upperUnit(codePageOf(t, 0), c),
    ),
    towlower: library('c: word', 'word', (t, c) => lowerUnit(codePageOf(t, 0), c)),
    towupper: library('c: word', 'word', (t, c) => upperUnit(codePageOf(t, 0), c)),
    _towlower_l: library('c: word, locale: address', 'word', (t, c, locale) =>
      lowerUnit(codePageOf(t, locale), c),
    ),
    _towupper_l: library('c: word, locale: address', 'word', (t, c, locale) =>
      upperUnit(codePageOf(t, locale), c),
    ),
    __pctype_func: library('', 'address', (t) => classTable(t.process) + 2),
    __pwctype_func: library('', 'address', (t) => classTable(t.process) + 2),
  };
});

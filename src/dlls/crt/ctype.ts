import { family, library } from '../api.ts';
import { ALPHA, BLANK, CLASSES, CONTROL, DIGIT, HEX, LOWER, PUNCT, SPACE, UPPER } from './character-class.ts';

/** is…: the class bits that a byte has of `mask`; EOF has none. */
function isByte(mask: number) {
  return library('c: int', 'int', (_thread, c) => (c >= 0 && c < 256 ? CLASSES[c]! & mask : 0));
}

/** Unicode's classes, by general category, for what lies beyond ASCII. */
const WIDE_CLASSES: readonly (readonly [number, RegExp])[] = [
  [UPPER, /\p{Lu}|\p{Lt}/u],
  [LOWER, /\p{Ll}/u],
  [0x100, /\p{L}/u],
  [DIGIT, /\p{Nd}/u],
  [SPACE, /\p{Z}|[\u0085]/u],
  [BLANK, /\p{Zs}/u],
  [PUNCT, /\p{P}|\p{S}/u],
  [CONTROL, /\p{Cc}/u],
];

function wideClass(unit: number): number {
  if (unit < 0x80) return CLASSES[unit]!;
  const text = String.fromCharCode(unit);
  return WIDE_CLASSES.reduce((mask, [bit, pattern]) => (pattern.test(text) ? mask | bit : mask), 0);
}

function isWide(mask: number) {
  return library('c: word', 'int', (_thread, c) => (c === 0xffff ? 0 : wideClass(c) & mask));
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c + 32 : c;
}
function upper(c: number): number {
  return c >= 0x61 && c <= 0x7a ? c - 32 : c;
}

const GRAPH = PUNCT | ALPHA | DIGIT;
const PRINT = BLANK | GRAPH;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}-functions';

/** ctype.h and its wide twins, in the "C" locale. */
export const ctypeApi = family('crt', PAGES, {
  isalpha: isByte(ALPHA),
  isdigit: isByte(DIGIT),
  isalnum: isByte(ALPHA | DIGIT),
  isspace: isByte(SPACE),
  isupper: isByte(UPPER),
  islower: isByte(LOWER),
  isxdigit: isByte(HEX),
  ispunct: isByte(PUNCT),
  iscntrl: isByte(CONTROL),
  isprint: isByte(PRINT),
  isgraph: isByte(GRAPH),
  _isctype: library('c: int, desc: int', 'int', (_thread, c, desc) =>
    c >= 0 && c < 256 ? CLASSES[c]! & desc : 0,
  ),
  __isascii: library('c: int', 'int', (_thread, c) => (c >= 0 && c < 128 ? 1 : 0)),
  __toascii: library('c: int', 'int', (_thread, c) => c & 0x7f),
  __iscsym: library('c: int', 'int', (_thread, c) =>
    c === 0x5f || (c >= 0 && c < 256 && (CLASSES[c]! & (ALPHA | DIGIT)) !== 0) ? 1 : 0,
  ),
  __iscsymf: library('c: int', 'int', (_thread, c) =>
    c === 0x5f || (c >= 0 && c < 256 && (CLASSES[c]! & ALPHA) !== 0) ? 1 : 0,
  ),
  tolower: library('c: int', 'int', (_thread, c) => lower(c)),
  toupper: library('c: int', 'int', (_thread, c) => upper(c)),
  _tolower: library('c: int', 'int', (_thread, c) => c + 32),
  _toupper: library('c: int', 'int', (_thread, c) => c - 32),
  iswalpha: isWide(ALPHA),
  iswdigit: isWide(DIGIT),
  iswalnum: isWide(ALPHA | DIGIT),
  iswspace: isWide(SPACE),
  iswupper: isWide(UPPER),
  iswlower: isWide(LOWER),
  iswxdigit: isWide(HEX),
  iswpunct: isWide(PUNCT),
  iswcntrl: isWide(CONTROL),
  iswprint: isWide(PRINT),
  iswgraph: isWide(GRAPH),
  iswctype: library('c: word, desc: word', 'int', (_thread, c, desc) =>
    c === 0xffff ? 0 : wideClass(c) & desc,
  ),
  towlower: library('c: word', 'word', (_thread, c) => lower(c)),
  towupper: library('c: word', 'word', (_thread, c) => upper(c)),
});

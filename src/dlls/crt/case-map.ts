import { decodeText, encodeText, UTF8 } from '../../process/code-pages.ts';
import { ALPHA, BLANK, CLASSES, CONTROL, DIGIT, LOWER, PUNCT, SPACE, UPPER } from './character-class.ts';

/** Classes and case of characters by the code page of a locale; in "C" (0) and for bytes of UTF-8 only ASCII has any. */
export interface ByteMaps {
  readonly lower: Uint8Array;
  readonly upper: Uint8Array;
  readonly classes: Uint16Array;
}

function ascii(code: number, first: number, change: number): number {
  return code >= first && code < first + 26 ? code + change : code;
}
const lowerAscii = (code: number) => ascii(code, 0x41, 32);
const upperAscii = (code: number) => ascii(code, 0x61, -32);

const maps = new Map<number, ByteMaps>();

export function byteMaps(codePage: number): ByteMaps {
  const key = codePage === UTF8 ? 0 : codePage;
  let made = maps.get(key);
  if (!made) maps.set(key, (made = key === 0 ? asciiMaps() : makeMaps(key)));
  return made;
}

function asciiMaps(): ByteMaps {
  return {
    lower: Uint8Array.from({ length: 256 }, (_, code) => lowerAscii(code)),
    upper: Uint8Array.from({ length: 256 }, (_, code) => upperAscii(code)),
    classes: CLASSES,
  };
}

function makeMaps(codePage: number): ByteMaps {
  const lower = new Uint8Array(256);
  const upper = new Uint8Array(256);
  const classes = new Uint16Array(256);
  for (let code = 0; code < 256; code++) {
    const unit = decodeText(codePage, Uint8Array.of(code)).charCodeAt(0);
    lower[code] = byteOf(codePage, lowerUnit(codePage, unit), code);
    upper[code] = byteOf(codePage, upperUnit(codePage, unit), code);
    classes[code] = wideClass(unit);
  }
  return { lower, upper, classes };
}

function byteOf(codePage: number, unit: number, otherwise: number): number {
  const { bytes, lossy } = encodeText(codePage, String.fromCharCode(unit), undefined, false);
  return lossy || bytes.length !== 1 ? otherwise : bytes[0]!;
}

function simple(unit: number, mapped: string): number {
  return mapped.length === 1 ? mapped.charCodeAt(0) : unit;
}

/** Case of a UTF-16 unit: in "C" ASCII's, elsewhere Unicode's one-to-one mappings. */
export function lowerUnit(codePage: number, unit: number): number {
  if (codePage === 0 || unit < 0x80) return lowerAscii(unit);
  return simple(unit, String.fromCharCode(unit).toLowerCase());
}
export function upperUnit(codePage: number, unit: number): number {
  if (codePage === 0 || unit < 0x80) return upperAscii(unit);
  return simple(unit, String.fromCharCode(unit).toUpperCase());
}

let classPatterns: readonly (readonly [number, RegExp])[] | undefined;
/** Unicode's classes, by general category, for what lies beyond ASCII. */
function patternsOfClasses() {
  classPatterns ??= [
    [UPPER, /\p{Lu}|\p{Lt}/u],
    [LOWER, /\p{Ll}/u],
    [ALPHA & ~(UPPER | LOWER), /\p{L}/u],
    [DIGIT, /\p{Nd}/u],
    [SPACE, /\p{Z}|[\u0085]/u],
    [BLANK, /\p{Zs}/u],
    [PUNCT, /\p{P}|\p{S}/u],
    [CONTROL, /\p{Cc}/u],
  ];
  return classPatterns;
}

/** Class bits of a UTF-16 unit, the same in every locale. */
export function wideClass(unit: number): number {
  if (unit < 0x80) return CLASSES[unit]!;
  const text = String.fromCharCode(unit);
  return patternsOfClasses().reduce((mask, [bit, pattern]) => (pattern.test(text) ? mask | bit : mask), 0);
}

/**
 * Code pages: UTF-8 and the single-byte ones. Double-byte code pages are not offered.
 * https://learn.microsoft.com/windows/win32/intl/code-page-identifiers
 */
export const UTF8 = 65001;
export const ASCII = 20127;
export const LATIN_1 = 28591;
/** The system's code pages: those of an English Windows. */
export const ANSI_CODE_PAGE = 1252;
export const OEM_CODE_PAGE = 437;

/** 0xa0 to 0xff of the code pages that are Latin-1 there. */
const LATIN_1_UPPER = String.fromCharCode(...Array.from({ length: 96 }, (_, i) => 0xa0 + i));

/** Characters 0x80 to 0xff of code pages that TextDecoder does not know, or (1252, Node 20) takes for Latin-1. */
const UPPER_HALVES: Readonly<Record<number, string>> = {
  437: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  1252: `€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ${LATIN_1_UPPER}`,
  850: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
};
const DECODER_LABELS: Readonly<Record<number, string>> = {
  866: 'ibm866',
  874: 'windows-874',
  1250: 'windows-1250',
  1251: 'windows-1251',
  1253: 'windows-1253',
  1254: 'windows-1254',
  1255: 'windows-1255',
  1256: 'windows-1256',
  1257: 'windows-1257',
  1258: 'windows-1258',
  20866: 'koi8-r',
  21866: 'koi8-u',
  28592: 'iso-8859-2',
  28595: 'iso-8859-5',
  28597: 'iso-8859-7',
  28605: 'iso-8859-15',
};

interface SingleByte {
  /** UTF-16 code unit of each byte. */
  readonly toUnit: Uint16Array;
  readonly toByte: ReadonlyMap<number, number>;
  /** Bytes without a character. */
  readonly unassigned: ReadonlySet<number>;
}
const REPLACEMENT = 0xfffd;
const tables = new Map<number, SingleByte>();

function upperHalf(codePage: number): string | undefined {
  if (codePage === LATIN_1) return String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 128 + i));
  const own = UPPER_HALVES[codePage];
  if (own !== undefined) return own;
  const label = DECODER_LABELS[codePage];
  if (label === undefined) return undefined;
  return new TextDecoder(label).decode(Uint8Array.from({ length: 128 }, (_, i) => 128 + i));
}

function tableOf(codePage: number): SingleByte | undefined {
  const known = tables.get(codePage);
  if (known) return known;
  const upper = codePage === ASCII ? '\ufffd'.repeat(128) : upperHalf(codePage);
  if (upper === undefined) return undefined;
  const toUnit = new Uint16Array(256);
  const toByte = new Map<number, number>();
  const unassigned = new Set<number>();
  for (let byte = 0; byte < 256; byte++) {
    const unit = byte < 128 ? byte : upper.charCodeAt(byte - 128);
    if (unit === REPLACEMENT) unassigned.add(byte);
    toUnit[byte] = unit;
    if (unit !== REPLACEMENT && !toByte.has(unit)) toByte.set(unit, byte);
  }
  const table = { toUnit, toByte, unassigned };
  tables.set(codePage, table);
  return table;
}

export function isSingleByte(codePage: number): boolean {
  return tableOf(codePage) !== undefined;
}
export function isKnownCodePage(codePage: number): boolean {
  return codePage === UTF8 || isSingleByte(codePage);
}

/** CP_ACP, CP_OEMCP, CP_MACCP and CP_THREAD_ACP as the code page they stand for. */
export function realCodePage(codePage: number): number {
  if (codePage === 0 || codePage === 3) return ANSI_CODE_PAGE;
  return codePage === 1 ? OEM_CODE_PAGE : codePage;
}

/** Bytes as text; a byte or sequence without a character becomes U+FFFD. The code page must be known. */
export function decodeText(codePage: number, bytes: Uint8Array): string {
  if (codePage === UTF8) return decodeUtf8(bytes).text;
  const { toUnit } = tableOf(codePage)!;
  const units = new Uint16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) units[i] = toUnit[bytes[i]!]!;
  return unitsToString(units);
}

/** Whether decodeText meets a byte or sequence without a character (MB_ERR_INVALID_CHARS). */
export function hasInvalidBytes(codePage: number, bytes: Uint8Array): boolean {
  if (codePage === UTF8) return decodeUtf8(bytes).invalid;
  const { unassigned } = tableOf(codePage)!;
  return unassigned.size > 0 && bytes.some((byte) => unassigned.has(byte));
}

const isAscii = (bytes: Uint8Array) => bytes.every((byte) => byte < 0x80);

function decodeUtf8(bytes: Uint8Array): { text: string; invalid: boolean } {
  if (bytes.length < 64 && isAscii(bytes)) return { text: String.fromCharCode(...bytes), invalid: false };
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (!text.includes('\ufffd')) return { text, invalid: false };
  try {
    new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes);
    return { text, invalid: false };
  } catch {
    return { text, invalid: true };
  }
}

export interface Encoded {
  readonly bytes: Uint8Array;
  /** A character had no place in the code page. */
  readonly lossy: boolean;
}

/**
 * Text as bytes. A character without a place becomes the character that it is a form of, if `bestFit` allows
 * (a letter without its accents, a full-width letter's plain one), else `replacement`; in UTF-8 a lone
 * surrogate becomes U+FFFD.
 */
export function encodeText(
  codePage: number,
  text: string,
  replacement: readonly number[] = [0x3f],
  bestFit = true,
): Encoded {
  if (codePage === UTF8) {
    return { bytes: new TextEncoder().encode(text), lossy: /\p{Surrogate}/u.test(text) };
  }
  const { toByte } = tableOf(codePage)!;
  const bytes: number[] = [];
  let lossy = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const byte = toByte.get(unit) ?? (bestFit ? toByte.get(plainForm(text[i]!)) : undefined);
    if (byte !== undefined) bytes.push(byte);
    else {
      lossy = true;
      bytes.push(...replacement);
    }
  }
  return { bytes: Uint8Array.from(bytes), lossy };
}

/** Code unit of the plain character behind a compatibility or accented form, or -1. */
function plainForm(character: string): number {
  const parts = character.normalize('NFKD');
  return /^.\p{M}*$/u.test(parts) ? parts.charCodeAt(0) : -1;
}

/** String.fromCharCode for any number of code units. */
export function unitsToString(units: Uint16Array): string {
  const AT_ONCE = 8192;
  if (units.length <= AT_ONCE) return String.fromCharCode(...units);
  let text = '';
  for (let i = 0; i < units.length; i += AT_ONCE)
    text += String.fromCharCode(...units.subarray(i, i + AT_ONCE));
  return text;
}

/** Text as little-endian UTF-16 bytes, without a NUL. */
export function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[i * 2] = unit & 0xff;
    bytes[i * 2 + 1] = unit >> 8;
  }
  return bytes;
}

/** Little-endian UTF-16 bytes as text. */
export function utf16Text(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length >> 1);
  for (let i = 0; i < units.length; i++) units[i] = bytes[i * 2]! | (bytes[i * 2 + 1]! << 8);
  return unitsToString(units);
}

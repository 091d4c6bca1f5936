import { decodeText, encodeText } from '../../process/code-pages.ts';
import { narrowBytes, narrowText } from './text.ts';

/**
 * Between narrow text (one character a byte) and wide text, by the code page of a locale. In "C" (code page 0) a byte
 * is the character of its number, and characters above U+00FF have no bytes.
 */
export function widen(codePage: number, text: string): string {
  return codePage === 0 || isAscii(text) ? text : decodeText(codePage, narrowBytes(text));
}

/** Undefined when a character has no place in the code page. */
export function narrow(codePage: number, text: string): string | undefined {
  if (isAscii(text)) return text;
  if (codePage === 0) return hasWideCharacter(text) ? undefined : text;
  const { bytes, lossy } = encodeText(codePage, text, undefined, false);
  return lossy ? undefined : narrowText(bytes);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** The "C" locale has bytes for the characters up to U+00FF and no others. */
function hasWideCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return true;
  return false;
}

/** The longest beginning of `text` that is at most `limit` bytes, as bytes; undefined as for narrow(). */
export function narrowUpTo(codePage: number, text: string, limit: number): string | undefined {
  let bytes = '';
  for (const character of text) {
    const next = narrow(codePage, character);
    if (next === undefined) return undefined;
    if (bytes.length + next.length > limit) break;
    bytes += next;
  }
  return bytes;
}

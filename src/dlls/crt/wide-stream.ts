import { UTF8 } from '../../process/code-pages.ts';
import type { Thread } from '../../process/thread.ts';
import { descriptorOf, type Encoding } from './descriptor.ts';
import { EILSEQ, failErrno } from './errno.ts';
import { narrow, widen } from './locale-text.ts';
import { crtOf } from './state.ts';
import { EOF, fileNumber, getByte, putBytes, putText, setFlags, ungetByte } from './stream.ts';
import { IOERR } from './stream-table.ts';
import { wideBytes } from './text.ts';

/**
 * Wide characters to and from a stream: in text mode the bytes of the locale, in binary mode the units themselves
 * (https://learn.microsoft.com/cpp/c-runtime-library/unicode-stream-i-o-in-text-and-binary-modes), in the Unicode
 * modes UTF-8 or UTF-16.
 */
export const WEOF = 0xffff;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

type Form = Encoding | 'units';

function formOf(thread: Thread, file: number): Form {
  const descriptor = descriptorOf(thread, fileNumber(thread, file));
  if (!descriptor) return 'locale';
  return descriptor.text ? descriptor.encoding : 'units';
}

/** 0 or EOF. */
export function putWideText(thread: Thread, file: number, text: string): number {
  const form = formOf(thread, file);
  if (form === 'units') return putBytes(thread, file, wideBytes(text));
  if (form === 'utf16') return putBytes(thread, file, wideBytes(text.replaceAll('\n', '\r\n')));
  const bytes = narrow(form === 'utf8' ? UTF8 : crtOf(thread.process).codePage, text);
  return bytes === undefined ? failErrno(thread, EILSEQ, EOF) : putText(thread, file, bytes);
}

/** getwc: the unit, or WEOF (also when the thread is parked). */
export function getWide(thread: Thread, file: number): number {
  const form = formOf(thread, file);
  if (form === 'units') return getUnit(thread, file);
  if (form === 'utf16') return getTextUnit(thread, file);
  const codePage = form === 'utf8' ? UTF8 : crtOf(thread.process).codePage;
  if (codePage === UTF8) return getUtf8(thread, file);
  const byte = getByte(thread, file);
  return byte < 0 ? WEOF : widen(codePage, String.fromCharCode(byte)).charCodeAt(0);
}

/** Two bytes; a first one whose second must be waited for is given back. */
function getUnit(thread: Thread, file: number): number {
  const low = getByte(thread, file);
  if (low < 0) return WEOF;
  const high = getByte(thread, file);
  if (high >= 0) return low | (high << 8);
  if (thread.pending !== 0) ungetByte(thread, file, low);
  return WEOF;
}

function getTextUnit(thread: Thread, file: number): number {
  const unit = getUnit(thread, file);
  if (unit !== CARRIAGE_RETURN) return unit;
  const next = getUnit(thread, file);
  if (next === LINE_FEED) return next;
  if (next !== WEOF) ungetUnit(thread, file, next);
  return unit;
}

function ungetUnit(thread: Thread, file: number, unit: number): void {
  ungetByte(thread, file, unit >> 8);
  ungetByte(thread, file, unit & 0xff);
}

/** Units that a character of four bytes has: its second one waits here, by stream. */
function getUtf8(thread: Thread, file: number): number {
  const { surrogates } = crtOf(thread.process);
  const waiting = surrogates.get(file);
  if (waiting !== undefined) {
    surrogates.delete(file);
    return waiting;
  }
  const first = getByte(thread, file);
  if (first < 0) return WEOF;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const bytes = [first];
  while (bytes.length < length) {
    const byte = getByte(thread, file);
    if (byte < 0) break;
    bytes.push(byte);
  }
  if (thread.pending !== 0) {
    for (const byte of bytes.reverse()) ungetByte(thread, file, byte);
    return WEOF;
  }
  const text = widen(UTF8, String.fromCharCode(...bytes));
  if (text.includes('\ufffd')) {
    setFlags(thread, file, IOERR);
    return failErrno(thread, EILSEQ, WEOF);
  }
  if (text.length === 2) surrogates.set(file, text.charCodeAt(1));
  return text.charCodeAt(0);
}

/** ungetwc: the character, or WEOF when it has no bytes or there is no room. */
export function ungetWide(thread: Thread, file: number, unit: number): number {
  if (unit === WEOF) return WEOF;
  const form = formOf(thread, file);
  const codePage = form === 'utf8' ? UTF8 : crtOf(thread.process).codePage;
  const text = String.fromCharCode(unit);
  const bytes =
    form === 'units' || form === 'utf16'
      ? String.fromCharCode(unit & 0xff, unit >> 8)
      : narrow(codePage, text);
  if (bytes === undefined) return failErrno(thread, EILSEQ, WEOF);
  for (let i = bytes.length - 1; i >= 0; i--) {
    if (ungetByte(thread, file, bytes.charCodeAt(i)) === EOF) return WEOF;
  }
  return unit;
}

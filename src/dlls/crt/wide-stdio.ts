import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { progress, setProgress } from '../support/progress.ts';
import { dataAddress } from './data.ts';
import { standardOutput } from './printf.ts';
import { EOF, fillStream, getByte, isReadable, ungetByte } from './stream.ts';
import { readWide } from './text.ts';
import { putWideText } from './wide-stream.ts';

/** In text mode a wide character is the byte of its number in the "C" locale. Unicode modes are refused at open. */
const WEOF = 0xffff;
const LINE_FEED = 10;

function standardInput(thread: Thread): number {
  return dataAddress(thread.process, '_iob');
}

function get(thread: Thread, file: number): number {
  const byte = getByte(thread, file);
  return byte < 0 ? WEOF : byte;
}

function put(thread: Thread, character: number, file: number): number {
  return putWideText(thread, file, String.fromCharCode(character)) === EOF ? WEOF : character;
}

function putString(thread: Thread, address: number, file: number, end: string): number {
  return putWideText(thread, file, readWide(thread.memory, address) + end);
}

/** fgetws: what has been stored stays stored when it must wait. */
function getLine(thread: Thread, buffer: number, size: number, file: number): number {
  if (size <= 0) return 0;
  let done = progress(thread);
  for (; done < size - 1; done++) {
    setProgress(thread, done);
    if (!isReadable(thread, file)) {
      const filled = fillStream(thread, file);
      if (filled < 0 && thread.pending !== 0) return 0;
      if (filled < 0) break;
    }
    thread.memory.setU16(buffer + done * 2, 0);
    const byte = getByte(thread, file);
    thread.memory.setU16(buffer + done * 2, byte);
    if (byte === LINE_FEED) {
      done++;
      break;
    }
  }
  if (done === 0 && size > 1) return 0;
  thread.memory.setU16(buffer + done * 2, 0);
  return buffer;
}

const getCharacter = library('stream: address', 'word', get);
const putCharacter = library('c: word, stream: address', 'word', put);
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** wchar.h: wide characters to and from streams. */
export const wideStdioApi = family('crt', PAGES, {
  fgetwc: getCharacter,
  getwc: getCharacter,
  getwchar: library('', 'word', (thread) => get(thread, standardInput(thread))),
  _fgetwchar: library('', 'word', (thread) => get(thread, standardInput(thread))),
  fputwc: putCharacter,
  putwc: putCharacter,
  putwchar: library('c: word', 'word', (thread, c) => put(thread, c, standardOutput(thread))),
  _fputwchar: library('c: word', 'word', (thread, c) => put(thread, c, standardOutput(thread))),
  ungetwc: library('c: word, stream: address', 'word', (thread, c, file) =>
    c > 0xff || ungetByte(thread, file, c) === EOF ? WEOF : c,
  ),
  fgetws: library('str: address, numChars: int, stream: address', 'address', getLine),
  fputws: library('str: address, stream: address', 'int', (thread, text, file) =>
    putString(thread, text, file, ''),
  ),
  _putws: library('str: address', 'int', (thread, text) =>
    putString(thread, text, standardOutput(thread), '\n'),
  ),
});

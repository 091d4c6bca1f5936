import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { progress, setProgress } from '../support/progress.ts';
import { dataAddress } from './data.ts';
import { EINVAL, ERANGE, getErrno, messageOf } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { standardOutput } from './printf.ts';
import { EOF, writeStandardError } from './stream.ts';
import { readWide } from './text.ts';
import { getWide, putWideText, ungetWide, WEOF } from './wide-stream.ts';

const LINE_FEED = 10;

function standardInput(thread: Thread): number {
  return dataAddress(thread.process, '_iob');
}

function put(thread: Thread, character: number, file: number): number {
  if (file === 0) return failInvalid(thread, EINVAL, WEOF);
  return putWideText(thread, file, String.fromCharCode(character)) === EOF ? WEOF : character;
}

function putString(thread: Thread, address: number, file: number, end: string): number {
  if (address === 0 || file === 0) return failInvalid(thread);
  return putWideText(thread, file, readWide(thread.memory, address) + end);
}

/** fgetws: what has been stored stays stored when it must wait. */
function getLine(thread: Thread, buffer: number, size: number, file: number): number {
  if (buffer === 0 || file === 0 || size < 0) return failInvalid(thread, EINVAL, 0);
  if (size === 0) return 0;
  let done = progress(thread);
  for (; done < size - 1; done++) {
    setProgress(thread, done);
    thread.memory.setU16(buffer + done * 2, 0);
    const unit = getWide(thread, file);
    if (thread.pending !== 0) return 0;
    if (unit === WEOF) break;
    thread.memory.setU16(buffer + done * 2, unit);
    if (unit === LINE_FEED) {
      done++;
      break;
    }
  }
  if (done === 0 && size > 1) return 0;
  thread.memory.setU16(buffer + done * 2, 0);
  return buffer;
}

/** _getws and _getws_s: up to `size` units with the terminator; the line feed is dropped. */
function getUnbounded(thread: Thread, buffer: number, size: number): number {
  if (buffer === 0 || size === 0) return failInvalid(thread, EINVAL, 0);
  for (let done = progress(thread); ; done++) {
    setProgress(thread, done);
    thread.memory.setU16(buffer + done * 2, 0);
    const unit = getWide(thread, standardInput(thread));
    if (thread.pending !== 0) return 0;
    if (unit === LINE_FEED) return buffer;
    if (unit === WEOF) return done === 0 ? 0 : buffer;
    if (done + 1 >= size) {
      thread.memory.setU16(buffer, 0);
      return failInvalid(thread, ERANGE, 0);
    }
    thread.memory.setU16(buffer + done * 2, unit);
  }
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** wchar.h: wide characters to and from streams. */
export const wideStdioApi = family('crt', PAGES, () => {
  const getCharacter = library('stream: address', 'word', (t, file) =>
    file === 0 ? failInvalid(t, EINVAL, WEOF) : getWide(t, file),
  );
  const getInput = library('', 'word', (t) => getWide(t, standardInput(t)));
  const putCharacter = library('c: word, stream: address', 'word', put);
  const putOutput = library('c: word', 'word', (t, c) => put(t, c, standardOutput(t)));
  const ungetCharacter = library('c: word, stream: address', 'word', (t, c, file) =>
    file === 0 ? failInvalid(t, EINVAL, WEOF) : ungetWide(t, file, c),
  );
  return {
    fgetwc: getCharacter,
    getwc: getCharacter,
    _fgetwc_nolock: getCharacter,
    _getwc_nolock: getCharacter,
    getwchar: getInput,
    _fgetwchar: getInput,
    fputwc: putCharacter,
    putwc: putCharacter,
    _fputwc_nolock: putCharacter,
    _putwc_nolock: putCharacter,
    putwchar: putOutput,
    _fputwchar: putOutput,
    ungetwc: ungetCharacter,
    _ungetwc_nolock: ungetCharacter,
    fgetws: library('str: address, numChars: int, stream: address', 'address', getLine),
    _getws: library('buffer: address', 'address', (t, buffer) =>
      getUnbounded(t, buffer, Number.MAX_SAFE_INTEGER),
    ),
    _getws_s: library('buffer: address, size: size', 'address', getUnbounded),
    fputws: library('str: address, stream: address', 'int', (thread, text, file) =>
      putString(thread, text, file, ''),
    ),
    _putws: library('str: address', 'int', (thread, text) =>
      putString(thread, text, standardOutput(thread), '\n'),
    ),
    _wperror: library('message: address', 'void', (thread, message) => {
      const prefix = message === 0 ? '' : readWide(thread.memory, message);
      writeStandardError(thread, `${prefix === '' ? '' : `${prefix}: `}${messageOf(getErrno(thread))}\n`);
      return 0;
    }),
  };
});

import { WRITE } from '../../memory/constants.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { progress, setProgress } from '../support/progress.ts';
import { dataAddress } from './data.ts';
import { readDescriptor, WAIT } from './descriptor.ts';
import { EINVAL, ERANGE, getErrno, messageOf } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { standardOutput } from './printf.ts';
import {
  EOF,
  fileNumber,
  fillStream,
  flagsOf,
  getByte,
  isReadable,
  putByte,
  putBytes,
  setFlags,
  takeRead,
  ungetByte,
  writeStandardError,
} from './stream.ts';
import { FILE, IOEOF, IOERR, IONBF, IOSTRG } from './stream-table.ts';
import { byteLength, readNarrow } from './text.ts';

/** Bytes moved between guest memory and a stream in one step. */
const STEP = 0x10000;
const LINE_FEED = 10;

function standardInput(thread: Thread): number {
  return dataAddress(thread.process, '_iob');
}

/** getc: WAIT has parked the thread, and its answer is not looked at. */
function get(thread: Thread, file: number): number {
  return getByte(thread, file);
}

/** fwrite: the items that went out whole. */
function write(thread: Thread, buffer: number, size: number, count: number, file: number): number {
  const total = size * count;
  if (!(total > 0)) return 0;
  for (let done = progress(thread); done < total; ) {
    setProgress(thread, done);
    const bytes = thread.memory.bytes(buffer + done, Math.min(STEP, total - done));
    if (putBytes(thread, file, bytes) === EOF) return Math.floor(done / size);
    done += bytes.length;
  }
  return count;
}

/** fread: what has been stored is never read again, whatever interrupts the call. */
function read(thread: Thread, buffer: number, size: number, count: number, file: number): number {
  const total = size * count;
  if (!(total > 0)) return 0;
  let done = progress(thread);
  while (done < total) {
    const moved = isReadable(thread, file)
      ? readFromBuffer(thread, file, buffer + done, total - done)
      : readDirect(thread, file, buffer + done, total - done);
    if (moved < 0) return Math.floor(done / size);
    done += moved;
    setProgress(thread, done);
  }
  return count;
}

function readFromBuffer(thread: Thread, file: number, to: number, limit: number): number {
  const { memory } = thread;
  const count = Math.min(memory.i32(file + FILE.cnt), limit, STEP);
  memory.touch(to, count, WRITE);
  memory.copy(to, memory.u64(file + FILE.ptr), count);
  takeRead(thread, file, count);
  return count;
}

/** Large reads past the buffer; small ones by way of it. 0: try again with the buffer. */
function readDirect(thread: Thread, file: number, to: number, limit: number): number {
  const { memory } = thread;
  const bufsiz = memory.i32(file + FILE.bufsiz);
  const established = memory.u64(file + FILE.base) !== 0 && (flagsOf(thread, file) & (IOSTRG | IONBF)) === 0;
  if (!established || bufsiz <= 0 || limit < bufsiz) {
    const filled = fillStream(thread, file);
    return Math.min(filled, 0);
  }
  const size = Math.min(limit, STEP);
  memory.touch(to, size, WRITE);
  const bytes = readDescriptor(thread, fileNumber(thread, file), size - (size % bufsiz));
  if (bytes === WAIT) return WAIT;
  if (typeof bytes === 'number' || bytes.length === 0) {
    setFlags(thread, file, typeof bytes === 'number' ? IOERR : IOEOF);
    return EOF;
  }
  memory.setBytes(to, bytes);
  return bytes.length;
}

/** fgets: `progress` characters are stored already. */
function getLine(thread: Thread, buffer: number, size: number, file: number): number {
  const { memory } = thread;
  if (size <= 0) return 0;
  let done = progress(thread);
  while (done < size - 1) {
    if (!isReadable(thread, file)) {
      const filled = fillStream(thread, file);
      if (filled === WAIT) return 0;
      if (filled === EOF) break;
    }
    const ptr = memory.u64(file + FILE.ptr);
    const bytes = memory.bytes(ptr, Math.min(memory.i32(file + FILE.cnt), size - 1 - done, STEP));
    const end = bytes.indexOf(LINE_FEED);
    const taken = end < 0 ? bytes : bytes.subarray(0, end + 1);
    memory.touch(buffer + done, taken.length, WRITE);
    memory.setBytes(buffer + done, taken);
    takeRead(thread, file, taken.length);
    done += taken.length;
    setProgress(thread, done);
    if (end >= 0) break;
  }
  if (done === 0 && size > 1) return 0;
  memory.setU8(buffer + done, 0);
  return buffer;
}

/** gets: no bound, and the line feed is dropped. */
function getUnbounded(thread: Thread, buffer: number): number {
  const file = standardInput(thread);
  for (let done = progress(thread); ; done++) {
    setProgress(thread, done);
    if (!isReadable(thread, file)) {
      const filled = fillStream(thread, file);
      if (filled === WAIT || (filled === EOF && done === 0)) return 0;
      if (filled === EOF) return end(thread, buffer, done);
    }
    thread.memory.touch(buffer + done, 1, WRITE);
    const byte = getByte(thread, file);
    if (byte === LINE_FEED) return end(thread, buffer, done);
    thread.memory.setU8(buffer + done, byte);
  }
}
function end(thread: Thread, buffer: number, length: number): number {
  thread.memory.setU8(buffer + length, 0);
  return buffer;
}

function putLine(thread: Thread, address: number): number {
  const length = byteLength(thread.memory, address);
  const line = new Uint8Array(length + 1);
  line.set(thread.memory.bytes(address, length));
  line[length] = LINE_FEED;
  return putBytes(thread, standardOutput(thread), line);
}

function putString(thread: Thread, text: number, file: number): number {
  return putBytes(thread, file, thread.memory.bytes(text, byteLength(thread.memory, text)));
}

/** gets_s: a line that does not fit is an error. */
function getBounded(thread: Thread, buffer: number, size: number): number {
  if (buffer === 0 || size === 0) return failInvalid(thread, EINVAL, 0);
  const file = standardInput(thread);
  for (let done = progress(thread); ; done++) {
    setProgress(thread, done);
    thread.memory.touch(buffer + done, 1, WRITE);
    const byte = getByte(thread, file);
    if (thread.pending !== 0) return 0;
    if (byte < 0 && done === 0) return 0;
    if (byte < 0 || byte === LINE_FEED) return end(thread, buffer, done);
    if (done + 1 >= size) {
      thread.memory.setU8(buffer, 0);
      return failInvalid(thread, ERANGE, 0);
    }
    thread.memory.setU8(buffer + done, byte);
  }
}

/** _getw: an int of four bytes, which may be waited for one by one. */
function getWord(thread: Thread, file: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = getByte(thread, file);
    if (thread.pending !== 0)
      return i === 0 ? 0 : thread.stop('_getw: an int of which a part must be waited for');
    if (byte < 0) return EOF;
    value |= byte << (8 * i);
  }
  return value;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdio.h: characters, lines and blocks. */
export const stdioBytesApi = family('crt', PAGES, () => {
  /** fread_s: what the destination has room for; more is an error that clears it. */
  const readChecked = library(
    'buffer: address, bufferSize: size, elementSize: size, count: size, stream: address',
    'size',
    (t, buffer, bufferSize, size, count, file) => {
      if (!(size * count > 0)) return 0;
      if (buffer === 0 || file === 0) return failInvalid(t, EINVAL, 0);
      if (size * count <= bufferSize) return read(t, buffer, size, count, file);
      t.memory.fill(buffer, 0, bufferSize);
      return failInvalid(t, ERANGE, 0);
    },
  );
  const unget = library('c: int, stream: address', 'int', (thread, c, file) => ungetByte(thread, file, c));
  const readItems = library('buffer: address, size: size, count: size, stream: address', 'size', read);
  const writeItems = library('buffer: address, size: size, count: size, stream: address', 'size', write);
  const getChar = library('stream: address', 'int', get);
  const putChar = library('c: int, stream: address', 'int', (thread, c, file) => putByte(thread, file, c));
  return {
    fgetc: getChar,
    getc: getChar,
    getchar: library('', 'int', (thread) => get(thread, standardInput(thread))),
    _fgetchar: library('', 'int', (thread) => get(thread, standardInput(thread))),
    /** The stream's buffer is empty: an inlined getc has counted cnt down to -1. */
    _filbuf: library('stream: address', 'int', (thread, file) => {
      thread.memory.setU32(file + FILE.cnt, 0);
      return get(thread, file);
    }),
    _fgetc_nolock: getChar,
    _getc_nolock: getChar,
    _fputc_nolock: putChar,
    _putc_nolock: putChar,
    ungetc: unget,
    _ungetc_nolock: unget,
    gets_s: library('buffer: address, sizeInCharacters: size', 'address', getBounded),
    _getw: library('stream: address', 'int', getWord),
    fread_s: readChecked,
    _fread_nolock_s: readChecked,
    _fread_nolock: readItems,
    _fwrite_nolock: writeItems,
    fputc: putChar,
    putc: putChar,
    putchar: library('c: int', 'int', (thread, c) => putByte(thread, standardOutput(thread), c)),
    _fputchar: library('c: int', 'int', (thread, c) => putByte(thread, standardOutput(thread), c)),
    /** The stream's buffer is full: an inlined putc has counted cnt down to -1. */
    _flsbuf: library('c: int, stream: address', 'int', (thread, c, file) => {
      thread.memory.setU32(file + FILE.cnt, 0);
      return putByte(thread, file, c);
    }),
    puts: library('str: address', 'int', putLine),
    fputs: library('str: address, stream: address', 'int', putString),
    fgets: library('str: address, numChars: int, stream: address', 'address', getLine),
    gets: library('buffer: address', 'address', getUnbounded),
    fread: readItems,
    fwrite: writeItems,
    _putw: library('c: int, stream: address', 'int', (thread, c, file) =>
      putBytes(thread, file, Uint8Array.of(c, c >> 8, c >> 16, c >> 24)) === EOF ? EOF : c,
    ),
    feof: library('stream: address', 'int', (thread, file) => flagsOf(thread, file) & IOEOF),
    ferror: library('stream: address', 'int', (thread, file) => flagsOf(thread, file) & IOERR),
    clearerr: library('stream: address', 'void', (thread, file) => {
      if (file === 0) return failInvalid(thread);
      setFlags(thread, file, 0, IOEOF | IOERR);
      return 0;
    }),
    clearerr_s: library('stream: address', 'int', (thread, file) => {
      if (file === 0) return failInvalid(thread, EINVAL, EINVAL);
      setFlags(thread, file, 0, IOEOF | IOERR);
      return 0;
    }),
    perror: library('message: address', 'void', (thread, message) => {
      const prefix = message === 0 ? '' : readNarrow(thread.memory, message);
      writeStandardError(thread, `${prefix === '' ? '' : `${prefix}: `}${messageOf(getErrno(thread))}\n`);
      return 0;
    }),
  };
});

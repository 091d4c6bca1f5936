import { addShutdown } from '../../process/shutdown.ts';
import type { Thread } from '../../process/thread.ts';
import { allocate, release } from './allocation.ts';
import { dataAddress } from './data.ts';
import {
  descriptorOf,
  isDevice,
  readDescriptor,
  SEEK_CUR,
  SEEK_SET,
  seekDescriptor,
  WAIT,
  writeDescriptor,
} from './descriptor.ts';
import { EBADF, failErrno } from './errno.ts';
import { crtOf, runtimesOf } from './state.ts';
import {
  FILE,
  FILE_SIZE,
  IOEOF,
  IOERR,
  IOMYBUF,
  IONBF,
  IOREAD,
  IORW,
  IOSTRG,
  IOWRT,
  IOYOURBUF,
  STREAM_COUNT,
} from './stream-table.ts';
import { narrowBytes } from './text.ts';

/**
 * Streams: FILE structures in guest memory, worked on as an inlined getc or putc expects them. A stream being
 * read holds what was read ahead in [ptr, ptr + cnt); one being written holds what is pending in [base, ptr)
 * and has room for cnt more. cnt is 0 between directions.
 */
export const EOF = -1;
/** Bytes of a buffer that the runtime makes. */
export const BUFFER_SIZE = 4096;
/** The one-byte buffer inside the FILE counts as this large. */
const CHAR_BUFFER_SIZE = 2;

export function flagsOf(thread: Thread, file: number): number {
  return thread.memory.u32(file + FILE.flag);
}
export function setFlags(thread: Thread, file: number, set: number, clear = 0): void {
  const { memory } = thread;
  memory.setU32(file + FILE.flag, (memory.u32(file + FILE.flag) & ~clear) | set);
}
export function fileNumber(thread: Thread, file: number): number {
  return thread.memory.i32(file + FILE.file);
}
function reset(thread: Thread, file: number): void {
  thread.memory.setU64(file + FILE.ptr, thread.memory.u64(file + FILE.base));
  thread.memory.setU32(file + FILE.cnt, 0);
}
function fail(thread: Thread, file: number): typeof EOF {
  setFlags(thread, file, IOERR);
  return EOF;
}

/** Output that goes out at once: standard error, and standard output on a console. */
function isImmediate(thread: Thread, file: number): boolean {
  const { memory } = thread;
  if ((memory.u32(file + FILE.flag) & (IOMYBUF | IOYOURBUF)) !== 0) return false;
  const index = (file - dataAddress(thread.process, '_iob')) / FILE_SIZE;
  return index === 2 || (index === 1 && isDevice(thread, memory.i32(file + FILE.file)));
}

/** Gives a stream its buffer; without memory it gets along with the byte in its FILE. */
function ensureBuffer(thread: Thread, file: number): void {
  const { memory } = thread;
  if (memory.u64(file + FILE.base) !== 0) return;
  flushAtEnd(thread);
  const buffer = (flagsOf(thread, file) & IONBF) !== 0 ? 0 : allocate(thread.process, BUFFER_SIZE);
  memory.setU64(file + FILE.base, buffer === 0 ? file + FILE.charbuf : buffer);
  memory.setU32(file + FILE.bufsiz, buffer === 0 ? CHAR_BUFFER_SIZE : BUFFER_SIZE);
  setFlags(thread, file, buffer === 0 ? IONBF : IOMYBUF);
  reset(thread, file);
}

/** Buffers are written at an orderly end, also one by ExitProcess that never comes through exit. */
function flushAtEnd(thread: Thread): void {
  const crt = crtOf(thread.process);
  if (crt.flushesAtEnd) return;
  crt.flushesAtEnd = true;
  // biome-ignore lint/correctness/useYield: a step of the end may call the guest; this one does not
  addShutdown(thread.process, function* (ending) {
    ending.process.serving = crt.runtime;
    flushAll(ending);
  });
}

/** Whether a stream has pending output. */
function isWriting(thread: Thread, file: number): boolean {
  return (flagsOf(thread, file) & (IOREAD | IOWRT)) === IOWRT;
}

/** Writes what is pending: 0, or EOF with the stream's error set. */
export function flushStream(thread: Thread, file: number): number {
  const { memory } = thread;
  if (!isWriting(thread, file)) return 0;
  const base = memory.u64(file + FILE.base);
  const pending = base === 0 ? 0 : memory.u64(file + FILE.ptr) - base;
  if (pending <= 0 || (flagsOf(thread, file) & IONBF) !== 0) {
    if ((flagsOf(thread, file) & IORW) !== 0) setFlags(thread, file, 0, IOWRT);
    return 0;
  }
  const bytes = memory.bytes(base, pending);
  reset(thread, file);
  if (writeDescriptor(thread, fileNumber(thread, file), bytes) !== 0) return fail(thread, file);
  if ((flagsOf(thread, file) & IORW) !== 0) setFlags(thread, file, 0, IOWRT);
  return 0;
}

/** All open streams. */
export function* openStreams(thread: Thread): Generator<number> {
  const crt = crtOf(thread.process);
  if (crt.descriptors === undefined && !crt.data.has('_iob')) return;
  const table = dataAddress(thread.process, '_iob');
  for (let i = 0; i < STREAM_COUNT; i++) {
    if (flagsOf(thread, table + i * FILE_SIZE) !== 0) yield table + i * FILE_SIZE;
  }
  for (const [file, open] of crt.extraStreams) if (open) yield file;
}

/** Writes what all streams have pending; answers how many streams are open. */
export function flushAll(thread: Thread): number {
  let count = 0;
  for (const file of openStreams(thread)) {
    flushStream(thread, file);
    count++;
  }
  return count;
}

/** Writes what all streams of all runtimes have pending: for a run that ends from outside. */
export function flushRuntimes(thread: Thread): void {
  for (const { runtime } of runtimesOf(thread.process)) {
    thread.process.serving = runtime;
    flushAll(thread);
  }
}

/** Makes a stream one that is being written, or EOF when it cannot be. */
function beginWriting(thread: Thread, file: number): number {
  const flags = flagsOf(thread, file);
  if ((flags & (IOWRT | IORW)) === 0 || (flags & IOSTRG) !== 0) {
    failErrno(thread, EBADF);
    return fail(thread, file);
  }
  if ((flags & IOREAD) !== 0) {
    if (forgetReadAhead(thread, file) === EOF) return fail(thread, file);
    setFlags(thread, file, 0, IOREAD);
  }
  setFlags(thread, file, IOWRT, IOEOF);
  return 0;
}

/** Moves the file's position back to what the program has read. */
function forgetReadAhead(thread: Thread, file: number): number {
  const ahead = readAhead(thread, file);
  reset(thread, file);
  return ahead > 0 && seekDescriptor(thread, fileNumber(thread, file), -ahead, SEEK_CUR) < 0 ? EOF : 0;
}

/** Bytes of the file that stand read and not taken in the buffer, line ends as they are in the file. */
function readAhead(thread: Thread, file: number): number {
  const { memory } = thread;
  const count = memory.i32(file + FILE.cnt);
  if (count <= 0) return 0;
  if (!descriptorOf(thread, fileNumber(thread, file))?.shortened) return count;
  return count + lineFeeds(memory.bytes(memory.u64(file + FILE.ptr), count));
}

function lineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count++;
  return count;
}

/** Writes bytes to a stream: 0 or EOF. Nothing of the guest's is touched but the stream. */
export function putBytes(thread: Thread, file: number, bytes: Uint8Array): number {
  const { memory } = thread;
  if (beginWriting(thread, file) === EOF) return EOF;
  if (bytes.length === 0) return 0;
  const direct = (flagsOf(thread, file) & IONBF) !== 0 || isImmediate(thread, file);
  if (direct) return writeDescriptor(thread, fileNumber(thread, file), bytes) === 0 ? 0 : fail(thread, file);
  ensureBuffer(thread, file);
  const size = memory.i32(file + FILE.bufsiz);
  let used = memory.u64(file + FILE.ptr) - memory.u64(file + FILE.base);
  if (used + bytes.length > size && used > 0) {
    if (flushStream(thread, file) === EOF) return EOF;
    setFlags(thread, file, IOWRT);
    used = 0;
  }
  const whole = bytes.length - (bytes.length % size);
  if (whole > 0 && writeDescriptor(thread, fileNumber(thread, file), bytes.subarray(0, whole)) !== 0) {
    return fail(thread, file);
  }
  const rest = whole > 0 ? bytes.subarray(whole) : bytes;
  const base = memory.u64(file + FILE.base);
  memory.setBytes(base + used, rest);
  memory.setU64(file + FILE.ptr, base + used + rest.length);
  memory.setU32(file + FILE.cnt, size - used - rest.length);
  return 0;
}

/** putc: the byte written, or EOF. */
export function putByte(thread: Thread, file: number, value: number): number {
  const { memory } = thread;
  const room = memory.i32(file + FILE.cnt);
  const byte = value & 0xff;
  if (room > 0 && (memory.u32(file + FILE.flag) & (IOREAD | IOWRT)) === IOWRT) {
    const ptr = memory.u64(file + FILE.ptr);
    memory.setU8(ptr, byte);
    memory.setU64(file + FILE.ptr, ptr + 1);
    memory.setU32(file + FILE.cnt, room - 1);
    return byte;
  }
  return putBytes(thread, file, Uint8Array.of(byte)) === EOF ? EOF : byte;
}

/** Text to a stream, one character a byte: 0 or EOF. */
export function putText(thread: Thread, file: number, text: string): number {
  return putBytes(thread, file, narrowBytes(text));
}

/** Text to descriptor 2, past its stream. */
export function writeStandardError(thread: Thread, text: string): void {
  writeDescriptor(thread, 2, narrowBytes(text));
}

/** Reads ahead: bytes now in the buffer (more than 0), EOF, or WAIT with the thread parked. */
export function fillStream(thread: Thread, file: number): number {
  const { memory } = thread;
  const flags = flagsOf(thread, file);
  if ((flags & IOSTRG) !== 0) return EOF;
  if ((flags & (IOREAD | IORW)) === 0) {
    failErrno(thread, EBADF);
    return fail(thread, file);
  }
  if ((flags & (IOREAD | IOWRT)) === IOWRT) {
    if (flushStream(thread, file) === EOF) return EOF;
    setFlags(thread, file, 0, IOWRT);
  }
  setFlags(thread, file, IOREAD);
  ensureBuffer(thread, file);
  const size = (flags & IONBF) !== 0 ? 1 : Math.max(memory.i32(file + FILE.bufsiz), 1);
  const read = readDescriptor(thread, fileNumber(thread, file), size);
  if (read === WAIT) return WAIT;
  reset(thread, file);
  if (typeof read === 'number') return fail(thread, file);
  if (read.length === 0) {
    setFlags(thread, file, IOEOF);
    return EOF;
  }
  memory.setBytes(memory.u64(file + FILE.base), read);
  memory.setU32(file + FILE.cnt, read.length);
  return read.length;
}

/** getc: the byte, EOF, or WAIT with the thread parked. */
export function getByte(thread: Thread, file: number): number {
  const { memory } = thread;
  if (!isReadable(thread, file)) {
    const filled = fillStream(thread, file);
    if (filled < 0) return filled;
  }
  const ptr = memory.u64(file + FILE.ptr);
  const byte = memory.u8(ptr);
  memory.setU64(file + FILE.ptr, ptr + 1);
  memory.setU32(file + FILE.cnt, memory.i32(file + FILE.cnt) - 1);
  return byte;
}

/** Whether the buffer holds something to read. */
export function isReadable(thread: Thread, file: number): boolean {
  return thread.memory.i32(file + FILE.cnt) > 0 && (flagsOf(thread, file) & IOREAD) !== 0;
}

/** Takes `count` bytes that the buffer holds. */
export function takeRead(thread: Thread, file: number, count: number): void {
  const { memory } = thread;
  memory.setU64(file + FILE.ptr, memory.u64(file + FILE.ptr) + count);
  memory.setU32(file + FILE.cnt, memory.i32(file + FILE.cnt) - count);
}

/** ungetc: the byte, or EOF when there is no room before what was read. */
export function ungetByte(thread: Thread, file: number, value: number): number {
  const { memory } = thread;
  const flags = flagsOf(thread, file);
  if (value === EOF || ((flags & IOREAD) === 0 && ((flags & IORW) === 0 || (flags & IOWRT) !== 0)))
    return EOF;
  ensureBuffer(thread, file);
  const count = memory.i32(file + FILE.cnt);
  let ptr = memory.u64(file + FILE.ptr);
  if (ptr === memory.u64(file + FILE.base)) {
    if (count > 0) return EOF;
    ptr++;
  }
  memory.setU8(ptr - 1, value);
  memory.setU64(file + FILE.ptr, ptr - 1);
  memory.setU32(file + FILE.cnt, count + 1);
  setFlags(thread, file, IOREAD, IOEOF);
  return value & 0xff;
}

/** Where the program stands in the file, or -1 with errno. */
export function tellStream(thread: Thread, file: number): number {
  const { memory } = thread;
  const at = seekDescriptor(thread, fileNumber(thread, file), 0, SEEK_CUR);
  if (at < 0) return -1;
  if (!isWriting(thread, file)) return at - readAhead(thread, file);
  const base = memory.u64(file + FILE.base);
  if (base === 0 || (flagsOf(thread, file) & IONBF) !== 0) return at;
  const pending = memory.bytes(base, Math.max(memory.u64(file + FILE.ptr) - base, 0));
  const text = descriptorOf(thread, fileNumber(thread, file))?.text === true;
  return at + pending.length + (text ? lineFeeds(pending) : 0);
}

/** 0, or -1 with errno. */
export function seekStream(thread: Thread, file: number, offset: number, origin: number): number {
  if (origin === SEEK_CUR) {
    const here = tellStream(thread, file);
    if (here < 0) return -1;
    offset += here;
    origin = SEEK_SET;
  }
  if (flushStream(thread, file) === EOF) return -1;
  reset(thread, file);
  setFlags(thread, file, 0, IOEOF | ((flagsOf(thread, file) & IORW) !== 0 ? IOREAD | IOWRT : 0));
  return seekDescriptor(thread, fileNumber(thread, file), offset, origin) < 0 ? -1 : 0;
}

/** Gives the stream another buffer, or none (`size` 0: unbuffered); what was pending is written. */
export function changeBuffer(thread: Thread, file: number, buffer: number, size: number): number {
  const { memory } = thread;
  flushStream(thread, file);
  freeBuffer(thread, file);
  if (size > 0 && buffer === 0) {
    buffer = allocate(thread.process, size);
    if (buffer === 0) return EOF;
    setFlags(thread, file, IOMYBUF);
  } else setFlags(thread, file, size === 0 ? IONBF : IOYOURBUF);
  flushAtEnd(thread);
  memory.setU64(file + FILE.base, size === 0 ? file + FILE.charbuf : buffer);
  memory.setU32(file + FILE.bufsiz, size === 0 ? CHAR_BUFFER_SIZE : size);
  reset(thread, file);
  return 0;
}

/** Takes the buffer away. */
export function freeBuffer(thread: Thread, file: number): void {
  const { memory } = thread;
  if ((flagsOf(thread, file) & IOMYBUF) !== 0) release(thread.process, memory.u64(file + FILE.base));
  setFlags(thread, file, 0, IOMYBUF | IOYOURBUF | IONBF);
  memory.setU64(file + FILE.base, 0);
  memory.setU32(file + FILE.bufsiz, 0);
  reset(thread, file);
}

import { ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, ERROR_INVALID_HANDLE } from '../../process/errors.ts';
import { DiskFile, FILE_TYPE_CHAR, type FileObject } from '../../process/file-object.ts';
import { standardHandles } from '../../process/standard-handles.ts';
import type { Thread } from '../../process/thread.ts';
import { EBADF, EINVAL, EMFILE, failErrno, failWith } from './errno.ts';
import { type Crt, crtOf } from './state.ts';

export type Encoding = 'locale' | 'utf8' | 'utf16';

/** An open file of the runtime, by small number. Its handle is a handle of the process. */
export interface Descriptor {
  handle: number;
  /** Line ends are translated: "\n" in the program is "\r\n" in the file. */
  text: boolean;
  readonly append: boolean;
  /** What wide text is in the file: bytes of the locale, or Unicode (modes ccs=…, _O_U8TEXT, _O_U16TEXT). */
  encoding: Encoding;
  /** Ctrl-Z or the end was met; a seek forgets it. */
  endOfFile: boolean;
  /** A "\r" at the end of what was read from a pipe: its "\n" may still come. -1: none. */
  held: number;
  /** The last read took out "\r"s: one "\n" is two bytes of the file. */
  shortened: boolean;
}

/** Most descriptors (and streams) of a process: the documented _setmaxstdio limit. */
export const MAX_DESCRIPTORS = 2048;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const CONTROL_Z = 26;

/** Answer of a read that must wait: the thread is parked, the call comes again. */
export const WAIT = -2;

export function newDescriptor(handle: number, text: boolean, append: boolean): Descriptor {
  return {
    handle,
    text,
    append,
    encoding: 'locale',
    endOfFile: false,
    held: -1,
    shortened: false,
  };
}

/** All descriptors; the first use opens the three standard ones. */
export function descriptorsOf(crt: Crt): (Descriptor | undefined)[] {
  crt.descriptors ??= standardHandles(crt.process).map((handle) => newDescriptor(handle, true, false));
  return crt.descriptors;
}

export function descriptorOf(thread: Thread, fd: number): Descriptor | undefined {
  return descriptorsOf(crtOf(thread.process))[fd];
}

/** The file behind a descriptor; undefined with errno EBADF. */
export function fileOf(thread: Thread, descriptor: Descriptor | undefined): FileObject | undefined {
  const object = descriptor && thread.process.handles.object<FileObject>(descriptor.handle, 'file');
  if (!object) failWith(thread, ERROR_INVALID_HANDLE);
  return object;
}

/** Puts a descriptor at the lowest free number, or -1 with EMFILE. */
export function addDescriptor(thread: Thread, descriptor: Descriptor): number {
  const all = descriptorsOf(crtOf(thread.process));
  let fd = all.indexOf(undefined);
  if (fd < 0) fd = all.length;
  if (fd >= MAX_DESCRIPTORS) return failErrno(thread, EMFILE);
  all[fd] = descriptor;
  return fd;
}

/** 0, or -1 with errno. */
export function closeDescriptor(thread: Thread, fd: number): number {
  const descriptor = descriptorOf(thread, fd);
  if (!descriptor) return failErrno(thread, EBADF);
  crtOf(thread.process).descriptors![fd] = undefined;
  const shared = descriptorsOf(crtOf(thread.process)).some((entry) => entry?.handle === descriptor.handle);
  if (shared) return 0;
  return thread.process.handles.close(descriptor.handle) ? 0 : failWith(thread, ERROR_INVALID_HANDLE);
}

/** Writes all bytes: 0, or -1 with errno. */
export function writeDescriptor(thread: Thread, fd: number, bytes: Uint8Array): number {
  const descriptor = descriptorOf(thread, fd);
  const file = fileOf(thread, descriptor);
  if (!file) return -1;
  const out = translates(descriptor!) ? withCarriageReturns(bytes) : bytes;
  const error = file.write(out, descriptor!.append ? Number.POSITIVE_INFINITY : undefined);
  return error === 0 ? 0 : failWith(thread, error);
}

/** Whether line ends are translated here; those of UTF-16 are in wide-stream.ts. */
function translates({ text, encoding }: Descriptor): boolean {
  return text && encoding !== 'utf16';
}

export function withCarriageReturns(bytes: Uint8Array): Uint8Array {
  let lines = 0;
  for (const byte of bytes) if (byte === LINE_FEED) lines++;
  if (lines === 0) return bytes;
  const out = new Uint8Array(bytes.length + lines);
  let to = 0;
  for (const byte of bytes) {
    if (byte === LINE_FEED) out[to++] = CARRIAGE_RETURN;
    out[to++] = byte;
  }
  return out;
}

/** Up to `max` bytes, none at the end, -1 with errno, or WAIT with the thread parked. */
export function readDescriptor(thread: Thread, fd: number, max: number): Uint8Array | number {
  const descriptor = descriptorOf(thread, fd);
  const file = fileOf(thread, descriptor);
  if (!file) return -1;
  if (max === 0 || descriptor!.endOfFile) return NOTHING;
  for (;;) {
    const raw = readRaw(thread, file, max);
    if (typeof raw === 'number' || !translates(descriptor!)) return raw;
    const read = translate(descriptor!, file, raw);
    // Nothing but a "\r" came: its line feed is still to come.
    if (read.length > 0 || raw.length === 0 || descriptor!.endOfFile) return read;
  }
}

const NOTHING = new Uint8Array(0);

function readRaw(thread: Thread, file: FileObject, max: number): Uint8Array | number {
  const answer = file.read(max);
  if (answer === undefined) {
    thread.park((wake) => file.whenReadable(wake));
    return WAIT;
  }
  if (typeof answer !== 'number') return answer;
  return answer === ERROR_BROKEN_PIPE || answer === ERROR_HANDLE_EOF ? NOTHING : failWith(thread, answer);
}

/** Text mode: "\r\n" becomes "\n", Ctrl-Z ends the file. */
function translate(descriptor: Descriptor, file: FileObject, raw: Uint8Array): Uint8Array {
  const held = descriptor.held;
  descriptor.held = -1;
  descriptor.shortened = false;
  const bytes = held < 0 ? raw : Uint8Array.of(held, ...raw);
  const out = new Uint8Array(bytes.length + 1);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === CONTROL_Z && file.deviceType !== FILE_TYPE_CHAR) {
      descriptor.endOfFile = true;
      break;
    }
    if (byte === CARRIAGE_RETURN) {
      const last = at === bytes.length - 1;
      if (last && raw.length > 0) length = endInReturn(descriptor, file, out, length);
      else if (!last && bytes[at + 1] === LINE_FEED) descriptor.shortened = true;
      else out[length++] = byte;
      continue;
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** What was read ends in "\r": a file tells what follows, a pipe must be waited for. */
function endInReturn(descriptor: Descriptor, file: FileObject, out: Uint8Array, length: number): number {
  if (!(file instanceof DiskFile)) {
    descriptor.held = CARRIAGE_RETURN;
    return length;
  }
  const next = file.read(1);
  const follows = next instanceof Uint8Array && next.length === 1;
  if (follows && next[0] === LINE_FEED) {
    descriptor.shortened = true;
    out[length] = LINE_FEED;
    return length + 1;
  }
  if (follows) file.position--;
  out[length] = CARRIAGE_RETURN;
  return length + 1;
}

// https://learn.microsoft.com/cpp/c-runtime-library/reference/lseek-lseeki64
export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;

/** New position, or -1 with errno: EINVAL for what cannot be positioned or a place before the start. */
export function seekDescriptor(thread: Thread, fd: number, offset: number, origin: number): number {
  const descriptor = descriptorOf(thread, fd);
  const file = fileOf(thread, descriptor);
  if (!file) return -1;
  if (!(file instanceof DiskFile)) return failErrno(thread, EINVAL);
  const base =
    origin === SEEK_SET
      ? 0
      : origin === SEEK_CUR
        ? file.position
        : origin === SEEK_END
          ? file.cache.size
          : -1;
  if (base < 0 || base + offset < 0) return failErrno(thread, EINVAL);
  file.position = base + offset;
  descriptor!.endOfFile = false;
  descriptor!.held = -1;
  return file.position;
}

/** Whether a descriptor is a character device: the console, NUL. */
export function isDevice(thread: Thread, fd: number): boolean {
  const descriptor = descriptorOf(thread, fd);
  const object = descriptor && thread.process.handles.object<FileObject>(descriptor.handle, 'file');
  return object?.deviceType === FILE_TYPE_CHAR;
}

import { READ, WRITE } from '../../memory/constants.ts';
import { GuestFault } from '../../memory/guest-memory.ts';
import { ConsoleObject } from '../../process/console-object.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_HANDLE_EOF,
  ERROR_INVALID_FUNCTION,
  ERROR_INVALID_HANDLE,
  ERROR_INVALID_PARAMETER,
  ERROR_INVALID_USER_BUFFER,
  ERROR_LOCK_VIOLATION,
  ERROR_NEGATIVE_SEEK,
  ERROR_NOT_ENOUGH_MEMORY,
} from '../../process/errors.ts';
import { DiskFile, FILE_TYPE_PIPE, type FileObject } from '../../process/file-object.ts';
import { openFile } from '../../process/open-file.ts';
import { FILE_APPEND_DATA, FILE_READ_DATA, FILE_WRITE_DATA } from '../../process/open-files.ts';
import { EventObject } from '../../process/sync-objects.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library, service } from '../api.ts';
import { ANSI, readPath, type TextForm, WIDE } from '../guest-text.ts';
import { inherits } from './handle.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-{}';
const INVALID_HANDLE_VALUE = -1;
const INVALID_FILE_SIZE = 0xffff_ffff;
const TWO_32 = 0x1_0000_0000;

const FILE_FLAG_WRITE_THROUGH = 0x8000_0000;
const FILE_FLAG_OVERLAPPED = 0x4000_0000;
const FILE_FLAG_NO_BUFFERING = 0x2000_0000;
const FILE_FLAG_DELETE_ON_CLOSE = 0x0400_0000;
const FILE_FLAG_BACKUP_SEMANTICS = 0x0200_0000;
const FILE_FLAG_POSIX_SEMANTICS = 0x0100_0000;
/** Bytes moved at a time between file and memory. */
const CHUNK = 0x10_0000;
const SECTOR = 512;

/** OVERLAPPED (x64). https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped */
export const OVERLAPPED = {
  internal: 0x00,
  internalHigh: 0x08,
  offset: 0x10,
  offsetHigh: 0x14,
  event: 0x18,
} as const;

/** The file behind a handle that grants `right`, or undefined with last error set. */
export function fileOf(thread: Thread, handle: number, right = 0): FileObject | undefined {
  const entry = thread.process.handles.get(handle);
  if (entry?.object.type !== 'file') {
    thread.fail(ERROR_INVALID_HANDLE);
    return undefined;
  }
  if (right !== 0 && (entry.access & right) === 0) {
    thread.fail(ERROR_ACCESS_DENIED);
    return undefined;
  }
  return entry.object as FileObject;
}

function createFile(form: TextForm, name: string) {
  return (
    thread: Thread,
    pathAddress: number,
    access: number,
    share: number,
    security: number,
    disposition: number,
    flags: number,
    template: number,
  ): number => {
    const path = readPath(thread, form, pathAddress);
    if (path === undefined) return INVALID_HANDLE_VALUE;
    if ((flags & FILE_FLAG_OVERLAPPED) !== 0)
      return thread.stop(`kernel32!${name}: FILE_FLAG_OVERLAPPED is not built yet`);
    if ((flags & FILE_FLAG_POSIX_SEMANTICS) !== 0) {
      return thread.stop(`kernel32!${name}: FILE_FLAG_POSIX_SEMANTICS is not built yet`);
    }
    if (template !== 0) return thread.stop(`kernel32!${name}: a template file is not built yet`);
    const inherit = inherits(thread, security);
    const opened = openFile(thread.process, path, {
      access,
      share,
      disposition,
      attributes: flags & 0xffff,
      writeThrough: (flags & FILE_FLAG_WRITE_THROUGH) !== 0,
      unbuffered: (flags & FILE_FLAG_NO_BUFFERING) !== 0,
      deleteOnClose: (flags & FILE_FLAG_DELETE_ON_CLOSE) !== 0,
      folders: (flags & FILE_FLAG_BACKUP_SEMANTICS) !== 0,
    });
    thread.lastError = opened.error;
    if (!opened.object) return INVALID_HANDLE_VALUE;
    return giveHandle(thread, opened.object, inherit);
  };
}

function giveHandle(thread: Thread, object: FileObject, inherit: boolean): number {
  const handle = thread.process.handles.add(object, object.access, inherit);
  if (handle !== 0) return handle;
  object.opened();
  object.closed();
  thread.fail(ERROR_NOT_ENOUGH_MEMORY);
  return INVALID_HANDLE_VALUE;
}

/** Position in an OVERLAPPED: undefined without one; all ones is the end of the file. */
function overlappedPosition(thread: Thread, overlapped: number): number | undefined {
  if (overlapped === 0) return undefined;
  const low = thread.memory.u32(overlapped + OVERLAPPED.offset);
  const high = thread.memory.u32(overlapped + OVERLAPPED.offsetHigh);
  if (low === 0xffff_ffff && high === 0xffff_ffff) return Number.POSITIVE_INFINITY;
  return high * TWO_32 + low;
}

export function completeOverlapped(thread: Thread, overlapped: number, moved: number): void {
  if (overlapped === 0) return;
  thread.memory.setHalves(overlapped + OVERLAPPED.internal, 0, 0);
  thread.memory.setU64(overlapped + OVERLAPPED.internalHigh, moved);
  const event = thread.process.handles.object(thread.memory.u64(overlapped + OVERLAPPED.event), 'event');
  if (event instanceof EventObject) event.set();
}

function misaligned(
  object: FileObject,
  buffer: number,
  count: number,
  position: number | undefined,
): boolean {
  if (!(object instanceof DiskFile) || !object.unbuffered) return false;
  return buffer % SECTOR !== 0 || count % SECTOR !== 0 || (position ?? object.position) % SECTOR !== 0;
}

function readFile(
  thread: Thread,
  handle: number,
  buffer: number,
  count: number,
  read: number,
  overlapped: number,
): number {
  const object = fileOf(thread, handle, FILE_READ_DATA);
  if (!object) return 0;
  const { memory } = thread;
  const position = overlappedPosition(thread, overlapped);
  if (misaligned(object, buffer, count, position)) return thread.fail(ERROR_INVALID_PARAMETER);
  if (read !== 0) memory.setU32(read, 0);
  if (object instanceof DiskFile) return readDisk(thread, object, buffer, count, read, overlapped, position);
  const most = Math.min(count, CHUNK);
  memory.touch(buffer, most, WRITE);
  const bytes = object.read(most);
  if (bytes === undefined) return thread.park((wake) => object.whenReadable(wake));
  if (typeof bytes === 'number') return thread.fail(bytes);
  memory.setBytes(buffer, bytes);
  if (read !== 0) memory.setU32(read, bytes.length);
  completeOverlapped(thread, overlapped, bytes.length);
  return 1;
}

function readDisk(
  thread: Thread,
  file: DiskFile,
  buffer: number,
  count: number,
  read: number,
  overlapped: number,
  position = file.position,
): number {
  const length = Math.max(0, Math.min(count, file.cache.size - position));
  // At the end: with OVERLAPPED an error, without one a success of no bytes.
  if (length === 0 && count > 0 && overlapped !== 0) return thread.fail(ERROR_HANDLE_EOF);
  if (file.forbidsReading(count, position)) return thread.fail(ERROR_LOCK_VIOLATION);
  thread.memory.touch(buffer, length, WRITE);
  let done = 0;
  while (done < length) {
    const bytes = file.read(Math.min(CHUNK, length - done), position + done);
    if (typeof bytes === 'number') return thread.fail(bytes);
    if (bytes.length === 0) break;
    thread.memory.setBytes(buffer + done, bytes);
    done += bytes.length;
  }
  if (read !== 0) thread.memory.setU32(read, done);
  completeOverlapped(thread, overlapped, done);
  return 1;
}

/** A file system answers a bad buffer with an error of its own; pipes and the console do as everywhere. */
function readable(thread: Thread, address: number, length: number): boolean {
  try {
    thread.memory.touch(address, length, READ);
    return true;
  } catch (error) {
    if (error instanceof GuestFault) return false;
    throw error;
  }
}

function writeFile(
  thread: Thread,
  handle: number,
  buffer: number,
  count: number,
  written: number,
  overlapped: number,
): number {
  const object = fileOf(thread, handle, FILE_WRITE_DATA | FILE_APPEND_DATA);
  if (!object) return 0;
  const { memory } = thread;
  let position = overlappedPosition(thread, overlapped);
  if (misaligned(object, buffer, count, position)) return thread.fail(ERROR_INVALID_PARAMETER);
  if (written !== 0) memory.setU32(written, 0);
  if (object instanceof DiskFile && object.forbidsWriting(count, position))
    return thread.fail(ERROR_LOCK_VIOLATION);
  let done = 0;
  do {
    const length = Math.min(CHUNK, count - done);
    if (object instanceof DiskFile && !readable(thread, buffer + done, length))
      return thread.fail(ERROR_INVALID_USER_BUFFER);
    const error = object.write(memory.bytes(buffer + done, length), position);
    done += object.transferred;
    if (written !== 0) memory.setU32(written, done);
    if (error !== 0) return thread.fail(error);
    if (position !== undefined) position += object.transferred;
  } while (done < count && object.transferred > 0);
  completeOverlapped(thread, overlapped, done);
  return 1;
}

/** A file on a drive behind a handle, or undefined with last error set: pipes and consoles have no position. */
export function diskFileOf(thread: Thread, handle: number, error: number): DiskFile | undefined {
  const object = fileOf(thread, handle);
  if (!object || object instanceof DiskFile) return object;
  thread.fail(error);
  return undefined;
}

const FILE_BEGIN = 0;
const FILE_CURRENT = 1;
const FILE_END = 2;

/** New position, or -1 with last error set. The pointer may go past the end, not before the start. */
function seek(thread: Thread, handle: number, distance: number, method: number): number {
  const file = diskFileOf(thread, handle, ERROR_INVALID_FUNCTION);
  if (!file) return -1;
  if (method > FILE_END) {
    thread.fail(ERROR_INVALID_PARAMETER);
    return -1;
  }
  const base = method === FILE_BEGIN ? 0 : method === FILE_CURRENT ? file.position : file.cache.size;
  const target = base + distance;
  if (target >= 0 && target <= Number.MAX_SAFE_INTEGER) return target;
  thread.fail(target < 0 ? ERROR_NEGATIVE_SEEK : ERROR_INVALID_PARAMETER);
  return -1;
}

function moveTo(thread: Thread, handle: number, position: number): void {
  (fileOf(thread, handle) as DiskFile).position = position;
}

function setFilePointer(
  thread: Thread,
  handle: number,
  low: number,
  highAddress: number,
  method: number,
): number {
  const high = highAddress === 0 ? 0 : thread.memory.i32(highAddress);
  const distance = highAddress === 0 ? low : high * TWO_32 + (low >>> 0);
  const target = seek(thread, handle, distance, method);
  if (target < 0) return INVALID_FILE_SIZE;
  if (highAddress === 0 && target >= TWO_32) {
    thread.fail(ERROR_INVALID_PARAMETER);
    return INVALID_FILE_SIZE;
  }
  if (highAddress !== 0) thread.memory.setU32(highAddress, Math.floor(target / TWO_32));
  moveTo(thread, handle, target);
  // The low half can look like failure: then last error tells.
  if (target >>> 0 === INVALID_FILE_SIZE) thread.lastError = 0;
  return target >>> 0;
}

function setFilePointerEx(
  thread: Thread,
  handle: number,
  low: number,
  high: number,
  into: number,
  method: number,
): number {
  const target = seek(thread, handle, (high | 0) * TWO_32 + low, method);
  if (target < 0) return 0;
  if (into !== 0) thread.memory.setU64(into, target);
  moveTo(thread, handle, target);
  return 1;
}

/** Bytes of a file; a pipe has none that wait. Undefined with last error set for the rest. */
function fileSize(thread: Thread, handle: number): number | undefined {
  if (fileOf(thread, handle)?.deviceType === FILE_TYPE_PIPE) return 0;
  return diskFileOf(thread, handle, ERROR_INVALID_FUNCTION)?.cache.size;
}

function getFileSize(thread: Thread, handle: number, highAddress: number): number {
  const size = fileSize(thread, handle);
  if (size === undefined) return INVALID_FILE_SIZE;
  if (highAddress !== 0) thread.memory.setU32(highAddress, Math.floor(size / TWO_32));
  if (size >>> 0 === INVALID_FILE_SIZE) thread.lastError = 0;
  return size >>> 0;
}

function flushFileBuffers(thread: Thread, handle: number): number {
  const object = fileOf(thread, handle);
  if (!object) return 0;
  if (object instanceof ConsoleObject && object.isTerminal) return thread.fail(ERROR_INVALID_HANDLE);
  const error = object.flush();
  return error === 0 ? 1 : thread.fail(error);
}

const CREATE =
  'lpFileName: address, dwDesiredAccess: dword, dwShareMode: dword, lpSecurityAttributes: address, dwCreationDisposition: dword, dwFlagsAndAttributes: dword, hTemplateFile: handle';
const TRANSFER =
  'hFile: handle, lpBuffer: address, nNumberOfBytes: dword, lpNumberOfBytesMoved: address, lpOverlapped: address';

/** fileapi.h: opening, reading, writing, the file pointer. */
export const fileApi = family('kernel32', PAGES, () => ({
  CreateFileA: library(CREATE, 'handle', createFile(ANSI, 'CreateFileA')),
  CreateFileW: library(CREATE, 'handle', createFile(WIDE, 'CreateFileW')),
  ReadFile: service(TRANSFER, 'bool', readFile),
  WriteFile: service(TRANSFER, 'bool', writeFile),
  SetFilePointer: service(
    'hFile: handle, lDistanceToMove: int, lpDistanceToMoveHigh: address, dwMoveMethod: dword',
    'dword',
    setFilePointer,
  ),
  SetFilePointerEx: service(
    'hFile: handle, liDistanceToMove: opaque64, lpNewFilePointer: address, dwMoveMethod: dword',
    'bool',
    setFilePointerEx,
  ),
  SetEndOfFile: service('hFile: handle', 'bool', (thread, handle) => {
    const file = diskFileOf(thread, handle, ERROR_INVALID_PARAMETER);
    if (!file) return 0;
    const error = file.setEnd();
    return error === 0 ? 1 : thread.fail(error);
  }),
  FlushFileBuffers: service('hFile: handle', 'bool', flushFileBuffers),
  GetFileSize: service('hFile: handle, lpFileSizeHigh: address', 'dword', getFileSize),
  GetFileSizeEx: service('hFile: handle, lpFileSize: address', 'bool', (thread, handle, into) => {
    const size = fileSize(thread, handle);
    if (size === undefined) return 0;
    thread.memory.setU64(into, size);
    return 1;
  }),
  GetFileType: service('hFile: handle', 'dword', (thread, handle) => {
    const object = fileOf(thread, handle);
    if (!object) return 0;
    thread.lastError = 0;
    return object.deviceType;
  }),
}));

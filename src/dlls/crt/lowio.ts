import { WRITE } from '../../memory/constants.ts';
import { ERROR_INVALID_HANDLE } from '../../process/errors.ts';
import { DiskFile } from '../../process/file-object.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { progress, setProgress } from '../support/progress.ts';
import {
  addDescriptor,
  closeDescriptor,
  descriptorOf,
  descriptorsOf,
  fileOf,
  isDevice,
  newDescriptor,
  readDescriptor,
  SEEK_CUR,
  seekDescriptor,
  WAIT,
  writeDescriptor,
} from './descriptor.ts';
import { EBADF, EINVAL, failErrno, failWith } from './errno.ts';
import { O_APPEND, O_BINARY, O_CREAT, O_RDWR, O_TEXT, O_TRUNC, openPath, readPath } from './open-flags.ts';
import { crtOf } from './state.ts';

/** _open: the third argument is there with _O_CREAT only. */
function open(thread: Thread, filename: number, flags: number, wide: boolean): number {
  if (filename === 0) return failErrno(thread, EINVAL);
  const permission = (flags & O_CREAT) !== 0 ? thread.argumentLow(2) : 0;
  return openPath(thread, readPath(thread, filename, wide), flags, permission);
}

/** _sopen: sharing as _SH_* and then the permission. */
function openShared(thread: Thread, filename: number, flags: number, shflag: number, wide: boolean): number {
  const share = { 16: 0, 32: 1, 48: 2, 64: 3 }[shflag];
  if (filename === 0 || share === undefined) return failErrno(thread, EINVAL);
  const permission = (flags & O_CREAT) !== 0 ? thread.argumentLow(3) : 0;
  return openPath(thread, readPath(thread, filename, wide), flags, permission, share);
}

const LARGEST = 0x7fff_ffff;

/** Bytes moved between guest memory and a descriptor in one step. */
const STEP = 0x10000;

/** _read: the buffer is probed as far as it can be filled, so that nothing read is lost to a fault. */
function read(thread: Thread, fd: number, buffer: number, count: number): number {
  if (count > LARGEST) return failErrno(thread, EINVAL);
  const descriptor = descriptorOf(thread, fd);
  const file = fileOf(thread, descriptor);
  if (!file) return -1;
  const filled = file instanceof DiskFile ? Math.max(file.cache.size - file.position, 0) : STEP;
  thread.memory.touch(buffer, Math.min(count, filled), WRITE);
  const bytes = readDescriptor(thread, fd, file instanceof DiskFile ? count : Math.min(count, STEP));
  if (typeof bytes === 'number') return bytes === WAIT ? 0 : -1;
  thread.memory.setBytes(buffer, bytes);
  return bytes.length;
}

/** _write: what has gone out does not go out again when a fault interrupts it. */
function write(thread: Thread, fd: number, buffer: number, count: number): number {
  if (count > LARGEST) return failErrno(thread, EINVAL);
  for (let step = progress(thread); step * STEP < count; step++) {
    setProgress(thread, step);
    const bytes = thread.memory.bytes(buffer + step * STEP, Math.min(STEP, count - step * STEP));
    if (writeDescriptor(thread, fd, bytes) !== 0) return -1;
  }
  return count;
}

function setMode(thread: Thread, fd: number, mode: number): number {
  const descriptor = descriptorOf(thread, fd);
  if (!descriptor) return failErrno(thread, EBADF);
  if (mode !== O_TEXT && mode !== O_BINARY) {
    return thread.stop('msvcrt!_setmode: Unicode modes (_O_WTEXT, _O_U8TEXT, _O_U16TEXT) are not built yet');
  }
  const before = descriptor.text ? O_TEXT : O_BINARY;
  descriptor.text = mode === O_TEXT;
  return before;
}

/** The new descriptor shares handle and position with the old one. */
function duplicate(thread: Thread, fd: number, to: number): number {
  const descriptor = descriptorOf(thread, fd);
  if (!descriptor) return failErrno(thread, EBADF);
  const copy = newDescriptor(descriptor.handle, descriptor.text, descriptor.append);
  if (to < 0) return addDescriptor(thread, copy);
  if (to === fd) return 0;
  if (descriptorOf(thread, to)) closeDescriptor(thread, to);
  descriptorsOf(crtOf(thread.process))[to] = copy;
  return 0;
}

function lengthOf(thread: Thread, fd: number): number {
  const file = fileOf(thread, descriptorOf(thread, fd));
  if (!file) return -1;
  return file instanceof DiskFile ? file.cache.size : failErrno(thread, EINVAL);
}

function changeSize(thread: Thread, fd: number, size: number): number {
  const file = fileOf(thread, descriptorOf(thread, fd));
  if (!file) return -1;
  if (!(file instanceof DiskFile) || size < 0) return failErrno(thread, EINVAL);
  const error = file.setEnd(size);
  return error === 0 ? 0 : failWith(thread, error);
}

function atEnd(thread: Thread, fd: number): number {
  const length = lengthOf(thread, fd);
  if (length < 0) return -1;
  return seekDescriptor(thread, fd, 0, SEEK_CUR) >= length ? 1 : 0;
}

const MAX_FD = 2047;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** io.h: files by number, without buffers. */
export const lowioApi = family('crt', PAGES, {
  _open: library('filename: address, oflag: int, ...', 'int', (t, filename, flags) =>
    open(t, filename, flags, false),
  ),
  _wopen: library('filename: address, oflag: int, ...', 'int', (t, filename, flags) =>
    open(t, filename, flags, true),
  ),
  _sopen: library('filename: address, oflag: int, shflag: int, ...', 'int', (t, filename, flags, shflag) =>
    openShared(t, filename, flags, shflag, false),
  ),
  _wsopen: library('filename: address, oflag: int, shflag: int, ...', 'int', (t, filename, flags, shflag) =>
    openShared(t, filename, flags, shflag, true),
  ),
  _creat: library('filename: address, pmode: int', 'int', (t, filename, pmode) =>
    openPath(t, readPath(t, filename, false), O_CREAT | O_TRUNC | O_RDWR, pmode),
  ),
  _close: library('fd: int', 'int', closeDescriptor),
  _read: library('fd: int, buffer: address, count: dword', 'int', read),
  _write: library('fd: int, buffer: address, count: dword', 'int', write),
  _lseek: library('fd: int, offset: int, origin: int', 'int', seekDescriptor),
  _lseeki64: library('fd: int, offset: handle, origin: int', 'handle', seekDescriptor),
  _tell: library('fd: int', 'int', (t, fd) => seekDescriptor(t, fd, 0, SEEK_CUR)),
  _telli64: library('fd: int', 'handle', (t, fd) => seekDescriptor(t, fd, 0, SEEK_CUR)),
  _filelength: library('fd: int', 'int', lengthOf),
  _filelengthi64: library('fd: int', 'handle', lengthOf),
  _chsize: library('fd: int, size: int', 'int', changeSize),
  _eof: library('fd: int', 'int', atEnd),
  _commit: library('fd: int', 'int', (t, fd) => {
    const file = fileOf(t, descriptorOf(t, fd));
    if (!file) return -1;
    const error = file.flush();
    return error === 0 ? 0 : failWith(t, error);
  }),
  _setmode: library('fd: int, mode: int', 'int', setMode),
  _isatty: library('fd: int', 'int', (t, fd) => (isDevice(t, fd) ? 0x40 : 0)),
  _dup: library('fd: int', 'int', (t, fd) => duplicate(t, fd, -1)),
  _dup2: library('fd1: int, fd2: int', 'int', (t, fd, to) =>
    to < 0 || to > MAX_FD ? failErrno(t, EBADF) : duplicate(t, fd, to),
  ),
  _get_osfhandle: library('fd: int', 'handle', (t, fd) => descriptorOf(t, fd)?.handle ?? failErrno(t, EBADF)),
  _open_osfhandle: library('osfhandle: handle, flags: int', 'int', (t, handle, flags) => {
    if (!t.process.handles.object(handle, 'file')) return failWith(t, ERROR_INVALID_HANDLE);
    return addDescriptor(t, newDescriptor(handle, (flags & O_TEXT) !== 0, (flags & O_APPEND) !== 0));
  }),
});

import { WRITE } from '../../memory/constants.ts';
import { ERROR_INVALID_HANDLE } from '../../process/errors.ts';
import { DiskFile } from '../../process/file-object.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { progress, setProgress } from '../support/progress.ts';
import {
  addDescriptor,
  closeDescriptor,
  type Descriptor,
  descriptorOf,
  descriptorsOf,
  type Encoding,
  fileOf,
  isDevice,
  newDescriptor,
  readDescriptor,
  SEEK_CUR,
  seekDescriptor,
  WAIT,
  writeDescriptor,
} from './descriptor.ts';
import { EBADF, EINVAL, failErrno, failWith, getErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import {
  O_APPEND,
  O_BINARY,
  O_CREAT,
  O_RDWR,
  O_TEXT,
  O_TRUNC,
  O_U8TEXT,
  O_U16TEXT,
  O_WTEXT,
  openPath,
  readPath,
} from './open-flags.ts';
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

/** _sopen_s: the descriptor goes to *pfh, which is -1 after an error. _sopen_dispatch has one argument more. */
function openChecked(wide: boolean) {
  return library(
    'pfh: address, filename: address, oflag: int, shflag: int, pmode: int',
    'int',
    (t, pfh, filename, flags, shflag, permission) => {
      if (pfh === 0) return failInvalid(t, EINVAL, EINVAL);
      t.memory.setU32(pfh, -1);
      const share = SHARING[shflag];
      if (filename === 0 || share === undefined) return failInvalid(t, EINVAL, EINVAL);
      const fd = openPath(t, readPath(t, filename, wide), flags, permission, share);
      t.memory.setU32(pfh, fd);
      return fd < 0 ? getErrno(t) : 0;
    },
  );
}
const SHARING: Readonly<Record<number, number>> = { 16: 0, 32: 1, 48: 2, 64: 3, 128: 1 };

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
  const before = modeOf(descriptor);
  const encoding = { [O_U8TEXT]: 'utf8', [O_U16TEXT]: 'utf16', [O_WTEXT]: 'utf16' }[mode] as
    | Encoding
    | undefined;
  if (mode !== O_TEXT && mode !== O_BINARY && !encoding) return failInvalid(thread);
  descriptor.text = mode !== O_BINARY;
  descriptor.encoding = encoding ?? 'locale';
  return before;
}

function modeOf({ text, encoding }: Descriptor): number {
  if (encoding === 'utf8') return O_U8TEXT;
  if (encoding === 'utf16') return O_WTEXT;
  return text ? O_TEXT : O_BINARY;
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
export const lowioApi = family('crt', PAGES, () => ({
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
  _wcreat: library('filename: address, pmode: int', 'int', (t, filename, pmode) =>
    openPath(t, readPath(t, filename, true), O_CREAT | O_TRUNC | O_RDWR, pmode),
  ),
  _sopen_s: openChecked(false),
  _wsopen_s: openChecked(true),
  _sopen_dispatch: openChecked(false),
  _wsopen_dispatch: openChecked(true),
  _chsize_s: library('fd: int, size: handle', 'int', (t, fd, size) =>
    changeSize(t, fd, size) === 0 ? 0 : getErrno(t),
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
}));

import { temporaryFolder } from '../../process/temporary-folder.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocateZeroed } from './allocation.ts';
import { dataAddress } from './data.ts';
import { closeDescriptor, descriptorOf, MAX_DESCRIPTORS, SEEK_END, SEEK_SET } from './descriptor.ts';
import { EBADF, EINVAL, EMFILE, ENOMEM, failErrno, getErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { O_BINARY, O_CREAT, O_EXCL, O_RDWR, openPath, parseMode, readPath } from './open-flags.ts';
import { crtOf } from './state.ts';
import {
  changeBuffer,
  EOF,
  fileNumber,
  flagsOf,
  flushAll,
  flushStream,
  freeBuffer,
  openStreams,
  seekStream,
  setFlags,
  tellStream,
} from './stream.ts';
import { FILE, FILE_SIZE, IOEOF, IOERR, IOREAD, IORW, IOSTRG, IOWRT, STREAM_COUNT } from './stream-table.ts';
import { readText } from './text.ts';

/** A FILE that is not in use, or 0 with errno. */
function freeStream(thread: Thread): number {
  const table = dataAddress(thread.process, '_iob');
  for (let i = 3; i < STREAM_COUNT; i++) {
    if (flagsOf(thread, table + i * FILE_SIZE) === 0) return table + i * FILE_SIZE;
  }
  const { extraStreams } = crtOf(thread.process);
  for (const [file, open] of extraStreams) if (!open) return file;
  if (extraStreams.size + STREAM_COUNT >= MAX_DESCRIPTORS) return failErrno(thread, EMFILE, 0);
  const file = allocateZeroed(thread.process, FILE_SIZE);
  return file === 0 ? failErrno(thread, ENOMEM, 0) : file;
}

/** Makes a FILE of a descriptor. */
function attach(thread: Thread, file: number, fd: number, flags: number, update: boolean): number {
  const { extraStreams } = crtOf(thread.process);
  const table = dataAddress(thread.process, '_iob');
  if (file < table || file >= table + STREAM_COUNT * FILE_SIZE) extraStreams.set(file, true);
  thread.memory.fill(file, 0, FILE_SIZE);
  thread.memory.setU32(file + FILE.file, fd);
  setFlags(thread, file, update ? IORW : (flags & 3) === 0 ? IOREAD : IOWRT);
  return file;
}

function detach(thread: Thread, file: number): void {
  thread.memory.fill(file, 0, FILE_SIZE);
  const { extraStreams } = crtOf(thread.process);
  if (extraStreams.has(file)) extraStreams.set(file, false);
}

function open(thread: Thread, path: string, mode: string, into = 0, share?: number): number {
  const parsed = parseMode(mode);
  if (!parsed) return failErrno(thread, EINVAL, 0);
  const file = into !== 0 ? into : freeStream(thread);
  if (file === 0) return 0;
  const fd = openPath(thread, path, parsed.flags, undefined, share);
  return fd < 0 ? 0 : attach(thread, file, fd, parsed.flags, parsed.update);
}

function openNames(
  thread: Thread,
  filename: number,
  mode: number,
  wide: boolean,
  into = 0,
  share?: number,
): number {
  if (filename === 0 || mode === 0) return failErrno(thread, EINVAL, 0);
  return open(thread, readPath(thread, filename, wide), readText(thread.memory, mode, wide), into, share);
}

/** fopen_s: 0 or an errno; the stream goes to *pFile. */
function openChecked(thread: Thread, pFile: number, filename: number, mode: number, wide: boolean): number {
  if (pFile === 0) return failErrno(thread, EINVAL, EINVAL);
  thread.memory.setU64(pFile, 0);
  const file = openNames(thread, filename, mode, wide);
  thread.memory.setU64(pFile, file);
  return file === 0 ? getErrno(thread) : 0;
}

function close(thread: Thread, file: number): number {
  if (file === 0 || (flagsOf(thread, file) & (IOREAD | IOWRT | IORW)) === 0)
    return failErrno(thread, EINVAL, EOF);
  let result = 0;
  if ((flagsOf(thread, file) & IOSTRG) === 0) {
    result = flushStream(thread, file);
    freeBuffer(thread, file);
    if (closeDescriptor(thread, fileNumber(thread, file)) < 0) result = EOF;
  }
  detach(thread, file);
  return result;
}

function reopen(thread: Thread, path: number, mode: number, file: number, wide: boolean): number {
  if (file === 0 || path === 0) return failErrno(thread, EINVAL, 0);
  if (flagsOf(thread, file) !== 0) close(thread, file);
  return openNames(thread, path, mode, wide, file);
}

function fdopen(thread: Thread, fd: number, mode: string): number {
  const parsed = parseMode(mode);
  const descriptor = descriptorOf(thread, fd);
  if (!descriptor) return failErrno(thread, EBADF, 0);
  if (!parsed) return failErrno(thread, EINVAL, 0);
  const file = freeStream(thread);
  return file === 0 ? 0 : attach(thread, file, fd, parsed.flags, parsed.update);
}

/** How often another name is tried for a temporary file. */
const TRIES = 1000;

/** A file in the folder for temporary files that is gone when it is closed. */
function temporaryFile(thread: Thread): number {
  const { process } = thread;
  const O_TEMPORARY = 0x40;
  for (let i = 0; i < TRIES; i++) {
    const path = `${temporaryFolder(process)}t${process.id.toString(36)}.${i.toString(36)}`;
    const file = freeStream(thread);
    if (file === 0) return 0;
    const fd = openPath(thread, path, O_RDWR | O_CREAT | O_EXCL | O_BINARY | O_TEMPORARY);
    if (thread.pending !== 0) return 0;
    if (fd >= 0) return attach(thread, file, fd, O_RDWR, true);
  }
  return 0;
}

// setvbuf's modes
const FULLY = 0;
const BY_LINE = 0x40;
const UNBUFFERED = 4;
const LARGEST_BUFFER = 0x7fff_ffff;

/** Line buffering is full buffering here, as documented for Win32. */
function setBuffer(thread: Thread, file: number, buffer: number, mode: number, size: number): number {
  if (mode === UNBUFFERED) return changeBuffer(thread, file, 0, 0);
  if ((mode !== FULLY && mode !== BY_LINE) || size < 2 || size > LARGEST_BUFFER)
    return failErrno(thread, EINVAL);
  return changeBuffer(thread, file, buffer, size & ~1);
}

function seek(thread: Thread, file: number, offset: number, origin: number): number {
  if (origin < SEEK_SET || origin > SEEK_END) return failErrno(thread, EINVAL);
  return seekStream(thread, file, offset, origin);
}

/** freopen_s: the stream goes to *pFile. */
function reopenChecked(wide: boolean) {
  return library(
    'pFile: address, path: address, mode: address, stream: address',
    'int',
    (t, pFile, path, mode, file) => {
      if (pFile === 0) return failInvalid(t, EINVAL, EINVAL);
      t.memory.setU64(pFile, 0);
      const reopened = reopen(t, path, mode, file, wide);
      t.memory.setU64(pFile, reopened);
      return reopened === 0 ? getErrno(t) : 0;
    },
  );
}

function flush(thread: Thread, file: number): number {
  if (file !== 0) return flushStream(thread, file);
  flushAll(thread);
  return 0;
}

const MOST_STREAMS = 8192;
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdio.h: opening, positions and buffers. */
export const stdioFilesApi = family('crt', PAGES, () => {
  const openFileApi = library('filename: address, mode: address', 'address', (t, filename, mode) =>
    openNames(t, filename, mode, false),
  );
  return {
    fopen: openFileApi,
    _wfopen: library('filename: address, mode: address', 'address', (t, filename, mode) =>
      openNames(t, filename, mode, true),
    ),
    fopen_s: library('pFile: address, filename: address, mode: address', 'int', (t, pFile, filename, mode) =>
      openChecked(t, pFile, filename, mode, false),
    ),
    _wfopen_s: library(
      'pFile: address, filename: address, mode: address',
      'int',
      (t, pFile, filename, mode) => openChecked(t, pFile, filename, mode, true),
    ),
    _fsopen: library(
      'filename: address, mode: address, shflag: int',
      'address',
      (t, filename, mode, shflag) => openNames(t, filename, mode, false, 0, shareOf(shflag)),
    ),
    _wfsopen: library(
      'filename: address, mode: address, shflag: int',
      'address',
      (t, filename, mode, shflag) => openNames(t, filename, mode, true, 0, shareOf(shflag)),
    ),
    freopen: library('path: address, mode: address, stream: address', 'address', (t, path, mode, file) =>
      reopen(t, path, mode, file, false),
    ),
    _wfreopen: library('path: address, mode: address, stream: address', 'address', (t, path, mode, file) =>
      reopen(t, path, mode, file, true),
    ),
    _fdopen: library('fd: int, mode: address', 'address', (t, fd, mode) =>
      fdopen(t, fd, readText(t.memory, mode, false)),
    ),
    _wfdopen: library('fd: int, mode: address', 'address', (t, fd, mode) =>
      fdopen(t, fd, readText(t.memory, mode, true)),
    ),
    freopen_s: reopenChecked(false),
    _wfreopen_s: reopenChecked(true),
    tmpfile_s: library('pFile: address', 'int', (t, pFile) => {
      if (pFile === 0) return failInvalid(t, EINVAL, EINVAL);
      const file = temporaryFile(t);
      t.memory.setU64(pFile, file);
      return file === 0 ? getErrno(t) : 0;
    }),
    _getmaxstdio: library('', 'int', (t) => crtOf(t.process).mostStreams),
    _setmaxstdio: library('newmax: int', 'int', (t, newmax) => {
      if (newmax < STREAM_COUNT || newmax > MOST_STREAMS) return failInvalid(t);
      crtOf(t.process).mostStreams = newmax;
      return newmax;
    }),
    _get_stream_buffer_pointers: library(
      'stream: address, base: address, pointer: address, count: address',
      'int',
      (t, file, base, pointer, count) => {
        if (file === 0) return failInvalid(t, EINVAL, EINVAL);
        if (base !== 0) t.memory.setU64(base, file + FILE.base);
        if (pointer !== 0) t.memory.setU64(pointer, file + FILE.ptr);
        if (count !== 0) t.memory.setU64(count, file + FILE.cnt);
        return 0;
      },
    ),
    fclose: library('stream: address', 'int', close),
    _fclose_nolock: library('stream: address', 'int', close),
    _fcloseall: library('', 'int', (thread) => {
      const table = dataAddress(thread.process, '_iob');
      const files = [...openStreams(thread)].filter((file) => file < table || file >= table + 3 * FILE_SIZE);
      for (const file of files) close(thread, file);
      return files.length;
    }),
    tmpfile: library('', 'address', temporaryFile),
    fflush: library('stream: address', 'int', flush),
    _fflush_nolock: library('stream: address', 'int', flush),
    _fseek_nolock: library('stream: address, offset: int, origin: int', 'int', seek),
    _fseeki64_nolock: library('stream: address, offset: handle, origin: int', 'int', seek),
    _ftell_nolock: library('stream: address', 'int', tellStream),
    _ftelli64_nolock: library('stream: address', 'handle', tellStream),
    _flushall: library('', 'int', flushAll),
    fseek: library('stream: address, offset: int, origin: int', 'int', seek),
    _fseeki64: library('stream: address, offset: handle, origin: int', 'int', seek),
    ftell: library('stream: address', 'int', tellStream),
    _ftelli64: library('stream: address', 'handle', tellStream),
    rewind: library('stream: address', 'void', (thread, file) => {
      seekStream(thread, file, 0, SEEK_SET);
      setFlags(thread, file, 0, IOERR | IOEOF);
      return 0;
    }),
    fgetpos: library('stream: address, pos: address', 'int', (thread, file, pos) => {
      const at = tellStream(thread, file);
      if (at < 0) return -1;
      thread.memory.setU64(pos, at);
      return 0;
    }),
    fsetpos: library('stream: address, pos: address', 'int', (thread, file, pos) =>
      seekStream(thread, file, thread.memory.u64(pos), SEEK_SET),
    ),
    setvbuf: library('stream: address, buffer: address, mode: int, size: size', 'int', setBuffer),
    setbuf: library('stream: address, buffer: address', 'void', (thread, file, buffer) => {
      setBuffer(thread, file, buffer, buffer === 0 ? UNBUFFERED : FULLY, 512);
      return 0;
    }),
    _fileno: library('stream: address', 'int', (thread, file) =>
      file === 0 ? failErrno(thread, EINVAL) : fileNumber(thread, file),
    ),
  };
});

/** _SH_*: https://learn.microsoft.com/cpp/c-runtime-library/sharing-constants, as FILE_SHARE_* bits. */
function shareOf(shflag: number): number {
  return { 16: 0, 32: 1, 48: 2, 64: 3 }[shflag] ?? 3;
}

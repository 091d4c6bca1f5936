import { createFolder, deleteFile, moveFile, removeFolder } from '../../process/change-files.ts';
import { fullPathOf, type Place } from '../../process/drives.ts';
import { ERROR_ACCESS_DENIED, ERROR_DIRECTORY, ERROR_FILE_NOT_FOUND } from '../../process/errors.ts';
import { FILE_ATTRIBUTE_READONLY, placeAttributes, setAttributes } from '../../process/file-attributes.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate } from './allocation.ts';
import { ansiText } from './data.ts';
import { EINVAL, ENOENT, ENOMEM, ERANGE, failErrno, failWith, getErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { readPath, S_IWRITE } from './open-flags.ts';
import { crtOf } from './state.ts';
import { writeTerminated } from './text.ts';

/** What exists at a path, or a Win32 error. */
export function existingPlace(
  process: Process,
  path: string,
): (Place & { status: NonNullable<Place['status']> }) | number {
  const place = process.machine.drives?.resolveFile(path, process) ?? ERROR_FILE_NOT_FOUND;
  if (typeof place === 'number') return place;
  return place.status ? (place as Place & { status: NonNullable<Place['status']> }) : ERROR_FILE_NOT_FOUND;
}

/** A function of one path that answers a Win32 error, as 0 or -1 with errno. */
function onPath(wide: boolean, run: (process: Process, path: string) => number) {
  return library('path: address', 'int', (thread, path) => {
    if (path === 0) return failErrno(thread, EINVAL);
    const error = run(thread.process, readPath(thread, path, wide));
    return error === 0 ? 0 : failWith(thread, error);
  });
}

function rename(wide: boolean) {
  return library('oldname: address, newname: address', 'int', (thread, from, to) => {
    const error = moveFile(thread.process, readPath(thread, from, wide), readPath(thread, to, wide), {
      replace: false,
      copy: true,
    });
    return error === 0 ? 0 : failWith(thread, error);
  });
}

function changeFolder(process: Process, path: string): number {
  const place = existingPlace(process, path);
  if (typeof place === 'number') return place;
  if (place.status.kind !== 'directory') return ERROR_DIRECTORY;
  process.currentDirectory = place.path;
  return 0;
}

function currentFolder(wide: boolean) {
  return library('buffer: address, maxlen: int', 'address', (thread, buffer, maxlen) => {
    const text = wide ? thread.process.currentDirectory : ansiText(thread.process.currentDirectory);
    const unit = wide ? 2 : 1;
    if (buffer === 0) {
      buffer = allocate(thread.process, Math.max(maxlen, text.length + 1) * unit);
      if (buffer === 0) return failErrno(thread, ENOMEM, 0);
    } else if (maxlen <= 0) return failErrno(thread, EINVAL, 0);
    else if (text.length >= maxlen) return failErrno(thread, ERANGE, 0);
    writeTerminated(thread.memory, buffer, text, wide);
    return buffer;
  });
}

/** Bits that _umask keeps: S_IREAD and S_IWRITE. */
const PERMISSIONS = 0x180;

// _access's modes
const MAY_WRITE = 2;
const ACCESS_MODES = 6;

function access(wide: boolean) {
  return library('path: address, mode: int', 'int', (thread, path, mode) => allows(thread, path, mode, wide));
}
/** The _s form answers the error. */
function accessChecked(wide: boolean) {
  return library('path: address, mode: int', 'int', (thread, path, mode) =>
    allows(thread, path, mode, wide) === 0 ? 0 : getErrno(thread),
  );
}

function allows(thread: Thread, path: number, mode: number, wide: boolean): number {
  if (path === 0 || (mode & ~ACCESS_MODES) !== 0) return failInvalid(thread);
  const place = existingPlace(thread.process, readPath(thread, path, wide));
  if (typeof place === 'number') return failWith(thread, place);
  const readOnly = (placeAttributes(thread.process.machine.drives!, place) & FILE_ATTRIBUTE_READONLY) !== 0;
  const refused = (mode & MAY_WRITE) !== 0 && place.status.kind !== 'directory' && readOnly;
  return refused ? failWith(thread, ERROR_ACCESS_DENIED) : 0;
}

function chmod(wide: boolean) {
  return library('filename: address, pmode: int', 'int', (thread, filename, pmode) => {
    const place = existingPlace(thread.process, readPath(thread, filename, wide));
    if (typeof place === 'number') return failWith(thread, place);
    const drives = thread.process.machine.drives!;
    const others = placeAttributes(drives, place) & ~FILE_ATTRIBUTE_READONLY;
    setAttributes(drives, place.status, (pmode & S_IWRITE) !== 0 ? others : others | FILE_ATTRIBUTE_READONLY);
    return 0;
  });
}

/** _fullpath: into the program's buffer, or a new block when it gives none. */
function fullPath(wide: boolean) {
  return library(
    'absPath: address, relPath: address, maxLength: size',
    'address',
    (thread, into, path, maxLength) => {
      const name = path === 0 ? '' : readPath(thread, path, wide);
      const full = name === '' ? thread.process.currentDirectory : fullPathOf(thread.process, name);
      const text = wide ? full : ansiText(full);
      const unit = wide ? 2 : 1;
      if (into === 0) into = allocate(thread.process, (text.length + 1) * unit);
      else if (text.length >= maxLength) return failErrno(thread, ERANGE, 0);
      if (into === 0) return failErrno(thread, ENOMEM, 0);
      writeTerminated(thread.memory, into, text, wide);
      return into;
    },
  );
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** Names of files and folders: stdio.h, io.h, direct.h. */
export const filesystemApi = family('crt', PAGES, () => ({
  remove: onPath(false, deleteFile),
  _unlink: onPath(false, deleteFile),
  _wremove: onPath(true, deleteFile),
  _wunlink: onPath(true, deleteFile),
  rename: rename(false),
  _wrename: rename(true),
  _mkdir: onPath(false, createFolder),
  _wmkdir: onPath(true, createFolder),
  _rmdir: onPath(false, removeFolder),
  _wrmdir: onPath(true, removeFolder),
  _chdir: onPath(false, changeFolder),
  _wchdir: onPath(true, changeFolder),
  _getcwd: currentFolder(false),
  _wgetcwd: currentFolder(true),
  _access: access(false),
  _waccess: access(true),
  _fullpath: fullPath(false),
  _wfullpath: fullPath(true),
  _chmod: chmod(false),
  _wchmod: chmod(true),
  _access_s: accessChecked(false),
  _waccess_s: accessChecked(true),
  _umask_s: library('mode: int, pOldMode: address', 'int', (thread, mode, into) => {
    if (into === 0 || (mode & ~PERMISSIONS) !== 0) return failInvalid(thread, EINVAL, EINVAL);
    const crt = crtOf(thread.process);
    thread.memory.setU32(into, crt.permissionMask);
    crt.permissionMask = mode;
    return 0;
  }),
  _umask: library('pmode: int', 'int', (thread, pmode) => {
    const crt = crtOf(thread.process);
    const before = crt.permissionMask;
    crt.permissionMask = pmode & PERMISSIONS;
    return before;
  }),
  /** There is no command processor: no command can be run, and asking for one says so, as documented. */
  system: library('command: address', 'int', (thread, command) =>
    command === 0
      ? failErrno(thread, ENOENT, 0)
      : thread.stop('msvcrt!system: there is no command processor to run a command'),
  ),
  _getpid: library('', 'int', (thread) => thread.process.id),
}));

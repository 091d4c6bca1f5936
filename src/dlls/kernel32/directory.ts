import { WRITE } from '../../memory/constants.ts';
import { copyFile, createFolder, deleteFile, moveFile, removeFolder } from '../../process/change-files.ts';
import { fullPathOf } from '../../process/drives.ts';
import { environmentValue, SYSTEM_DIRECTORY, WINDOWS_DIRECTORY } from '../../process/environment.ts';
import {
  ERROR_BUFFER_OVERFLOW,
  ERROR_DIRECTORY,
  ERROR_FILE_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_NAME,
  ERROR_PATH_NOT_FOUND,
} from '../../process/errors.ts';
import { CREATE_NEW, openFile } from '../../process/open-file.ts';
import { deviceName, MAX_PATH } from '../../process/paths.ts';
import type { Process } from '../../process/process.ts';
import { temporaryFolder } from '../../process/temporary-folder.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ANSI, giveText, readPath, type TextForm, WIDE, writeText } from '../guest-text.ts';
import { drivesOf, existing } from './file-info.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-{}';
const SEARCH_PAGES = 'https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-{}';
const SYSTEM_PAGES = 'https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-{}';
const BASE_PAGES = 'https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-{}';

/** An API function of one path and its Win32 error. */
function onPath(form: TextForm, run: (process: Process, path: string) => number) {
  return (thread: Thread, address: number): number => {
    const path = readPath(thread, form, address);
    if (path === undefined) return 0;
    const error = run(thread.process, path);
    return error === 0 ? 1 : thread.fail(error);
  };
}

const MOVEFILE_REPLACE_EXISTING = 0x1;
const MOVEFILE_COPY_ALLOWED = 0x2;
const MOVEFILE_WRITE_THROUGH = 0x8;
const MOVEFILE_BUILT = MOVEFILE_REPLACE_EXISTING | MOVEFILE_COPY_ALLOWED | MOVEFILE_WRITE_THROUGH;

function move(form: TextForm, name: string) {
  return (thread: Thread, from: number, to: number, flags: number): number => {
    if ((flags & ~MOVEFILE_BUILT) !== 0 || to === 0) {
      return thread.stop(
        `kernel32!${name}: flags 0x${flags.toString(16)} (or no new name) are not built yet`,
      );
    }
    const source = readPath(thread, form, from);
    const target = readPath(thread, form, to);
    if (source === undefined || target === undefined) return 0;
    const error = moveFile(thread.process, source, target, {
      replace: (flags & MOVEFILE_REPLACE_EXISTING) !== 0,
      copy: (flags & MOVEFILE_COPY_ALLOWED) !== 0,
    });
    return error === 0 ? 1 : thread.fail(error);
  };
}

function copy(form: TextForm) {
  return (thread: Thread, from: number, to: number, failIfExists: number): number => {
    const source = readPath(thread, form, from);
    const target = readPath(thread, form, to);
    if (source === undefined || target === undefined) return 0;
    const error = copyFile(thread.process, source, target, failIfExists !== 0);
    return error === 0 ? 1 : thread.fail(error);
  };
}

function setCurrentDirectory(form: TextForm) {
  return (thread: Thread, address: number): number => {
    if (address === 0 || form.read(thread.memory, address, 1) === '') return thread.fail(ERROR_INVALID_NAME);
    const place = existing(thread, form, address);
    if (!place) return 0;
    if (place === 'device') return thread.fail(ERROR_INVALID_NAME);
    if (place.status.kind !== 'directory') return thread.fail(ERROR_DIRECTORY);
    thread.process.currentDirectory = place.path;
    return 1;
  };
}

/** The last part's address in the buffer goes to `filePart`, or NULL when the path ends in a backslash. */
function getFullPathName(form: TextForm) {
  return (thread: Thread, address: number, size: number, buffer: number, filePart: number): number => {
    const path = readPath(thread, form, address);
    if (path === undefined) return 0;
    if (path.trim() === '') return thread.fail(path === '' ? ERROR_INVALID_NAME : ERROR_PATH_NOT_FOUND);
    const full = fullPathOf(thread.process, path);
    const units = giveText(thread, form, buffer, size, full);
    if (filePart !== 0 && units < size) {
      // A device has no last part.
      const name = full.startsWith('\\\\.\\') && deviceName(full) ? full.length : full.lastIndexOf('\\') + 1;
      const at = name === full.length ? 0 : buffer + form.encode(full.slice(0, name)).length;
      thread.memory.setU64(filePart, at);
    }
    return units;
  };
}

/** Our drives have no short names: a path that exists is its own long and short form. */
function samePath(form: TextForm) {
  return (thread: Thread, address: number, buffer: number, size: number): number => {
    const place = existing(thread, form, address);
    return place ? giveText(thread, form, buffer, size, form.read(thread.memory, address)) : 0;
  };
}

function getTempPath(form: TextForm) {
  return (thread: Thread, size: number, buffer: number): number =>
    giveText(thread, form, buffer, size, temporaryFolder(thread.process));
}

const GENERIC_WRITE = 0x4000_0000;
/** Names that GetTempFileName can make with one prefix. */
const TEMPORARY_NAMES = 0xffff;

function getTempFileName(form: TextForm) {
  return (
    thread: Thread,
    folderAddress: number,
    prefixAddress: number,
    unique: number,
    buffer: number,
  ): number => {
    const folder = readPath(thread, form, folderAddress);
    if (folder === undefined) return 0;
    const prefix = prefixAddress === 0 ? '' : form.read(thread.memory, prefixAddress, 4).slice(0, 3);
    const place = drivesOf(thread)?.resolveFile(folder, thread.process);
    if (place === undefined) return 0;
    if (folder.length > MAX_PATH - 14) return thread.fail(ERROR_BUFFER_OVERFLOW);
    if (typeof place === 'number' || place.status?.kind !== 'directory') return thread.fail(ERROR_DIRECTORY);
    const named = folder.endsWith('\\') || folder.endsWith('/') ? folder : `${folder}\\`;
    const nameOf = (number: number) => `${named}${prefix}${number.toString(16).toUpperCase()}.tmp`;
    thread.memory.touch(buffer, MAX_PATH * form.unit, WRITE);
    const number = unique === 0 ? createTemporary(thread, nameOf) : unique & 0xffff;
    if (number !== 0) writeText(thread, form, buffer, nameOf(number));
    return number;
  };
}

/** Makes the first file of a sequence that is not there yet; its number, or 0 with last error set. */
function createTemporary(thread: Thread, nameOf: (number: number) => string): number {
  const start = Math.floor(thread.process.machine.clock.uptime()) % TEMPORARY_NAMES;
  for (let i = 0; i < TEMPORARY_NAMES; i++) {
    const number = ((start + i) % TEMPORARY_NAMES) + 1;
    const { object, error } = openFile(thread.process, nameOf(number), {
      access: GENERIC_WRITE,
      share: 0,
      disposition: CREATE_NEW,
    });
    if (object) {
      object.opened();
      object.closed();
      return number;
    }
    if (error !== ERROR_FILE_EXISTS) return thread.fail(error);
  }
  return thread.fail(ERROR_FILE_EXISTS);
}

function fixedFolder(form: TextForm, folder: string) {
  return (thread: Thread, buffer: number, size: number): number =>
    giveText(thread, form, buffer, size, folder);
}

const DRIVE_UNKNOWN_ROOT = 1;
const DRIVE_FIXED = 3;

/** The drive of a root path (NULL: of the current directory). */
function driveType(form: TextForm) {
  return (thread: Thread, address: number): number => {
    const path =
      address === 0 ? thread.process.currentDirectory.slice(0, 3) : form.read(thread.memory, address);
    const letter = /^([a-z]):[\\/]?$/i.exec(path)?.[1];
    return letter && thread.process.machine.drives?.get(letter) ? DRIVE_FIXED : DRIVE_UNKNOWN_ROOT;
  };
}

function searchPath(form: TextForm) {
  return (
    thread: Thread,
    pathAddress: number,
    nameAddress: number,
    extensionAddress: number,
    size: number,
    buffer: number,
    filePart: number,
  ): number => {
    const name = readPath(thread, form, nameAddress);
    if (name === undefined) return 0;
    const { process } = thread;
    const extension = extensionAddress === 0 ? '' : form.read(thread.memory, extensionAddress);
    const file = /\.[^\\/]*$/.test(name) ? name : name + extension;
    const where =
      pathAddress === 0 ? searchFolders(process) : form.read(thread.memory, pathAddress).split(';');
    const candidates = /[\\/:]/.test(file)
      ? [file]
      : where.filter((folder) => folder !== '').map((folder) => `${folder}\\${file}`);
    for (const candidate of candidates) {
      const place = process.machine.drives?.resolve(candidate, process);
      if (typeof place !== 'object' || 'device' in place || !place.status) continue;
      const full = fullPathOf(process, candidate);
      const units = giveText(thread, form, buffer, size, full);
      const at = buffer + form.encode(full.slice(0, full.lastIndexOf('\\') + 1)).length;
      if (filePart !== 0 && units < size) thread.memory.setU64(filePart, at);
      return units;
    }
    return thread.fail(ERROR_FILE_NOT_FOUND);
  };
}

/** The program's folder, the current one, Windows' folders, then PATH. */
function searchFolders(process: Process): string[] {
  const program = process.modules[0]?.path.replace(/\\[^\\]*$/, '') ?? '';
  const path = environmentValue(process, 'PATH')?.split(';') ?? [];
  return [program, process.currentDirectory, SYSTEM_DIRECTORY, WINDOWS_DIRECTORY, ...path];
}

const FULL = 'lpFileName: address, nBufferLength: dword, lpBuffer: address, lpFilePart: address';
const MOVE = 'lpExistingFileName: address, lpNewFileName: address, dwFlags: dword';
const MOVE_PLAIN = 'lpExistingFileName: address, lpNewFileName: address';
const COPY = 'lpExistingFileName: address, lpNewFileName: address, bFailIfExists: bool';
const SAME = 'lpszPath: address, lpszBuffer: address, cchBuffer: dword';
const FOLDER = 'lpBuffer: address, uSize: dword';
const TEMP_NAME = 'lpPathName: address, lpPrefixString: address, uUnique: dword, lpTempFileName: address';
const MAKE = 'lpPathName: address, lpSecurityAttributes: address';
const SEARCH =
  'lpPath: address, lpFileName: address, lpExtension: address, nBufferLength: dword, lpBuffer: address, lpFilePart: address';

/** fileapi.h: folders, names, temporary files. Paths are read in user mode: a bad pointer raises. */
export const directoryApi = family('kernel32', PAGES, () => ({
  DeleteFileA: library('lpFileName: address', 'bool', onPath(ANSI, deleteFile)),
  DeleteFileW: library('lpFileName: address', 'bool', onPath(WIDE, deleteFile)),
  CreateDirectoryA: library(MAKE, 'bool', onPath(ANSI, createFolder)),
  CreateDirectoryW: library(MAKE, 'bool', onPath(WIDE, createFolder)),
  RemoveDirectoryA: library('lpPathName: address', 'bool', onPath(ANSI, removeFolder)),
  RemoveDirectoryW: library('lpPathName: address', 'bool', onPath(WIDE, removeFolder)),
  GetFullPathNameA: library(FULL, 'dword', getFullPathName(ANSI)),
  GetFullPathNameW: library(FULL, 'dword', getFullPathName(WIDE)),
  GetLongPathNameA: library(SAME, 'dword', samePath(ANSI)),
  GetLongPathNameW: library(SAME, 'dword', samePath(WIDE)),
  GetShortPathNameA: library(SAME, 'dword', samePath(ANSI)),
  GetShortPathNameW: library(SAME, 'dword', samePath(WIDE)),
  GetTempPathA: library('nBufferLength: dword, lpBuffer: address', 'dword', getTempPath(ANSI)),
  GetTempPathW: library('nBufferLength: dword, lpBuffer: address', 'dword', getTempPath(WIDE)),
  GetTempPath2A: library('nBufferLength: dword, lpBuffer: address', 'dword', getTempPath(ANSI)),
  GetTempPath2W: library('nBufferLength: dword, lpBuffer: address', 'dword', getTempPath(WIDE)),
  GetTempFileNameA: library(TEMP_NAME, 'dword', getTempFileName(ANSI)),
  GetTempFileNameW: library(TEMP_NAME, 'dword', getTempFileName(WIDE)),
  GetDriveTypeA: library('lpRootPathName: address', 'dword', driveType(ANSI)),
  GetDriveTypeW: library('lpRootPathName: address', 'dword', driveType(WIDE)),
  GetLogicalDrives: library('', 'dword', (thread) => {
    const drives = thread.process.machine.drives?.list() ?? [];
    return drives.reduce((mask, drive) => mask | (1 << (drive.letter.charCodeAt(0) - 0x41)), 0) >>> 0;
  }),
}));

/** winbase.h: moving, copying, the current directory. */
export const directoryBaseApi = family('kernel32', BASE_PAGES, () => {
  const moveA = move(ANSI, 'MoveFileExA');
  const moveW = move(WIDE, 'MoveFileExW');
  return {
    MoveFileA: library(MOVE_PLAIN, 'bool', (thread, from, to) =>
      moveA(thread, from, to, MOVEFILE_COPY_ALLOWED),
    ),
    MoveFileW: library(MOVE_PLAIN, 'bool', (thread, from, to) =>
      moveW(thread, from, to, MOVEFILE_COPY_ALLOWED),
    ),
    MoveFileExA: library(MOVE, 'bool', moveA),
    MoveFileExW: library(MOVE, 'bool', moveW),
    CopyFileA: library(COPY, 'bool', copy(ANSI)),
    CopyFileW: library(COPY, 'bool', copy(WIDE)),
    GetCurrentDirectoryA: library(
      'nBufferLength: dword, lpBuffer: address',
      'dword',
      (thread, size, buffer) => giveText(thread, ANSI, buffer, size, thread.process.currentDirectory),
    ),
    GetCurrentDirectoryW: library(
      'nBufferLength: dword, lpBuffer: address',
      'dword',
      (thread, size, buffer) => giveText(thread, WIDE, buffer, size, thread.process.currentDirectory),
    ),
    SetCurrentDirectoryA: library('lpPathName: address', 'bool', setCurrentDirectory(ANSI)),
    SetCurrentDirectoryW: library('lpPathName: address', 'bool', setCurrentDirectory(WIDE)),
  };
});

/** processenv.h: the search for a file. */
export const searchPathApi = family('kernel32', SEARCH_PAGES, () => ({
  SearchPathA: library(SEARCH, 'dword', searchPath(ANSI)),
  SearchPathW: library(SEARCH, 'dword', searchPath(WIDE)),
}));

/** sysinfoapi.h: Windows' folders. */
export const systemFolderApi = family('kernel32', SYSTEM_PAGES, () => ({
  GetWindowsDirectoryA: library(FOLDER, 'dword', fixedFolder(ANSI, WINDOWS_DIRECTORY)),
  GetWindowsDirectoryW: library(FOLDER, 'dword', fixedFolder(WIDE, WINDOWS_DIRECTORY)),
  GetSystemWindowsDirectoryA: library(FOLDER, 'dword', fixedFolder(ANSI, WINDOWS_DIRECTORY)),
  GetSystemWindowsDirectoryW: library(FOLDER, 'dword', fixedFolder(WIDE, WINDOWS_DIRECTORY)),
  GetSystemDirectoryA: library(FOLDER, 'dword', fixedFolder(ANSI, SYSTEM_DIRECTORY)),
  GetSystemDirectoryW: library(FOLDER, 'dword', fixedFolder(WIDE, SYSTEM_DIRECTORY)),
}));

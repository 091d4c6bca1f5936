import { environmentValue } from '../../process/environment.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate } from './allocation.ts';
import { ansiText } from './data.ts';
import { EACCES, EINVAL, ENOENT, ENOMEM, ERANGE, failErrno } from './errno.ts';
import { existingPlace } from './filesystem.ts';
import { failInvalid } from './invalid.ts';
import { readPath } from './open-flags.ts';
import { readText, writeTerminated } from './text.ts';

/** A path's four parts: drive with its colon, folder with its last separator, name, extension with its point. */
interface Parts {
  readonly drive: string;
  readonly folder: string;
  readonly name: string;
  readonly extension: string;
}

function split(path: string): Parts {
  const drive = path[1] === ':' ? path.slice(0, 2) : '';
  const rest = path.slice(drive.length);
  const cut = Math.max(rest.lastIndexOf('\\'), rest.lastIndexOf('/')) + 1;
  const file = rest.slice(cut);
  const point = file.lastIndexOf('.');
  return {
    drive,
    folder: rest.slice(0, cut),
    name: point < 0 ? file : file.slice(0, point),
    extension: point < 0 ? '' : file.slice(point),
  };
}

function join({ drive, folder, name, extension }: Parts): string {
  const letter = drive === '' ? '' : `${drive[0]}:`;
  const separated = folder === '' || /[\\/]$/.test(folder) ? folder : `${folder}\\`;
  return letter + separated + name + (extension === '' || extension[0] === '.' ? extension : `.${extension}`);
}

/** Room of _splitpath's buffers, which it does not ask for: _MAX_DRIVE and so on. */
const ROOM = [3, 256, 256, 256];

function splitPath(wide: boolean) {
  return library(
    'path: address, drive: address, dir: address, fname: address, ext: address',
    'void',
    (t, path, ...into) => {
      if (path === 0) return failInvalid(t);
      const { drive, folder, name, extension } = split(readText(t.memory, path, wide));
      [drive, folder, name, extension].forEach((part, i) => {
        if (into[i] !== 0) writeTerminated(t.memory, into[i]!, part.slice(0, ROOM[i]! - 1), wide);
      });
      return 0;
    },
  );
}

function splitPathChecked(wide: boolean) {
  return library(
    'path: address, drive: address, driveSize: size, dir: address, dirSize: size, fname: address, nameSize: size, ext: address, extSize: size',
    'int',
    (t, path, ...into) => {
      if (path === 0) return failInvalid(t, EINVAL, EINVAL);
      const { drive, folder, name, extension } = split(readText(t.memory, path, wide));
      const parts = [drive, folder, name, extension];
      const places = parts.map((part, i) => ({ part, at: into[i * 2]!, size: into[i * 2 + 1]! }));
      const used = places.filter(({ at }) => at !== 0);
      const mismatched = places.some(({ at, size }) => (at === 0) !== (size === 0));
      const short = used.some(({ part, size }) => part.length >= size);
      for (const { part, at, size } of used)
        if (size > 0) writeTerminated(t.memory, at, mismatched || short ? '' : part, wide);
      if (mismatched) return failInvalid(t, EINVAL, EINVAL);
      return short ? failErrno(t, ERANGE, ERANGE) : 0;
    },
  );
}

function joined(t: Thread, parts: readonly number[], wide: boolean): string {
  const [drive, folder, name, extension] = parts.map((at) =>
    at === 0 ? '' : readText(t.memory, at, wide),
  ) as [string, string, string, string];
  return join({ drive, folder, name, extension });
}

function makePath(wide: boolean) {
  return library(
    'path: address, drive: address, dir: address, fname: address, ext: address',
    'void',
    (t, path, ...parts) => {
      if (path === 0) return failInvalid(t);
      writeTerminated(t.memory, path, joined(t, parts, wide), wide);
      return 0;
    },
  );
}

function makePathChecked(wide: boolean) {
  return library(
    'path: address, sizeInCharacters: size, drive: address, dir: address, fname: address, ext: address',
    'int',
    (t, path, size, ...parts) => {
      if (path === 0 || size === 0) return failInvalid(t, EINVAL, EINVAL);
      const text = joined(t, parts, wide);
      const fits = text.length < size;
      writeTerminated(t.memory, path, fits ? text : '', wide);
      return fits ? 0 : failInvalid(t, ERANGE, ERANGE);
    },
  );
}

/** The first place of a file: the current folder, then those that an environment variable lists. */
function searched(t: Thread, file: string, variable: string): string | undefined {
  const { process } = t;
  const folders = (environmentValue(process, variable) ?? '').split(';').filter((folder) => folder !== '');
  const current = `${process.currentDirectory.replace(/\\$/, '')}\\${file}`;
  const absolute = /^([a-z]:|[\\/])/i.test(file);
  const candidates = absolute
    ? [file]
    : [current, ...folders.map((folder) => `${folder.replace(/[\\/]$/, '')}\\${file}`)];
  return candidates.find((path) => typeof existingPlace(process, path) !== 'number');
}

function search(
  t: Thread,
  file: number,
  variable: number,
  into: number,
  size: number,
  wide: boolean,
): number {
  const { memory } = t;
  const name = readPath(t, file, wide);
  const found = name === '' ? undefined : searched(t, name, readText(memory, variable, wide));
  const text = found === undefined ? '' : wide ? found : ansiText(found);
  const fits = text.length < size;
  writeTerminated(memory, into, fits ? text : '', wide);
  if (found === undefined) return failErrno(t, ENOENT, ENOENT);
  return fits ? 0 : failErrno(t, ERANGE, ERANGE);
}

const MAX_PATH = 260;

function searchEnvironment(wide: boolean) {
  return library(
    'filename: address, varname: address, pathname: address',
    'void',
    (t, file, variable, into) => {
      if (file === 0 || variable === 0 || into === 0) return failInvalid(t);
      search(t, file, variable, into, MAX_PATH, wide);
      return 0;
    },
  );
}

function searchEnvironmentChecked(wide: boolean) {
  return library(
    'filename: address, varname: address, pathname: address, numberOfElements: size',
    'int',
    (t, file, variable, into, size) =>
      into === 0 || size === 0 || file === 0
        ? failInvalid(t, EINVAL, EINVAL)
        : search(t, file, variable, into, size, wide),
  );
}

/** Number of a drive letter, 1 for A. */
function driveNumber(path: string): number {
  return /^[a-z]:/i.test(path) ? path.toUpperCase().charCodeAt(0) - 64 : 0;
}

function changeDrive(t: Thread, drive: number): number {
  if (drive < 1 || drive > 26) return failInvalid(t, EINVAL);
  if (drive === driveNumber(t.process.currentDirectory)) return 0;
  const root = `${String.fromCharCode(64 + drive)}:\\`;
  if (typeof existingPlace(t.process, root) === 'number') return failErrno(t, EACCES);
  t.process.currentDirectory = root;
  return 0;
}

/** The current folder of a drive (0: of the current one): of others it is their root. */
function driveFolder(wide: boolean) {
  return library('drive: int, buffer: address, maxlen: int', 'address', (t, drive, buffer, maxlen) => {
    const here = t.process.currentDirectory;
    const other = drive !== 0 && drive !== driveNumber(here);
    const root = `${String.fromCharCode(64 + drive)}:\\`;
    if (other && typeof existingPlace(t.process, root) === 'number') return failErrno(t, EACCES, 0);
    const folder = other ? root : here;
    const text = wide ? folder : ansiText(folder);
    const unit = wide ? 2 : 1;
    if (buffer === 0) buffer = allocate(t.process, Math.max(maxlen, text.length + 1) * unit);
    else if (maxlen <= 0) return failInvalid(t, EINVAL, 0);
    else if (text.length >= maxlen) return failErrno(t, ERANGE, 0);
    if (buffer === 0) return failErrno(t, ENOMEM, 0);
    writeTerminated(t.memory, buffer, text, wide);
    return buffer;
  });
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h and direct.h: parts of paths, searching by them, drives. */
export const pathsApi = family('crt', PAGES, () => ({
  _splitpath: splitPath(false),
  _wsplitpath: splitPath(true),
  _splitpath_s: splitPathChecked(false),
  _wsplitpath_s: splitPathChecked(true),
  _makepath: makePath(false),
  _wmakepath: makePath(true),
  _makepath_s: makePathChecked(false),
  _wmakepath_s: makePathChecked(true),
  _searchenv: searchEnvironment(false),
  _wsearchenv: searchEnvironment(true),
  _searchenv_s: searchEnvironmentChecked(false),
  _wsearchenv_s: searchEnvironmentChecked(true),
  _getdrive: library('', 'int', (t) => driveNumber(t.process.currentDirectory)),
  _chdrive: library('drive: int', 'int', changeDrive),
  _getdcwd: driveFolder(false),
  _wgetdcwd: driveFolder(true),
  _getdrives: library('', 'dword', (t) => {
    let mask = 0;
    for (let drive = 1; drive <= 26; drive++) {
      const root = `${String.fromCharCode(64 + drive)}:\\`;
      if (typeof existingPlace(t.process, root) !== 'number') mask |= 1 << (drive - 1);
    }
    return mask >>> 0;
  }),
}));

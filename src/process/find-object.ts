import type { HostFileStatus } from '../machine/host.ts';
import { type Drives, hostError, type Place } from './drives.ts';
import { ERROR_DIRECTORY, ERROR_FILE_NOT_FOUND, ERROR_INVALID_NAME, ERROR_PATH_NOT_FOUND } from './errors.ts';
import { matchesPattern } from './name-match.ts';
import { KernelObject } from './objects.ts';
import { foldName, hasControls, isValidName, pathForm } from './paths.ts';
import type { Process } from './process.ts';

export interface Found {
  readonly name: string;
  readonly status: HostFileStatus;
}

/** A search in a folder: the names as they were at its start, what they are now. */
export class FindObject extends KernelObject {
  readonly type = 'find';
  readonly drives: Drives;
  readonly #folder: Place;
  readonly #names: readonly string[];
  #next = 0;

  constructor(drives: Drives, folder: Place, names: readonly string[]) {
    super();
    this.drives = drives;
    this.#folder = folder;
    this.#names = names;
  }

  /** The next one, without moving on; what is gone by now, or leads out of the drive, is left out. */
  peek(): Found | undefined {
    for (; this.#next < this.#names.length; this.#next++) {
      const name = this.#names[this.#next]!;
      if (name === '.' || name === '..') return { name, status: this.#folder.status! };
      const place = this.drives.child(this.#folder, name);
      if (typeof place !== 'number' && place.status && place.status.kind !== 'other')
        return { name, status: place.status };
    }
    return undefined;
  }
  advance(): void {
    this.#next++;
  }

  protected destroy(): void {}
}

/** Begins a search for `path`, whose last part is a name or a pattern; or a Win32 error. */
export function findFiles(drives: Drives, process: Process, path: string): FindObject | number {
  if (pathForm(path) === 'empty') return ERROR_PATH_NOT_FOUND;
  const cut = Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/'), /^[a-z]:/i.test(path) ? 1 : -1);
  const pattern = path.slice(cut + 1);
  const head = path.slice(0, cut + 1);
  if (pattern === '') return ERROR_FILE_NOT_FOUND;
  if (/[<>:"|]/.test(pattern) || hasControls(pattern)) return ERROR_INVALID_NAME;
  if (!/[*?]/.test(pattern)) return findOne(drives, process, path);
  const folder = drives.resolveFile(head === '' ? '.' : head, process);
  if (typeof folder === 'number') return folder === ERROR_FILE_NOT_FOUND ? ERROR_PATH_NOT_FOUND : folder;
  if (!folder.status) return ERROR_PATH_NOT_FOUND;
  if (folder.status.kind !== 'directory') return ERROR_DIRECTORY;
  const listed = drives.files.list(folder.hostPath);
  if (typeof listed === 'string') return hostError(listed);
  const names = listed.filter(isValidName).sort(byName);
  const all = folder.entry === folder.drive.root ? names : ['.', '..', ...names];
  // The dots are trailing dots of a pattern such as "*." too, which no name has.
  const wanted = pattern.replace(/(?<=[^.*?]) *[. ]+$/, '');
  return started(
    new FindObject(
      drives,
      folder,
      all.filter((name) => matchesPattern(name, wanted)),
    ),
  );
}

function findOne(drives: Drives, process: Process, path: string): FindObject | number {
  const place = drives.resolveFile(path, process);
  if (typeof place === 'number') return place;
  if (!place.status || place.entry === place.drive.root) return ERROR_FILE_NOT_FOUND;
  const cut = place.path.lastIndexOf('\\');
  const folder = drives.resolveFile(`${place.path.slice(0, cut)}\\`, process);
  if (typeof folder === 'number') return folder;
  // Spelled as it is on the disk.
  const name = place.entry.slice(Math.max(place.entry.lastIndexOf('/'), place.entry.lastIndexOf('\\')) + 1);
  return started(new FindObject(drives, folder, [name]));
}

function started(search: FindObject): FindObject | number {
  return search.peek() ? search : ERROR_FILE_NOT_FOUND;
}

/** NTFS lists names in upper-case order. */
function byName(a: string, b: string): number {
  const [x, y] = [foldName(a), foldName(b)];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : 1;
}

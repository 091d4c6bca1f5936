import type { HostError, HostFileStatus, HostFiles } from '../machine/host.ts';
import { environmentValue } from './environment.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_BAD_NETPATH,
  ERROR_BUSY,
  ERROR_DIR_NOT_EMPTY,
  ERROR_DIRECTORY,
  ERROR_DISK_FULL,
  ERROR_FILE_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_NAME,
  ERROR_IO_DEVICE,
  ERROR_PATH_NOT_FOUND,
  ERROR_TOO_MANY_OPEN_FILES,
  ERROR_WRITE_PROTECT,
} from './errors.ts';
import { OpenFiles } from './open-files.ts';
import { deviceName, foldName, fullPath, isValidName, LONGEST_PATH, MAX_PATH, pathForm } from './paths.ts';
import type { Process } from './process.ts';

/** One drive: a host folder that the guest sees as `X:\`. */
export interface Drive {
  /** Upper case. */
  readonly letter: string;
  /** Real host path (no links in it), without a separator at its end unless it is the host's root. */
  readonly root: string;
  readonly writable: boolean;
}

/** What a guest path names on a drive; it need not exist, but its folder does. */
export interface Place {
  readonly drive: Drive;
  /** Full guest path, with no backslash at its end but for a drive's root. */
  readonly path: string;
  /** Real host path, links followed; `entry` when nothing is there. */
  readonly hostPath: string;
  /** Host path of the name itself in its (real) folder: what delete and rename work on. */
  readonly entry: string;
  /** Undefined when nothing is there. Never a link. */
  readonly status: HostFileStatus | undefined;
  readonly isLink: boolean;
  /** The path ended in a backslash: only a folder will do. */
  readonly folderOnly: boolean;
}

/** Devices that a program can open by name. */
export type DeviceName = 'NUL' | 'CON' | 'CONIN$' | 'CONOUT$';
export interface DevicePlace {
  readonly device: DeviceName;
}
const DEVICES: readonly string[] = ['NUL', 'CON', 'CONIN$', 'CONOUT$'];

/** The Win32 error of a failed host operation. */
export function hostError(error: HostError): number {
  return ERROR_OF_HOST[error];
}
const ERROR_OF_HOST: Record<HostError, number> = {
  ENOENT: ERROR_FILE_NOT_FOUND,
  EEXIST: ERROR_FILE_EXISTS,
  EACCES: ERROR_ACCESS_DENIED,
  EISDIR: ERROR_ACCESS_DENIED,
  ENOTDIR: ERROR_DIRECTORY,
  ENOTEMPTY: ERROR_DIR_NOT_EMPTY,
  ENOSPC: ERROR_DISK_FULL,
  EMFILE: ERROR_TOO_MANY_OPEN_FILES,
  EBUSY: ERROR_BUSY,
  EROFS: ERROR_WRITE_PROTECT,
  EINVAL: ERROR_INVALID_NAME,
  EIO: ERROR_IO_DEVICE,
};

/**
 * The machine's drives, and the only way from a guest path to a host path. Names are found in any case. No
 * path leaves a drive's folder: `..` stops at the root, each link on the way is followed by hand and must end
 * inside, and names that could mean something else to the host (streams, devices, dots at the end) are refused.
 */
export class Drives {
  readonly files: HostFiles;
  readonly openFiles = new OpenFiles();
  readonly #drives = new Map<string, Drive>();
  /** Drives whose folders are made when the guest first goes there. */
  readonly #promised = new Map<string, () => Drive>();

  constructor(files: HostFiles) {
    this.files = files;
  }

  /** Gives a host folder a letter. RangeError when the letter is taken or none, or the folder is not there. */
  add(letter: string, folder: string, writable: boolean): Drive {
    const upper = this.#free(letter);
    const drive = this.#made(upper, folder, writable);
    this.#drives.set(upper, drive);
    return drive;
  }

  /**
   * Gives a letter to a writable host folder that `make` makes when a path on the drive is first used: a run that
   * uses none is spared it. RangeError as add(), for the folder only then.
   */
  promise(letter: string, make: () => string): void {
    const upper = this.#free(letter);
    this.#promised.set(upper, () => this.#made(upper, make(), true));
  }

  #free(letter: string): string {
    const upper = letter.toUpperCase();
    if (!/^[A-Z]$/.test(upper)) throw new RangeError(`"${letter}" is not a drive letter`);
    if (this.#drives.has(upper) || this.#promised.has(upper))
      throw new RangeError(`drive ${upper}: is taken already`);
    return upper;
  }

  #made(letter: string, folder: string, writable: boolean): Drive {
    const root = this.files.realPath(folder);
    const status = this.files.status(folder);
    if (typeof status === 'string' || status.kind !== 'directory' || !isPath(root)) {
      throw new RangeError(`drive ${letter}: ${folder} is not a folder`);
    }
    return { letter, root: root.length > 1 ? root.replace(/[\\/]$/, '') : root, writable };
  }

  get(letter: string): Drive | undefined {
    const upper = letter.toUpperCase();
    const promised = this.#promised.get(upper);
    if (promised !== undefined) {
      this.#drives.set(upper, promised());
      this.#promised.delete(upper);
    }
    return this.#drives.get(upper);
  }
  /** All drives, by letter. */
  list(): Drive[] {
    for (const letter of [...this.#promised.keys()]) this.get(letter);
    return this.#existing();
  }
  #existing(): Drive[] {
    return [...this.#drives.values()].sort((a, b) => (a.letter < b.letter ? -1 : 1));
  }

  /** What `path` names for a process, or a Win32 error. */
  resolve(path: string, process: Process): Place | DevicePlace | number {
    const form = pathForm(path);
    if (form === 'empty') return ERROR_PATH_NOT_FOUND;
    if (path.length > LONGEST_PATH) return ERROR_PATH_NOT_FOUND;
    if (form === 'network') return ERROR_BAD_NETPATH;
    if (form === 'literal') return this.#walk(path.slice(4), true);
    const full = fullPathOf(process, path);
    if (full.startsWith('\\\\')) return this.#device(full);
    return full.length >= MAX_PATH ? ERROR_PATH_NOT_FOUND : this.#walk(full, false);
  }

  /** As resolve(), where a device is no answer. */
  resolveFile(path: string, process: Process): Place | number {
    const place = this.resolve(path, process);
    if (typeof place === 'number') return place;
    return 'device' in place ? ERROR_INVALID_NAME : place;
  }

  /** `\\.\NUL`; `\\.\C:\x` is the file; every other device is not there. */
  #device(full: string): Place | DevicePlace | number {
    const rest = full.slice(4);
    if (/^[a-z]:\\./i.test(rest)) return deviceName(rest) ? ERROR_FILE_NOT_FOUND : this.#walk(rest, false);
    const device = rest.toUpperCase();
    return DEVICES.includes(device) ? { device: device as DeviceName } : ERROR_FILE_NOT_FOUND;
  }

  /** Follows `X:\a\b` part by part. `literal` paths were not normalized: each part must be a plain name. */
  #walk(path: string, literal: boolean): Place | number {
    if (!/^[a-z]:(\\|$)/i.test(path)) return literal ? ERROR_PATH_NOT_FOUND : ERROR_INVALID_NAME;
    const drive = this.get(path[0]!);
    if (!drive) return ERROR_PATH_NOT_FOUND;
    if (path.length === 2) return ERROR_ACCESS_DENIED; // the volume itself
    if (this.#wasMoved(drive)) return ERROR_PATH_NOT_FOUND;
    const folderOnly = path.endsWith('\\');
    const parts = path.slice(3, folderOnly && path.length > 3 ? -1 : undefined).split('\\');
    if (parts.length === 1 && parts[0] === '') return this.#rootPlace(drive);
    return this.#follow(drive, parts, folderOnly);
  }

  /** A drive inside a writable one: a program may have put something else, a link even, where its folder was. */
  #wasMoved(drive: Drive): boolean {
    for (const outer of this.#drives.values()) {
      if (outer !== drive && outer.writable && isInside(outer.root, drive.root)) {
        return this.files.realPath(drive.root) !== drive.root;
      }
    }
    return false;
  }

  #rootPlace(drive: Drive): Place | number {
    const status = this.files.status(drive.root);
    if (typeof status === 'string') return ERROR_PATH_NOT_FOUND;
    const path = `${drive.letter}:\\`;
    return { drive, path, hostPath: drive.root, entry: drive.root, status, isLink: false, folderOnly: true };
  }

  #follow(drive: Drive, parts: readonly string[], folderOnly: boolean): Place | number {
    if (!parts.every(isValidName)) return ERROR_INVALID_NAME;
    let folder = drive.root;
    for (let i = 0; i < parts.length; i++) {
      const last = i === parts.length - 1;
      const found = this.#lookUp(drive, folder, parts[i]!);
      if (typeof found === 'number') {
        return found === ERROR_FILE_NOT_FOUND && !last ? ERROR_PATH_NOT_FOUND : found;
      }
      if (last) {
        const path = `${drive.letter}:\\${parts.join('\\')}`;
        return { drive, path, ...found, folderOnly };
      }
      if (found.status?.kind !== 'directory') return ERROR_PATH_NOT_FOUND;
      folder = found.hostPath;
    }
    return ERROR_PATH_NOT_FOUND;
  }

  /** What a name in a listed folder is; a link out of the drive is an error, and nobody's business. */
  child(folder: Place, name: string): Place | number {
    if (!isValidName(name)) return ERROR_INVALID_NAME;
    const found = this.#lookUp(folder.drive, folder.hostPath, name);
    if (typeof found === 'number') return found;
    const path = `${folder.path.replace(/\\$/, '')}\\${name}`;
    return { drive: folder.drive, path, ...found, folderOnly: false };
  }

  /** One name in a real folder: exact if it is there, else the first that equals it in another case. */
  #lookUp(drive: Drive, folder: string, name: string): Found | number {
    let entry = joinHost(folder, name);
    let status = this.files.linkStatus(entry);
    if (status === 'ENOENT') {
      const other = this.#otherCase(folder, name);
      if (other === undefined) return { hostPath: entry, entry, status: undefined, isLink: false };
      entry = joinHost(folder, other);
      status = this.files.linkStatus(entry);
    }
    if (typeof status === 'string') return hostError(status);
    if (status.kind !== 'link') return { hostPath: entry, entry, status, isLink: false };
    return this.#followLink(drive, entry);
  }

  /** A link must lead to something inside the drive; one that leads nowhere could be made to lead anywhere. */
  #followLink(drive: Drive, entry: string): Found | number {
    const hostPath = this.files.realPath(entry);
    if (!isPath(hostPath) || !isInside(drive.root, hostPath)) return ERROR_ACCESS_DENIED;
    const status = this.files.linkStatus(hostPath);
    if (typeof status === 'string' || status.kind === 'link') return ERROR_ACCESS_DENIED;
    return { hostPath, entry, status, isLink: true };
  }

  #otherCase(folder: string, name: string): string | undefined {
    const names = this.files.list(folder);
    if (typeof names === 'string') return undefined;
    const folded = foldName(name);
    return names.filter((other) => isValidName(other) && foldName(other) === folded).sort()[0];
  }

  /** How the guest calls a host path, by the drive with the longest matching folder; undefined outside all. */
  guestPath(hostPath: string): string | undefined {
    const real = this.files.realPath(hostPath);
    if (!isPath(real)) return undefined;
    const inside = this.#existing().filter((drive) => isInside(drive.root, real));
    const drive = inside.sort((a, b) => b.root.length - a.root.length)[0];
    if (!drive) return undefined;
    const parts = real
      .slice(drive.root.length)
      .split(separatorsOf(real))
      .filter((part) => part !== '');
    return parts.every(isValidName) ? `${drive.letter}:\\${parts.join('\\')}` : undefined;
  }
}

type Found = Pick<Place, 'hostPath' | 'entry' | 'status' | 'isLink'>;

/** A host path as against a HostError: hosts answer absolute paths. */
function isPath(answer: string): boolean {
  return /^(?:[\\/]|[A-Za-z]:)/.test(answer);
}

/** A backslash separates only where paths begin with a drive letter; elsewhere it is part of a name. */
function separatorsOf(path: string): RegExp {
  return path.startsWith('/') ? /\// : /[\\/]/;
}

function joinHost(folder: string, name: string): string {
  return separatorsOf(folder).test(folder.at(-1)!) ? folder + name : `${folder}/${name}`;
}

function isInside(root: string, path: string): boolean {
  if (path === root) return true;
  if (!path.startsWith(root)) return false;
  const separators = separatorsOf(root);
  return separators.test(root.at(-1)!) || separators.test(path[root.length]!);
}

/** GetFullPathName's answer for a process: relative to its current directory, or its `=X:` variables. */
export function fullPathOf(process: Process, path: string): string {
  return fullPath(path, process.currentDirectory, (letter) => environmentValue(process, `=${letter}:`));
}

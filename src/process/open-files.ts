import { ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION } from './errors.ts';
import { FileLocks } from './file-locks.ts';

// Access rights of a file. https://learn.microsoft.com/windows/win32/fileio/file-access-rights-constants
export const FILE_READ_DATA = 0x1;
export const FILE_WRITE_DATA = 0x2;
export const FILE_APPEND_DATA = 0x4;
export const FILE_EXECUTE = 0x20;
export const FILE_READ_ATTRIBUTES = 0x80;
export const FILE_WRITE_ATTRIBUTES = 0x100;
export const DELETE = 0x10000;
export const SYNCHRONIZE = 0x100000;

// Share modes. https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
export const FILE_SHARE_READ = 0x1;
export const FILE_SHARE_WRITE = 0x2;
export const FILE_SHARE_DELETE = 0x4;

/** One opening of a file or folder, as others have to know about it. */
export interface Opening {
  readonly access: number;
  readonly share: number;
  readonly hostPath: string;
  /** The name was changed. */
  moved(hostPath: string, path: string): void;
}
type Wanted = Pick<Opening, 'access' | 'share'>;

/** Which of read, write and delete (as share bits) an opening makes use of. */
function uses(access: number): number {
  const read = (access & (FILE_READ_DATA | FILE_EXECUTE)) !== 0 ? FILE_SHARE_READ : 0;
  const write = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) !== 0 ? FILE_SHARE_WRITE : 0;
  return read | write | ((access & DELETE) !== 0 ? FILE_SHARE_DELETE : 0);
}

/** What is known about a file beside its bytes while the machine lives. */
interface Known {
  readonly openings: Set<Opening>;
  /** Run when the last opening goes: the file is to be deleted. */
  whenClosed: (() => void) | undefined;
  /** FILE_ATTRIBUTE_* that a program set; the host has no place for them. */
  attributes: number | undefined;
  readonly locks: FileLocks;
}

/** Share modes, locks, pending deletions and attributes, by host file (not by name), for all processes of a machine. */
export class OpenFiles {
  readonly #known = new Map<string, Known>();

  /** The Win32 error that an opening would get now, or 0. Openings for attributes alone never conflict. */
  conflict(identity: string, wanted: Wanted): number {
    const known = this.#known.get(identity);
    if (!known) return 0;
    if (known.whenClosed) return ERROR_ACCESS_DENIED;
    const wantedUses = uses(wanted.access);
    if (wantedUses === 0) return 0;
    for (const other of known.openings) {
      const otherUses = uses(other.access);
      if (otherUses === 0) continue;
      if ((wantedUses & ~other.share) !== 0 || (otherUses & ~wanted.share) !== 0)
        return ERROR_SHARING_VIOLATION;
    }
    return 0;
  }

  /** Begins an opening; answers the locks of the file. */
  enter(identity: string, opening: Opening): FileLocks {
    const known = this.#knownOf(identity);
    known.openings.add(opening);
    return known.locks;
  }

  /** Ends an opening; a pending deletion happens with the last one. */
  leave(identity: string, opening: Opening): void {
    const known = this.#known.get(identity);
    if (!known?.openings.delete(opening) || known.openings.size > 0) return;
    const remove = known.whenClosed;
    if (remove || known.attributes === undefined) this.#known.delete(identity);
    remove?.();
  }

  /** Deletes with the last opening, or at once when there is none; `undefined` takes it back. */
  deleteWhenClosed(identity: string, remove: (() => void) | undefined): void {
    const known = this.#known.get(identity);
    if (known && known.openings.size > 0) known.whenClosed = remove;
    else {
      this.#known.delete(identity);
      remove?.();
    }
  }
  isDeletePending(identity: string): boolean {
    return this.#known.get(identity)?.whenClosed !== undefined;
  }

  /** Tells who has the file open its new name. */
  moved(identity: string, hostPath: string, path: string): void {
    for (const opening of this.#known.get(identity)?.openings ?? []) opening.moved(hostPath, path);
  }
  /** Whether something below a host folder is open: such a folder cannot be moved. */
  anyBelow(folder: string): boolean {
    for (const { openings } of this.#known.values()) {
      for (const { hostPath } of openings) if (hostPath !== folder && isBelow(folder, hostPath)) return true;
    }
    return false;
  }

  attributes(identity: string): number | undefined {
    return this.#known.get(identity)?.attributes;
  }
  setAttributes(identity: string, attributes: number): void {
    this.#knownOf(identity).attributes = attributes;
  }

  #knownOf(identity: string): Known {
    let known = this.#known.get(identity);
    if (!known) {
      known = {
        openings: new Set(),
        whenClosed: undefined,
        attributes: undefined,
        locks: new FileLocks(),
      };
      this.#known.set(identity, known);
    }
    return known;
  }
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder) && /[\\/]/.test(path[folder.length] ?? '');
}

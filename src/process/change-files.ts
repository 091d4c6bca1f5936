import { type Drives, hostError, type Place } from './drives.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_ALREADY_EXISTS,
  ERROR_DIRECTORY,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_SAME_DEVICE,
  ERROR_NOT_SUPPORTED,
  ERROR_SHARING_VIOLATION,
  ERROR_WRITE_PROTECT,
} from './errors.ts';
import { attributesOf, FILE_ATTRIBUTE_READONLY, placeAttributes, setAttributes } from './file-attributes.ts';
import { DiskFile, type FileObject } from './file-object.ts';
import { CREATE_ALWAYS, CREATE_NEW, OPEN_EXISTING, openFile } from './open-file.ts';
import { DELETE, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE } from './open-files.ts';
import type { Process } from './process.ts';

/**
 * Changing names: delete, move, copy, folders. Paths are guest paths; each function answers a Win32 error
 * (0 = done). CreateFile's kin and the C runtime's remove and rename both stand on them.
 */

const SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const COPY_CHUNK = 0x10_0000;

/** A place that exists on a drive that can be written, or an error. */
function changeable(drives: Drives, process: Process, path: string): Place | number {
  const place = drives.resolve(path, process);
  if (typeof place === 'number') return place;
  if ('device' in place) return ERROR_INVALID_PARAMETER;
  if (!place.status) return ERROR_FILE_NOT_FOUND;
  return place.drive.writable ? place : ERROR_WRITE_PROTECT;
}

/** Deletes a file now, or with its last handle; a folder is refused. */
export function deleteFile(process: Process, path: string): number {
  const { drives, fileCaches } = process.machine;
  if (!drives) return ERROR_NOT_SUPPORTED;
  const place = changeable(drives, process, path);
  if (typeof place === 'number') return place;
  const status = place.status!;
  if (status.kind !== 'file' || place.folderOnly) return ERROR_ACCESS_DENIED;
  if (!place.isLink) {
    if ((placeAttributes(drives, place) & FILE_ATTRIBUTE_READONLY) !== 0) return ERROR_ACCESS_DENIED;
    const refused = drives.openFiles.conflict(status.identity, { access: DELETE, share: SHARE_ALL });
    if (refused !== 0) return refused;
    const host = drives.files.open(place.hostPath, {
      write: false,
      create: false,
      exclusive: false,
      truncate: false,
    });
    if (typeof host !== 'string') {
      const cache = fileCaches.open(host, place.path);
      const mapped = cache.sections.size > 0;
      cache.release();
      if (mapped) return ERROR_ACCESS_DENIED;
    }
  }
  let error = 0;
  const remove = () => {
    const failure = drives.files.remove(place.entry);
    error = failure === undefined ? 0 : hostError(failure);
  };
  if (place.isLink) remove();
  else drives.openFiles.deleteWhenClosed(status.identity, remove);
  return error;
}

export function createFolder(process: Process, path: string): number {
  const { drives } = process.machine;
  if (!drives) return ERROR_NOT_SUPPORTED;
  const place = drives.resolve(path, process);
  if (typeof place === 'number') return place;
  if ('device' in place) return ERROR_DIRECTORY;
  if (place.status) return ERROR_ALREADY_EXISTS;
  if (!place.drive.writable) return ERROR_WRITE_PROTECT;
  const error = drives.files.makeDirectory(place.entry);
  return error === undefined ? 0 : error === 'EEXIST' ? ERROR_ALREADY_EXISTS : hostError(error);
}

export function removeFolder(process: Process, path: string): number {
  const { drives } = process.machine;
  if (!drives) return ERROR_NOT_SUPPORTED;
  const place = changeable(drives, process, path);
  if (typeof place === 'number') return place;
  if (place.status!.kind !== 'directory') return ERROR_DIRECTORY;
  if (place.entry === place.drive.root) return ERROR_ACCESS_DENIED;
  if (isCurrentFolder(drives, process, place)) return ERROR_SHARING_VIOLATION;
  const refused = drives.openFiles.conflict(place.status!.identity, { access: DELETE, share: SHARE_ALL });
  if (refused !== 0) return refused;
  const { files } = drives;
  const error = place.isLink ? files.remove(place.entry) : files.removeDirectory(place.entry);
  return error === undefined ? 0 : hostError(error);
}

/** A process keeps its current folder open. */
function isCurrentFolder(drives: Drives, process: Process, place: Place): boolean {
  const current = drives.resolveFile(process.currentDirectory, process);
  return typeof current !== 'number' && current.status?.identity === place.status!.identity;
}

export interface MoveOptions {
  readonly replace: boolean;
  /** A file may be copied and deleted where a rename cannot do it: from drive to drive. */
  readonly copy: boolean;
}

export function moveFile(process: Process, from: string, to: string, options: MoveOptions): number {
  const { drives } = process.machine;
  if (!drives) return ERROR_NOT_SUPPORTED;
  const source = drives.resolveFile(from, process);
  if (typeof source === 'number') return source;
  if (!source.status) return ERROR_FILE_NOT_FOUND;
  const target = drives.resolveFile(to, process);
  if (typeof target === 'number') return target;
  const refused = moveRefused(drives, process, source, target, options);
  if (refused !== 0) return refused;
  if (source.drive !== target.drive) return moveAcross(process, source, target, from, to, options);
  if (!source.drive.writable) return ERROR_WRITE_PROTECT;
  const { identity } = source.status;
  const goal = renameGoal(source, target);
  const error = drives.files.rename(source.entry, goal);
  if (error !== undefined) return error === 'EINVAL' ? ERROR_INVALID_PARAMETER : hostError(error);
  drives.openFiles.moved(identity, goal, target.path);
  return 0;
}

/** A target that is the source in another case gets the new spelling; otherwise what is there is replaced. */
function renameGoal(source: Place, target: Place): string {
  if (target.entry !== source.entry) return target.entry;
  const name = target.path.slice(target.path.lastIndexOf('\\') + 1);
  return target.entry.replace(/[^\\/]*$/, () => name);
}

function moveRefused(
  drives: Drives,
  process: Process,
  source: Place,
  target: Place,
  options: MoveOptions,
): number {
  const { openFiles } = drives;
  const status = source.status!;
  const refused = openFiles.conflict(status.identity, { access: DELETE, share: SHARE_ALL });
  if (refused !== 0) return refused;
  // A relative link means something else in another place: it stays where the host has put it.
  if (source.entry === source.drive.root || source.isLink) return ERROR_ACCESS_DENIED;
  if (status.kind === 'directory') {
    if (isCurrentFolder(drives, process, source)) return ERROR_SHARING_VIOLATION;
    if (openFiles.anyBelow(source.hostPath)) return ERROR_ACCESS_DENIED;
  } else if (target.folderOnly) return ERROR_DIRECTORY;
  if (!target.status || target.entry === source.entry) return 0;
  if (!options.replace) return ERROR_ALREADY_EXISTS;
  if (target.status.kind !== 'file' || status.kind !== 'file') return ERROR_ACCESS_DENIED;
  if ((attributesOf(drives, target.status) & FILE_ATTRIBUTE_READONLY) !== 0) return ERROR_ACCESS_DENIED;
  return openFiles.conflict(target.status.identity, { access: DELETE, share: SHARE_ALL }) === 0
    ? 0
    : ERROR_ACCESS_DENIED;
}

function moveAcross(
  process: Process,
  source: Place,
  target: Place,
  from: string,
  to: string,
  options: MoveOptions,
): number {
  if (!options.copy || source.status!.kind !== 'file') return ERROR_NOT_SAME_DEVICE;
  if (!source.drive.writable || !target.drive.writable) return ERROR_WRITE_PROTECT;
  return copyFile(process, from, to, !options.replace) || deleteFile(process, from);
}

/** Copies bytes and attributes, through the same pages that everybody reads. */
export function copyFile(process: Process, from: string, to: string, failIfExists: boolean): number {
  const { drives } = process.machine;
  if (!drives) return ERROR_NOT_SUPPORTED;
  const source = openFile(process, from, {
    access: GENERIC_READ,
    share: SHARE_ALL,
    disposition: OPEN_EXISTING,
  });
  if (!source.object) return source.error;
  source.object.opened();
  const disposition = failIfExists ? CREATE_NEW : CREATE_ALWAYS;
  const target = openFile(process, to, { access: GENERIC_WRITE, share: 0, disposition });
  if (!target.object) {
    source.object.closed();
    return target.error;
  }
  target.object.opened();
  const error = copyBytes(source.object, target.object);
  if (error === 0 && source.object instanceof DiskFile && target.object instanceof DiskFile) {
    const [a, b] = [source.object.disk.status(), target.object.disk.status()];
    if (a && b) setAttributes(drives, b, attributesOf(drives, a));
  }
  source.object.closed();
  target.object.closed();
  return error;
}

function copyBytes(source: FileObject, target: FileObject): number {
  for (;;) {
    const bytes = source.read(COPY_CHUNK);
    if (bytes === undefined) return ERROR_ACCESS_DENIED;
    if (typeof bytes === 'number') return bytes;
    if (bytes.length === 0) return 0;
    const error = target.write(bytes);
    if (error !== 0) return error;
  }
}

import type { HostFileStatus } from '../machine/host.ts';
import { ConsoleObject } from './console-object.ts';
import { type DevicePlace, type Drives, hostError, type Place } from './drives.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_NAME,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_SUPPORTED,
  ERROR_WRITE_PROTECT,
} from './errors.ts';
import {
  FILE_ATTRIBUTE_ARCHIVE,
  FILE_ATTRIBUTE_HIDDEN,
  FILE_ATTRIBUTE_READONLY,
  FILE_ATTRIBUTE_SYSTEM,
  placeAttributes,
  settable,
} from './file-attributes.ts';
import { type DiskEntry, DiskFile, type FileObject, Folder, NullDevice } from './file-object.ts';
import {
  DELETE,
  FILE_APPEND_DATA,
  FILE_READ_ATTRIBUTES,
  FILE_READ_DATA,
  FILE_WRITE_ATTRIBUTES,
  FILE_WRITE_DATA,
  SYNCHRONIZE,
} from './open-files.ts';
import type { Process } from './process.ts';
import { consoleState } from './standard-handles.ts';
import { win32Error } from './win32-error.ts';

// https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
export const CREATE_NEW = 1;
export const CREATE_ALWAYS = 2;
export const OPEN_EXISTING = 3;
export const OPEN_ALWAYS = 4;
export const TRUNCATE_EXISTING = 5;

/** Generic rights and what they are for files, by https://learn.microsoft.com/windows/win32/fileio/file-security-and-access-rights. */
const GENERIC: readonly (readonly [number, number])[] = [
  [0x8000_0000, 0x120089],
  [0x4000_0000, 0x120116],
  [0x2000_0000, 0x1200a0],
  [0x1000_0000, 0x1f01ff],
];
const MAXIMUM_ALLOWED = 0x0200_0000;
const FILE_ALL_ACCESS = 0x1f01ff;
const NEEDS_WRITING = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_ATTRIBUTES | DELETE;

/** File-specific rights for what a program asked for. */
export function fileAccess(desired: number, writable = true): number {
  let access = desired & 0x1fffff;
  for (const [generic, specific] of GENERIC) if ((desired & generic) !== 0) access |= specific;
  if ((desired & MAXIMUM_ALLOWED) !== 0) access |= writable ? FILE_ALL_ACCESS : 0x1200a9;
  return access | SYNCHRONIZE | FILE_READ_ATTRIBUTES;
}

export interface OpenRequest {
  /** Desired access: generic or FILE_* rights. */
  readonly access: number;
  /** FILE_SHARE_*. */
  readonly share: number;
  /** CREATE_NEW … TRUNCATE_EXISTING. */
  readonly disposition: number;
  /** FILE_ATTRIBUTE_* of a file that is made. */
  readonly attributes?: number;
  readonly writeThrough?: boolean;
  readonly unbuffered?: boolean;
  readonly deleteOnClose?: boolean;
  /** FILE_FLAG_BACKUP_SEMANTICS: folders can be opened. */
  readonly folders?: boolean;
}

/** An opened object; `error` is ERROR_ALREADY_EXISTS where a file was there that could have been made. */
export interface Opened {
  readonly object: FileObject | undefined;
  readonly error: number;
}
const failed = (error: number): Opened => ({ object: undefined, error });

/**
 * Opens or makes what a path names. The one way to files: CreateFile and the C runtime's open stand on it.
 * The object has no handle yet: give it one with process.handles.add(object, object.access).
 */
export function openFile(process: Process, path: string, request: OpenRequest): Opened {
  const { drives } = process.machine;
  if (!drives) return failed(ERROR_NOT_SUPPORTED);
  const { disposition } = request;
  if (disposition < CREATE_NEW || disposition > TRUNCATE_EXISTING) return failed(ERROR_INVALID_PARAMETER);
  const place = drives.resolve(path, process);
  if (typeof place === 'number') return failed(place);
  if ('device' in place) return openDevice(process, place, request);
  if (disposition === TRUNCATE_EXISTING && (fileAccess(request.access) & FILE_WRITE_DATA) === 0) {
    return failed(ERROR_INVALID_PARAMETER);
  }
  if (place.status?.kind === 'directory') return openFolder(drives, place, request);
  if (place.folderOnly) return failed(ERROR_INVALID_NAME);
  return openOnDisk(process, drives, place, request);
}

function openDevice(process: Process, place: DevicePlace, request: OpenRequest): Opened {
  const access = fileAccess(request.access);
  if (place.device === 'NUL') return { object: new NullDevice(access), error: 0 };
  const { host } = process.machine;
  if (!host) return failed(ERROR_FILE_NOT_FOUND);
  const reads = (access & FILE_READ_DATA) !== 0;
  const writes = (access & FILE_WRITE_DATA) !== 0;
  // CON is input or output by the access asked for, and cannot be both.
  if (place.device === 'CON' && reads === writes) return failed(ERROR_INVALID_PARAMETER);
  const input = place.device === 'CONIN$' || (place.device === 'CON' && reads);
  return { object: new ConsoleObject(host.console, input ? 0 : 1, consoleState(process)), error: 0 };
}

/** Only existing folders can be opened, and only by a caller that says it knows that they are folders. */
function openFolder(drives: Drives, place: Place, request: OpenRequest): Opened {
  if (request.disposition === CREATE_NEW) return failed(ERROR_FILE_EXISTS);
  const opens = request.disposition === OPEN_EXISTING || request.disposition === OPEN_ALWAYS;
  if (!request.folders || !opens) return failed(ERROR_ACCESS_DENIED);
  const access = fileAccess(request.access, place.drive.writable) | (request.deleteOnClose ? DELETE : 0);
  if (!place.drive.writable && (access & NEEDS_WRITING) !== 0) return failed(ERROR_WRITE_PROTECT);
  // The root belongs to the host: nobody gets a handle that could delete it.
  if (place.entry === place.drive.root && (access & DELETE) !== 0) return failed(ERROR_ACCESS_DENIED);
  const refused = drives.openFiles.conflict(place.status!.identity, { access, share: request.share });
  if (refused !== 0) return failed(refused);
  const folder = new Folder(diskEntry(drives, place), drives.openFiles, access, request.share);
  return finish(folder, place, request, request.disposition === OPEN_ALWAYS);
}

function openOnDisk(process: Process, drives: Drives, place: Place, request: OpenRequest): Opened {
  const { disposition } = request;
  const { status, drive } = place;
  const exists = status !== undefined;
  if (!exists && (disposition === OPEN_EXISTING || disposition === TRUNCATE_EXISTING)) {
    return failed(ERROR_FILE_NOT_FOUND);
  }
  if (exists && disposition === CREATE_NEW) return failed(ERROR_FILE_EXISTS);
  // Pipes, sockets and devices of the host that lie in a drive's folder are none of the guest's business.
  if (exists && status.kind !== 'file') return failed(ERROR_ACCESS_DENIED);
  const access = fileAccess(request.access, drive.writable) | (request.deleteOnClose ? DELETE : 0);
  const empties = exists && (disposition === CREATE_ALWAYS || disposition === TRUNCATE_EXISTING);
  const changes = !exists || empties || (access & NEEDS_WRITING) !== 0;
  if (changes && !drive.writable) return failed(ERROR_WRITE_PROTECT);
  if (exists) {
    const has = placeAttributes(drives, place);
    const readOnly = (has & FILE_ATTRIBUTE_READONLY) !== 0;
    // A hidden or system file is only made anew by who knows that it is one.
    const kept = has & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM) & ~(request.attributes ?? 0);
    if (disposition === CREATE_ALWAYS && kept !== 0) return failed(ERROR_ACCESS_DENIED);
    if (
      readOnly &&
      (empties || (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) !== 0 || request.deleteOnClose)
    ) {
      return failed(ERROR_ACCESS_DENIED);
    }
    const refused = drives.openFiles.conflict(status.identity, { access, share: request.share });
    if (refused !== 0) return failed(refused);
  }
  const object = openHostFile(process, drives, place, request, access, empties);
  if (typeof object === 'number') return failed(object);
  return finish(
    object,
    place,
    request,
    exists && (disposition === CREATE_ALWAYS || disposition === OPEN_ALWAYS),
  );
}

function openHostFile(
  process: Process,
  drives: Drives,
  place: Place,
  request: OpenRequest,
  access: number,
  empties: boolean,
): DiskFile | number {
  const create = place.status === undefined;
  const write = create || empties || (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) !== 0;
  const host = drives.files.open(place.hostPath, { write, create, exclusive: create, truncate: false });
  if (typeof host === 'string') return hostError(host);
  const status = host.status();
  const cache = process.machine.fileCaches.open(host, place.path);
  if (empties) {
    // Through the cache, which knows whether views hold the file at its size.
    const error = win32Error(cache.setSize(0));
    if (error !== 0) {
      cache.release();
      return error;
    }
  }
  const file = new DiskFile(
    cache,
    diskEntry(drives, { ...place, status }),
    drives.openFiles,
    access,
    request.share,
  );
  if (create || empties) {
    setFileAttributes(drives, status, request, empties);
  }
  return file;
}

/** A file that is made anew has ARCHIVE besides what is asked for; an emptied one (not replaced) keeps its own. */
function setFileAttributes(
  drives: Drives,
  status: HostFileStatus,
  request: OpenRequest,
  existed: boolean,
): void {
  if (existed && request.disposition !== CREATE_ALWAYS) return;
  const attributes = settable(request.attributes ?? 0) | FILE_ATTRIBUTE_ARCHIVE;
  const known = drives.openFiles.attributes(status.identity);
  if (attributes !== (known ?? FILE_ATTRIBUTE_ARCHIVE))
    drives.openFiles.setAttributes(status.identity, attributes);
}

function finish(object: DiskFile | Folder, place: Place, request: OpenRequest, existed: boolean): Opened {
  object.path = place.path;
  object.deleteOnClose = request.deleteOnClose ?? false;
  if (object instanceof DiskFile) {
    object.writeThrough = request.writeThrough ?? false;
    object.unbuffered = request.unbuffered ?? false;
  }
  return { object, error: existed ? ERROR_ALREADY_EXISTS : 0 };
}

/** `place.status` must be known. */
function diskEntry(drives: Drives, place: Place): DiskEntry {
  const { files } = drives;
  const folder = place.status!.kind === 'directory' && !place.isLink;
  return {
    identity: place.status!.identity,
    hostPath: place.hostPath,
    entry: place.entry,
    driveWritable: place.drive.writable,
    status() {
      const status = files.status(this.hostPath);
      return typeof status === 'string' ? undefined : status;
    },
    remove() {
      const error = folder ? files.removeDirectory(this.entry) : files.remove(this.entry);
      return error === undefined ? 0 : hostError(error);
    },
    setTimes(accessed, modified) {
      const error = files.setTimes(this.hostPath, accessed, modified);
      return error === undefined ? 0 : hostError(error);
    },
  };
}

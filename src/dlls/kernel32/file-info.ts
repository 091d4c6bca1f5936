import type { HostFileStatus } from '../../machine/host.ts';
import type { Drives, Place } from '../../process/drives.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_BAD_LENGTH,
  ERROR_DIR_NOT_EMPTY,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_FUNCTION,
  ERROR_INVALID_HANDLE,
  ERROR_INVALID_NAME,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_SUPPORTED,
  ERROR_WRITE_PROTECT,
} from '../../process/errors.ts';
import {
  attributesOf,
  FILE_ATTRIBUTE_ARCHIVE,
  FILE_ATTRIBUTE_DIRECTORY,
  FILE_ATTRIBUTE_READONLY,
  setAttributes,
} from '../../process/file-attributes.ts';
import { DiskFile, DiskObject } from '../../process/file-object.ts';
import { DELETE } from '../../process/open-files.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library, service } from '../api.ts';
import { ANSI, giveText, readPath, type TextForm, WIDE } from '../guest-text.ts';
import { fileOf } from './file.ts';
import { writeFileTime } from './time.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-{}';
const BY_HANDLE_PAGES = 'https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-{}';

const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
const GetFileExInfoStandard = 0;
const TWO_32 = 0x1_0000_0000;

/** The machine's drives, or undefined with last error set. */
export function drivesOf(thread: Thread): Drives | undefined {
  const { drives } = thread.process.machine;
  if (!drives) thread.fail(ERROR_NOT_SUPPORTED);
  return drives;
}

/** What exists at a path; 'device' for NUL and its kind; undefined with last error set. */
export function existing(
  thread: Thread,
  form: TextForm,
  address: number,
): (Place & { status: HostFileStatus }) | 'device' | undefined {
  const drives = drivesOf(thread);
  const path = readPath(thread, form, address);
  if (!drives || path === undefined) return undefined;
  const place = drives.resolve(path, thread.process);
  if (typeof place === 'number') thread.fail(place);
  else if ('device' in place) return 'device';
  else if (!place.status) thread.fail(ERROR_FILE_NOT_FOUND);
  else if (place.folderOnly && place.status.kind !== 'directory') thread.fail(ERROR_INVALID_NAME);
  else return place as Place & { status: HostFileStatus };
  return undefined;
}

/** Attributes, three times and size: how WIN32_FIND_DATA and WIN32_FILE_ATTRIBUTE_DATA both begin. */
export function writeFileData(thread: Thread, at: number, drives: Drives, status: HostFileStatus): void {
  const { memory } = thread;
  const size = status.kind === 'directory' ? 0 : status.size;
  memory.setU32(at, attributesOf(drives, status));
  writeFileTime(thread, at + 4, status.created);
  writeFileTime(thread, at + 12, status.accessed);
  writeFileTime(thread, at + 20, status.modified);
  memory.setU32(at + 28, Math.floor(size / TWO_32));
  memory.setU32(at + 32, size >>> 0);
}

function getAttributes(form: TextForm) {
  return (thread: Thread, path: number): number => {
    const place = existing(thread, form, path);
    if (place === 'device') return FILE_ATTRIBUTE_ARCHIVE;
    return place ? attributesOf(drivesOf(thread)!, place.status) : INVALID_FILE_ATTRIBUTES;
  };
}

function getAttributesEx(form: TextForm) {
  return (thread: Thread, path: number, level: number, into: number): number => {
    if (level !== GetFileExInfoStandard) return thread.fail(ERROR_INVALID_PARAMETER);
    const place = existing(thread, form, path);
    if (!place) return 0;
    if (place === 'device') return thread.fail(ERROR_INVALID_PARAMETER);
    writeFileData(thread, into, drivesOf(thread)!, place.status);
    return 1;
  };
}

function setFileAttributes(form: TextForm) {
  return (thread: Thread, path: number, attributes: number): number => {
    const place = existing(thread, form, path);
    if (!place) return 0;
    if (place === 'device') return thread.fail(ERROR_ACCESS_DENIED);
    if (!place.drive.writable) return thread.fail(ERROR_WRITE_PROTECT);
    setAttributes(drivesOf(thread)!, place.status, attributes);
    return 1;
  };
}

/** A file or folder of a drive behind a handle, with its status now; undefined with last error set. */
function diskOf(
  thread: Thread,
  handle: number,
  right = 0,
): { object: DiskObject; status: HostFileStatus } | undefined {
  const object = fileOf(thread, handle, right);
  if (!object) return undefined;
  const status = object instanceof DiskObject ? object.disk.status() : undefined;
  if (status) return { object: object as DiskObject, status };
  // A name that was deleted under an open file leaves nothing to ask the host about.
  thread.fail(object instanceof DiskObject ? ERROR_ACCESS_DENIED : ERROR_INVALID_HANDLE);
  return undefined;
}

function sizeOf(object: DiskObject, status: HostFileStatus): number {
  if (object instanceof DiskFile) return object.cache.size;
  return status.kind === 'directory' ? 0 : status.size;
}

/** 64 bits that name a file on its volume: inode numbers as they are, anything else hashed. */
function fileIndex(identity: string): { low: number; high: number } {
  const inode = /^\d+:(\d+)$/.exec(identity)?.[1];
  if (inode !== undefined) {
    const value = BigInt.asUintN(64, BigInt(inode));
    return { low: Number(value & 0xffff_ffffn), high: Number(value >> 32n) };
  }
  let low = 0x811c_9dc5;
  let high = 0x9e37_79b9;
  for (let i = 0; i < identity.length; i++) {
    low = Math.imul(low ^ identity.charCodeAt(i), 0x0100_0193) >>> 0;
    high = Math.imul(high + low, 0x85eb_ca6b) >>> 0;
  }
  return { low, high };
}

/** Serial numbers of drives: made up, the same every run. */
export function volumeSerial(letter: string): number {
  return 0x5749_4e00 + letter.charCodeAt(0);
}

/** https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-by_handle_file_information */
function informationByHandle(thread: Thread, handle: number, into: number): number {
  const found = diskOf(thread, handle);
  if (!found) return 0;
  const { object, status } = found;
  const { memory } = thread;
  const size = sizeOf(object, status);
  const index = fileIndex(status.identity);
  writeFileData(thread, into, drivesOf(thread)!, status);
  memory.setU32(into + 28, volumeSerial(object.path));
  memory.setU32(into + 32, Math.floor(size / TWO_32));
  memory.setU32(into + 36, size >>> 0);
  memory.setU32(into + 40, 1);
  memory.setU32(into + 44, index.high);
  memory.setU32(into + 48, index.low);
  return 1;
}

function getFileTime(
  thread: Thread,
  handle: number,
  created: number,
  accessed: number,
  modified: number,
): number {
  const found = diskOf(thread, handle);
  if (!found) return 0;
  if (created !== 0) writeFileTime(thread, created, found.status.created);
  if (accessed !== 0) writeFileTime(thread, accessed, found.status.accessed);
  if (modified !== 0) writeFileTime(thread, modified, found.status.modified);
  return 1;
}

// FILE_INFO_BY_HANDLE_CLASS. https://learn.microsoft.com/windows/win32/api/minwinbase/ne-minwinbase-file_info_by_handle_class
const FileBasicInfo = 0;
const FileStandardInfo = 1;
const FileDispositionInfo = 4;
const FileEndOfFileInfo = 6;
const FileAttributeTagInfo = 9;
const FileIdInfo = 18;
const SIZES: Readonly<Record<number, number>> = {
  [FileBasicInfo]: 40,
  [FileStandardInfo]: 24,
  [FileAttributeTagInfo]: 8,
  [FileIdInfo]: 24,
};

function informationByHandleEx(
  thread: Thread,
  handle: number,
  kind: number,
  into: number,
  size: number,
): number {
  const needed = SIZES[kind];
  if (needed === undefined)
    return thread.stop(`kernel32!GetFileInformationByHandleEx: class ${kind} is not built yet`);
  if (size < needed) return thread.fail(ERROR_BAD_LENGTH);
  const found = diskOf(thread, handle);
  if (!found) return 0;
  const { object, status } = found;
  const { memory } = thread;
  memory.fill(into, 0, needed);
  const attributes = attributesOf(drivesOf(thread)!, status);
  if (kind === FileBasicInfo) {
    writeFileTime(thread, into, status.created);
    writeFileTime(thread, into + 8, status.accessed);
    writeFileTime(thread, into + 16, status.modified);
    writeFileTime(thread, into + 24, status.modified);
    memory.setU32(into + 32, attributes);
  } else if (kind === FileStandardInfo) {
    const bytes = sizeOf(object, status);
    memory.setU64(into, Math.ceil(bytes / CLUSTER) * CLUSTER);
    memory.setU64(into + 8, bytes);
    memory.setU32(into + 16, 1);
    memory.setU8(into + 20, object.openFiles.isDeletePending(status.identity) ? 1 : 0);
    memory.setU8(into + 21, (attributes & FILE_ATTRIBUTE_DIRECTORY) !== 0 ? 1 : 0);
  } else if (kind === FileAttributeTagInfo) {
    memory.setU32(into, attributes);
  } else {
    const index = fileIndex(status.identity);
    memory.setU32(into, volumeSerial(object.path));
    memory.setHalves(into + 8, index.low, index.high);
  }
  return 1;
}
/** Allocation unit of our volumes. */
const CLUSTER = 4096;

function setInformationByHandle(
  thread: Thread,
  handle: number,
  kind: number,
  from: number,
  size: number,
): number {
  if (kind === FileDispositionInfo) {
    if (size < 1) return thread.fail(ERROR_BAD_LENGTH);
    const on = thread.memory.u8(from) !== 0;
    const found = diskOf(thread, handle, DELETE);
    if (!found) return 0;
    const refused = on ? deletionRefused(thread, found.object, found.status) : 0;
    if (refused !== 0) return thread.fail(refused);
    found.object.setDelete(on);
    return 1;
  }
  if (kind === FileEndOfFileInfo) {
    if (size < 8) return thread.fail(ERROR_BAD_LENGTH);
    const end = thread.memory.u64(from);
    const object = fileOf(thread, handle);
    if (!object) return 0;
    if (!(object instanceof DiskFile)) return thread.fail(ERROR_INVALID_PARAMETER);
    const error = object.setEnd(end);
    return error === 0 ? 1 : thread.fail(error);
  }
  if (kind === FileBasicInfo) {
    return thread.stop(
      'kernel32!SetFileInformationByHandle: setting times and attributes by handle is not built yet',
    );
  }
  return thread.stop(`kernel32!SetFileInformationByHandle: class ${kind} is not built yet`);
}

/** Why an open file cannot be marked for deletion, or 0. */
function deletionRefused(thread: Thread, object: DiskObject, status: HostFileStatus): number {
  if (!object.disk.driveWritable) return ERROR_WRITE_PROTECT;
  const attributes = attributesOf(drivesOf(thread)!, status);
  if ((attributes & FILE_ATTRIBUTE_READONLY) !== 0) return ERROR_ACCESS_DENIED;
  if (object instanceof DiskFile && object.cache.sections.size > 0) return ERROR_ACCESS_DENIED;
  if (status.kind !== 'directory') return 0;
  const names = drivesOf(thread)!.files.list(object.hostPath);
  return typeof names !== 'string' && names.length > 0 ? ERROR_DIR_NOT_EMPTY : 0;
}

const VOLUME_NAME_NONE = 0x4;
const VOLUME_NAME_GUID = 0x1;
const VOLUME_NAME_NT = 0x2;

function finalPath(form: TextForm, name: string) {
  return (thread: Thread, handle: number, buffer: number, size: number, flags: number): number => {
    const object = fileOf(thread, handle);
    if (!object) return 0;
    if (!(object instanceof DiskObject)) return thread.fail(ERROR_INVALID_FUNCTION);
    if ((flags & (VOLUME_NAME_GUID | VOLUME_NAME_NT)) !== 0) {
      return thread.stop(`kernel32!${name}: VOLUME_NAME_GUID and VOLUME_NAME_NT are not built yet`);
    }
    const bare = (flags & VOLUME_NAME_NONE) !== 0;
    return giveText(thread, form, buffer, size, bare ? object.path.slice(2) : `\\\\?\\${object.path}`);
  };
}

const EX = 'lpFileName: address, fInfoLevelId: dword, lpFileInformation: address';
const FINAL = 'hFile: handle, lpszFilePath: address, cchFilePath: dword, dwFlags: dword';

/** fileapi.h: what is known about files. Paths are read in user mode: a bad pointer raises. */
export const fileInfoApi = family('kernel32', PAGES, () => ({
  GetFileAttributesA: library('lpFileName: address', 'dword', getAttributes(ANSI)),
  GetFileAttributesW: library('lpFileName: address', 'dword', getAttributes(WIDE)),
  GetFileAttributesExA: library(EX, 'bool', getAttributesEx(ANSI)),
  GetFileAttributesExW: library(EX, 'bool', getAttributesEx(WIDE)),
  SetFileAttributesA: library(
    'lpFileName: address, dwFileAttributes: dword',
    'bool',
    setFileAttributes(ANSI),
  ),
  SetFileAttributesW: library(
    'lpFileName: address, dwFileAttributes: dword',
    'bool',
    setFileAttributes(WIDE),
  ),
  GetFileInformationByHandle: service(
    'hFile: handle, lpFileInformation: address',
    'bool',
    informationByHandle,
  ),
  GetFileTime: service(
    'hFile: handle, lpCreationTime: address, lpLastAccessTime: address, lpLastWriteTime: address',
    'bool',
    getFileTime,
  ),
  GetFinalPathNameByHandleA: library(FINAL, 'dword', finalPath(ANSI, 'GetFinalPathNameByHandleA')),
  GetFinalPathNameByHandleW: library(FINAL, 'dword', finalPath(WIDE, 'GetFinalPathNameByHandleW')),
}));

/** winbase.h: information classes by handle. */
export const fileInfoClassApi = family('kernel32', BY_HANDLE_PAGES, () => ({
  GetFileInformationByHandleEx: service(
    'hFile: handle, FileInformationClass: dword, lpFileInformation: address, dwBufferSize: dword',
    'bool',
    informationByHandleEx,
  ),
  SetFileInformationByHandle: service(
    'hFile: handle, FileInformationClass: dword, lpFileInformation: address, dwBufferSize: dword',
    'bool',
    setInformationByHandle,
  ),
}));

import type { HostFileStatus } from '../machine/host.ts';
import type { Drives, Place } from './drives.ts';

// https://learn.microsoft.com/windows/win32/fileio/file-attribute-constants
export const FILE_ATTRIBUTE_READONLY = 0x1;
export const FILE_ATTRIBUTE_HIDDEN = 0x2;
export const FILE_ATTRIBUTE_SYSTEM = 0x4;
export const FILE_ATTRIBUTE_DIRECTORY = 0x10;
export const FILE_ATTRIBUTE_ARCHIVE = 0x20;
export const FILE_ATTRIBUTE_NORMAL = 0x80;
export const FILE_ATTRIBUTE_TEMPORARY = 0x100;
export const FILE_ATTRIBUTE_NOT_CONTENT_INDEXED = 0x2000;

/** Attributes that a program can set; the rest are facts. */
const SETTABLE =
  FILE_ATTRIBUTE_READONLY |
  FILE_ATTRIBUTE_HIDDEN |
  FILE_ATTRIBUTE_SYSTEM |
  FILE_ATTRIBUTE_ARCHIVE |
  FILE_ATTRIBUTE_TEMPORARY |
  FILE_ATTRIBUTE_NOT_CONTENT_INDEXED;

export function settable(attributes: number): number {
  return attributes & SETTABLE;
}

/**
 * A file's attributes. What a program set lives as long as the machine, for hosts have no place for it; else a
 * file has ARCHIVE, and READONLY where the host forbids writing it.
 */
export function attributesOf(drives: Drives, status: HostFileStatus): number {
  const folder = status.kind === 'directory';
  const set = drives.openFiles.attributes(status.identity);
  const own = set ?? (folder ? 0 : FILE_ATTRIBUTE_ARCHIVE);
  const readOnly = !folder && !status.writable ? FILE_ATTRIBUTE_READONLY : 0;
  const all = own | readOnly | (folder ? FILE_ATTRIBUTE_DIRECTORY : 0);
  return all === 0 ? FILE_ATTRIBUTE_NORMAL : all;
}

/** attributesOf() a place where something is. */
export function placeAttributes(drives: Drives, place: Place): number {
  return attributesOf(drives, place.status!);
}

/** Sets what can be set; FILE_ATTRIBUTE_NORMAL stands for none. */
export function setAttributes(drives: Drives, status: HostFileStatus, attributes: number): void {
  drives.openFiles.setAttributes(status.identity, settable(attributes));
}

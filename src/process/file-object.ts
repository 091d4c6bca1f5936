import type { HostFileStatus } from '../machine/host.ts';
import type { FileCache } from '../memory/file-cache.ts';
import { STATUS_END_OF_FILE } from '../memory/status.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_INVALID_FUNCTION,
  ERROR_INVALID_PARAMETER,
  ERROR_LOCK_VIOLATION,
} from './errors.ts';
import type { FileLocks } from './file-locks.ts';
import { KernelObject } from './objects.ts';
import {
  FILE_APPEND_DATA,
  FILE_READ_DATA,
  FILE_WRITE_DATA,
  type OpenFiles,
  type Opening,
} from './open-files.ts';
import { win32Error } from './win32-error.ts';

// GetFileType's answers. https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfiletype
export const FILE_TYPE_DISK = 1;
export const FILE_TYPE_CHAR = 2;
export const FILE_TYPE_PIPE = 3;

/** Answer of read(): nothing is there yet; ask whenReadable(). */
export const NOT_YET = undefined;

/**
 * What a file handle refers to: a file, a folder, the console, a pipe, NUL. Operations answer a Win32 error
 * (0 = done); a position of undefined means the object's own, which then moves.
 */
export abstract class FileObject extends KernelObject {
  readonly type = 'file';
  /** FILE_TYPE_*. */
  abstract readonly deviceType: number;
  /** Granted FILE_* rights. */
  readonly access: number;
  /** Full guest path, '' for objects without one. */
  path = '';
  /** The pages of a file on a drive: what sections are made of. */
  readonly cache: FileCache | undefined = undefined;
  /** Bytes that the last write moved. */
  transferred = 0;

  constructor(access: number) {
    super();
    this.access = access;
  }

  /** Up to `max` bytes (none at the end), NOT_YET, or a Win32 error. */
  abstract read(max: number, position?: number): Uint8Array | number | typeof NOT_YET;
  abstract write(bytes: Uint8Array, position?: number): number;
  /** Calls back once when read() would answer something else than NOT_YET. */
  whenReadable(callback: () => void): void {
    callback();
  }
  flush(): number {
    return 0;
  }
  protected destroy(): void {}
}

/** NUL: takes everything, holds nothing. */
export class NullDevice extends FileObject {
  readonly deviceType = FILE_TYPE_CHAR;
  read(): Uint8Array {
    return new Uint8Array(0);
  }
  write(bytes: Uint8Array): number {
    this.transferred = bytes.length;
    return 0;
  }
}

/** Where a disk object stands in its drive, for sharing and deletion; a rename moves it. */
export interface DiskEntry {
  readonly identity: string;
  hostPath: string;
  entry: string;
  readonly driveWritable: boolean;
  /** Status of the host file now. */
  status(): HostFileStatus | undefined;
  /** Removes the name; answers a Win32 error. */
  remove(): number;
  /** Sets when the file was read and changed last, in milliseconds since 1970 UTC; answers a Win32 error. */
  setTimes(accessed: number, modified: number): number;
}

/** A file or folder on a drive: it takes part in sharing and can be deleted when closed. */
export abstract class DiskObject extends FileObject implements Opening {
  readonly deviceType = FILE_TYPE_DISK;
  readonly share: number;
  readonly disk: DiskEntry;
  readonly openFiles: OpenFiles;
  readonly locks: FileLocks;
  /** FILE_FLAG_DELETE_ON_CLOSE. */
  deleteOnClose = false;

  constructor(disk: DiskEntry, openFiles: OpenFiles, access: number, share: number) {
    super(access);
    this.disk = disk;
    this.openFiles = openFiles;
    this.share = share;
    this.locks = openFiles.enter(disk.identity, this);
  }

  get hostPath(): string {
    return this.disk.hostPath;
  }
  moved(hostPath: string, path: string): void {
    this.disk.hostPath = hostPath;
    this.disk.entry = hostPath;
    this.path = path;
  }

  /** Marks the file for deletion with its last handle, or takes the mark back. */
  setDelete(on: boolean): void {
    this.openFiles.deleteWhenClosed(this.disk.identity, on ? () => this.disk.remove() : undefined);
  }

  protected override destroy(): void {
    this.locks.release(this);
    if (this.deleteOnClose) this.setDelete(true);
    this.openFiles.leave(this.disk.identity, this);
  }
}

/** An open file. */
export class DiskFile extends DiskObject {
  override readonly cache: FileCache;
  /** The file pointer; it may stand past the end. */
  position = 0;
  /** FILE_FLAG_WRITE_THROUGH. */
  writeThrough = false;
  /** FILE_FLAG_NO_BUFFERING: transfers must be whole sectors. */
  unbuffered = false;

  /** Takes over one reference to `cache`. */
  constructor(cache: FileCache, disk: DiskEntry, openFiles: OpenFiles, access: number, share: number) {
    super(disk, openFiles, access, share);
    this.cache = cache;
  }

  read(max: number, position = this.position): Uint8Array | number {
    if ((this.access & FILE_READ_DATA) === 0) return ERROR_ACCESS_DENIED;
    if (this.forbidsReading(max, position)) return ERROR_LOCK_VIOLATION;
    const bytes = new Uint8Array(Math.max(0, Math.min(max, this.cache.size - position)));
    const status = this.cache.read(position, bytes);
    if (status !== 0 && status !== STATUS_END_OF_FILE) return win32Error(status);
    this.position = position + this.cache.transferred;
    return bytes.subarray(0, this.cache.transferred);
  }

  /** Whether locks keep this opening from reading so many bytes. */
  forbidsReading(length: number, position = this.position): boolean {
    return this.locks.forbids(this, position, length, false);
  }
  /** Likewise from writing, to where write() would. */
  forbidsWriting(length: number, position?: number): boolean {
    return this.locks.forbids(this, this.#placeOfWrite(position), length, true);
  }

  /** Rights to append but not to write mean that every write goes to the end. */
  #placeOfWrite(position: number | undefined): number {
    const appends = (this.access & FILE_WRITE_DATA) === 0 || position === Number.POSITIVE_INFINITY;
    return appends ? this.cache.size : (position ?? this.position);
  }

  write(bytes: Uint8Array, position?: number): number {
    this.transferred = 0;
    if ((this.access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) === 0) return ERROR_ACCESS_DENIED;
    if (this.forbidsWriting(bytes.length, position)) return ERROR_LOCK_VIOLATION;
    const at = this.#placeOfWrite(position);
    const status = bytes.length === 0 ? 0 : this.cache.write(at, bytes);
    this.transferred = bytes.length === 0 ? 0 : this.cache.transferred;
    this.position = at + this.transferred;
    if (status === 0 && this.writeThrough) return win32Error(this.cache.sync());
    return win32Error(status);
  }

  /** Cuts or extends the file at the file pointer (SetEndOfFile). */
  setEnd(size = this.position): number {
    if ((this.access & FILE_WRITE_DATA) === 0) return ERROR_ACCESS_DENIED;
    return win32Error(this.cache.setSize(size));
  }

  override flush(): number {
    if ((this.access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) === 0) return ERROR_ACCESS_DENIED;
    return win32Error(this.cache.sync());
  }

  protected override destroy(): void {
    super.destroy();
    this.cache.release();
  }
}

/** An open folder (FILE_FLAG_BACKUP_SEMANTICS): it has attributes and can be deleted, no bytes. */
export class Folder extends DiskObject {
  read(): number {
    return ERROR_INVALID_FUNCTION;
  }
  write(): number {
    return ERROR_INVALID_PARAMETER;
  }
}

import { NO_FRAME } from '../machine/frames.ts';
import type { HostError, HostFile } from '../machine/host.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import { NOWHERE } from '../machine/placement.ts';
import type { Section } from './section.ts';
import { CLUSTER_PAGES, type PageSource, SharedPages } from './shared-pages.ts';
import {
  STATUS_ACCESS_DENIED,
  STATUS_DISK_FULL,
  STATUS_END_OF_FILE,
  STATUS_MEDIA_WRITE_PROTECTED,
  STATUS_SUCCESS,
  STATUS_UNEXPECTED_IO_ERROR,
  STATUS_USER_MAPPED_FILE,
} from './status.ts';
import type { MemorySystem } from './system.ts';

/** Largest file: its page indices fit the page table. A longer host file is cut off there. */
const MAX_SIZE = 2 ** 47;

/** The page caches of a machine: one per host file, whoever opened it and by whatever name. */
export class FileCaches {
  readonly #system: MemorySystem;
  readonly #caches = new Map<string, FileCache>();

  constructor(system: MemorySystem) {
    this.#system = system;
  }

  /**
   * The cache of an opened host file, with a reference for the caller (release() gives it back). It takes the
   * host file over and closes it when nobody uses the cache any more.
   */
  open(file: HostFile, name = ''): FileCache {
    const cache = this.#caches.get(file.identity);
    if (cache !== undefined) {
      cache.addReference();
      cache.adopt(file);
      return cache;
    }
    const made = new FileCache(this.#system, file, name, () => this.#caches.delete(file.identity));
    this.#caches.set(file.identity, made);
    return made;
  }

  /** Writes every dirty page of every file back: at exit, after a crash, on Ctrl-C. Answers the first failure. */
  flushAll(): number {
    let result = STATUS_SUCCESS;
    for (const cache of this.#caches.values()) {
      const status = cache.flush();
      if (result === STATUS_SUCCESS) result = status;
    }
    return result;
  }

  /** The end of the machine: writes every dirty page back and closes the host files. Their pages are of no use then. */
  closeAll(): void {
    for (const cache of this.#caches.values()) cache.close();
    this.#caches.clear();
  }
}

/**
 * One host file's pages in RAM. ReadFile, WriteFile and all views share these frames. Writes through the API
 * go on to the file at once; writes through views reach it at flush.
 */
export class FileCache {
  readonly system: MemorySystem;
  readonly pages: SharedPages;
  readonly identity: string;
  /** Path, for reports. */
  readonly name: string;
  /** Sections that are made of the file: it cannot shrink below them. */
  readonly sections = new Set<Section>();
  /** Bytes that the last read or write moved. */
  transferred = 0;
  #file: HostFile;
  #size: number;
  #references = 1;
  #isClosed = false;
  readonly #onClose: () => void;

  constructor(system: MemorySystem, file: HostFile, name: string, onClose: () => void) {
    this.system = system;
    this.identity = file.identity;
    this.name = name;
    this.#file = file;
    this.#size = Math.min(file.size(), MAX_SIZE);
    this.#onClose = onClose;
    this.pages = new SharedPages(system, this.#source());
  }

  /** Length of the file in bytes. */
  get size(): number {
    return this.#size;
  }
  /** Whether the host file was opened for writing by anybody. */
  get writable(): boolean {
    return this.#file.writable;
  }

  /** Takes another opening of the same file over: of two, the writable one is kept. */
  adopt(file: HostFile): void {
    if (file === this.#file) return;
    if (file.writable && !this.#file.writable) {
      this.#file.close();
      this.#file = file;
    } else file.close();
    // Nobody has it in memory: what others did to the file meanwhile counts.
    if (this.sections.size === 0) this.#resize(Math.min(this.#file.size(), MAX_SIZE));
  }

  addReference(): void {
    this.#references++;
  }
  release(): void {
    if (--this.#references > 0 || this.#isClosed) return;
    this.pages.flush();
    this.pages.destroy();
    this.#file.close();
    this.#onClose();
  }
  /** Writes what is dirty and closes the host file, whoever still refers to this. */
  close(): void {
    this.pages.writeOut();
    this.#file.close();
    this.#isClosed = true;
  }

  /** Reads at a position; `transferred` tells how much, which is less only at the end of the file. */
  read(position: number, into: Uint8Array): number {
    this.transferred = 0;
    const length = Math.min(into.length, this.#size - position);
    if (into.length === 0) return STATUS_SUCCESS;
    if (!(length > 0)) return STATUS_END_OF_FILE;
    for (let done = 0; done < length; ) {
      const offset = (position + done) % PAGE_SIZE;
      const page = (position + done - offset) / PAGE_SIZE;
      const count = this.#absentPages(page, offset, length - done);
      const piece = into.subarray(
        done,
        done + Math.min(length - done, Math.max(count, 1) * PAGE_SIZE - offset),
      );
      const status = count > 0 ? this.#readPast(position + done, piece) : this.#readPage(page, offset, piece);
      if (status !== STATUS_SUCCESS) return status;
      done += piece.length;
      this.transferred = done;
    }
    return STATUS_SUCCESS;
  }

  /** Whole pages from `page` on that a read covers and that are not in RAM, if they are many; else 0. */
  #absentPages(page: number, offset: number, length: number): number {
    if (offset !== 0) return 0;
    const most = Math.floor(length / PAGE_SIZE);
    let count = 0;
    while (count < most && this.pages.resident(page + count) === NO_FRAME) count++;
    // Big reads go past the cache: what is not in RAM is as the file says.
    return count >= CLUSTER_PAGES ? count : 0;
  }

  #readPast(position: number, into: Uint8Array): number {
    const count = this.#file.read(position, into);
    if (typeof count !== 'number') return ioStatus(count);
    into.fill(0, count);
    return STATUS_SUCCESS;
  }

  #readPage(page: number, offset: number, into: Uint8Array): number {
    const frame = this.pages.bring(page, NOWHERE);
    if (frame === NO_FRAME) return this.#readPast(page * PAGE_SIZE + offset, into);
    const at = this.system.frames.offset(frame) + offset;
    into.set(this.system.ram.bytes.subarray(at, at + into.length));
    this.system.frames.rest(frame);
    return STATUS_SUCCESS;
  }

  /** Writes at a position, making the file longer where needed. The bytes are in the file when this returns. */
  write(position: number, from: Uint8Array): number {
    this.transferred = 0;
    if (!this.writable) return STATUS_ACCESS_DENIED;
    if (!(position + from.length <= MAX_SIZE)) return STATUS_DISK_FULL;
    const count = this.#file.write(position, from);
    if (typeof count !== 'number') return ioStatus(count);
    if (count > 0 && position + count > this.#size) this.#resize(position + count);
    this.#updateCached(position, from.subarray(0, count));
    this.transferred = count;
    return count === from.length ? STATUS_SUCCESS : STATUS_DISK_FULL;
  }

  /** Brings pages in RAM up to date with what was written to the file. */
  #updateCached(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const offset = (position + done) % PAGE_SIZE;
      const piece = bytes.subarray(done, done + PAGE_SIZE - offset);
      const frame = this.pages.resident((position + done - offset) / PAGE_SIZE);
      if (frame !== NO_FRAME) {
        this.system.codeChanged(frame);
        this.system.ram.bytes.set(piece, this.system.frames.offset(frame) + offset);
      }
      done += piece.length;
    }
  }

  /** Makes the file longer (with zeros) or shorter. It cannot become shorter than a section of it. */
  setSize(size: number): number {
    if (!this.writable) return STATUS_ACCESS_DENIED;
    if (!(size >= 0 && size <= MAX_SIZE)) return STATUS_DISK_FULL;
    if (size === this.#size) return STATUS_SUCCESS;
    for (const section of this.sections) if (section.size > size) return STATUS_USER_MAPPED_FILE;
    const error = this.#file.truncate(size);
    if (error !== undefined) return ioStatus(error);
    this.#resize(size);
    return STATUS_SUCCESS;
  }

  /** Bytes between the old and the new end are zero, in the last page that stays as in the file. */
  #resize(size: number): void {
    if (size === this.#size) return;
    const kept = Math.min(size, this.#size);
    if (size < this.#size) this.pages.drop(Math.ceil(size / PAGE_SIZE));
    const offset = kept % PAGE_SIZE;
    const frame = this.pages.resident((kept - offset) / PAGE_SIZE);
    if (offset !== 0 && frame !== NO_FRAME) this.system.frames.bytes(frame).fill(0, offset);
    this.#size = size;
  }

  /** Writes dirty pages to the file. */
  flush(): number {
    return this.pages.flush();
  }
  /** Has the host write the file to its disk (FlushFileBuffers). */
  sync(): number {
    const status = this.flush();
    if (status !== STATUS_SUCCESS || !this.writable) return status;
    const error = this.#file.sync();
    return error === undefined ? STATUS_SUCCESS : ioStatus(error);
  }

  #source(): PageSource {
    return {
      cluster: CLUSTER_PAGES,
      pageCount: () => Math.ceil(this.#size / PAGE_SIZE),
      fill: (page, into) => this.#fill(page * PAGE_SIZE, into),
      write: (page, from) => this.#writeBack(page * PAGE_SIZE, from),
    };
  }

  #fill(position: number, into: Uint8Array): number {
    const count = this.#file.read(position, into);
    if (typeof count !== 'number') return ioStatus(count);
    // Somebody outside cut the file short: the page that should exist does not.
    if (count === 0 && position < this.#size) return STATUS_END_OF_FILE;
    into.fill(0, Math.min(count, Math.max(0, this.#size - position)));
    return STATUS_SUCCESS;
  }

  /** What lies past the end of the file is never written. */
  #writeBack(position: number, from: Uint8Array): number {
    const bytes = from.subarray(0, Math.max(0, this.#size - position));
    const count = this.#file.write(position, bytes);
    if (typeof count !== 'number') return ioStatus(count);
    return count === bytes.length ? STATUS_SUCCESS : STATUS_DISK_FULL;
  }
}

/** https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntreadfile */
function ioStatus(error: HostError): number {
  switch (error) {
    case 'ENOSPC':
      return STATUS_DISK_FULL;
    case 'EACCES':
      return STATUS_ACCESS_DENIED;
    case 'EROFS':
      return STATUS_MEDIA_WRITE_PROTECTED;
    default:
      return STATUS_UNEXPECTED_IO_ERROR;
  }
}

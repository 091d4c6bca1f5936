import { HIGHEST_ADDRESS, PAGE_SIZE } from '../machine/layout.ts';
import {
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  SEC_COMMIT,
  SEC_IMAGE,
  SEC_LARGE_PAGES,
  SEC_NOCACHE,
  SEC_RESERVE,
  SEC_WRITECOMBINE,
} from './constants.ts';
import type { FileCache } from './file-cache.ts';
import { isSectionProtection, isWritable } from './protection.ts';
import { SharedPages } from './shared-pages.ts';
import {
  STATUS_ACCESS_DENIED,
  STATUS_COMMITMENT_LIMIT,
  STATUS_INVALID_PAGE_PROTECTION,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_6,
  STATUS_MAPPED_FILE_SIZE_ZERO,
  STATUS_NOT_SUPPORTED,
  STATUS_SECTION_TOO_BIG,
  STATUS_SUCCESS,
} from './status.ts';
import type { MemorySystem } from './system.ts';

export type { PageSource } from './shared-pages.ts';

/** Pages of an image that have one protection. */
export interface ImageRun {
  readonly firstPage: number;
  readonly pageCount: number;
  /** A PAGE_* number; writable PE sections have the WRITECOPY forms. */
  readonly protect: number;
}

/** A PE file laid out in memory, as the image room describes it. */
export interface ImageLayout {
  /** Bytes of address space it takes. */
  readonly size: number;
  /** Path of the file, for reports. */
  readonly name: string;
  /** The address that `fill` relocates to. */
  readonly base: number;
  /** Runs in order; pages in none of them cannot be accessed. */
  readonly runs: readonly ImageRun[];
  /** The bytes of one page. Answers an NTSTATUS. */
  fill(page: number, into: Uint8Array): number;
}

/** What creating a section answers: a section exactly if the status is 0. */
export interface SectionResult {
  readonly status: number;
  readonly section: Section | undefined;
}

/**
 * A section object: memory that can be mapped as views. It lives while somebody refers to it (handles and
 * views each count); whoever creates it has the first reference.
 */
export class Section {
  readonly system: MemorySystem;
  /** In bytes. Views end there. */
  readonly size: number;
  readonly protect: number;
  readonly attributes: number;
  readonly pages: SharedPages;
  /** Of file sections. */
  readonly cache: FileCache | undefined;
  /** Of image sections. */
  readonly layout: ImageLayout | undefined;
  /** Path of the file behind it, for reports; empty for page-file-backed ones. */
  name: string;
  references = 1;

  private constructor(
    system: MemorySystem,
    size: number,
    protect: number,
    attributes: number,
    pages: SharedPages,
    origin: FileCache | ImageLayout | undefined,
  ) {
    this.system = system;
    this.size = size;
    this.protect = protect;
    this.attributes = attributes;
    this.pages = pages;
    this.layout = origin !== undefined && 'runs' in origin ? origin : undefined;
    this.cache = origin !== undefined && !('runs' in origin) ? origin : undefined;
    this.name = origin === undefined ? '' : origin.name;
  }

  /** Whether its pages are committed one by one through its views. */
  get isReserve(): boolean {
    return (this.attributes & SEC_RESERVE) !== 0 && this.cache === undefined;
  }

  /**
   * Makes a section backed by the page file, zero-filled. SEC_COMMIT (the default) charges all of it now.
   * https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-createfilemappinga
   */
  static pagefile(system: MemorySystem, size: number, protect: number, attributes: number): SectionResult {
    const refused = refusal(protect, attributes);
    if (refused !== STATUS_SUCCESS) return failed(refused);
    if (!(size > 0)) return failed(STATUS_INVALID_PARAMETER_4);
    if (size > HIGHEST_ADDRESS) return failed(STATUS_SECTION_TOO_BIG);
    const pageCount = Math.ceil(size / PAGE_SIZE);
    const charged = (attributes & SEC_RESERVE) !== 0 ? 0 : pageCount;
    if (!system.charge(charged)) return failed(STATUS_COMMITMENT_LIMIT);
    const pages = new SharedPages(system, undefined);
    pages.charged = charged;
    return made(new Section(system, pageCount * PAGE_SIZE, protect, attributes, pages, undefined));
  }

  /**
   * Makes a section of a file: its first `size` bytes, all of it if that is 0. A writable section larger than
   * the file makes the file grow. The section has its own reference to the cache.
   */
  static file(
    system: MemorySystem,
    cache: FileCache,
    size: number,
    protect: number,
    attributes: number,
  ): SectionResult {
    const refused = refusal(protect, attributes);
    if (refused !== STATUS_SUCCESS) return failed(refused);
    if (isWritable(protect) && !cache.writable) return failed(STATUS_ACCESS_DENIED);
    if (!(size >= 0) || size > HIGHEST_ADDRESS) return failed(STATUS_SECTION_TOO_BIG);
    if (size === 0 && cache.size === 0) return failed(STATUS_MAPPED_FILE_SIZE_ZERO);
    if (size > cache.size) {
      if (!isWritable(protect)) return failed(STATUS_SECTION_TOO_BIG);
      const status = cache.setSize(size);
      if (status !== STATUS_SUCCESS) return failed(status);
    }
    const section = new Section(
      system,
      size === 0 ? cache.size : size,
      protect,
      attributes,
      cache.pages,
      cache,
    );
    cache.addReference();
    cache.sections.add(section);
    return made(section);
  }

  /** Makes a section of an image laid out at layout.base. */
  static image(system: MemorySystem, layout: ImageLayout): SectionResult {
    if (!(layout.size > 0) || layout.size > HIGHEST_ADDRESS) return failed(STATUS_SECTION_TOO_BIG);
    const pages = new SharedPages(system, layout);
    return made(new Section(system, layout.size, PAGE_EXECUTE_WRITECOPY, SEC_IMAGE, pages, layout));
  }

  addReference(): void {
    this.references++;
  }

  /** Drops a reference. With the last one the memory goes, and what a file's views changed is in the file. */
  release(): void {
    if (--this.references > 0) return;
    if (this.cache === undefined) this.pages.destroy();
    else {
      this.cache.sections.delete(this);
      this.cache.release();
    }
  }
}

/** The most that VirtualProtect may give pages of views: images may be executed and copied, others as made. */
export function sectionLimit(section: Section): number {
  return section.layout === undefined ? section.protect : PAGE_EXECUTE_READWRITE;
}

function refusal(protect: number, attributes: number): number {
  if (!isSectionProtection(protect)) return STATUS_INVALID_PAGE_PROTECTION;
  const both = SEC_COMMIT | SEC_RESERVE;
  if ((attributes & both) === both) return STATUS_INVALID_PARAMETER_6;
  if ((attributes & SEC_LARGE_PAGES) >>> 0 !== 0) return STATUS_NOT_SUPPORTED;
  if ((attributes & ~(both | SEC_NOCACHE | SEC_WRITECOMBINE)) !== 0) return STATUS_INVALID_PARAMETER_6;
  if ((attributes & (SEC_NOCACHE | SEC_WRITECOMBINE)) !== 0 && (attributes & both) === 0)
    return STATUS_INVALID_PARAMETER_6;
  return STATUS_SUCCESS;
}

function failed(status: number): SectionResult {
  return { status, section: undefined };
}
function made(section: Section): SectionResult {
  return { status: STATUS_SUCCESS, section };
}

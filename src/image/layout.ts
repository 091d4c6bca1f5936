import { PAGE_SIZE } from '../machine/layout.ts';
import {
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from '../memory/constants.ts';
import type { ImageLayout, ImageRun } from '../memory/section.ts';
import { STATUS_UNEXPECTED_IO_ERROR } from '../memory/status.ts';
import { SECTION_EXECUTE, SECTION_READ, SECTION_SHARED, SECTION_WRITE } from './format.ts';
import { alignUp, setU32, setU64, u32 } from './little-endian.ts';
import type { PeImage } from './pe.ts';
import { hex, isRefusal, type Refusal, refuse, unreadable } from './refusal.ts';
import type { Relocations } from './relocations.ts';

/** Lays `image` out at `base`, as an image section wants it; refused when it cannot be there. */
export function layOut(image: PeImage, name: string, base = image.headers.base): ImageLayout | Refusal {
  if (base === image.headers.base) return new Layout(image, name, base, undefined);
  if (!image.isMovable) {
    return refuse(
      'damaged',
      `cannot be moved from ${hex(image.headers.base)}: it was linked without relocations`,
    );
  }
  const relocations = image.relocations;
  if (image.file.hasLost) return unreadable();
  return isRefusal(relocations) ? relocations : new Layout(image, name, base, relocations);
}

class Layout implements ImageLayout {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly headerPages: number;
  readonly runs: ImageRun[];
  readonly #image: PeImage;
  /** Undefined at the preferred base. */
  readonly #relocations: Relocations | undefined;

  constructor(image: PeImage, name: string, base: number, relocations: Relocations | undefined) {
    this.name = name;
    this.base = base;
    this.size = alignUp(image.headers.size, PAGE_SIZE);
    this.headerPages = Math.ceil(image.headers.headerSize / PAGE_SIZE);
    this.runs = pageRuns(image);
    this.#image = image;
    this.#relocations = relocations;
  }

  /** Writes the 4096 bytes of a page into `into`; STATUS_UNEXPECTED_IO_ERROR if the file cannot be read any more. */
  fill(page: number, into: Uint8Array): number {
    const start = page * PAGE_SIZE;
    if (!this.#image.bytes.copy(start, into)) return STATUS_UNEXPECTED_IO_ERROR;
    if (this.#relocations === undefined) return 0;
    if (!this.#relocate(start, into, this.#relocations)) return STATUS_UNEXPECTED_IO_ERROR;
    this.#setBase(start, into);
    return 0;
  }

  /** False: an address reaches into a page that cannot be read any more. */
  #relocate(start: number, into: Uint8Array, relocations: Relocations): boolean {
    const delta = this.base - this.#image.headers.base;
    // An address of 8 bytes that begins up to 7 bytes before the page reaches into it.
    for (let i = relocations.firstFrom(start - 7); i < relocations.count; i++) {
      const offset = relocations.address(i) - start;
      const width = relocations.width(i);
      if (offset >= PAGE_SIZE) return true;
      if (offset >= 0 && offset + width <= PAGE_SIZE) addTo(into, offset, width, delta);
      else if (!this.#relocateAcross(start, into, offset, width, delta)) return false;
    }
    return true;
  }

  /** Relocates the part within this page of an address that begins or ends in a neighbour. */
  #relocateAcross(start: number, into: Uint8Array, offset: number, width: 4 | 8, delta: number): boolean {
    const whole = new Uint8Array(8);
    if (!this.#image.bytes.copy(start + offset, whole.subarray(0, width))) return false;
    addTo(whole, 0, width, delta);
    for (let i = 0; i < width; i++) {
      if (offset + i >= 0 && offset + i < PAGE_SIZE) into[offset + i] = whole[i];
    }
    return true;
  }

  /** The header in memory names the base that the image has, not the one it asked for. */
  #setBase(start: number, into: Uint8Array): void {
    const offset = this.#image.headers.optionalHeader + 24 - start;
    if (offset <= -8 || offset >= PAGE_SIZE) return;
    const field = new Uint8Array(8);
    setU64(field, 0, this.base);
    for (let i = 0; i < 8; i++) if (offset + i >= 0 && offset + i < PAGE_SIZE) into[offset + i] = field[i];
  }
}

/** Adds `delta` (an integer of either sign) to the number of `width` bytes at `at`. */
function addTo(bytes: Uint8Array, at: number, width: 4 | 8, delta: number): void {
  const low = u32(bytes, at) + (delta >>> 0);
  setU32(bytes, at, low >>> 0);
  if (width === 4) return;
  const carry = low > 0xffff_ffff ? 1 : 0;
  setU32(bytes, at + 4, u32(bytes, at + 4) + Math.floor(delta / 0x1_0000_0000) + carry);
}

/** Runs that cover the whole image in order; what belongs to no section has no access. */
function pageRuns(image: PeImage): ImageRun[] {
  const pages = alignUp(image.headers.size, PAGE_SIZE) / PAGE_SIZE;
  // Below page alignment there is one run of pages for everything, so it must allow everything.
  if (image.headers.sectionAlignment < PAGE_SIZE) {
    return [{ firstPage: 0, pageCount: pages, protect: PAGE_EXECUTE_WRITECOPY }];
  }
  const runs: ImageRun[] = [];
  appendRun(runs, Math.ceil(image.headers.headerSize / PAGE_SIZE), PAGE_READONLY);
  for (const section of image.sections) {
    appendRun(runs, section.address / PAGE_SIZE, PAGE_NOACCESS);
    appendRun(
      runs,
      Math.ceil((section.address + section.size) / PAGE_SIZE),
      protectionOf(section.characteristics),
    );
  }
  appendRun(runs, pages, PAGE_NOACCESS);
  return runs;
}

/** Continues the runs to `endPage` (exclusive); neighbours of one protection are one run. */
function appendRun(runs: ImageRun[], endPage: number, protect: number): void {
  const last = runs.at(-1);
  const firstPage = last === undefined ? 0 : last.firstPage + last.pageCount;
  if (endPage <= firstPage) return;
  if (last?.protect === protect) runs[runs.length - 1] = { ...last, pageCount: endPage - last.firstPage };
  else runs.push({ firstPage, pageCount: endPage - firstPage, protect });
}

function protectionOf(characteristics: number): number {
  const canExecute = (characteristics & SECTION_EXECUTE) !== 0;
  if ((characteristics & SECTION_WRITE) !== 0) {
    // A shared section is one set of pages for all processes, so writing does not copy.
    const isShared = (characteristics & SECTION_SHARED) !== 0;
    if (isShared) return canExecute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    return canExecute ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
  }
  const canRead = (characteristics & SECTION_READ) !== 0;
  if (canExecute) return canRead ? PAGE_EXECUTE_READ : PAGE_EXECUTE;
  return canRead ? PAGE_READONLY : PAGE_NOACCESS;
}

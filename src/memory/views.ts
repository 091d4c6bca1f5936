import { GRANULE, LOWEST_ADDRESS, PAGE_SIZE } from '../machine/layout.ts';
import { done } from './allocate.ts';
import {
  MEM_DIFFERENT_IMAGE_BASE_OK,
  MEM_IMAGE,
  MEM_LARGE_PAGES,
  MEM_MAPPED,
  MEM_REPLACE_PLACEHOLDER,
  MEM_RESERVE,
  MEM_TOP_DOWN,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_NOACCESS,
} from './constants.ts';
import { CHARGED, PageState, PROTECT_SHIFT } from './page-table.ts';
import { dropPages, sectionIndex } from './pages.ts';
import { isCopy, pageProtection, viewFitsSection } from './protection.ts';
import { Region } from './regions.ts';
import type { ImageLayout, Section } from './section.ts';
import type { AddressSpace } from './space.ts';
import {
  STATUS_COMMITMENT_LIMIT,
  STATUS_CONFLICTING_ADDRESSES,
  STATUS_IMAGE_NOT_AT_BASE,
  STATUS_INVALID_PAGE_PROTECTION,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_9,
  STATUS_INVALID_VIEW_SIZE,
  STATUS_MAPPED_ALIGNMENT,
  STATUS_NO_MEMORY,
  STATUS_NOT_MAPPED_DATA,
  STATUS_NOT_MAPPED_VIEW,
  STATUS_NOT_SUPPORTED,
  STATUS_SECTION_PROTECTION,
  STATUS_SUCCESS,
} from './status.ts';

/** How to map a view. */
export interface ViewOptions {
  /** Where; 0 or absent = anywhere (an image: where it is laid out, if that is free). */
  readonly base?: number;
  /** Offset in the section. Absent = 0. */
  readonly offset?: number;
  /** Bytes; 0 or absent = to the end of the section. */
  readonly size?: number;
  /** A PAGE_* number. Images ignore it: their pages have their own. */
  readonly protect: number;
  /** MEM_TOP_DOWN, or 0. */
  readonly type?: number;
  /** Bytes of a SEC_RESERVE section to commit at once. */
  readonly commitSize?: number;
}

const NOT_YET = MEM_RESERVE | MEM_REPLACE_PLACEHOLDER | MEM_LARGE_PAGES;
const KNOWN = NOT_YET | MEM_TOP_DOWN | MEM_DIFFERENT_IMAGE_BASE_OK;

/** https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwmapviewofsection */
export function mapView(space: AddressSpace, section: Section, options: ViewOptions): number {
  const { base = 0, offset = 0, size = 0, protect, type = 0, commitSize = 0 } = options;
  const refused = refusal(space, base, offset, protect, type);
  if (refused !== STATUS_SUCCESS) return refused;
  if (!(offset >= 0 && offset < section.size && size >= 0 && offset + size <= section.size))
    return STATUS_INVALID_VIEW_SIZE;
  const image = section.layout !== undefined;
  if (!image && !viewFitsSection(protect, section.protect)) return STATUS_SECTION_PROTECTION;
  const pages = Math.ceil((size === 0 ? section.size - offset : size) / PAGE_SIZE);
  if (commitSize > pages * PAGE_SIZE) return STATUS_INVALID_PARAMETER_5;
  const start = place(space, section, base, offset, pages, type);
  if (start < 0) return base === 0 ? STATUS_NO_MEMORY : STATUS_CONFLICTING_ADDRESSES;
  const region = image
    ? imageRegion(space, section, section.layout, start, pages, offset)
    : dataRegion(space, section, protect, start, pages, offset);
  const status = charge(space, region, Math.ceil(commitSize / PAGE_SIZE));
  if (status !== STATUS_SUCCESS) return status;
  section.addReference();
  section.pages.views.add(region);
  space.add(region);
  done(space, region.start, region.end);
  const moved = image && start * PAGE_SIZE !== section.layout.base + offset;
  return moved ? STATUS_IMAGE_NOT_AT_BASE : STATUS_SUCCESS;
}

function refusal(space: AddressSpace, base: number, offset: number, protect: number, type: number): number {
  if ((type & ~KNOWN) !== 0) return STATUS_INVALID_PARAMETER_9;
  if ((type & NOT_YET) !== 0) return STATUS_NOT_SUPPORTED;
  if (pageProtection(protect, MEM_MAPPED) === 0) return STATUS_INVALID_PAGE_PROTECTION;
  if (base % GRANULE !== 0 || offset % GRANULE !== 0) return STATUS_MAPPED_ALIGNMENT;
  if (base !== 0 && !(base >= LOWEST_ADDRESS && base <= space.highest)) return STATUS_INVALID_PARAMETER_3;
  return STATUS_SUCCESS;
}

/** The first page of the view, or -1 if there is no room for it. */
function place(
  space: AddressSpace,
  section: Section,
  base: number,
  offset: number,
  pages: number,
  type: number,
): number {
  const limit = Math.floor((space.highest + 1) / PAGE_SIZE);
  const wish = base !== 0 || section.layout === undefined ? base : section.layout.base + offset;
  if (wish !== 0 && wish % GRANULE === 0 && wish >= LOWEST_ADDRESS) {
    const start = wish / PAGE_SIZE;
    if (start + pages <= limit && !space.tree.overlaps(start, start + pages)) return start;
  }
  if (base !== 0) return -1;
  return (type & MEM_TOP_DOWN) !== 0 ? space.tree.fitHigh(pages, limit) : space.tree.fitLow(pages, limit);
}

/** Flags of a view's page that is as the section has it. */
function viewFlags(protect: number): number {
  return PageState.committed | (protect << PROTECT_SHIFT) | (isCopy(protect) ? CHARGED : 0);
}

function dataRegion(
  space: AddressSpace,
  section: Section,
  protect: number,
  start: number,
  pages: number,
  offset: number,
): Region {
  const plain = viewFlags(pageProtection(protect, MEM_MAPPED));
  return new Region(space, start, start + pages, MEM_MAPPED, protect, plain, section, offset / PAGE_SIZE);
}

function imageRegion(
  space: AddressSpace,
  section: Section,
  layout: ImageLayout,
  start: number,
  pages: number,
  offset: number,
): Region {
  const end = start + pages;
  const first = offset / PAGE_SIZE;
  const none = viewFlags(PAGE_NOACCESS);
  const region = new Region(space, start, end, MEM_IMAGE, PAGE_EXECUTE_WRITECOPY, none, section, first);
  for (const run of layout.runs) {
    const from = Math.max(start, start + run.firstPage - first);
    const to = Math.min(end, start + run.firstPage + run.pageCount - first);
    if (from < to) region.changePlain(from, to, () => viewFlags(run.protect));
  }
  return region;
}

/** Charges what may be copied, and commits the first pages of a SEC_RESERVE section if asked to. */
function charge(space: AddressSpace, region: Region, commitPages: number): number {
  let copies = 0;
  for (let page = region.start; page < region.end; page = region.plainEnd(page))
    if ((region.plain(page) & CHARGED) !== 0) copies += region.plainEnd(page) - page;
  const { pages, isReserve } = region.section!;
  const first = region.sectionPage;
  const end = isReserve ? first + commitPages : first;
  let missing = 0;
  for (let page = first, next = first; page < end; page = next) {
    next = pages.commitEnd(page, end);
    if (!pages.isCommitted(page)) missing += next - page;
  }
  if (!space.system.canCharge(copies + missing)) return STATUS_COMMITMENT_LIMIT;
  space.charge(region, copies);
  space.system.charge(missing);
  pages.commit(first, end);
  return STATUS_SUCCESS;
}

function viewAt(space: AddressSpace, address: number): Region | undefined {
  if (!(address >= 0 && address <= space.highest)) return undefined;
  const region = space.tree.find(Math.floor(address / PAGE_SIZE));
  return region?.section === undefined ? undefined : region;
}

/** https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-unmapviewoffile */
export function unmapView(space: AddressSpace, address: number): number {
  const region = viewAt(space, address);
  if (region === undefined) return STATUS_NOT_MAPPED_VIEW;
  unmapRegion(space, region);
  return done(space, region.start, region.end);
}

/** Removes a view. What it changed is written to its file; a failure of that is nobody's to hear, as on Windows. */
export function unmapRegion(space: AddressSpace, region: Region): void {
  const section = region.section!;
  const present = dropPages(space, region.start, region.end);
  space.uncharge(region, region.charged);
  space.remove(region);
  section.pages.views.delete(region);
  if (present) space.changed(region.start, region.end - region.start);
  section.pages.flush(region.sectionPage, sectionIndex(region, region.end));
  section.release();
}

/** https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-flushviewoffile */
export function flushView(space: AddressSpace, base: number, size: number): number {
  const region = viewAt(space, base);
  if (region === undefined) return STATUS_NOT_MAPPED_VIEW;
  if (region.type === MEM_IMAGE) return STATUS_NOT_MAPPED_DATA;
  const first = Math.floor(base / PAGE_SIZE);
  const end = size === 0 ? region.end : Math.ceil((base + size) / PAGE_SIZE);
  if (!(size >= 0 && end <= region.end)) return STATUS_INVALID_PARAMETER_2;
  const status = region.section!.pages.flush(sectionIndex(region, first), sectionIndex(region, end));
  return status === STATUS_SUCCESS ? done(space, first, end) : status;
}

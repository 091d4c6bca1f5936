import {
  EXECUTE,
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_FREE,
  MEM_MAPPED,
  MEM_PRIVATE,
  MEM_RELEASE,
  MEM_RESERVE,
  MEM_TOP_DOWN,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_NOCACHE,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  WRITE,
} from '../../src/memory/constants.ts';
import * as status from '../../src/memory/status.ts';

/**
 * The memory manager, simple and slow: an array of pages in a small window of address space. It says what
 * every call must answer; nothing in it is shared with the real one.
 */
export const PAGE = 0x1000;
const GRANULE = 16;

export interface Section {
  protect: number;
  size: number;
  reserve: boolean;
  file: boolean;
  committed: boolean[];
  values: number[];
  handle: boolean;
  views: number;
  charged: boolean;
}
interface Region {
  start: number;
  end: number;
  protect: number;
  section: Section | undefined;
  index: number;
}
interface Page {
  region: Region;
  committed: boolean;
  protect: number;
  value: number;
  copied: boolean;
  charged: boolean;
  locked: boolean;
}
export interface Answer {
  status: number;
  base?: number;
  size?: number;
  protect?: number;
  value?: number;
  info?: object;
}

const COPY = PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY;
const WRITABLE = PAGE_READWRITE | PAGE_EXECUTE_READWRITE;
const EXECUTABLE = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
const BASES = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80];

function isValid(protect: number, mapped: boolean): boolean {
  const base = protect & 0xff;
  if (!BASES.includes(base)) return false;
  const modifier = protect - base;
  if (![0, PAGE_GUARD, PAGE_NOCACHE].includes(modifier)) return false;
  if (base === PAGE_NOACCESS && modifier !== 0) return false;
  return mapped ? modifier !== PAGE_NOCACHE : (base & COPY) === 0;
}
function toCopy(protect: number): number {
  if (protect & PAGE_READWRITE) return protect - PAGE_READWRITE + PAGE_WRITECOPY;
  if (protect & PAGE_EXECUTE_READWRITE) return protect - PAGE_EXECUTE_READWRITE + PAGE_EXECUTE_WRITECOPY;
  return protect;
}
function fromCopy(protect: number): number {
  if (protect & PAGE_WRITECOPY) return protect - PAGE_WRITECOPY + PAGE_READWRITE;
  if (protect & PAGE_EXECUTE_WRITECOPY) return protect - PAGE_EXECUTE_WRITECOPY + PAGE_EXECUTE_READWRITE;
  return protect;
}

/** What the spaces of a machine share. */
export class MachineModel {
  readonly limit: number;
  charge = 0;
  readonly spaces: SpaceModel[] = [];
  readonly sections: Section[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  createSection(pages: number, protect: number, reserve: boolean): Answer {
    if (![2, 4, 8, 0x20, 0x40, 0x80].includes(protect))
      return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    if (!reserve && this.charge + pages > this.limit) return { status: status.STATUS_COMMITMENT_LIMIT };
    if (!reserve) this.charge += pages;
    this.addSection(pages, protect, reserve, false);
    return { status: 0 };
  }
  addSection(pages: number, protect: number, reserve: boolean, file: boolean): Section {
    const section: Section = {
      protect,
      size: pages * PAGE,
      reserve,
      file,
      committed: new Array(pages).fill(!reserve),
      values: new Array(pages).fill(0),
      handle: true,
      views: 0,
      charged: !file,
    };
    this.sections.push(section);
    return section;
  }
  closeIfUnused(section: Section): void {
    if (section.handle || section.views > 0 || !section.charged) return;
    section.charged = false;
    this.charge -= section.committed.filter((c) => c).length;
  }
}

export class SpaceModel {
  readonly machine: MachineModel;
  readonly #first: number;
  readonly #end: number;
  readonly #pages: (Page | undefined)[] = [];
  minimum = 50;

  /** The window: pages [first, end). Whatever is below is taken, nothing is above. */
  constructor(machine: MachineModel, first: number, end: number) {
    this.machine = machine;
    this.#first = first;
    this.#end = end;
    machine.spaces.push(this);
  }

  get lockedPages(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.locked ? 1 : 0), 0);
  }
  /** First page and the page after the last of each region. */
  regionBounds(): [number, number][] {
    const bounds: [number, number][] = [];
    for (let page = this.#first; page < this.#end; page++) {
      const region = this.#pages[page]?.region;
      if (region?.start === page) bounds.push([region.start, region.end]);
    }
    return bounds;
  }

  #isReserved(page: number): boolean {
    const p = this.#pages[page];
    if (p === undefined) return false;
    const { section, index, start } = p.region;
    if (section?.reserve && !p.copied) return !section.committed[index + page - start];
    return !p.committed;
  }

  #span(base: number, size: number): [number, number] {
    return [Math.floor(base / PAGE), Math.ceil((base + size) / PAGE)];
  }
  get #highest(): number {
    return this.#end * PAGE - 1;
  }

  #free(start: number, end: number): boolean {
    if (start < this.#first) return false;
    for (let page = start; page < end; page++) if (this.#pages[page] !== undefined) return false;
    return true;
  }
  #find(pages: number, topDown: boolean): number {
    const starts: number[] = [];
    for (let start = Math.ceil(this.#first / GRANULE) * GRANULE; start + pages <= this.#end; start += GRANULE)
      if (this.#free(start, start + pages)) starts.push(start);
    return (topDown ? starts.at(-1) : starts[0]) ?? -1;
  }

  allocate(base: number, size: number, type: number, protect: number): Answer {
    const kinds = type - (type & MEM_TOP_DOWN);
    if (![MEM_COMMIT, MEM_RESERVE, MEM_COMMIT + MEM_RESERVE].includes(kinds))
      return { status: status.STATUS_INVALID_PARAMETER_5 };
    if (!isValid(protect, false) && !isValid(protect, true))
      return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    if (size <= 0) return { status: status.STATUS_INVALID_PARAMETER_4 };
    if (base !== 0 && (base < 0x10000 || base > this.#highest))
      return { status: status.STATUS_INVALID_PARAMETER_2 };
    if (base + size - 1 > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_4 };
    if (base !== 0 && kinds === MEM_COMMIT) return this.#commit(...this.#span(base, size), protect);
    if (!isValid(protect, false)) return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    let [start, end] = this.#span(base, size);
    if (base === 0) {
      start = this.#find(end, (type & MEM_TOP_DOWN) !== 0);
      if (start < 0) return { status: status.STATUS_NO_MEMORY };
      end += start;
    } else {
      start -= start % GRANULE;
      if (!this.#free(start, end)) return { status: status.STATUS_CONFLICTING_ADDRESSES };
    }
    const committed = kinds !== MEM_RESERVE;
    if (committed && this.machine.charge + end - start > this.machine.limit)
      return { status: status.STATUS_COMMITMENT_LIMIT };
    if (committed) this.machine.charge += end - start;
    const region: Region = { start, end, protect, section: undefined, index: 0 };
    for (let page = start; page < end; page++)
      this.#pages[page] = {
        region,
        committed,
        protect: committed ? protect : 0,
        value: 0,
        copied: false,
        charged: false,
        locked: false,
      };
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE };
  }

  #commit(start: number, end: number, protect: number): Answer {
    const region = this.#pages[start]?.region;
    if (region === undefined || end > region.end) return { status: status.STATUS_CONFLICTING_ADDRESSES };
    if (region.section !== undefined) return this.#commitView(region, region.section, start, end, protect);
    if (!isValid(protect, false)) return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    let missing = 0;
    for (let page = start; page < end; page++) if (!this.#pages[page]!.committed) missing++;
    if (this.machine.charge + missing > this.machine.limit) return { status: status.STATUS_COMMITMENT_LIMIT };
    this.machine.charge += missing;
    for (let page = start; page < end; page++) {
      const p = this.#pages[page]!;
      if (!p.committed) p.value = 0;
      p.committed = true;
      p.protect = protect;
    }
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE };
  }

  #commitView(region: Region, section: Section, start: number, end: number, protect: number): Answer {
    if (!section.reserve) return { status: status.STATUS_ALREADY_COMMITTED };
    if (!isValid(protect, true)) return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    const allowed = this.#allowed(region, section, protect);
    if (allowed === 0) return { status: status.STATUS_SECTION_PROTECTION };
    const { index } = region;
    let missing = 0;
    for (let page = start; page < end; page++) if (!section.committed[index + page - region.start]) missing++;
    // Pages that become copyable are charged to the view as well.
    const copies = allowed & COPY ? this.#uncharged(start, end) : 0;
    if (this.machine.charge + missing + copies > this.machine.limit)
      return { status: status.STATUS_COMMITMENT_LIMIT };
    this.machine.charge += missing + copies;
    for (let page = start; page < end; page++) {
      section.committed[index + page - region.start] = true;
      this.#give(this.#pages[page]!, allowed);
    }
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE };
  }

  #uncharged(start: number, end: number): number {
    let count = 0;
    for (let page = start; page < end; page++) if (!this.#pages[page]!.charged) count++;
    return count;
  }
  #give(page: Page, protect: number): void {
    if (page.region.section !== undefined && protect & COPY) page.charged = true;
    page.protect = page.copied ? fromCopy(protect) : protect;
  }
  #allowed(region: Region, section: Section, protect: number): number {
    if (protect & EXECUTABLE && !(section.protect & EXECUTABLE)) return 0;
    if (!(protect & WRITABLE)) return protect;
    if (region.protect & COPY) return toCopy(protect);
    return region.protect & WRITABLE ? protect : 0;
  }

  #remove(region: Region): void {
    for (let page = region.start; page < region.end; page++) {
      const p = this.#pages[page]!;
      if (region.section === undefined ? p.committed : p.charged) this.machine.charge--;
      this.#pages[page] = undefined;
    }
  }

  free(base: number, size: number, type: number): Answer {
    if (type !== MEM_DECOMMIT && type !== MEM_RELEASE) return { status: status.STATUS_INVALID_PARAMETER_4 };
    if (type === MEM_RELEASE && size !== 0) return { status: status.STATUS_INVALID_PARAMETER_3 };
    if (base > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_2 };
    if (base + size - 1 > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_3 };
    const region = this.#pages[Math.floor(base / PAGE)]?.region;
    if (region === undefined) return { status: status.STATUS_MEMORY_NOT_ALLOCATED };
    if (region.section !== undefined) return { status: status.STATUS_UNABLE_TO_DELETE_SECTION };
    if (type === MEM_RELEASE) {
      if (base !== region.start * PAGE) return { status: status.STATUS_FREE_VM_NOT_AT_BASE };
      this.#remove(region);
      return { status: 0, base: region.start * PAGE, size: (region.end - region.start) * PAGE };
    }
    let [start, end] = this.#span(base, size);
    if (size === 0) {
      if (start !== region.start) return { status: status.STATUS_FREE_VM_NOT_AT_BASE };
      end = region.end;
    }
    if (end > region.end) return { status: status.STATUS_UNABLE_TO_FREE_VM };
    for (let page = start; page < end; page++) {
      const p = this.#pages[page]!;
      if (p.committed) this.machine.charge--;
      Object.assign(p, { committed: false, protect: 0, value: 0, locked: false });
    }
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE };
  }

  protect(base: number, size: number, protect: number): Answer {
    if (!isValid(protect, false) && !isValid(protect, true))
      return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    if (base > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_2 };
    if (size <= 0 || base + size - 1 > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_3 };
    const [start, end] = this.#span(base, size);
    const region = this.#pages[start]?.region;
    if (region === undefined || end > region.end) return { status: status.STATUS_CONFLICTING_ADDRESSES };
    if (!isValid(protect, region.section !== undefined))
      return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    for (let page = start; page < end; page++)
      if (this.#isReserved(page)) return { status: status.STATUS_NOT_COMMITTED };
    const { section } = region;
    const allowed = section === undefined ? protect : this.#allowed(region, section, protect);
    if (allowed === 0) return { status: status.STATUS_SECTION_PROTECTION };
    if (section !== undefined && allowed & COPY) {
      const copies = this.#uncharged(start, end);
      if (this.machine.charge + copies > this.machine.limit)
        return { status: status.STATUS_COMMITMENT_LIMIT };
      this.machine.charge += copies;
    }
    const old = this.#pages[start]!.protect;
    for (let page = start; page < end; page++) this.#give(this.#pages[page]!, allowed);
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE, protect: old };
  }

  query(address: number): Answer {
    if (address > this.#highest) return { status: status.STATUS_INVALID_PARAMETER };
    const page = Math.floor(address / PAGE);
    const first = this.#pages[page];
    let end = page + 1;
    while (end < this.#end && this.#alike(page, end)) end++;
    const reserved = first !== undefined && this.#isReserved(page);
    const info = {
      baseAddress: page * PAGE,
      allocationBase: (first?.region.start ?? 0) * PAGE,
      allocationProtect: first?.region.protect ?? 0,
      regionSize: (end - page) * PAGE,
      state: first === undefined ? MEM_FREE : reserved ? MEM_RESERVE : MEM_COMMIT,
      protect: first === undefined ? PAGE_NOACCESS : reserved ? 0 : first.protect,
      type: first === undefined ? 0 : first.region.section === undefined ? MEM_PRIVATE : MEM_MAPPED,
    };
    return { status: 0, info };
  }
  #alike(one: number, other: number): boolean {
    const a = this.#pages[one];
    const b = this.#pages[other];
    if (a === undefined || b === undefined) return a === b;
    if (a.region !== b.region || this.#isReserved(one) !== this.#isReserved(other)) return false;
    return this.#isReserved(one) || a.protect === b.protect;
  }

  /** Reads (value undefined) or writes one word of a page, or only asks for the access. */
  access(address: number, access: number, value?: number): Answer {
    const number = Math.floor(address / PAGE);
    const page = this.#pages[number];
    if (address > this.#highest || page === undefined || this.#isReserved(number))
      return { status: status.STATUS_ACCESS_VIOLATION };
    if (page.protect & PAGE_GUARD) {
      page.protect -= PAGE_GUARD;
      return { status: status.STATUS_GUARD_PAGE_VIOLATION };
    }
    const base = page.protect & 0xff;
    const allowed =
      access === WRITE
        ? (base & (WRITABLE | COPY)) !== 0
        : access === EXECUTE
          ? (base & EXECUTABLE) !== 0
          : base !== PAGE_NOACCESS;
    if (!allowed) return { status: status.STATUS_ACCESS_VIOLATION };
    const { section, index, start } = page.region;
    const at = index + number - start;
    if (access === WRITE && base & COPY) {
      page.value = section!.values[at]!;
      page.copied = true;
      page.protect = fromCopy(page.protect);
    }
    const shared = section !== undefined && !page.copied;
    if (value !== undefined && shared) section.values[at] = value;
    else if (value !== undefined) page.value = value;
    return { status: 0, value: shared ? section.values[at]! : page.value };
  }

  lock(base: number, size: number): Answer {
    if (base > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_2 };
    if (size <= 0 || base + size - 1 > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_3 };
    const [start, end] = this.#span(base, size);
    const quota = this.minimum - 8 - this.lockedPages;
    let added = 0;
    for (let number = start; number < end; number++) {
      const page = this.#pages[number];
      if (page === undefined || this.#isReserved(number) || page.protect & PAGE_NOACCESS)
        return { status: status.STATUS_ACCESS_VIOLATION };
      if (page.protect & PAGE_GUARD) {
        page.protect -= PAGE_GUARD;
        return { status: status.STATUS_GUARD_PAGE_VIOLATION };
      }
      if (!page.locked && ++added > quota) return { status: status.STATUS_WORKING_SET_QUOTA };
    }
    for (let number = start; number < end; number++) this.#pages[number]!.locked = true;
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE };
  }

  unlock(base: number, size: number): Answer {
    if (base > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_2 };
    if (size <= 0 || base + size - 1 > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_3 };
    const [start, end] = this.#span(base, size);
    for (let number = start; number < end; number++)
      if (!this.#pages[number]?.locked) return { status: status.STATUS_NOT_LOCKED };
    for (let number = start; number < end; number++) this.#pages[number]!.locked = false;
    return { status: 0, base: start * PAGE, size: (end - start) * PAGE };
  }

  map(
    section: Section,
    base: number,
    offset: number,
    size: number,
    protect: number,
    topDown: boolean,
  ): Answer {
    if (!isValid(protect, true)) return { status: status.STATUS_INVALID_PAGE_PROTECTION };
    if (base % 0x10000 !== 0 || offset % 0x10000 !== 0) return { status: status.STATUS_MAPPED_ALIGNMENT };
    if (base > this.#highest) return { status: status.STATUS_INVALID_PARAMETER_3 };
    if (offset >= section.size || offset + size > section.size)
      return { status: status.STATUS_INVALID_VIEW_SIZE };
    if (protect & WRITABLE && !(section.protect & WRITABLE))
      return { status: status.STATUS_SECTION_PROTECTION };
    if (protect & EXECUTABLE && !(section.protect & EXECUTABLE))
      return { status: status.STATUS_SECTION_PROTECTION };
    const pages = Math.ceil((size === 0 ? section.size - offset : size) / PAGE);
    let start = base / PAGE;
    if (base === 0) {
      start = this.#find(pages, topDown);
      if (start < 0) return { status: status.STATUS_NO_MEMORY };
    } else if (start + pages > this.#end || !this.#free(start, start + pages))
      return { status: status.STATUS_CONFLICTING_ADDRESSES };
    const charged = (protect & COPY) !== 0;
    if (charged && this.machine.charge + pages > this.machine.limit)
      return { status: status.STATUS_COMMITMENT_LIMIT };
    if (charged) this.machine.charge += pages;
    section.views++;
    const region: Region = { start, end: start + pages, protect, section, index: offset / PAGE };
    for (let page = start; page < start + pages; page++)
      this.#pages[page] = {
        region,
        committed: true,
        protect,
        value: 0,
        copied: false,
        charged,
        locked: false,
      };
    return { status: 0, base: start * PAGE, size: pages * PAGE };
  }

  unmap(address: number): Answer {
    const region = this.#pages[Math.floor(address / PAGE)]?.region;
    if (region?.section === undefined) return { status: status.STATUS_NOT_MAPPED_VIEW };
    this.#remove(region);
    region.section.views--;
    this.machine.closeIfUnused(region.section);
    return { status: 0, base: region.start * PAGE, size: (region.end - region.start) * PAGE };
  }
}

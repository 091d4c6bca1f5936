import { HIGHEST_ADDRESS, LOWEST_ADDRESS, PAGE_SIZE } from '../machine/layout.ts';
import { allocate, free } from './allocate.ts';
import {
  EXECUTE,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_READWRITE,
  WRITE,
} from './constants.ts';
import { faultIn } from './fault.ts';
import { lockPages, unlockPages } from './lock.ts';
import {
  ENTRY_FRAME,
  ENTRY_WORDS,
  LEAF_PAGES,
  LEAF_WORDS,
  PageState,
  PageTable,
  PROTECT_SHIFT,
  STATE_MASK,
  WRITTEN,
} from './page-table.ts';
import { countSmall, dropPages } from './pages.ts';
import { changeProtection } from './protect.ts';
import { listRegions, type MemoryInfo, queryMemory, type RegionView } from './query.ts';
import { RegionFacts } from './region-facts.ts';
import { RegionTree } from './region-tree.ts';
import type { Region } from './regions.ts';
import type { Section } from './section.ts';
import type { MemorySystem } from './system.ts';
import { TranslationCache } from './translation-cache.ts';
import { flushView, mapView, unmapRegion, unmapView, type ViewOptions } from './views.ts';

export type { MemoryInfo, RegionView } from './query.ts';
export type { ViewOptions } from './views.ts';

/** The stack of the thread that runs: a guard page hit in it makes it grow instead of raising an exception. */
export interface RunningStack {
  /** DeallocationStack: the lowest address of the reservation. */
  low: number;
  /** StackBase: the address after the highest one. */
  high: number;
  /** Bytes that stay free for a stack overflow handler (SetThreadStackGuarantee). */
  guarantee: number;
  /** Called with the new StackLimit: the lowest address that can be used now. */
  onLimit(limit: number): void;
}

/** Counts of one address space, in events and pages. */
export interface SpaceStatistics {
  demandZero: number;
  copyOnWrite: number;
  guard: number;
  pageIn: number;
  /** Pages charged to commit by this space (pages of its sections are charged apart). */
  committed: number;
  peakCommitted: number;
  /** Pages in the working set. */
  resident: number;
  peakResident: number;
}

const LEAF_BYTES = LEAF_PAGES * PAGE_SIZE;
/** A bit for each entry state in which the bytes are there. */
const READY = (1 << PageState.resident) | (1 << PageState.shared);
// Protections, as they lie in an entry, that allow each access without more ado. Copying is more ado.
const GUARD = PAGE_GUARD << PROTECT_SHIFT;
const READABLE = (0xff & ~PAGE_NOACCESS) << PROTECT_SHIFT;
const WRITABLE = (PAGE_READWRITE | PAGE_EXECUTE_READWRITE) << PROTECT_SHIFT;
const EXECUTABLE =
  (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY) << PROTECT_SHIFT;

/** Whether a page with these flags allows an access with nothing to be done first. */
function isReady(flags: number, access: number): boolean {
  if (((READY >>> (flags & STATE_MASK)) & 1) === 0 || (flags & GUARD) !== 0) return false;
  if ((flags & (access === WRITE ? WRITABLE : access === EXECUTE ? EXECUTABLE : READABLE)) === 0)
    return false;
  return access !== WRITE || (flags & (STATE_MASK | WRITTEN)) !== PageState.shared;
}

/**
 * The address space of one process: its regions, its page table, and the operations of the Windows memory API
 * on them. Operations answer an NTSTATUS; what they give back beyond that is in the result fields. An
 * operation that is refused has changed nothing, except where Windows says otherwise.
 *
 * Bottom-up allocation begins at 0x10000, the lowest address Windows has: the layout is the same in every run,
 * and addresses below 2 GiB are small integers to JavaScript.
 */
export class AddressSpace {
  readonly id: number;
  readonly system: MemorySystem;
  /** Highest address that programs may use; lower for an exe that is not LARGEADDRESSAWARE. */
  highest = HIGHEST_ADDRESS;
  readonly tree = new RegionTree(LOWEST_ADDRESS / PAGE_SIZE);
  readonly facts = new RegionFacts();
  readonly table = new PageTable();
  /** What GuestMemory knows about pages. */
  readonly translations = new TranslationCache();
  /** Called for every change of a page's translation or rights (page numbers): caches of them drop these pages. */
  onTranslationChange: ((space: AddressSpace, firstPage: number, pageCount: number) => void) | undefined =
    undefined;

  /** Of the last operation that succeeded: the rounded range, and the protection that protect() replaced. */
  resultBase = 0;
  resultSize = 0;
  resultProtect = 0;

  /** Of the last probe that answered 0: the NTSTATUS, the byte, the access, and for IN_PAGE_ERROR the reason. */
  faultStatus = 0;
  faultAddress = 0;
  faultAccess = 0;
  faultDetail = 0;

  runningStack: RunningStack | undefined = undefined;

  /** In pages; Windows' defaults. */
  workingSetMinimum = 50;
  workingSetMaximum = 345;
  lockedPages = 0;
  readonly statistics: SpaceStatistics = {
    demandZero: 0,
    copyOnWrite: 0,
    guard: 0,
    pageIn: 0,
    committed: 0,
    peakCommitted: 0,
    resident: 0,
    peakResident: 0,
  };

  constructor(system: MemorySystem, id: number) {
    this.system = system;
    this.id = id;
  }

  /** NtAllocateVirtualMemory: reserves, commits or resets. Base 0 = anywhere up to `highestAddress`. */
  allocate(base: number, size: number, type: number, protect: number, highestAddress = this.highest): number {
    return allocate(this, base, size, type, protect, highestAddress);
  }
  /** NtFreeVirtualMemory: MEM_DECOMMIT of pages, or MEM_RELEASE of a whole region (size 0). */
  free(base: number, size: number, type: number): number {
    return free(this, base, size, type);
  }
  /** NtProtectVirtualMemory; resultProtect is what the first page had. */
  protect(base: number, size: number, protect: number): number {
    return changeProtection(this, base, size, protect);
  }
  /** NtQueryVirtualMemory, class MemoryBasicInformation. */
  query(address: number, into: MemoryInfo): number {
    return queryMemory(this, address, into);
  }
  /** NtLockVirtualMemory into the working set. */
  lock(base: number, size: number): number {
    return lockPages(this, base, size);
  }
  /** NtUnlockVirtualMemory. STATUS_NOT_LOCKED has taken the pages that were not locked out of the working set. */
  unlock(base: number, size: number): number {
    return unlockPages(this, base, size);
  }
  /** NtMapViewOfSection. An image that could not be at its base answers STATUS_IMAGE_NOT_AT_BASE, a success. */
  mapView(section: Section, options: ViewOptions): number {
    return mapView(this, section, options);
  }
  /** NtUnmapViewOfSection; any address in the view will do. */
  unmapView(address: number): number {
    return unmapView(this, address);
  }
  /** NtFlushVirtualMemory; size 0 = to the end of the view. */
  flushView(base: number, size: number): number {
    return flushView(this, base, size);
  }

  /**
   * The byte offset in RAM of `address` for this access (READ, WRITE or EXECUTE), after whatever fault it takes:
   * zero page, page-in, copy-on-write, stack growth. 0 if the access is refused; the fault fields then tell why.
   * What follows up to the end of the page is contiguous and has the same rights.
   */
  probe(address: number, access: number): number {
    if (!(address >= 0 && address <= this.highest)) return faultIn(this, address, access, 0);
    // Truncation to 32 bits keeps the bits that number the page in its leaf, and the byte.
    const low = address | 0;
    const leaf = this.table.leaf(Math.floor(address / LEAF_BYTES));
    const at = leaf * LEAF_WORDS + ((low >>> 12) & (LEAF_PAGES - 1)) * ENTRY_WORDS;
    const flags = this.table.words[at]!;
    if (!isReady(flags, access)) return faultIn(this, address, access, flags);
    return this.system.frames.offset(this.table.words[at + ENTRY_FRAME]!) + (low & (PAGE_SIZE - 1));
  }

  /** The frame of a page that can be read or written without a fault of any kind; -1 if there is none such. */
  readyFrame(page: number, access: number): number {
    if (!(page >= 0 && page * PAGE_SIZE <= this.highest)) return -1;
    const at = this.table.at(page);
    return isReady(this.table.words[at]!, access) ? this.table.words[at + ENTRY_FRAME]! : -1;
  }

  /** The regions in order, one entry for each run of pages alike, free space left out. For reports. */
  regions(): Iterable<RegionView> {
    return listRegions(this);
  }

  /** Ends the address space: views are unmapped (with what they changed in files written), memory goes back. */
  destroy(): void {
    for (let region = this.tree.first; region !== undefined; region = this.tree.first) this.release(region);
    this.system.spaces.delete(this);
  }

  /** Takes in a region that is ready. */
  add(region: Region): void {
    this.tree.insert(region);
    this.facts.resize(this.tree.count);
    this.facts.keep(region, region.start, false);
  }
  /** Removes a region that holds nothing any more. */
  remove(region: Region): void {
    this.facts.drop(region);
    this.tree.remove(region.start);
  }
  /** Removes a region with all it holds. */
  release(region: Region): void {
    if (region.section !== undefined) {
      unmapRegion(this, region);
      return;
    }
    const present = dropPages(this, region.start, region.end);
    this.uncharge(region, region.charged);
    this.remove(region);
    if (present) this.changed(region.start, region.end - region.start);
  }

  /** The same for a small private region, of which only what is kept of it is looked at. */
  releaseSmall(facts: number): void {
    const start = this.facts.start(facts);
    const end = this.facts.end(facts);
    const charged = this.facts.isMixed(facts)
      ? countSmall(this, start, end, this.facts.plain(facts))
      : this.facts.isCommitted(facts)
        ? end - start
        : 0;
    const present = dropPages(this, start, end);
    this.system.uncharge(charged);
    this.statistics.committed -= charged;
    this.facts.dropRange(start, end);
    this.tree.remove(start);
    if (present) this.changed(start, end - start);
  }

  /** Tells everybody who remembers translations that those of these pages are void. */
  changed(firstPage: number, pageCount: number): void {
    this.translations.drop(firstPage, pageCount);
    this.onTranslationChange?.(this, firstPage, pageCount);
  }

  /** Charges pages of a region to commit, or answers false and charges none. */
  charge(region: Region, pages: number): boolean {
    if (!this.system.charge(pages)) return false;
    region.charged += pages;
    this.statistics.committed += pages;
    if (this.statistics.committed > this.statistics.peakCommitted)
      this.statistics.peakCommitted = this.statistics.committed;
    return true;
  }
  uncharge(region: Region, pages: number): void {
    this.system.uncharge(pages);
    region.charged -= pages;
    this.statistics.committed -= pages;
  }

  countResident(): void {
    if (++this.statistics.resident > this.statistics.peakResident)
      this.statistics.peakResident = this.statistics.resident;
  }
}

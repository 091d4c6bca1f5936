import { PAGE_SIZE } from '../machine/layout.ts';
import { MEM_COMMIT, MEM_FREE, MEM_RESERVE, PAGE_NOACCESS } from './constants.ts';
import { PROTECT_MASK, PROTECT_SHIFT } from './page-table.ts';
import { commonOf, nextRun, type Run, smallRunEnd } from './pages.ts';
import { isSmall } from './region-facts.ts';
import type { Region } from './regions.ts';
import type { AddressSpace } from './space.ts';
import { STATUS_INVALID_PARAMETER, STATUS_SUCCESS } from './status.ts';

/**
 * What VirtualQuery tells.
 * https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information
 */
export interface MemoryInfo {
  /** The page asked about, not the start of the run. */
  baseAddress: number;
  allocationBase: number;
  allocationProtect: number;
  /** Bytes from baseAddress to the end of the run. */
  regionSize: number;
  state: number;
  protect: number;
  type: number;
}

/** A run of pages in a report. */
export interface RegionView {
  readonly base: number;
  readonly size: number;
  /** MEM_COMMIT or MEM_RESERVE. */
  readonly state: number;
  readonly protect: number;
  readonly type: number;
  readonly allocationBase: number;
  readonly allocationProtect: number;
  /** Path of the file or image behind a view, else empty. */
  readonly name: string;
}

const run: Run = { common: 0 };

export function queryMemory(space: AddressSpace, address: number, into: MemoryInfo): number {
  if (!(address >= 0 && address <= space.highest)) return STATUS_INVALID_PARAMETER;
  const page = Math.floor(address / PAGE_SIZE);
  into.baseAddress = page * PAGE_SIZE;
  const { facts } = space;
  const at = facts.find(page);
  if (at < 0) return search(space, page, into);
  into.allocationBase = facts.start(at) * PAGE_SIZE;
  into.allocationProtect = facts.allocationProtect(at);
  into.type = facts.type(at);
  if (facts.isMixed(at)) {
    const end = smallRunEnd(space, page, facts.end(at), facts.plain(at), PROTECT_MASK, run);
    describeRun(page, end, into);
  } else {
    into.regionSize = (facts.end(at) - page) * PAGE_SIZE;
    into.state = facts.isCommitted(at) ? MEM_COMMIT : MEM_RESERVE;
    into.protect = facts.protect(at);
  }
  return STATUS_SUCCESS;
}

function describeRun(page: number, end: number, into: MemoryInfo): void {
  into.regionSize = (end - page) * PAGE_SIZE;
  into.state = run.common === 0 ? MEM_RESERVE : MEM_COMMIT;
  into.protect = (run.common & PROTECT_MASK) >>> PROTECT_SHIFT;
}

function search(space: AddressSpace, page: number, into: MemoryInfo): number {
  const region = space.tree.find(page);
  if (region === undefined) {
    describeFree(space, page, into);
    return STATUS_SUCCESS;
  }
  if (isSmall(region.end - region.start)) space.facts.keep(region, page, isMixed(space, region));
  into.allocationBase = region.start * PAGE_SIZE;
  into.allocationProtect = region.allocationProtect;
  into.type = region.type;
  describeRun(page, runEnd(space, region, page), into);
  return STATUS_SUCCESS;
}

/** Whether a page differs from what its region says of those without an entry. */
function isMixed(space: AddressSpace, region: Region): boolean {
  if (runEnd(space, region, region.start) < region.end) return true;
  return run.common !== commonOf(region.plainOfAll, PROTECT_MASK);
}

function describeFree(space: AddressSpace, page: number, into: MemoryInfo): void {
  const next = space.tree.above(page);
  const end = next === undefined ? Math.floor((space.highest + 1) / PAGE_SIZE) : next.start;
  into.allocationBase = 0;
  into.allocationProtect = 0;
  into.regionSize = (end - page) * PAGE_SIZE;
  into.state = MEM_FREE;
  into.protect = PAGE_NOACCESS;
  into.type = 0;
}

/** The page after the run of pages alike that begins at `page`; `run` then tells what they are. */
function runEnd(space: AddressSpace, region: Region, page: number): number {
  return nextRun(space, region, page, region.end, PROTECT_MASK, run);
}

export function* listRegions(space: AddressSpace): Generator<RegionView> {
  for (const region of space.tree) {
    for (let page = region.start; page < region.end; ) {
      const end = runEnd(space, region, page);
      yield {
        base: page * PAGE_SIZE,
        size: (end - page) * PAGE_SIZE,
        state: run.common === 0 ? MEM_RESERVE : MEM_COMMIT,
        protect: (run.common & PROTECT_MASK) >>> PROTECT_SHIFT,
        type: region.type,
        allocationBase: region.start * PAGE_SIZE,
        allocationProtect: region.allocationProtect,
        name: region.section?.name ?? '',
      };
      page = end;
    }
  }
}

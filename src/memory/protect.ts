import { PAGE_SIZE } from '../machine/layout.ts';
import { done } from './allocate.ts';
import { MEM_PRIVATE } from './constants.ts';
import { CHARGED, PROTECT_MASK, PROTECT_SHIFT } from './page-table.ts';
import {
  changePages,
  changeSmall,
  countPages,
  flagsOf,
  type Run,
  smallRunEnd,
  withProtection,
} from './pages.ts';
import { isCopy, pageProtection, viewProtection } from './protection.ts';
import type { Region } from './regions.ts';
import { sectionLimit } from './section.ts';
import type { AddressSpace } from './space.ts';
import {
  STATUS_COMMITMENT_LIMIT,
  STATUS_CONFLICTING_ADDRESSES,
  STATUS_INVALID_PAGE_PROTECTION,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_NOT_COMMITTED,
  STATUS_SECTION_PROTECTION,
} from './status.ts';

/** https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualprotect */
export function changeProtection(space: AddressSpace, base: number, size: number, protect: number): number {
  if (pageProtection(protect, MEM_PRIVATE) === 0 && pageProtection(protect, 0) === 0)
    return STATUS_INVALID_PAGE_PROTECTION;
  if (!(base >= 0 && base <= space.highest)) return STATUS_INVALID_PARAMETER_2;
  if (!(size > 0 && base + size - 1 <= space.highest)) return STATUS_INVALID_PARAMETER_3;
  const first = Math.floor(base / PAGE_SIZE);
  const end = Math.ceil((base + size) / PAGE_SIZE);
  const facts = space.facts.find(first);
  if (facts >= 0 && space.facts.isPrivate(facts) && end <= space.facts.end(facts) && end - first <= FEW_PAGES)
    return changeFew(space, facts, first, end, protect);
  const region = space.tree.find(first);
  if (region === undefined || end > region.end) return STATUS_CONFLICTING_ADDRESSES;
  const valid = pageProtection(protect, region.type);
  if (valid === 0) return STATUS_INVALID_PAGE_PROTECTION;
  if (countPages(space, region, first, end, false) > 0) return STATUS_NOT_COMMITTED;
  const effective = allowedBySection(region, valid);
  if (effective === 0) return STATUS_SECTION_PROTECTION;
  if (isCopy(effective) && !space.charge(region, countPages(space, region, first, end, true, CHARGED)))
    return STATUS_COMMITMENT_LIMIT;
  const old = (flagsOf(space, region, first) & PROTECT_MASK) >>> PROTECT_SHIFT;
  const present = changePages(space, region, first, end, (flags) => withProtection(flags, effective));
  if (present) space.changed(first, end - first);
  space.resultProtect = old;
  return done(space, first, end);
}

/** So many pages change one by one, even if they are all of their region. */
const FEW_PAGES = 16;
const run: Run = { common: 0 };

/**
 * The same for a few pages of private memory, if what is kept of their region tells all: the region need not be
 * looked at. What it says of pages without an entry stays true.
 */
function changeFew(space: AddressSpace, at: number, first: number, end: number, protect: number): number {
  const { facts } = space;
  const valid = pageProtection(protect, MEM_PRIVATE);
  if (valid === 0) return STATUS_INVALID_PAGE_PROTECTION;
  const plain = facts.plain(at);
  if (smallRunEnd(space, first, end, plain, 0, run) < end || run.common === 0) return STATUS_NOT_COMMITTED;
  space.resultProtect = ((space.table.flags(first) || plain) & PROTECT_MASK) >>> PROTECT_SHIFT;
  facts.mix(facts.start(at), facts.end(at));
  if (changeSmall(space, first, end, plain, (flags) => withProtection(flags, valid)))
    space.changed(first, end - first);
  return done(space, first, end);
}

function allowedBySection(region: Region, protect: number): number {
  const { section } = region;
  if (section === undefined) return protect;
  return viewProtection(protect, region.type, region.allocationProtect, sectionLimit(section));
}

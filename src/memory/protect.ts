import { PAGE_SIZE } from '../machine/layout.ts';
import { done } from './allocate.ts';
import { MEM_PRIVATE } from './constants.ts';
import { CHARGED, PROTECT_MASK, PROTECT_SHIFT } from './page-table.ts';
import { changePages, countPages, flagsOf, withProtection } from './pages.ts';
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

function allowedBySection(region: Region, protect: number): number {
  const { section } = region;
  if (section === undefined) return protect;
  return viewProtection(protect, region.type, region.allocationProtect, sectionLimit(section));
}

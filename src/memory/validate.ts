import { FrameKind } from '../machine/frames.ts';
import { MEM_PRIVATE } from './constants.ts';
import {
  COPIED,
  ENTRY_FRAME,
  ENTRY_WORDS,
  LOCKED,
  PageState,
  PROTECT_MASK,
  PROTECT_SHIFT,
  STATE_MASK,
} from './page-table.ts';
import { commonOf, flagsOf, holdsFrame, inWorkingSet, isCharged, plainFlags, sectionIndex } from './pages.ts';
import { isCopy } from './protection.ts';
import type { Region } from './regions.ts';
import type { SharedPages } from './shared-pages.ts';
import type { AddressSpace } from './space.ts';
import type { MemorySystem } from './system.ts';

/** Counts everything again from the page tables and compares. For tests: throws an Error that says what is wrong. */
export function validateSystem(system: MemorySystem): void {
  const references = new Map<number, number>();
  const locks = new Map<number, number>();
  let charge = 0;
  for (const shared of system.shared.values()) charge += validateShared(shared, references);
  for (const space of system.spaces) charge += validateSpace(space, references, locks);
  equal(system.commitCharge, charge, 'pages charged to commit');
  check(charge <= system.commitLimit, `${charge} pages are charged, over the limit of ${system.commitLimit}`);
  const { frames } = system;
  frames.validate(references.keys());
  for (const [frame, count] of references) {
    equal(frames.references(frame), count, `references of frame ${frame}`);
    equal(frames.locks(frame), locks.get(frame) ?? 0, `locks of frame ${frame}`);
  }
}

function check(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}
function equal(kept: number, counted: number, what: string): void {
  if (kept !== counted) throw new Error(`${what}: ${kept} kept, ${counted} counted`);
}
function add(counts: Map<number, number>, frame: number, by: number): void {
  counts.set(frame, (counts.get(frame) ?? 0) + by);
}

function validateShared(shared: SharedPages, references: Map<number, number>): number {
  const { frames } = shared.system;
  let committed = 0;
  let dirty = 0;
  shared.table.validate();
  shared.table.forEachLeaf(0, 2 ** 35, (from, at, count) => {
    for (let i = 0; i < count; i++) {
      const flags = shared.table.words[at + i * ENTRY_WORDS]!;
      if (flags === 0) continue;
      committed++;
      if ((flags & STATE_MASK) !== PageState.shared) continue;
      const frame = shared.table.words[at + i * ENTRY_WORDS + ENTRY_FRAME]!;
      const page = from + i;
      add(references, frame, 1);
      check(frames.kind(frame) === FrameKind.shared, `frame ${frame} of a section is not marked so`);
      check(
        frames.owner(frame) === shared.id && frames.page(frame) === page,
        `frame ${frame} has the wrong owner`,
      );
      check(shared.dirty.has(page) === frames.isDirty(frame), `frame ${frame} is dirty on one side only`);
      if (frames.isDirty(frame)) dirty++;
    }
  });
  equal(shared.dirty.size, dirty, 'dirty pages of a file');
  check(
    shared.source !== undefined || shared.charged >= committed,
    'a section has more pages than it is charged for',
  );
  return shared.charged;
}

function validateSpace(
  space: AddressSpace,
  references: Map<number, number>,
  locks: Map<number, number>,
): number {
  space.tree.validate();
  const counts = { resident: 0, locked: 0, entries: 0, charged: 0 };
  for (const region of space.tree) {
    const before = counts.charged;
    validateRegion(space, region, counts, references, locks);
    equal(region.charged, counts.charged - before, `pages charged for region ${region.start}`);
  }
  const entries = space.table.validate();
  equal(entries, counts.entries, 'page-table entries within regions');
  equal(space.statistics.resident, counts.resident, 'pages in the working set');
  equal(space.lockedPages, counts.locked, 'locked pages');
  equal(space.statistics.committed, counts.charged, 'pages charged to the space');
  return counts.charged;
}

function validateRegion(
  space: AddressSpace,
  region: Region,
  counts: { resident: number; locked: number; entries: number; charged: number },
  references: Map<number, number>,
  locks: Map<number, number>,
): void {
  for (let page = region.start; page < region.end; page = region.plainEnd(page))
    if (isCharged(region, region.plain(page))) counts.charged += region.plainEnd(page) - page;
  validateFacts(space, region);
  const { table } = space;
  table.forEachLeaf(region.start, region.end, (from, at, count) => {
    for (let i = 0; i < count; i++) {
      const flags = table.words[at + i * ENTRY_WORDS]!;
      if (flags === 0) continue;
      const page = from + i;
      const frame = table.words[at + i * ENTRY_WORDS + ENTRY_FRAME]!;
      counts.entries++;
      counts.charged += Number(isCharged(region, flags)) - Number(isCharged(region, region.plain(page)));
      check(
        holdsFrame(flags) || flags !== plainFlags(region, page),
        `page ${page} has an entry that says nothing`,
      );
      check(
        region.uniform === 0 || areAlike(flags, region.uniform),
        `page ${page} differs from its region, which says that none does`,
      );
      if (!holdsFrame(flags)) continue;
      validateEntry(space, region, page, flags, frame);
      add(references, frame, (flags & LOCKED) === 0 ? 1 : 2);
      if (inWorkingSet(flags)) counts.resident++;
      if ((flags & LOCKED) === 0) continue;
      counts.locked++;
      add(locks, frame, 1);
    }
  });
}

/** Whether queries are told the same of two pages of a region, by their flags. */
function areAlike(flags: number, others: number): boolean {
  return commonOf(flags, PROTECT_MASK) === commonOf(others, PROTECT_MASK);
}

/** Calls about small regions are answered from what the space keeps of them. */
function validateFacts(space: AddressSpace, region: Region): void {
  const { facts } = space;
  for (let page = region.start; page < Math.min(region.end, region.start + 256); page++) {
    const at = facts.find(page);
    if (at < 0) continue;
    const plain = region.plainOfAll;
    const isRight =
      plain !== 0 &&
      facts.start(at) === region.start &&
      facts.end(at) === region.end &&
      facts.type(at) === region.type &&
      facts.allocationProtect(at) === region.allocationProtect &&
      areAlike(facts.plain(at), plain) &&
      (facts.isMixed(at) || areAlike(flagsOf(space, region, page), plain));
    check(isRight, `the facts kept for page ${page} are not those of its region`);
  }
}

function validateEntry(
  space: AddressSpace,
  region: Region,
  page: number,
  flags: number,
  frame: number,
): void {
  const { frames } = space.system;
  const shared = (flags & STATE_MASK) === PageState.shared;
  if (shared) {
    const { pages } = region.section!;
    check(pages.views.has(region), `the view of page ${page} is unknown to its section`);
    check(
      pages.resident(sectionIndex(region, page)) === frame,
      `page ${page} shows a frame its section has not`,
    );
    check((flags & COPIED) === 0, `page ${page} is copied and shared at once`);
    return;
  }
  check(frames.kind(frame) === FrameKind.private, `frame ${frame} of page ${page} is not private`);
  check(
    frames.owner(frame) === space.id && frames.page(frame) === page,
    `frame ${frame} has the wrong owner`,
  );
  check(!isCopy(flags >>> PROTECT_SHIFT), `page ${page} was copied but still says WRITECOPY`);
  check(
    (region.type === MEM_PRIVATE) === ((flags & COPIED) === 0),
    `page ${page} is marked wrongly as copied`,
  );
  check(
    (flags & STATE_MASK) !== PageState.transition || (flags & LOCKED) === 0,
    `page ${page} is locked but trimmed`,
  );
}

import { describe, expect, test } from 'vitest';
import {
  EXECUTE,
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_IMAGE,
  MEM_LARGE_PAGES,
  MEM_MAPPED,
  MEM_RELEASE,
  MEM_RESERVE,
  MEM_RESET,
  MEM_TOP_DOWN,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_NOCACHE,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  READ,
  SEC_COMMIT,
  SEC_IMAGE,
  SEC_LARGE_PAGES,
  SEC_NOCACHE,
  SEC_RESERVE,
  WRITE,
} from '../../src/memory/constants.ts';
import { GuestMemory } from '../../src/memory/guest-memory.ts';
import { type ImageLayout, Section } from '../../src/memory/section.ts';
import * as status from '../../src/memory/status.ts';
import type { MemorySystem } from '../../src/memory/system.ts';
import { bench, query } from './support.ts';

const A = 0x1000000;
const B = 0x2000000;

function pagefile(
  system: MemorySystem,
  size: number,
  protect = PAGE_READWRITE,
  attributes = SEC_COMMIT,
): Section {
  const { status: code, section } = Section.pagefile(system, size, protect, attributes);
  if (section === undefined) throw new Error(code.toString(16));
  return section;
}

describe('page-file-backed sections', () => {
  test('are zero, and all views in all address spaces show the same bytes at once', () => {
    const { system, space, memory } = bench();
    const other = system.createSpace();
    const theirs = new GuestMemory(other);
    const section = pagefile(system, 0x20000);
    expect(space.mapView(section, { base: A, protect: PAGE_READWRITE })).toBe(0);
    expect(space.mapView(section, { base: B, offset: 0x10000, protect: PAGE_READONLY })).toBe(0);
    expect(other.mapView(section, { protect: PAGE_READWRITE })).toBe(0);
    const base = other.resultBase;
    expect(memory.bytes(A, 0x20000).every((b) => b === 0)).toBe(true);
    memory.setU32(A + 0x10004, 0xcafe);
    expect([memory.u32(B + 4), theirs.u32(base + 0x10004)]).toEqual([0xcafe, 0xcafe]);
    theirs.setU32(base + 0x1fffc, 7);
    expect([memory.u32(A + 0x1fffc), memory.u32(B + 0xfffc)]).toEqual([7, 7]);
    system.validate();
    section.release();
    other.destroy();
    expect(memory.u32(A + 0x1fffc)).toBe(7);
    space.unmapView(A);
    space.unmapView(B);
    expect([system.commitCharge, system.frames.inUse]).toEqual([0, 0]);
    system.validate();
  });

  test('charge the whole size at creation, whatever is mapped', () => {
    const { system, space } = bench(16);
    expect(Section.pagefile(system, 17 * 0x1000, PAGE_READWRITE, SEC_COMMIT)).toEqual({
      status: status.STATUS_COMMITMENT_LIMIT,
      section: undefined,
    });
    const section = pagefile(system, 0xf001);
    expect([system.commitCharge, section.size]).toEqual([16, 0x10000]);
    expect(space.mapView(section, { protect: PAGE_READWRITE })).toBe(0);
    expect([system.commitCharge, space.statistics.committed]).toEqual([16, 0]);
    expect(space.allocate(0, 1, MEM_COMMIT, PAGE_READWRITE)).toBe(status.STATUS_COMMITMENT_LIMIT);
    expect(space.mapView(section, { protect: PAGE_WRITECOPY })).toBe(status.STATUS_COMMITMENT_LIMIT);
    section.release();
    expect(system.commitCharge).toBe(16);
    space.unmapView(space.resultBase);
    expect(system.commitCharge).toBe(0);
    system.validate();
  });

  test('of SEC_RESERVE are reserved until a page is committed through any view, and then in all views for good', () => {
    const { system, space, memory } = bench();
    const section = pagefile(system, 0x100000, PAGE_READWRITE, SEC_RESERVE);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    space.mapView(section, { base: B, protect: PAGE_READWRITE });
    expect(system.commitCharge).toBe(0);
    expect(query(space, A)).toMatchObject({
      state: MEM_RESERVE,
      regionSize: 0x100000,
      type: MEM_MAPPED,
      protect: 0,
    });
    expect(space.probe(A, READ)).toBe(0);
    expect(space.allocate(A + 0x2000, 0x3000, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    expect(system.commitCharge).toBe(3);
    expect(query(space, B)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x2000 });
    expect(query(space, B + 0x2000)).toMatchObject({
      state: MEM_COMMIT,
      regionSize: 0x3000,
      protect: PAGE_READWRITE,
    });
    memory.setU8(B + 0x2000, 3);
    expect(memory.u8(A + 0x2000)).toBe(3);
    expect(space.allocate(B, 0x4000, MEM_COMMIT, PAGE_READONLY)).toBe(0);
    expect(system.commitCharge).toBe(5);
    expect(query(space, A)).toMatchObject({ state: MEM_COMMIT, regionSize: 0x5000, protect: PAGE_READWRITE });
    expect(query(space, B)).toMatchObject({ state: MEM_COMMIT, regionSize: 0x4000, protect: PAGE_READONLY });
    expect(space.free(A + 0x2000, 0x1000, MEM_DECOMMIT)).not.toBe(0);
    expect(space.protect(A + 0x4000, 0x2000, PAGE_READONLY)).toBe(status.STATUS_NOT_COMMITTED);
    system.validate();
    space.unmapView(A);
    space.unmapView(B);
    expect(system.commitCharge).toBe(5);
    section.release();
    expect([system.commitCharge, system.frames.inUse]).toEqual([0, 0]);
    system.validate();
  });

  test('of SEC_RESERVE can be huge, be committed at the limit only, and be committed at mapping', () => {
    const { system, space } = bench(64);
    const section = pagefile(system, 0x400000000000, PAGE_READWRITE, SEC_RESERVE);
    expect(space.mapView(section, { base: A, protect: PAGE_READWRITE, commitSize: 0x2000 })).toBe(0);
    expect(system.commitCharge).toBe(2);
    expect(space.allocate(A + 0x3fffffff0000, 0x10000, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    expect(query(space, A + 0x2000)).toMatchObject({
      state: MEM_RESERVE,
      regionSize: 0x3fffffff0000 - 0x2000,
    });
    expect(space.allocate(A, 63 * 0x1000, MEM_COMMIT, PAGE_READWRITE)).toBe(status.STATUS_COMMITMENT_LIMIT);
    expect(query(space, A)).toMatchObject({ state: MEM_COMMIT, regionSize: 0x2000 });
    system.validate();
  });

  test('are refused with bad sizes, protections and attributes', () => {
    const { system } = bench(64);
    const code = (size: number, protect: number, attributes: number) =>
      Section.pagefile(system, size, protect, attributes).status;
    expect(code(0, PAGE_READWRITE, SEC_COMMIT)).toBe(status.STATUS_INVALID_PARAMETER_4);
    for (const size of [2 ** 47, 2 ** 63, Number.NaN])
      expect(code(size, PAGE_READWRITE, SEC_RESERVE)).not.toBe(0);
    for (const protect of [0, PAGE_NOACCESS, PAGE_READWRITE | PAGE_GUARD, PAGE_READWRITE | PAGE_NOCACHE, 6])
      expect(code(1, protect, SEC_COMMIT)).toBe(status.STATUS_INVALID_PAGE_PROTECTION);
    for (const attributes of [SEC_COMMIT | SEC_RESERVE, SEC_IMAGE, SEC_NOCACHE, 1])
      expect(code(1, PAGE_READWRITE, attributes)).toBe(status.STATUS_INVALID_PARAMETER_6);
    expect(code(1, PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES)).toBe(status.STATUS_NOT_SUPPORTED);
    expect(system.commitCharge).toBe(0);
  });
});

describe('mapping', () => {
  test('the protection of the view must fit that of the section', () => {
    const { system, space } = bench(64);
    const fits: [number, number[]][] = [
      [PAGE_READONLY, [PAGE_READONLY, PAGE_WRITECOPY]],
      [PAGE_READWRITE, [PAGE_READONLY, PAGE_WRITECOPY, PAGE_READWRITE]],
      [PAGE_WRITECOPY, [PAGE_READONLY, PAGE_WRITECOPY]],
      [
        PAGE_EXECUTE_READ,
        [PAGE_READONLY, PAGE_WRITECOPY, PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_WRITECOPY],
      ],
      [
        PAGE_EXECUTE_READWRITE,
        [
          PAGE_READONLY,
          PAGE_WRITECOPY,
          PAGE_READWRITE,
          PAGE_EXECUTE,
          PAGE_EXECUTE_READ,
          PAGE_EXECUTE_READWRITE,
          PAGE_EXECUTE_WRITECOPY,
        ],
      ],
    ];
    const views = [
      PAGE_READONLY,
      PAGE_WRITECOPY,
      PAGE_READWRITE,
      PAGE_EXECUTE,
      PAGE_EXECUTE_READ,
      PAGE_EXECUTE_READWRITE,
      PAGE_EXECUTE_WRITECOPY,
    ];
    for (const [protect, good] of fits) {
      const section = pagefile(system, 0x1000, protect);
      for (const view of views) {
        const code = space.mapView(section, { base: A, protect: view });
        expect(code, `${protect} ${view}`).toBe(good.includes(view) ? 0 : status.STATUS_SECTION_PROTECTION);
        if (code === 0) space.unmapView(A);
      }
      section.release();
    }
    system.validate();
    expect(system.commitCharge).toBe(0);
  });

  test('offset, base and size have their rules', () => {
    const { system, space } = bench();
    const section = pagefile(system, 0x30000);
    const map = (options: object) => space.mapView(section, { protect: PAGE_READWRITE, ...options });
    expect(map({ offset: 0x1000 })).toBe(status.STATUS_MAPPED_ALIGNMENT);
    expect(map({ base: A + 0x1000 })).toBe(status.STATUS_MAPPED_ALIGNMENT);
    expect(map({ offset: 0x30000 })).toBe(status.STATUS_INVALID_VIEW_SIZE);
    expect(map({ size: 0x30001 })).toBe(status.STATUS_INVALID_VIEW_SIZE);
    expect(map({ offset: 0x10000, size: 0x20001 })).toBe(status.STATUS_INVALID_VIEW_SIZE);
    expect(map({ size: 2 ** 60 })).toBe(status.STATUS_INVALID_VIEW_SIZE);
    expect(map({ base: 2 ** 48 })).toBe(status.STATUS_INVALID_PARAMETER_3);
    expect(map({ protect: 3 })).toBe(status.STATUS_INVALID_PAGE_PROTECTION);
    expect(map({ protect: PAGE_READWRITE | PAGE_NOCACHE })).toBe(status.STATUS_INVALID_PAGE_PROTECTION);
    expect(map({ type: MEM_COMMIT })).toBe(status.STATUS_INVALID_PARAMETER_9);
    expect(map({ type: MEM_LARGE_PAGES })).toBe(status.STATUS_NOT_SUPPORTED);
    expect(map({ base: A, size: 1 })).toBe(0);
    expect(space.resultSize).toBe(0x1000);
    expect(map({ base: A })).toBe(status.STATUS_CONFLICTING_ADDRESSES);
    expect(map({ base: 0x7ffffffe0000 })).toBe(status.STATUS_CONFLICTING_ADDRESSES);
    expect(map({ type: MEM_TOP_DOWN })).toBe(0);
    expect(space.resultBase).toBe(0x7ffffffc0000);
    expect(map({ offset: 0x20000 })).toBe(0);
    expect([space.resultBase, space.resultSize]).toEqual([0x10000, 0x10000]);
    system.validate();
  });

  test('unmapping takes any address in the view and nothing else', () => {
    const { system, space } = bench();
    const section = pagefile(system, 0x3000);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    space.allocate(B, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    for (const address of [A - 1, A + 0x3000, B, 0, 2 ** 50])
      expect(space.unmapView(address)).toBe(status.STATUS_NOT_MAPPED_VIEW);
    expect(space.unmapView(A + 0x1234)).toBe(0);
    expect(space.unmapView(A)).toBe(status.STATUS_NOT_MAPPED_VIEW);
    system.validate();
  });

  test('views cannot be freed, decommitted or committed like private memory', () => {
    const { system, space } = bench();
    const section = pagefile(system, 0x3000);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    expect(space.free(A, 0, MEM_RELEASE)).toBe(status.STATUS_UNABLE_TO_DELETE_SECTION);
    expect(space.free(A, 0x1000, MEM_DECOMMIT)).toBe(status.STATUS_UNABLE_TO_DELETE_SECTION);
    expect(space.allocate(A, 0x1000, MEM_COMMIT, PAGE_READWRITE)).toBe(status.STATUS_ALREADY_COMMITTED);
    expect(space.allocate(A, 0x1000, MEM_RESET, PAGE_READWRITE)).toBe(0);
    expect(query(space, A)).toMatchObject({
      state: MEM_COMMIT,
      type: MEM_MAPPED,
      regionSize: 0x3000,
      allocationProtect: PAGE_READWRITE,
    });
  });
});

describe('copy-on-write views', () => {
  test('are private after a write, keep following pages they have not copied, and are charged when mapped', () => {
    const { system, space, memory } = bench();
    const section = pagefile(system, 0x4000);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    expect(space.mapView(section, { base: B, protect: PAGE_WRITECOPY })).toBe(0);
    expect([system.commitCharge, space.statistics.committed]).toEqual([8, 4]);
    memory.setU32(A, 1);
    expect(memory.u32(B)).toBe(1);
    const heard: number[] = [];
    space.onTranslationChange = (_, first, count) => heard.push(first, count);
    memory.setU32(B + 4, 2);
    expect(heard).toEqual([B / 0x1000, 1]);
    memory.setU32(A, 3);
    memory.setU32(A + 0x1000, 4);
    expect([memory.u32(B), memory.u32(B + 4), memory.u32(A + 4), memory.u32(B + 0x1000)]).toEqual([
      1, 2, 0, 4,
    ]);
    expect(query(space, B)).toMatchObject({
      protect: PAGE_READWRITE,
      regionSize: 0x1000,
      type: MEM_MAPPED,
      allocationProtect: PAGE_WRITECOPY,
    });
    expect(query(space, B + 0x1000)).toMatchObject({ protect: PAGE_WRITECOPY, regionSize: 0x3000 });
    expect([system.commitCharge, space.statistics.copyOnWrite]).toEqual([8, 1]);
    system.validate();
    space.unmapView(B);
    expect([system.commitCharge, memory.u32(A + 4)]).toEqual([4, 0]);
    system.validate();
  });

  test('a copied page may be given READWRITE again and a WRITECOPY that means it; others copy first', () => {
    const { system, space, memory } = bench();
    const section = pagefile(system, 0x2000);
    space.mapView(section, { base: B, protect: PAGE_WRITECOPY });
    memory.setU8(B, 1);
    expect(space.protect(B, 0x2000, PAGE_READONLY)).toBe(0);
    expect(space.resultProtect).toBe(PAGE_READWRITE);
    expect(space.protect(B, 0x2000, PAGE_READWRITE)).toBe(0);
    expect([query(space, B).protect, query(space, B + 0x1000).protect]).toEqual([
      PAGE_READWRITE,
      PAGE_WRITECOPY,
    ]);
    expect(space.protect(B, 0x2000, PAGE_WRITECOPY)).toBe(0);
    expect([query(space, B).protect, query(space, B + 0x1000).protect]).toEqual([
      PAGE_READWRITE,
      PAGE_WRITECOPY,
    ]);
    memory.setU8(B + 0x1000, 1);
    expect(space.statistics.copyOnWrite).toBe(2);
    system.validate();
  });

  test('a locked page stays locked when it is copied', () => {
    const { system, space, memory } = bench();
    const section = pagefile(system, 0x1000);
    space.mapView(section, { base: B, protect: PAGE_WRITECOPY });
    space.lock(B, 1);
    memory.setU8(B, 1);
    expect(space.lockedPages).toBe(1);
    system.validate();
    expect(space.unlock(B, 1)).toBe(0);
    system.validate();
  });
});

describe('VirtualProtect on views', () => {
  test('a view mapped for reading cannot be made writable but can be made to copy, which is charged', () => {
    const { system, space, memory } = bench(64);
    const section = pagefile(system, 0x4000);
    space.mapView(section, { base: A, protect: PAGE_READONLY });
    expect(space.protect(A, 0x1000, PAGE_READWRITE)).toBe(status.STATUS_SECTION_PROTECTION);
    expect(space.protect(A, 0x1000, PAGE_EXECUTE_READ)).toBe(status.STATUS_SECTION_PROTECTION);
    expect(system.commitCharge).toBe(4);
    expect(space.protect(A, 0x1000, PAGE_WRITECOPY)).toBe(0);
    expect(space.protect(A, 0x2000, PAGE_WRITECOPY)).toBe(0);
    expect(system.commitCharge).toBe(6);
    memory.setU8(A, 1);
    system.validate();
    space.allocate(0, (64 - 6) * 0x1000, MEM_COMMIT, PAGE_READWRITE);
    expect(space.protect(A + 0x2000, 0x1000, PAGE_WRITECOPY)).toBe(status.STATUS_COMMITMENT_LIMIT);
    expect(query(space, A + 0x2000).protect).toBe(PAGE_READONLY);
    system.validate();
  });

  test('a writable view can be narrowed and widened back, guard included', () => {
    const { system, space, memory } = bench();
    const section = pagefile(system, 0x4000);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    memory.setU8(A, 1);
    expect(space.protect(A, 0x4000, PAGE_READONLY)).toBe(0);
    expect(space.probe(A, WRITE)).toBe(0);
    expect(space.protect(A, 0x4000, PAGE_READWRITE | PAGE_GUARD)).toBe(0);
    expect(space.probe(A, WRITE)).toBe(0);
    expect(space.faultStatus).toBe(status.STATUS_GUARD_PAGE_VIOLATION);
    memory.setU8(A, 2);
    expect(space.protect(A, 0x1000, PAGE_READWRITE | PAGE_NOCACHE)).toBe(
      status.STATUS_INVALID_PAGE_PROTECTION,
    );
    system.validate();
  });

  test('a huge view is protected without a cost for each page', () => {
    const { system, space } = bench(64);
    const section = pagefile(system, 0x400000000000, PAGE_READWRITE, SEC_RESERVE);
    space.mapView(section, { base: A, protect: PAGE_READWRITE });
    expect(space.protect(A, 0x400000000000, PAGE_READONLY)).toBe(status.STATUS_NOT_COMMITTED);
    expect(space.table.leafCount).toBe(0);
  });
});

function image(base: number): ImageLayout & { filled: number[] } {
  const filled: number[] = [];
  return {
    size: 0x5000,
    name: 'test.dll',
    base,
    filled,
    runs: [
      { firstPage: 0, pageCount: 1, protect: PAGE_READONLY },
      { firstPage: 1, pageCount: 2, protect: PAGE_EXECUTE_READ },
      { firstPage: 3, pageCount: 1, protect: PAGE_WRITECOPY },
    ],
    fill(page, into) {
      filled.push(page);
      into.fill(0x10 + page);
      return 0;
    },
  };
}

describe('images', () => {
  test('are laid out at their base with the protection of each part, and charge what can be written', () => {
    const { system, space, memory } = bench();
    const layout = image(0x140000000);
    const section = Section.image(system, layout).section!;
    expect(space.mapView(section, { protect: PAGE_READONLY })).toBe(0);
    expect(space.resultBase).toBe(0x140000000);
    expect(system.commitCharge).toBe(1);
    const runs = [...space.regions()].map((r) => [r.size, r.protect, r.type, r.allocationProtect, r.name]);
    const common = [MEM_IMAGE, PAGE_EXECUTE_WRITECOPY, 'test.dll'];
    expect(runs).toEqual([
      [0x1000, PAGE_READONLY, ...common],
      [0x2000, PAGE_EXECUTE_READ, ...common],
      [0x1000, PAGE_WRITECOPY, ...common],
      [0x1000, PAGE_NOACCESS, ...common],
    ]);
    expect([memory.u8(0x140000000), memory.u8(0x140002000), memory.u8(0x140003000)]).toEqual([
      0x10, 0x12, 0x13,
    ]);
    expect(space.probe(0x140001000, EXECUTE)).not.toBe(0);
    expect(space.probe(0x140003000, EXECUTE)).toBe(0);
    expect(space.probe(0x140004000, READ)).toBe(0);
    expect(space.flushView(0x140000000, 0)).toBe(status.STATUS_NOT_MAPPED_DATA);
    system.validate();
  });

  test('two processes share their pages until one of them writes', () => {
    const { system, space, memory } = bench();
    const layout = image(0x140000000);
    const section = Section.image(system, layout).section!;
    const other = system.createSpace();
    const theirs = new GuestMemory(other);
    for (const s of [space, other]) s.mapView(section, { protect: PAGE_READONLY });
    memory.setU8(0x140003000, 1);
    expect(theirs.u8(0x140003000)).toBe(0x13);
    expect(space.probe(0x140000000, READ)).toBe(other.probe(0x140000000, READ));
    expect(layout.filled).toEqual([3, 0]);
    expect(query(space, 0x140003000).protect).toBe(PAGE_READWRITE);
    expect(query(other, 0x140003000).protect).toBe(PAGE_WRITECOPY);
    system.validate();
    other.destroy();
    space.destroy();
    section.release();
    expect([system.commitCharge, system.frames.inUse]).toEqual([0, 0]);
    system.validate();
  });

  test('asked to be writable, copy: code is patched in one process only', () => {
    const { system, space, memory } = bench();
    const section = Section.image(system, image(0x140000000)).section!;
    space.mapView(section, { protect: PAGE_READONLY });
    expect(space.protect(0x140001000, 0x1000, PAGE_EXECUTE_READWRITE)).toBe(0);
    expect(query(space, 0x140001000).protect).toBe(PAGE_EXECUTE_WRITECOPY);
    expect(system.commitCharge).toBe(2);
    memory.setU8(0x140001000, 0xc3);
    expect(query(space, 0x140001000).protect).toBe(PAGE_EXECUTE_READWRITE);
    expect(query(space, 0x140002000).protect).toBe(PAGE_EXECUTE_READ);
    system.validate();
  });

  test('that cannot have their base are mapped elsewhere and say so', () => {
    const { space, system } = bench();
    space.allocate(0x140000000, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    const section = Section.image(system, image(0x140000000)).section!;
    expect(space.mapView(section, { protect: PAGE_READONLY })).toBe(status.STATUS_IMAGE_NOT_AT_BASE);
    expect(space.resultBase).toBe(0x10000);
    expect(space.mapView(section, { base: 0x140000000, protect: PAGE_READONLY })).toBe(
      status.STATUS_CONFLICTING_ADDRESSES,
    );
  });
});

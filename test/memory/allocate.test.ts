import { describe, expect, test } from 'vitest';
import { GRANULE, HIGHEST_ADDRESS, LOWEST_ADDRESS, PAGE_SIZE } from '../../src/machine/layout.ts';
import {
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_FREE,
  MEM_LARGE_PAGES,
  MEM_PHYSICAL,
  MEM_PRIVATE,
  MEM_RELEASE,
  MEM_RESERVE,
  MEM_RESERVE_PLACEHOLDER,
  MEM_RESET,
  MEM_RESET_UNDO,
  MEM_TOP_DOWN,
  MEM_WRITE_WATCH,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_NOCACHE,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOMBINE,
  PAGE_WRITECOPY,
  READ,
  WRITE,
} from '../../src/memory/constants.ts';
import * as status from '../../src/memory/status.ts';
import { bench, query } from './support.ts';

const RC = MEM_RESERVE | MEM_COMMIT;

describe('reserving', () => {
  test('reserves without charging commit, and touching it is an access violation', () => {
    const { system, space } = bench();
    expect(space.allocate(0, 0x10000, MEM_RESERVE, PAGE_READWRITE)).toBe(0);
    const base = space.resultBase;
    expect(system.commitCharge).toBe(0);
    const info = query(space, base);
    expect(info).toEqual({
      baseAddress: base,
      allocationBase: base,
      allocationProtect: PAGE_READWRITE,
      regionSize: 0x10000,
      state: MEM_RESERVE,
      protect: 0,
      type: MEM_PRIVATE,
    });
    expect(space.probe(base + 5, READ)).toBe(0);
    expect([space.faultStatus, space.faultAccess, space.faultAddress]).toEqual([
      status.STATUS_ACCESS_VIOLATION,
      READ,
      base + 5,
    ]);
    system.validate();
  });

  test('rounds a given base down to 64 KiB and the end up to a page', () => {
    const { space } = bench();
    expect(space.allocate(0x123456, 0x1000, MEM_RESERVE, PAGE_READWRITE)).toBe(0);
    expect([space.resultBase, space.resultSize]).toEqual([0x120000, 0x5000]);
    expect(query(space, 0x120000).regionSize).toBe(0x5000);
  });

  test('leaves the rest of the last 64 KiB free but reserves nothing there', () => {
    const { space } = bench();
    space.allocate(0x100000, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    expect(query(space, 0x101000).state).toBe(MEM_FREE);
    expect(space.allocate(0x101000, 0x1000, MEM_RESERVE, PAGE_READWRITE)).toBe(
      status.STATUS_CONFLICTING_ADDRESSES,
    );
  });

  test('finds room anywhere: aligned, inside the limits, without overlap, lowest first', () => {
    const { system, space } = bench();
    const bases: number[] = [];
    for (const size of [0x1000, 0x11000, 0x10000, 0x1]) {
      expect(space.allocate(0, size, MEM_RESERVE, PAGE_READWRITE)).toBe(0);
      bases.push(space.resultBase);
      expect(space.resultSize).toBe(Math.ceil(size / PAGE_SIZE) * PAGE_SIZE);
    }
    expect(bases).toEqual([0x10000, 0x20000, 0x40000, 0x50000]);
    space.free(0x20000, 0, MEM_RELEASE);
    space.allocate(0, 0x20000, MEM_RESERVE, PAGE_READWRITE);
    expect(space.resultBase).toBe(0x20000);
    system.validate();
  });

  test('top-down takes the highest free address', () => {
    const { system, space } = bench();
    space.allocate(0, 0x10000, RC | MEM_TOP_DOWN, PAGE_READWRITE);
    expect(space.resultBase).toBe(HIGHEST_ADDRESS + 1 - 0x10000);
    space.allocate(0, 0x1000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    expect(space.resultBase).toBe(HIGHEST_ADDRESS + 1 - 0x20000);
    space.allocate(0, 0x11000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    expect(space.resultBase).toBe(HIGHEST_ADDRESS + 1 - 0x40000);
    space.free(HIGHEST_ADDRESS + 1 - 0x20000, 0, MEM_RELEASE);
    space.allocate(0, 0x10000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    expect(space.resultBase).toBe(HIGHEST_ADDRESS + 1 - 0x20000);
    system.validate();
  });

  test('keeps below a highest address that the caller gives, from either end', () => {
    const { space } = bench();
    space.allocate(0x7fff0000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    expect(space.allocate(0, 0x10000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE, 0x8000ffff)).toBe(0);
    expect(space.resultBase).toBe(0x80000000);
    expect(space.allocate(0, 0x10000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE, 0x8000ffff)).toBe(0);
    expect(space.resultBase).toBe(0x7ffe0000);
    expect(space.allocate(0, 0x20000, MEM_RESERVE, PAGE_READWRITE, 0x2ffff)).toBe(0);
    expect(space.allocate(0, 0x10000, MEM_RESERVE, PAGE_READWRITE, 0x2ffff)).toBe(status.STATUS_NO_MEMORY);
  });

  test('answers no memory when no hole is big enough', () => {
    const { space } = bench();
    space.allocate(0x400000000000, 0x1000, MEM_RESERVE, PAGE_READWRITE);
    expect(space.allocate(0, 0x600000000000, MEM_RESERVE, PAGE_READWRITE)).toBe(status.STATUS_NO_MEMORY);
    expect(space.allocate(0, 0x3ffffff00000, MEM_RESERVE, PAGE_READWRITE)).toBe(0);
  });

  test('refuses to reserve over anything that is not free', () => {
    const { space } = bench();
    space.allocate(0x200000, 0x20000, MEM_RESERVE, PAGE_READWRITE);
    for (const base of [0x1f0000, 0x200000, 0x210000])
      expect(space.allocate(base, 0x20000, RC, PAGE_READWRITE)).toBe(status.STATUS_CONFLICTING_ADDRESSES);
    expect(space.allocate(0x1f0000, 0x10000, RC, PAGE_READWRITE)).toBe(0);
    expect(space.allocate(0x220000, 0x10000, RC, PAGE_READWRITE)).toBe(0);
  });

  test('lower limits hold for a program without large addresses', () => {
    const { space } = bench();
    space.highest = 0x7ffeffff;
    space.allocate(0, 0x1000, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    expect(space.resultBase).toBe(0x7ffe0000);
    expect(space.allocate(0x7fff0000, 0x1000, MEM_RESERVE, PAGE_READWRITE)).toBe(
      status.STATUS_INVALID_PARAMETER_2,
    );
  });
});

describe('committing', () => {
  test('commits the pages that hold any byte of the range and leaves the rest reserved', () => {
    const { system, space } = bench();
    space.allocate(0x100000, 0x10000, MEM_RESERVE, PAGE_NOACCESS);
    expect(space.allocate(0x102fff, 2, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    expect([space.resultBase, space.resultSize]).toEqual([0x102000, 0x2000]);
    expect(system.commitCharge).toBe(2);
    expect(query(space, 0x100000)).toMatchObject({
      state: MEM_RESERVE,
      regionSize: 0x2000,
      allocationProtect: PAGE_NOACCESS,
    });
    expect(query(space, 0x102000)).toMatchObject({
      state: MEM_COMMIT,
      regionSize: 0x2000,
      protect: PAGE_READWRITE,
      allocationBase: 0x100000,
    });
    expect(query(space, 0x104000)).toMatchObject({ state: MEM_RESERVE, regionSize: 0xc000 });
    system.validate();
  });

  test('with a NULL address reserves as well', () => {
    const { space } = bench();
    expect(space.allocate(0, 0x1800, MEM_COMMIT, PAGE_READONLY)).toBe(0);
    expect(query(space, space.resultBase)).toMatchObject({
      state: MEM_COMMIT,
      regionSize: 0x2000,
      protect: PAGE_READONLY,
    });
  });

  test('keeps the contents of pages that are committed already, and gives them the new protection', () => {
    const { system, space, memory } = bench();
    space.allocate(0x100000, 0x4000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(0x101000, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    memory.setU32(0x101000, 0x12345678);
    expect(space.allocate(0x100000, 0x4000, MEM_COMMIT, PAGE_READONLY)).toBe(0);
    expect(memory.u32(0x101000)).toBe(0x12345678);
    expect(query(space, 0x100000)).toMatchObject({ regionSize: 0x4000, protect: PAGE_READONLY });
    expect(system.commitCharge).toBe(4);
    expect(space.probe(0x101000, WRITE)).toBe(0);
    system.validate();
  });

  test('refuses outside and across reservations, and changes nothing', () => {
    const { system, space } = bench();
    space.allocate(0x100000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(0x110000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    for (const base of [0x10f000, 0x11f000, 0x90000, 0xff000])
      expect(space.allocate(base, 0x2000, MEM_COMMIT, PAGE_READWRITE)).toBe(
        status.STATUS_CONFLICTING_ADDRESSES,
      );
    expect(system.commitCharge).toBe(0);
    expect(query(space, 0x100000)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x10000 });
    expect(query(space, 0x110000)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x10000 });
  });

  test('memory is zero at first touch, after decommit and commit, and in frames that were used before', () => {
    const { system, space, memory } = bench(4);
    space.allocate(0x100000, 0x4000, RC, PAGE_READWRITE);
    expect(memory.bytes(0x100000, 0x4000).every((b) => b === 0)).toBe(true);
    memory.fill(0x100000, 0xee, 0x4000);
    expect(space.free(0x101000, 0x2000, MEM_DECOMMIT)).toBe(0);
    expect(space.probe(0x101000, READ)).toBe(0);
    space.allocate(0x101000, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    expect(memory.bytes(0x101000, 0x2000).every((b) => b === 0)).toBe(true);
    expect(memory.u8(0x100fff)).toBe(0xee);
    expect(memory.u8(0x103000)).toBe(0xee);
    space.free(0x100000, 0, MEM_RELEASE);
    expect(system.frames.inUse).toBe(0);
    space.allocate(0x100000, 0x4000, RC, PAGE_READWRITE);
    expect(memory.bytes(0x100000, 0x4000).every((b) => b === 0)).toBe(true);
    system.validate();
  });

  test('at the commit limit answers commitment limit and changes nothing', () => {
    const { system, space } = bench(16);
    expect(system.commitLimit).toBe(16);
    expect(space.allocate(0, 17 * PAGE_SIZE, RC, PAGE_READWRITE)).toBe(status.STATUS_COMMITMENT_LIMIT);
    expect(query(space, LOWEST_ADDRESS).state).toBe(MEM_FREE);
    space.allocate(0x100000, 0x20000, MEM_RESERVE, PAGE_READWRITE);
    expect(space.allocate(0x100000, 10 * PAGE_SIZE, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    expect(space.allocate(0x100000, 17 * PAGE_SIZE, MEM_COMMIT, PAGE_READWRITE)).toBe(
      status.STATUS_COMMITMENT_LIMIT,
    );
    expect(query(space, 0x100000)).toMatchObject({ regionSize: 10 * PAGE_SIZE, state: MEM_COMMIT });
    expect(space.allocate(0x100000, 16 * PAGE_SIZE, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    expect([system.commitCharge, system.commitPeak]).toEqual([16, 16]);
    space.free(0x100000, 0x4000, MEM_DECOMMIT);
    expect(system.commitCharge).toBe(12);
    space.free(0x100000, 0, MEM_RELEASE);
    expect([system.commitCharge, system.commitPeak, space.statistics.committed]).toEqual([0, 16, 0]);
    system.validate();
  });

  test('a commit that spans many leaves of the page table in the middle of a region is exact', () => {
    const { system, space, memory } = bench();
    const base = 0x10000000;
    space.allocate(base, 0x4000000, MEM_RESERVE, PAGE_READWRITE);
    expect(space.allocate(base + 0x101000, 0x900000, MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    memory.setU8(base + 0x500000, 7);
    expect(query(space, base)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x101000 });
    expect(query(space, base + 0x101000)).toMatchObject({ state: MEM_COMMIT, regionSize: 0x900000 });
    expect(query(space, base + 0xa01000)).toMatchObject({
      state: MEM_RESERVE,
      regionSize: 0x4000000 - 0xa01000,
    });
    expect(space.protect(base + 0x201000, 0x600000, PAGE_READONLY)).toBe(0);
    expect(query(space, base + 0x101000)).toMatchObject({ protect: PAGE_READWRITE, regionSize: 0x100000 });
    expect(query(space, base + 0x201000)).toMatchObject({ protect: PAGE_READONLY, regionSize: 0x600000 });
    expect(space.probe(base + 0x500000, WRITE)).toBe(0);
    expect(memory.u8(base + 0x500000)).toBe(7);
    system.validate();
    expect(space.free(base + 0x300000, 0x600000, MEM_DECOMMIT)).toBe(0);
    expect(system.commitCharge).toBe(0x300);
    expect(query(space, base + 0x300000)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x600000 });
    system.validate();
    space.free(base, 0, MEM_RELEASE);
    expect(space.table.leafCount).toBe(0);
    system.validate();
  });
});

describe('refused arguments', () => {
  test('every type that means nothing is an invalid parameter, and what is not there yet says so', () => {
    const { space } = bench();
    for (const type of [
      0,
      MEM_TOP_DOWN,
      MEM_RESET | MEM_COMMIT,
      MEM_RESET | MEM_RESET_UNDO,
      MEM_WRITE_WATCH | MEM_COMMIT,
      MEM_RESET | MEM_TOP_DOWN,
      RC | 0x1,
      RC | 0x800,
      MEM_PHYSICAL | RC,
      MEM_LARGE_PAGES | MEM_RESERVE,
    ])
      expect(space.allocate(0, 0x1000, type, PAGE_READWRITE), type.toString(16)).toBe(
        status.STATUS_INVALID_PARAMETER_5,
      );
    for (const type of [
      MEM_WRITE_WATCH | MEM_RESERVE,
      RC | MEM_LARGE_PAGES,
      MEM_RESERVE | MEM_PHYSICAL,
      MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
    ])
      expect(space.allocate(0, 0x200000, type, PAGE_READWRITE), type.toString(16)).toBe(
        status.STATUS_NOT_SUPPORTED,
      );
  });

  test('sizes and addresses outside user space are invalid parameters', () => {
    const { space } = bench();
    expect(space.allocate(0, 0, RC, PAGE_READWRITE)).toBe(status.STATUS_INVALID_PARAMETER_4);
    expect(space.allocate(0x1000, 0x1000, RC, PAGE_READWRITE)).toBe(status.STATUS_INVALID_PARAMETER_2);
    expect(space.allocate(HIGHEST_ADDRESS + 1, 0x1000, RC, PAGE_READWRITE)).toBe(
      status.STATUS_INVALID_PARAMETER_2,
    );
    expect(space.allocate(HIGHEST_ADDRESS - 0xfff, 0x2000, RC, PAGE_READWRITE)).toBe(
      status.STATUS_INVALID_PARAMETER_4,
    );
    for (const size of [2 ** 47, 2 ** 53, 2 ** 64, Number.POSITIVE_INFINITY, Number.NaN])
      expect(space.allocate(0, size, RC, PAGE_READWRITE)).toBe(status.STATUS_INVALID_PARAMETER_4);
    expect(space.allocate(2 ** 64, 0x1000, RC, PAGE_READWRITE)).toBe(status.STATUS_INVALID_PARAMETER_2);
    expect(space.allocate(HIGHEST_ADDRESS - 0xffff, 0x10000, MEM_RESERVE, PAGE_READWRITE)).toBe(0);
  });

  test('invalid protections are refused, copy-on-write ones for private memory too', () => {
    const { space } = bench();
    const bad = [
      0,
      3,
      0x24,
      PAGE_WRITECOPY,
      PAGE_EXECUTE_WRITECOPY,
      PAGE_GUARD,
      PAGE_NOACCESS | PAGE_GUARD,
      PAGE_NOACCESS | PAGE_NOCACHE,
      PAGE_NOACCESS | PAGE_WRITECOMBINE,
      PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE,
      PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE,
      PAGE_READWRITE | 0x800,
      0x40000000 | PAGE_READWRITE,
    ];
    for (const protect of bad)
      for (const type of [MEM_RESERVE, RC])
        expect(space.allocate(0, 0x1000, type, protect), protect.toString(16)).toBe(
          status.STATUS_INVALID_PAGE_PROTECTION,
        );
    const good = [
      PAGE_NOACCESS,
      PAGE_READONLY,
      PAGE_READWRITE,
      PAGE_EXECUTE,
      PAGE_EXECUTE_READ,
      PAGE_EXECUTE_READWRITE,
      PAGE_READWRITE | PAGE_GUARD,
      PAGE_READWRITE | PAGE_NOCACHE,
      PAGE_READONLY | PAGE_WRITECOMBINE,
      PAGE_EXECUTE_READ | 0x40000000,
    ];
    for (const protect of good) {
      expect(space.allocate(0, 0x1000, RC, protect), protect.toString(16)).toBe(0);
      expect(query(space, space.resultBase).protect).toBe(protect & ~0x40000000);
    }
  });
});

describe('freeing', () => {
  test('decommits a span, tolerates pages that are not committed, and with size 0 takes the whole region', () => {
    const { system, space } = bench();
    space.allocate(0x100000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(0x102000, 0x4000, MEM_COMMIT, PAGE_READWRITE);
    expect(space.free(0x100800, 0x2000, MEM_DECOMMIT)).toBe(0);
    expect([space.resultBase, space.resultSize]).toEqual([0x100000, 0x3000]);
    expect(system.commitCharge).toBe(3);
    expect(space.free(0x101000, 0, MEM_DECOMMIT)).toBe(status.STATUS_FREE_VM_NOT_AT_BASE);
    expect(space.free(0x108000, 0x10000, MEM_DECOMMIT)).toBe(status.STATUS_UNABLE_TO_FREE_VM);
    expect(space.free(0x100000, 0, MEM_DECOMMIT)).toBe(0);
    expect(system.commitCharge).toBe(0);
    expect(query(space, 0x100000)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x10000 });
    system.validate();
  });

  test('releases only whole regions by their base, whatever state their pages are in', () => {
    const { system, space, memory } = bench();
    space.allocate(0x100000, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(0x102000, 0x4000, MEM_COMMIT, PAGE_READWRITE);
    memory.setU8(0x103000, 1);
    expect(space.free(0x100000, 0x10000, MEM_RELEASE)).toBe(status.STATUS_INVALID_PARAMETER_3);
    expect(space.free(0x101000, 0, MEM_RELEASE)).toBe(status.STATUS_FREE_VM_NOT_AT_BASE);
    expect(space.free(0x110000, 0, MEM_RELEASE)).toBe(status.STATUS_MEMORY_NOT_ALLOCATED);
    for (const type of [0, MEM_DECOMMIT | MEM_RELEASE, MEM_COMMIT])
      expect(space.free(0x100000, 0, type)).toBe(status.STATUS_INVALID_PARAMETER_4);
    expect(memory.u8(0x103000)).toBe(1);
    expect(space.free(0x100000, 0, MEM_RELEASE)).toBe(0);
    expect(query(space, 0x100000).state).toBe(MEM_FREE);
    expect(space.free(0x100000, 0, MEM_RELEASE)).toBe(status.STATUS_MEMORY_NOT_ALLOCATED);
    system.validate();
  });
});

describe('resetting', () => {
  test('MEM_RESET and its undo check everything and keep the contents', () => {
    const { space, memory } = bench();
    space.allocate(0x100000, 0x3000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(0x100000, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    memory.setU8(0x100000, 9);
    expect(space.allocate(0x100000, 0x2000, MEM_RESET, PAGE_NOACCESS)).toBe(0);
    expect(space.allocate(0x100000, 0x2000, MEM_RESET_UNDO, PAGE_NOACCESS)).toBe(0);
    expect(memory.u8(0x100000)).toBe(9);
    expect(space.allocate(0x100000, 0x3000, MEM_RESET, PAGE_NOACCESS)).toBe(status.STATUS_NOT_COMMITTED);
    expect(space.allocate(0x100000, 0x2000, MEM_RESET, 3)).toBe(status.STATUS_INVALID_PAGE_PROTECTION);
    expect(space.allocate(0x200000, 0x2000, MEM_RESET, PAGE_NOACCESS)).toBe(
      status.STATUS_CONFLICTING_ADDRESSES,
    );
    expect(query(space, 0x100000).protect).toBe(PAGE_READWRITE);
  });
});

test('the same address holds different contents in two address spaces', () => {
  const { system, space, memory } = bench();
  const other = system.createSpace();
  for (const s of [space, other]) s.allocate(0x100000, 0x1000, RC, PAGE_READWRITE);
  memory.setU32(0x100000, 1);
  const theirs = other.probe(0x100000, WRITE);
  expect(system.ram.view.getUint32(theirs, true)).toBe(0);
  system.ram.view.setUint32(theirs, 2, true);
  expect(memory.u32(0x100000)).toBe(1);
  other.destroy();
  expect(memory.u32(0x100000)).toBe(1);
  system.validate();
  expect(GRANULE).toBe(0x10000);
});

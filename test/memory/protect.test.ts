import { describe, expect, test } from 'vitest';
import { HIGHEST_ADDRESS } from '../../src/machine/layout.ts';
import {
  EXECUTE,
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_FREE,
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_NOCACHE,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  READ,
  WRITE,
} from '../../src/memory/constants.ts';
import { GuestFault } from '../../src/memory/guest-memory.ts';
import type { AddressSpace } from '../../src/memory/space.ts';
import * as status from '../../src/memory/status.ts';
import { bench, query } from './support.ts';

const RC = MEM_RESERVE | MEM_COMMIT;
const BASE = 0x100000;

function outcome(space: AddressSpace, address: number, access: number): string {
  if (space.probe(address, access) !== 0) return 'ok';
  return `${space.faultStatus.toString(16)}/${space.faultAccess}/${(space.faultAddress - address).toString()}`;
}

/** Collects what listeners hear, as "first+count". */
function listen(space: AddressSpace): string[] {
  const heard: string[] = [];
  space.onTranslationChange = (of, first, count) => {
    expect(of).toBe(space);
    heard.push(`${first.toString(16)}+${count}`);
  };
  return heard;
}

describe('protections', () => {
  test('each allows exactly its accesses, before the first touch and after it', () => {
    const rights: [number, string][] = [
      [PAGE_NOACCESS, ''],
      [PAGE_READONLY, 'r'],
      [PAGE_READWRITE, 'rw'],
      [PAGE_EXECUTE, 'rx'],
      [PAGE_EXECUTE_READ, 'rx'],
      [PAGE_EXECUTE_READWRITE, 'rwx'],
    ];
    const kinds: [string, number][] = [
      ['r', READ],
      ['w', WRITE],
      ['x', EXECUTE],
    ];
    for (const [protect, allowed] of rights)
      for (const resident of [false, true])
        for (const [letter, access] of kinds) {
          const { space, memory } = bench(64);
          space.allocate(BASE, 0x1000, RC, PAGE_READWRITE);
          if (resident) memory.setU8(BASE, 1);
          expect(space.protect(BASE, 0x1000, protect)).toBe(0);
          const expected = allowed.includes(letter) ? 'ok' : `c0000005/${access}/0`;
          expect(outcome(space, BASE + 0x123, access), `${protect} ${letter} ${resident}`).toBe(expected);
        }
  });

  test('an execute fault has kind 8 and names the byte', () => {
    const { space } = bench();
    space.allocate(BASE, 0x1000, RC, PAGE_READWRITE);
    expect(space.probe(BASE + 7, EXECUTE)).toBe(0);
    expect([space.faultStatus, space.faultAccess, space.faultAddress, space.faultDetail]).toEqual([
      status.STATUS_ACCESS_VIOLATION,
      8,
      BASE + 7,
      0,
    ]);
  });

  test('addresses that are free, NULL, above user space or no addresses at all are access violations', () => {
    const { space } = bench();
    for (const address of [
      0,
      0x50000,
      HIGHEST_ADDRESS,
      HIGHEST_ADDRESS + 1,
      2 ** 47,
      2 ** 53 + 0x100000,
      2 ** 63,
      -1,
      Number.NaN,
    ])
      for (const access of [READ, WRITE, EXECUTE]) {
        expect(space.probe(address, access)).toBe(0);
        expect(space.faultStatus).toBe(status.STATUS_ACCESS_VIOLATION);
      }
    // 2^53 + x has the low bits of x: it must not be taken for it.
    space.allocate(BASE, 0x1000, RC, PAGE_READWRITE);
    space.probe(BASE, WRITE);
    for (const address of [2 ** 53 + BASE, 2 ** 50 + BASE, 2 ** 47 + BASE, BASE - 2 ** 47])
      expect(space.probe(address, READ)).toBe(0);
  });
});

describe('VirtualProtect', () => {
  test('answers the protection of the first page and changes all pages of the span', () => {
    const { system, space } = bench();
    space.allocate(BASE, 0x5000, RC, PAGE_READWRITE);
    expect(space.protect(BASE + 0x1fff, 2, PAGE_READONLY)).toBe(0);
    expect([space.resultProtect, space.resultBase, space.resultSize]).toEqual([
      PAGE_READWRITE,
      BASE + 0x1000,
      0x2000,
    ]);
    expect(space.protect(BASE, 0x5000, PAGE_EXECUTE_READ)).toBe(0);
    expect(space.resultProtect).toBe(PAGE_READWRITE);
    expect(query(space, BASE)).toMatchObject({
      protect: PAGE_EXECUTE_READ,
      regionSize: 0x5000,
      allocationProtect: PAGE_READWRITE,
    });
    system.validate();
  });

  test('refused, it changes no page', () => {
    const { system, space } = bench();
    space.allocate(BASE, 0x10000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(BASE, 0x4000, MEM_COMMIT, PAGE_READWRITE);
    space.allocate(BASE + 0x10000, 0x1000, RC, PAGE_READWRITE);
    expect(space.protect(BASE + 0x3000, 0x2000, PAGE_READONLY)).toBe(status.STATUS_NOT_COMMITTED);
    expect(space.protect(BASE + 0x4000, 0x1000, PAGE_READONLY)).toBe(status.STATUS_NOT_COMMITTED);
    expect(space.protect(BASE + 0xf000, 0x2000, PAGE_READONLY)).toBe(status.STATUS_CONFLICTING_ADDRESSES);
    expect(space.protect(BASE + 0x20000, 0x1000, PAGE_READONLY)).toBe(status.STATUS_CONFLICTING_ADDRESSES);
    expect(space.protect(BASE, 0x1000, PAGE_WRITECOPY)).toBe(status.STATUS_INVALID_PAGE_PROTECTION);
    expect(space.protect(BASE, 0x1000, 0)).toBe(status.STATUS_INVALID_PAGE_PROTECTION);
    expect(space.protect(BASE, 0x1000, PAGE_NOACCESS | PAGE_GUARD)).toBe(
      status.STATUS_INVALID_PAGE_PROTECTION,
    );
    expect(space.protect(BASE, 0, PAGE_READONLY)).toBe(status.STATUS_INVALID_PARAMETER_3);
    expect(space.protect(HIGHEST_ADDRESS + 1, 1, PAGE_READONLY)).toBe(status.STATUS_INVALID_PARAMETER_2);
    expect(space.protect(BASE, 2 ** 60, PAGE_READONLY)).toBe(status.STATUS_INVALID_PARAMETER_3);
    expect(query(space, BASE)).toMatchObject({ regionSize: 0x4000, protect: PAGE_READWRITE });
    expect(query(space, BASE + 0x10000)).toMatchObject({ protect: PAGE_READWRITE });
    system.validate();
  });

  test('reports modifiers with the base protection', () => {
    const { space } = bench();
    space.allocate(BASE, 0x1000, RC, PAGE_READWRITE | PAGE_NOCACHE);
    space.protect(BASE, 0x1000, PAGE_READONLY | PAGE_GUARD);
    expect(space.resultProtect).toBe(PAGE_READWRITE | PAGE_NOCACHE);
    expect(query(space, BASE).protect).toBe(PAGE_READONLY | PAGE_GUARD);
  });
});

describe('guard pages', () => {
  test('work once, whatever the access, and then have their base protection', () => {
    for (const access of [READ, WRITE, EXECUTE]) {
      const { system, space } = bench();
      space.allocate(BASE, 0x2000, RC, PAGE_EXECUTE_READWRITE | PAGE_GUARD);
      expect(outcome(space, BASE + 0xfff, access)).toBe(`80000001/${access}/0`);
      expect(query(space, BASE)).toMatchObject({ protect: PAGE_EXECUTE_READWRITE, regionSize: 0x1000 });
      expect(query(space, BASE + 0x1000).protect).toBe(PAGE_EXECUTE_READWRITE | PAGE_GUARD);
      expect(outcome(space, BASE + 0xfff, access)).toBe('ok');
      system.validate();
    }
  });

  test('come before the protection: a write to a read-only guard page hits the guard first', () => {
    const { space } = bench();
    space.allocate(BASE, 0x1000, RC, PAGE_READONLY | PAGE_GUARD);
    expect(outcome(space, BASE, WRITE)).toBe('80000001/1/0');
    expect(outcome(space, BASE, WRITE)).toBe('c0000005/1/0');
  });

  test('hit by an accessor are reported as such and used up', () => {
    const { space, memory } = bench();
    space.allocate(BASE, 0x1000, RC, PAGE_READWRITE | PAGE_GUARD);
    expect(() => memory.u32(BASE + 4)).toThrow(GuestFault);
    expect(memory.u32(BASE + 4)).toBe(0);
    space.protect(BASE, 0x1000, PAGE_READWRITE | PAGE_GUARD);
    try {
      memory.setU8(BASE, 1);
      expect.unreachable();
    } catch (fault) {
      expect(fault).toMatchObject({
        status: status.STATUS_GUARD_PAGE_VIOLATION,
        access: WRITE,
        address: BASE,
      });
    }
  });
});

describe('VirtualQuery', () => {
  test('describes free space up to the next region and up to the top', () => {
    const { space } = bench();
    space.allocate(0x500000, 0x1000, RC, PAGE_READWRITE);
    expect(query(space, 0x123456)).toEqual({
      baseAddress: 0x123000,
      allocationBase: 0,
      allocationProtect: 0,
      regionSize: 0x500000 - 0x123000,
      state: MEM_FREE,
      protect: PAGE_NOACCESS,
      type: 0,
    });
    expect(query(space, 0).regionSize).toBe(0x500000);
    expect(query(space, 0x501000).regionSize).toBe(HIGHEST_ADDRESS + 1 - 0x501000);
    expect(query(space, HIGHEST_ADDRESS)).toMatchObject({
      baseAddress: HIGHEST_ADDRESS - 0xfff,
      regionSize: 0x1000,
    });
  });

  test('refuses addresses above user space, so a walk ends', () => {
    const { space } = bench();
    const info = query(space, 0);
    for (const address of [HIGHEST_ADDRESS + 1, 2 ** 48, 2 ** 64, -1])
      expect(space.query(address, info)).toBe(status.STATUS_INVALID_PARAMETER);
    space.allocate(0x500000, 0x3000, MEM_RESERVE, PAGE_READWRITE);
    space.allocate(0x501000, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    const sizes: string[] = [];
    for (let at = 0; space.query(at, info) === 0; at += info.regionSize)
      sizes.push(`${info.baseAddress.toString(16)}:${info.state.toString(16)}`);
    expect(sizes).toEqual(['0:10000', '500000:2000', '501000:1000', '502000:2000', '503000:10000']);
  });

  test('counts from the page asked about, and splits runs by state, protection and allocation', () => {
    const { space } = bench();
    space.allocate(BASE, 0x10000, RC, PAGE_READWRITE);
    space.allocate(BASE + 0x10000, 0x10000, RC, PAGE_READWRITE);
    expect(query(space, BASE + 0x3456)).toMatchObject({
      baseAddress: BASE + 0x3000,
      regionSize: 0xd000,
      allocationBase: BASE,
    });
    space.protect(BASE + 0x8000, 0x1000, PAGE_READONLY);
    space.free(BASE + 0xa000, 0x1000, MEM_DECOMMIT);
    expect(query(space, BASE).regionSize).toBe(0x8000);
    expect(query(space, BASE + 0x8000).regionSize).toBe(0x1000);
    expect(query(space, BASE + 0x9000).regionSize).toBe(0x1000);
    expect(query(space, BASE + 0xa000)).toMatchObject({ regionSize: 0x1000, state: MEM_RESERVE });
    expect(query(space, BASE + 0xb000).regionSize).toBe(0x5000);
  });

  test('does not tell touched pages from untouched ones', () => {
    const { space, memory } = bench();
    space.allocate(BASE, 0x400000, RC, PAGE_READWRITE);
    memory.setU8(BASE + 0x3000, 1);
    memory.setU8(BASE + 0x212000, 1);
    expect(query(space, BASE).regionSize).toBe(0x400000);
  });

  test('lists the regions for reports', () => {
    const { space } = bench();
    space.allocate(BASE, 0x3000, MEM_RESERVE, PAGE_READONLY);
    space.allocate(BASE + 0x1000, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    expect([...space.regions()].map((r) => [r.base, r.size, r.state, r.protect])).toEqual([
      [BASE, 0x1000, MEM_RESERVE, 0],
      [BASE + 0x1000, 0x1000, MEM_COMMIT, PAGE_READWRITE],
      [BASE + 0x2000, 0x1000, MEM_RESERVE, 0],
    ]);
  });
});

describe('translation changes', () => {
  test('are told for protect, guard, decommit and release of touched pages, exactly', () => {
    const { space, memory } = bench();
    space.allocate(BASE, 0x4000, RC, PAGE_READWRITE);
    const heard = listen(space);
    memory.setU8(BASE + 0x1000, 1);
    expect(heard).toEqual([]);
    space.protect(BASE, 0x4000, PAGE_READONLY);
    space.protect(BASE + 0x2000, 0x1000, PAGE_NOACCESS);
    space.protect(BASE + 0x1000, 0x1000, PAGE_READWRITE | PAGE_GUARD);
    expect(heard.splice(0)).toEqual(['100+4', '101+1']);
    space.probe(BASE + 0x1000, READ);
    expect(heard.splice(0)).toEqual(['101+1']);
    space.free(BASE + 0x1000, 0x1000, MEM_DECOMMIT);
    expect(heard.splice(0)).toEqual(['101+1']);
    memory.u8(BASE);
    space.free(BASE, 0, MEM_RELEASE);
    expect(heard).toEqual(['100+4']);
  });

  test('accessors never use what was known before a change', () => {
    const { space, memory } = bench();
    space.allocate(BASE, 0x4000, RC, PAGE_READWRITE);
    memory.setU8(BASE, 5);
    expect(memory.u8(BASE)).toBe(5);
    space.protect(BASE, 0x1000, PAGE_READONLY);
    expect(memory.u8(BASE)).toBe(5);
    expect(() => memory.setU8(BASE, 6)).toThrow(GuestFault);
    space.protect(BASE, 0x1000, PAGE_NOACCESS);
    expect(() => memory.u8(BASE)).toThrow(GuestFault);
    space.free(BASE, 0, MEM_RELEASE);
    expect(() => memory.u8(BASE)).toThrow(GuestFault);
  });

  test('code that was translated from a frame is told stale when the frame is written or freed', () => {
    const { system, space, memory } = bench();
    const stale: number[] = [];
    system.onCodeChange = (frame) => stale.push(frame);
    space.allocate(BASE, 0x2000, RC, PAGE_EXECUTE_READWRITE);
    memory.setU8(BASE, 0xc3);
    const frame = system.frames.frameAt(space.probe(BASE, EXECUTE));
    system.frames.setHoldsCode(frame, true);
    memory.setU32(BASE + 8, 1);
    memory.u32(BASE);
    memory.setBytes(BASE, new Uint8Array(4));
    memory.setU8(BASE + 0x1000, 1);
    expect(stale.splice(0)).toEqual([frame, frame]);
    space.free(BASE, 0, MEM_RELEASE);
    expect(stale).toEqual([frame]);
    expect(system.frames.holdsCode(frame)).toBe(false);
  });
});

describe('the running stack', () => {
  const LOW = 0x200000;
  const HIGH = 0x210000;
  function stack(guarantee = 0) {
    const all = bench();
    const limits: number[] = [];
    const guards = 1 + guarantee / 0x1000;
    all.space.allocate(LOW, HIGH - LOW, MEM_RESERVE, PAGE_READWRITE);
    all.space.allocate(HIGH - 0x1000 * (1 + guards), 0x1000 * (1 + guards), MEM_COMMIT, PAGE_READWRITE);
    all.space.protect(HIGH - 0x1000 * (1 + guards), 0x1000 * guards, PAGE_READWRITE | PAGE_GUARD);
    all.space.runningStack = { low: LOW, high: HIGH, guarantee, onLimit: (limit) => limits.push(limit) };
    return { ...all, limits };
  }

  test('grows page by page when its guard is hit', () => {
    const { system, space, limits, memory } = stack();
    memory.setU8(HIGH - 0x1008, 1);
    expect(limits).toEqual([HIGH - 0x2000]);
    expect(query(space, HIGH - 0x3000)).toMatchObject({
      protect: PAGE_READWRITE | PAGE_GUARD,
      regionSize: 0x1000,
    });
    expect(query(space, HIGH - 0x2000)).toMatchObject({ protect: PAGE_READWRITE, regionSize: 0x2000 });
    expect(system.commitCharge).toBe(3);
    system.validate();
  });

  test('below its guard is not touched: an access violation', () => {
    const { space, limits } = stack();
    expect(outcome(space, HIGH - 0x2001, WRITE)).toBe('c0000005/1/0');
    expect(limits).toEqual([]);
  });

  test('overflows when the next guard would be the last page, which stays reserved; then the guard is gone', () => {
    const { system, space, limits } = stack();
    let address = HIGH - 0x2000;
    while (outcome(space, address, WRITE) === 'ok') address -= 0x1000;
    expect(space.faultStatus).toBe(status.STATUS_STACK_OVERFLOW);
    expect(space.faultAddress).toBe(LOW + 0x1000);
    expect(limits.at(-1)).toBe(LOW + 0x1000);
    expect(outcome(space, LOW + 0x1000, WRITE)).toBe('ok');
    expect(outcome(space, LOW, WRITE)).toBe('c0000005/1/0');
    expect(query(space, LOW)).toMatchObject({ state: MEM_RESERVE, regionSize: 0x1000 });
    system.validate();
  });

  test('keeps the guaranteed bytes for the overflow handler', () => {
    const { system, space, limits } = stack(0x2000);
    let address = HIGH - 0x2000;
    while (outcome(space, address, WRITE) === 'ok') address -= 0x1000;
    expect(space.faultStatus).toBe(status.STATUS_STACK_OVERFLOW);
    expect(space.faultAddress).toBe(LOW + 0x3000);
    expect(limits.at(-1)).toBe(LOW + 0x1000);
    for (const at of [LOW + 0x2000, LOW + 0x1000]) expect(outcome(space, at, WRITE)).toBe('ok');
    expect(outcome(space, LOW, WRITE)).toBe('c0000005/1/0');
    system.validate();
  });

  test('overflows when commit is refused', () => {
    const { system, space } = stack();
    space.allocate(0, (system.commitLimit - system.commitCharge) * 0x1000, RC, PAGE_READWRITE);
    expect(outcome(space, HIGH - 0x1001, WRITE)).toBe('c00000fd/1/0');
    system.validate();
  });

  test("another thread's hit takes the guard without growing", () => {
    const { space, limits } = stack();
    space.runningStack = undefined;
    expect(outcome(space, HIGH - 0x1001, READ)).toBe('80000001/0/0');
    expect(outcome(space, HIGH - 0x1001, READ)).toBe('ok');
    expect(limits).toEqual([]);
  });
});

import { expect, test } from 'vitest';
import {
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
} from '../../src/memory/constants.ts';
import { LOCK_OVERHEAD } from '../../src/memory/lock.ts';
import * as status from '../../src/memory/status.ts';
import { bench, query } from './support.ts';

const RC = MEM_RESERVE | MEM_COMMIT;
const BASE = 0x100000;

test('locking makes pages resident, and the quota is the minimum working set less a small overhead', () => {
  const { system, space } = bench();
  space.allocate(BASE, 0x100000, RC, PAGE_READWRITE);
  const quota = 50 - LOCK_OVERHEAD;
  expect(space.lock(BASE + 1, quota * 0x1000 - 1)).toBe(0);
  expect([space.resultBase, space.resultSize]).toEqual([BASE, quota * 0x1000]);
  expect(space.statistics.resident).toBe(quota);
  system.validate();
  expect(space.lock(BASE + quota * 0x1000, 1)).toBe(status.STATUS_WORKING_SET_QUOTA);
  expect(space.lock(BASE, 0x1000 * (quota + 1))).toBe(status.STATUS_WORKING_SET_QUOTA);
  expect(space.lockedPages).toBe(quota);
  space.workingSetMinimum = 100;
  expect(space.lock(BASE, 0x1000 * (quota + 1))).toBe(0);
  system.validate();
});

test('locks do not count: one unlock undoes two locks', () => {
  const { system, space } = bench();
  space.allocate(BASE, 0x2000, RC, PAGE_READWRITE);
  expect(space.lock(BASE, 0x2000)).toBe(0);
  expect(space.lock(BASE, 0x2000)).toBe(0);
  expect(space.unlock(BASE, 0x2000)).toBe(0);
  expect(space.unlock(BASE, 0x2000)).toBe(status.STATUS_NOT_LOCKED);
  expect(space.lockedPages).toBe(0);
  system.validate();
});

test('unlocking a range that is not wholly locked fails and trims the pages that were not', () => {
  const { system, space, memory } = bench();
  space.allocate(BASE, 0x4000, RC, PAGE_READWRITE);
  memory.fill(BASE, 0x5a, 0x4000);
  space.lock(BASE + 0x1000, 0x1000);
  const heard: string[] = [];
  space.onTranslationChange = (_, first, count) => heard.push(`${first.toString(16)}+${count}`);
  expect(space.statistics.resident).toBe(4);
  expect(space.unlock(BASE, 0x3000)).toBe(status.STATUS_NOT_LOCKED);
  expect(heard).toEqual(['100+3']);
  expect([space.statistics.resident, space.lockedPages]).toEqual([2, 1]);
  system.validate();
  expect(memory.bytes(BASE, 0x4000).every((b) => b === 0x5a)).toBe(true);
  expect(space.statistics.resident).toBe(4);
  expect(query(space, BASE)).toMatchObject({ regionSize: 0x4000, protect: PAGE_READWRITE });
  system.validate();
});

test('refuses pages that are reserved, free or without access', () => {
  const { system, space } = bench();
  space.allocate(BASE, 0x4000, MEM_RESERVE, PAGE_READWRITE);
  space.allocate(BASE, 0x2000, MEM_COMMIT, PAGE_READWRITE);
  expect(space.lock(BASE, 0x3000)).toBe(status.STATUS_ACCESS_VIOLATION);
  expect(space.lock(BASE + 0x10000, 0x1000)).toBe(status.STATUS_ACCESS_VIOLATION);
  space.protect(BASE, 0x1000, PAGE_NOACCESS);
  expect(space.lock(BASE, 0x2000)).toBe(status.STATUS_ACCESS_VIOLATION);
  expect(space.lock(BASE, 0)).toBe(status.STATUS_INVALID_PARAMETER_3);
  expect(space.lock(2 ** 50, 1)).toBe(status.STATUS_INVALID_PARAMETER_2);
  expect(space.lockedPages).toBe(0);
  system.validate();
});

test('a guard page refuses the lock once', () => {
  const { space } = bench();
  space.allocate(BASE, 0x1000, RC, PAGE_READWRITE | PAGE_GUARD);
  expect(space.lock(BASE, 0x1000)).toBe(status.STATUS_GUARD_PAGE_VIOLATION);
  expect(query(space, BASE).protect).toBe(PAGE_READWRITE);
  expect(space.lock(BASE, 0x1000)).toBe(0);
});

test('freeing unlocks, and protection leaves the lock alone', () => {
  const { system, space } = bench();
  space.allocate(BASE, 0x3000, RC, PAGE_READWRITE);
  space.lock(BASE, 0x3000);
  space.protect(BASE, 0x3000, PAGE_READONLY);
  expect(space.lockedPages).toBe(3);
  system.validate();
  space.free(BASE, 0x1000, MEM_DECOMMIT);
  expect(space.lockedPages).toBe(2);
  space.free(BASE, 0, MEM_RELEASE);
  expect([space.lockedPages, system.frames.inUse]).toEqual([0, 0]);
  system.validate();
});

test('unlocking a huge range answers at once', () => {
  const { space } = bench();
  space.allocate(BASE, 0x400000000000, MEM_RESERVE, PAGE_READWRITE);
  expect(space.unlock(BASE, 0x400000000000)).toBe(status.STATUS_NOT_LOCKED);
  expect(space.lock(BASE, 0x400000000000)).toBe(status.STATUS_ACCESS_VIOLATION);
});

import { expect, test } from 'vitest';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../../src/memory/constants.ts';
import type { GuestMemory } from '../../src/memory/guest-memory.ts';
import { CorruptTables } from '../../src/process/cxx-tables.ts';
import { dynamicCast } from '../../src/process/run-time-types.ts';
import { bench } from '../memory/support.ts';

const SIZE = 0x10_0000;
// Where the tables are, counted from the image.
const [OBJECT, TABLE, LOCATOR, HIERARCHY, CLASSES, CLASS, TYPE, OTHER] = [
  0x1000, 0x1100, 0x1200, 0x1300, 0x2000, 0x8000, 0x9000, 0xb000,
];

/** An object with tables of `count` bases, each a hidden class that says it contains all others. */
function forged(count: number): { memory: GuestMemory; image: number } {
  const { space, memory } = bench();
  expect(space.allocate(0, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)).toBe(0);
  const image = space.resultBase;
  memory.setU64(image + OBJECT, image + TABLE + 8);
  memory.setU64(image + TABLE, image + LOCATOR);
  for (const [at, value] of [
    [LOCATOR, 1],
    [LOCATOR + 12, TYPE],
    [LOCATOR + 16, HIERARCHY],
    [LOCATOR + 20, LOCATOR],
    [HIERARCHY + 8, count],
    [HIERARCHY + 12, CLASSES],
    [CLASS, TYPE],
    [CLASS + 4, 0xffff_ffff],
    [CLASS + 12, 0xffff_ffff],
    [CLASS + 20, 4],
  ] as const)
    memory.setU32(image + at, value);
  for (let i = 0; i < 5000; i++) memory.setU32(image + CLASSES + i * 4, CLASS);
  memory.fill(image + TYPE + 16, 0x41, 0x1000);
  memory.fill(image + OTHER + 16, 0x41, 0x1000);
  return { memory, image };
}
const cast = ({ memory, image }: ReturnType<typeof forged>, target: number): number =>
  dynamicCast(memory, image + OBJECT, image + OBJECT, image + TYPE, image + target);

test('hostile: a class that says it has more than a thousand bases has none that can be cast to', () => {
  expect(() => cast(forged(0xffff_ffff), TYPE)).toThrow(CorruptTables);
  expect(() => cast(forged(1025), TYPE)).toThrow(CorruptTables);
});

test('hostile: of a thousand classes that each say they contain all others, the search ends', () => {
  const tables = forged(1024);
  expect(cast(tables, TYPE)).toBe(tables.image + OBJECT);
});

test('hostile: names of types without an end are the same as no other name', () => {
  expect(cast(forged(1024), OTHER)).toBe(0);
});

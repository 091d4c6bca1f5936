import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MEM_COMMIT,
  MEM_RESERVE,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  READ,
  WRITE,
} from '../../src/memory/constants.ts';
import { GuestFault, type GuestMemory } from '../../src/memory/guest-memory.ts';
import { STATUS_ACCESS_VIOLATION } from '../../src/memory/status.ts';
import { type Bench, bench } from './support.ts';

const BASE = 0x7fff00100000;
const SIZE = 0x5000;

function mapped(): Bench {
  const all = bench(64);
  all.space.allocate(BASE, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  return all;
}
function faultOf(operation: () => unknown): GuestFault {
  try {
    operation();
  } catch (fault) {
    if (fault instanceof GuestFault) return fault;
    throw fault;
  }
  throw new Error('no fault');
}

describe('values', () => {
  const kinds: [number, (m: GuestMemory, a: number) => void, (m: GuestMemory, a: number) => unknown][] = [
    [1, (m, a) => m.setU8(a, 0xf8), (m, a) => m.u8(a)],
    [2, (m, a) => m.setU16(a, 0xf8f7), (m, a) => m.u16(a)],
    [4, (m, a) => m.setU32(a, 0xf8f7f6f5), (m, a) => [m.u32(a), m.i32(a)]],
    [8, (m, a) => m.setU64(a, 0x1f_f7f6_f5f4_f3f2), (m, a) => m.u64(a)],
    [8, (m, a) => m.setHalves(a, 0x80000001, 0xc0000002), (m, a) => m.u64(a) / 2 ** 32],
    [8, (m, a) => m.setHalves(a, 0x54442d18, 0x400921fb), (m, a) => m.f64(a)],
  ];
  const expected = [
    0xf8,
    0xf8f7,
    [0xf8f7f6f5, 0xf8f7f6f5 | 0],
    0x1f_f7f6_f5f4_f3f2,
    0xc0000002 + 0x80000001 / 2 ** 32,
    Math.PI,
  ];

  test('of every size are stored and read little-endian at every offset, page ends included', () => {
    const { memory } = mapped();
    for (const [i, [size, store, load]] of kinds.entries())
      for (const at of [0, 1, 3, 4, 5, 0xff8, 0xff9, 0xffb, 0xffc, 0xffd, 0xffe, 0xfff]) {
        memory.fill(BASE + at - (at > 0 ? 1 : 0), 0x11, size + 2);
        store(memory, BASE + at);
        expect(load(memory, BASE + at), `${i} at ${at}`).toEqual(expected[i]);
        if (at > 0) expect(memory.u8(BASE + at - 1)).toBe(0x11);
        expect(memory.u8(BASE + at + size)).toBe(0x11);
      }
  });

  test('64-bit ones keep negative numbers and never fall below 2^53 when they are above', () => {
    const { memory } = mapped();
    memory.setU64(BASE, -1);
    expect([memory.u32(BASE), memory.u32(BASE + 4)]).toEqual([0xffffffff, 0xffffffff]);
    expect(memory.u64(BASE)).toBeGreaterThan(2 ** 63);
    memory.setU64(BASE, -2);
    expect(memory.u32(BASE)).toBe(0xfffffffe);
  });

  test('that cross into a page that cannot be written leave the first page alone', () => {
    const { space, memory } = mapped();
    space.protect(BASE + 0x1000, 0x1000, PAGE_READONLY);
    for (const store of [
      () => memory.setU16(BASE + 0xfff, 0xffff),
      () => memory.setU32(BASE + 0xffd, 0xffffffff),
      () => memory.setU64(BASE + 0xff9, 2 ** 52),
    ]) {
      expect(faultOf(store)).toMatchObject({ status: STATUS_ACCESS_VIOLATION, access: WRITE });
      expect(memory.bytes(BASE + 0xff0, 0x20).every((b) => b === 0)).toBe(true);
    }
  });
});

describe('faults', () => {
  test('name the first byte that cannot be accessed', () => {
    const { memory } = mapped();
    expect(faultOf(() => memory.u8(BASE + SIZE))).toMatchObject({ access: READ, address: BASE + SIZE });
    expect(faultOf(() => memory.bytes(BASE, SIZE + 1))).toMatchObject({ access: READ, address: BASE + SIZE });
    expect(faultOf(() => memory.fill(BASE + 5, 1, SIZE))).toMatchObject({
      access: WRITE,
      address: BASE + SIZE,
    });
    expect(memory.u8(BASE + SIZE - 1)).toBe(1);
    expect(faultOf(() => memory.setBytes(BASE + SIZE - 2, new Uint8Array(4).fill(7)))).toMatchObject({
      address: BASE + SIZE,
    });
    expect(memory.u8(BASE + SIZE - 1)).toBe(7);
    expect(faultOf(() => memory.u32(BASE + SIZE - 2)).address).toBe(BASE + SIZE);
    expect(faultOf(() => memory.u64(BASE + SIZE - 3)).address).toBe(BASE + SIZE);
  });

  test('of absurd addresses and lengths are faults too', () => {
    const { memory } = mapped();
    for (const address of [
      0,
      -1,
      2 ** 47,
      2 ** 53 + 2 ** 40,
      2 ** 64,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]) {
      expect(faultOf(() => memory.u8(address)).status).toBe(STATUS_ACCESS_VIOLATION);
      expect(faultOf(() => memory.setU32(address, 1)).status).toBe(STATUS_ACCESS_VIOLATION);
      expect(faultOf(() => memory.bytes(address, 5000)).status).toBe(STATUS_ACCESS_VIOLATION);
    }
    for (const length of [2 ** 40, 2 ** 64, Number.NaN])
      expect(faultOf(() => memory.bytes(BASE, length))).toBeInstanceOf(GuestFault);
    expect(faultOf(() => memory.fill(BASE, 0, 2 ** 64)).address).toBe(BASE + SIZE);
    expect(faultOf(() => memory.copy(BASE, BASE + 1, 2 ** 64)).address).toBe(BASE + SIZE);
  });

  test('a move that faults anywhere has moved nothing', () => {
    const { space, memory } = mapped();
    memory.setBytes(BASE, new Uint8Array(0x3000).fill(3));
    memory.setBytes(BASE + 0x3000, new Uint8Array(0x1000).fill(4));
    space.protect(BASE + 0x4000, 0x1000, PAGE_NOACCESS);
    expect(faultOf(() => memory.copy(BASE + 0x3000, BASE, 0x1001))).toMatchObject({
      access: WRITE,
      address: BASE + 0x4000,
    });
    expect(faultOf(() => memory.copy(BASE, BASE + 0x3000, 0x1001))).toMatchObject({
      access: READ,
      address: BASE + 0x4000,
    });
    expect(memory.u8(BASE + 0x3000)).toBe(4);
    expect(memory.u8(BASE)).toBe(3);
  });
});

test('moves of overlapping ranges are as if through a copy', () => {
  const { memory } = mapped();
  const shadow = new Uint8Array(SIZE);
  for (let i = 0; i < SIZE; i++) shadow[i] = (i * 31 + (i >> 8)) & 0xff;
  memory.setBytes(BASE, shadow);
  const place = fc.integer({ min: 0, max: SIZE });
  fc.assert(
    fc.property(place, place, place, (to, from, wanted) => {
      const length = Math.min(wanted, SIZE - to, SIZE - from);
      memory.copy(BASE + to, BASE + from, length);
      shadow.copyWithin(to, from, from + length);
      expect(Buffer.compare(memory.bytes(BASE, SIZE), shadow)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

describe('text', () => {
  test('ends at the NUL, at the limit, and reads no page that it does not need', () => {
    const { memory } = mapped();
    memory.setBytes(BASE + 0xffd, new Uint8Array([0x61, 0xe9, 0x63, 0x64, 0]));
    expect(memory.asciiz(BASE + 0xffd)).toBe('aécd');
    expect(memory.asciiz(BASE + 0xffd, 2)).toBe('aé');
    memory.setBytes(BASE + SIZE - 2, new Uint8Array([0x7a, 0]));
    expect(memory.asciiz(BASE + SIZE - 2)).toBe('z');
    memory.setU8(BASE + SIZE - 1, 0x7a);
    expect(faultOf(() => memory.asciiz(BASE + SIZE - 2)).address).toBe(BASE + SIZE);
    const wide = 'wide ✓ text 𝄞';
    for (let i = 0; i <= wide.length; i++)
      memory.setU16(BASE + 0xff1 + i * 2, i < wide.length ? wide.charCodeAt(i) : 0);
    expect(memory.utf16z(BASE + 0xff1)).toBe(wide);
    expect(memory.utf16z(BASE + 0xff1, 3)).toBe('wid');
  });

  test('of more than one piece is whole', () => {
    const { memory } = mapped();
    for (let i = 0; i < 9000; i++) memory.setU16(BASE + i * 2, 0x100 + (i % 1000));
    const text = memory.utf16z(BASE);
    expect(text.length).toBe(9000);
    expect(text.charCodeAt(8999)).toBe(0x100 + 999);
    expect(memory.asciiz(BASE + SIZE - 1)).toBe('');
  });
});

test('a structure is written in place only where it is aligned and lies in one page that may be written', () => {
  const { space, memory } = mapped();
  const word = memory.wordsTo(BASE + 0xfd0, 48);
  space.system.ram.words[word + 11] = 0x12345678;
  expect(memory.u32(BASE + 0xffc)).toBe(0x12345678);
  expect(memory.wordsTo(BASE + 0xfd4, 48)).toBe(-1);
  expect(memory.wordsTo(BASE + 0x102, 48)).toBe(-1);
  expect(space.protect(BASE, 0x1000, PAGE_READONLY)).toBe(0);
  expect(faultOf(() => memory.wordsTo(BASE + 0x100, 48)).status).toBe(STATUS_ACCESS_VIOLATION);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { directCode } from '../../src/dlls/crt/direct.ts';
import { STATE } from '../../src/machine/cpu-state.ts';
import { PAGE_READWRITE } from '../../src/memory/constants.ts';
import { CODE, REGISTER, TestCpu } from '../cpu/support.ts';

/** Two pages with none after them, and the same again: what reads too far faults. */
const ROOM = 0x2000;
const A = 0x200_0000;
const B = 0x300_0000;
const BREAKPOINT = 4;
const FAULT = 2;

const cpu = new TestCpu();
cpu.map(A, ROOM, PAGE_READWRITE);
cpu.map(B, ROOM, PAGE_READWRITE);
const NAMES = [
  'memcpy',
  'memmove',
  'memset',
  'memcmp',
  'strlen',
  'strcmp',
  'strchr',
  'strcspn',
  'strspn',
] as const;
type Name = (typeof NAMES)[number];
NAMES.forEach((name, i) => {
  cpu.memory.setBytes(CODE + i * 0x1000, directCode('msvcrt', name, 0x77 + i)!);
});
/** Services that were asked for. */
let asked: number[] = [];
cpu.hook = (service) => {
  asked.push(service);
  return false;
};

/** What the function answers in rax; asked tells whether it left the work to the host. */
function run(name: Name, rcx: number, rdx: number, r8 = 0): number {
  asked = [];
  expect(cpu.call({ rcx, rdx, r8 }, CODE + NAMES.indexOf(name) * 0x1000)).toBe(BREAKPOINT);
  return cpu.state.gpr(REGISTER.rax);
}
const signed = (rax: number) => rax | 0;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, max: 3 });
/** Mostly short, and as long as the code does itself at most. */
const length = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1024 }));
const place = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 4000, max: 4200 }));

describe('the code that translated programs run instead of asking the host', () => {
  test('moves blocks as if by way of a copy, however they overlap', () => {
    fc.assert(
      fc.property(fc.constantFrom('memcpy', 'memmove'), length, place, place, (name, count, to, from) => {
        const before = Uint8Array.from({ length: ROOM }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
        cpu.memory.setBytes(A, before);
        expect(run(name as Name, A + to, A + from, count)).toBe(A + to);
        expect(asked).toEqual([]);
        before.copyWithin(to, from, from + count);
        expect(Buffer.from(cpu.memory.bytes(A, ROOM)).equals(Buffer.from(before))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('moves and fills up to the end of the last page', () => {
    for (let count = 0; count < 70; count++) {
      cpu.memory.fill(A, 1, ROOM);
      cpu.memory.fill(B, 2, ROOM);
      run('memcpy', A + ROOM - count, B + ROOM - count, count);
      expect(cpu.memory.bytes(A + ROOM - count, count).every((byte) => byte === 2)).toBe(true);
      expect(cpu.memory.u8(A + ROOM - count - 1)).toBe(1);
      expect(run('memset', B + ROOM - count, 0x1ff, count)).toBe(B + ROOM - count);
      expect(cpu.memory.bytes(B + ROOM - count, count).every((byte) => byte === 0xff)).toBe(true);
      expect(cpu.memory.u8(B + ROOM - count - 1)).toBe(2);
    }
  });

  test('fills exactly what it is told to', () => {
    fc.assert(
      fc.property(length, place, fc.integer({ min: 0, max: 0xffff }), (count, at, value) => {
        cpu.memory.fill(A, 0x55, ROOM);
        expect(run('memset', A + at, value, count)).toBe(A + at);
        const expected = new Uint8Array(ROOM).fill(0x55).fill(value & 0xff, at, at + count);
        expect(Buffer.from(cpu.memory.bytes(A, ROOM)).equals(Buffer.from(expected))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('leaves long moves and fills to the host, arguments as they were', () => {
    for (const name of ['memcpy', 'memset'] as const) {
      run(name, A, B, 0x1_0000_0001);
      expect(asked).toEqual([0x77 + NAMES.indexOf(name)]);
      expect([REGISTER.rcx, REGISTER.rdx, REGISTER.r8].map((register) => cpu.state.gpr(register))).toEqual([
        A,
        B,
        0x1_0000_0001,
      ]);
    }
  });

  test('compares blocks at their first difference, without a sign in bytes', () => {
    fc.assert(
      fc.property(
        bytes(60),
        fc.nat(60),
        place,
        fc.nat(59),
        fc.integer({ min: 0, max: 255 }),
        (block, count, at, where, other) => {
          cpu.memory.setBytes(A + at, block);
          const changed = block.slice();
          changed[where] = other;
          cpu.memory.setBytes(B + ROOM - count, changed.subarray(0, count));
          const expected = Buffer.compare(block.subarray(0, count), changed.subarray(0, count));
          expect(signed(run('memcmp', A + at, B + ROOM - count, count))).toBe(expected);
          expect(signed(run('memcmp', B + ROOM - count, A + at, count))).toBe(-expected | 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('measures, compares and searches texts, up to the end of the last page', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 60 }),
        fc.nat(70),
        fc.integer({ min: 1, max: 255 }),
        place,
        (text, where, other, at) => {
          const first = [...text, 0];
          const second = text.map((byte, i) => (i === where ? other : byte)).concat(0);
          cpu.memory.fill(A, 0x41, ROOM);
          cpu.memory.setBytes(A + at, Uint8Array.from(first));
          const end = B + ROOM - second.length;
          cpu.memory.setBytes(end, Uint8Array.from(second));
          expect(run('strlen', A + at, 0)).toBe(text.length);
          expect(run('strlen', end, 0)).toBe(text.length);
          const expected = Math.sign(Buffer.compare(Buffer.from(first), Buffer.from(second)));
          expect(signed(run('strcmp', A + at, end))).toBe(expected);
          for (const sought of [other, 0, text[3] ?? 7]) {
            const index = second.indexOf(sought);
            expect(run('strchr', end, sought + 0x1200)).toBe(index < 0 ? 0 : end + index);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('spans texts by sets of bytes', () => {
    const text = fc.array(fc.integer({ min: 0xfd, max: 0xff }), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (text, set) => {
        const end = B + ROOM - text.length - 1;
        cpu.memory.setBytes(end, Uint8Array.from([...text, 0]));
        cpu.memory.setBytes(A + ROOM - set.length - 1, Uint8Array.from([...set, 0]));
        const inside = text.findIndex((byte) => set.includes(byte));
        const outside = text.findIndex((byte) => !set.includes(byte));
        const setAt = A + ROOM - set.length - 1;
        expect(run('strcspn', end, setAt)).toBe(inside < 0 ? text.length : inside);
        expect(run('strspn', end, setAt)).toBe(outside < 0 ? text.length : outside);
      }),
      { numRuns: 300 },
    );
  });

  test('faults at the address that was given', () => {
    for (const name of NAMES) {
      cpu.prepareCall(CODE + NAMES.indexOf(name) * 0x1000);
      cpu.state.setGpr(REGISTER.rcx, 0x7_0003);
      cpu.state.setGpr(REGISTER.rdx, A);
      cpu.state.setGpr(REGISTER.r8, 9);
      expect(cpu.finish(), name).toBe(FAULT);
      expect(cpu.state.number64(STATE.faultAddress), name).toBe(0x7_0003);
    }
  });
});

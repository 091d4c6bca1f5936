import { describe, expect, test } from 'vitest';
import { FRAMES } from '../../src/machine/layout.ts';
import { PAGE_READWRITE } from '../../src/memory/constants.ts';
import { DATA, REGISTER, TestCpu } from './support.ts';

/** The same low half as DATA, so its pages cannot be at home while DATA's are. */
const ALIAS = 0x1_0000_0000 + DATA;
/** In the last 45 MiB of 4 GiB, where no page has a home. */
const HOMELESS = 0x2_ffd0_0000;
const SIZE = 0x10_0000;

/** Functions of (rcx = an address, rdx = a value) that answer in rax, or change memory. */
const ACCESSES: Record<string, string> = {
  'a byte stored and loaded': '88 11 0f b6 01 c3',
  'a word stored and loaded': '66 89 11 0f b7 01 c3',
  'a doubleword stored and loaded': '89 11 8b 01 c3',
  'a quadword stored and loaded': '48 89 11 48 8b 01 c3',
  'sixteen bytes stored and loaded': '66 48 0f 6e c2 0f 11 01 0f 10 09 66 48 0f 7e c8 c3',
  'a read-modify-write': '48 01 11 48 01 51 08 48 8b 01 c3',
  'an exchange': '48 89 d0 48 87 01 48 87 41 10 c3',
  'fields of a structure': '48 89 11 48 89 51 10 48 8b 41 08 48 03 01 48 89 41 18 c3',
  'pushes and pops': '48 89 e5 48 8d 61 40 52 52 52 58 5a 58 48 89 ec c3',
  'a loop':
    '31 c0 48 89 14 c1 48 ff c0 48 83 f8 10 75 f4 31 d2 31 c0 48 03 04 d1 48 ff c2 48 83 fa 10 75 f3 c3',
  'rep stosb': '48 89 d0 48 89 cf b9 40 00 00 00 f3 aa 48 8b 47 f0 c3',
  'x87 numbers': '48 89 11 df 29 db 79 20 db 69 20 df 39 48 8b 01 c3',
};

function machine(): TestCpu {
  const test = new TestCpu();
  test.memory.setU8(DATA, 1);
  for (let page = 0; page < SIZE; page += 0x1000) test.memory.setU8(DATA + page, 0);
  test.map(ALIAS, SIZE, PAGE_READWRITE);
  test.map(HOMELESS, SIZE, PAGE_READWRITE);
  return test;
}

/** Which page offset an access begins at: inside a page, and across two. */
const OFFSETS = [0x100, 0xffd, 0x1ff9, 0x2fc3];

describe('a page that is not at home', () => {
  for (const [name, hex] of Object.entries(ACCESSES)) {
    test(`serves ${name} as one that is`, () => {
      const cpu = machine();
      cpu.code(hex);
      const outcomes = [DATA, ALIAS, HOMELESS].map((base) =>
        OFFSETS.map((offset) => {
          for (let round = 0; round < 3; round++) {
            expect(cpu.call({ rcx: base + offset, rdx: 0x1234_5678_9abc + round + offset })).toBe(4);
          }
          const rax = cpu.state.gpr(REGISTER.rax);
          return {
            rax: rax >= base && rax < base + SIZE ? rax - base : rax,
            bytes: cpu.memory.bytes(base + offset - 0x40, 0x100),
          };
        }),
      );
      expect(outcomes[0]!.some(({ bytes }) => bytes.some((byte) => byte !== 0))).toBe(true);
      expect(outcomes[1]).toEqual(outcomes[0]);
      expect(outcomes[2]).toEqual(outcomes[0]);
    });
  }

  test('is kept apart from the page whose home it shares', () => {
    const cpu = machine();
    cpu.code(ACCESSES['a quadword stored and loaded']!);
    const at = DATA + 0x5008;
    for (let round = 1; round < 4; round++) {
      cpu.call({ rcx: at, rdx: round });
      cpu.call({ rcx: ALIAS + 0x5008, rdx: round * 100 });
      expect([cpu.memory.u64(at), cpu.memory.u64(ALIAS + 0x5008)]).toEqual([round, round * 100]);
    }
    expect(cpu.space.probe(at, 1)).toBe(FRAMES + at);
    expect(cpu.space.probe(ALIAS + 0x5008, 1)).not.toBe(FRAMES + at);
  });
});

import { describe, expect, test } from 'vitest';
import { decode } from '../../src/cpu/decode/decode.ts';
import { Oracle } from './decode-oracle.ts';
import { REFUSED, VEX_DECODED } from './decode-refused.ts';

/** Room for one instruction in a buffer of many. */
const STRIDE = 16;
/** What follows opcode and ModRM: a SIB byte with base, index and scale, then uneven displacements and immediates. */
const TAIL = [0x91, 0x82, 0x73, 0xe4, 0x55, 0x46, 0x37, 0x28, 0x19, 0x0a, 0x9b];
const MAPS = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const PREFIXES = [
  [0x66],
  [0xf3],
  [0xf2],
  [0x48],
  [0x45],
  [0x66, 0x48],
  [0xf3, 0x48],
  [0xf2, 0x4f],
  [0x66, 0xf3],
  [0x66, 0xf2],
  [0xf0],
  [0x67],
  [0x67, 0x65],
  [0x48, 0x64],
];
const ALL_MODRM = Array.from({ length: 256 }, (_, modrm) => modrm);
/** Every reg with a plain base, SIB, RIP-relative, both displacements and some registers. */
const SOME_MODRM = ALL_MODRM.filter((modrm) =>
  [0x00, 0x04, 0x05, 0x43, 0x84, 0xc0, 0xc6].includes(modrm & 0xc7),
);

/** The first few disagreements over cases laid out every STRIDE bytes. */
function disagreements(cases: number[][], refused?: Set<string>): string[] {
  const bytes = new Uint8Array(cases.length * STRIDE);
  for (const [index, each] of cases.entries()) {
    bytes.set(each, index * STRIDE);
    bytes.set(TAIL.slice(0, STRIDE - each.length), index * STRIDE + each.length);
  }
  const oracle = new Oracle(bytes);
  const found: string[] = [];
  for (let index = 0; index < cases.length && found.length < 10; index++) {
    const sentence = oracle.disagreement(index * STRIDE);
    if (sentence !== undefined) found.push(sentence);
  }
  for (const name of oracle.refused) refused?.add(name);
  return found;
}

function opcodes(prefix: number[], map: number[], modrms: number[]): number[][] {
  return ALL_MODRM.flatMap((opcode) => modrms.map((modrm) => [...prefix, ...map, opcode, modrm]));
}

/** Bytes by xorshift32, so that a failure's seed repeats it. */
function randomBytes(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 11) & 0xff;
  };
}

describe('the decoder and iced-x86 agree on', { timeout: 60_000 }, () => {
  test('every opcode with every ModRM byte', () => {
    for (const map of MAPS) expect(disagreements(opcodes([], map, ALL_MODRM))).toEqual([]);
  });

  test('every opcode under every kind of prefix', () => {
    for (const prefix of PREFIXES) {
      for (const map of MAPS) expect(disagreements(opcodes(prefix, map, SOME_MODRM))).toEqual([]);
    }
  });

  test('every SIB byte under every REX and ModRM.mod', () => {
    const cases = [];
    for (let rex = 0x40; rex < 0x50; rex++) {
      for (const modrm of [0x04, 0x44, 0x84])
        for (const sib of ALL_MODRM) cases.push([rex, 0x8b, modrm, sib]);
    }
    expect(disagreements(cases)).toEqual([]);
    expect(disagreements(cases.map((each) => [0x67, ...each]))).toEqual([]);
  });

  test('every VEX payload before the opcodes of BMI', () => {
    const cases = [];
    for (const opcode of [0xf0, 0xf2, 0xf3, 0xf5, 0xf6, 0xf7]) {
      for (const first of [0xe1, 0xe2, 0xe3, 0xc2, 0xa2, 0x42, 0x03, 0xe4]) {
        for (const second of ALL_MODRM) {
          for (const modrm of [0x05, 0x0c, 0x51, 0xd9, 0xe7])
            cases.push([0xc4, first, second, opcode, modrm]);
        }
      }
    }
    expect(disagreements(cases)).toEqual([]);
    for (const prefix of [0x66, 0xf2, 0xf3, 0xf0, 0x40, 0x65, 0x67]) {
      expect(
        disagreements(cases.filter((_, index) => index % 7 === 0).map((each) => [prefix, ...each])),
      ).toEqual([]);
    }
  });

  test('runs of prefixes up to and over 15 bytes', () => {
    const next = randomBytes(0x1234567);
    const prefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x41, 0x48];
    const cases = Array.from({ length: 20000 }, () => {
      const run = Array.from({ length: next() % 14 }, () => prefixes[next() % prefixes.length]!);
      return [...run, ...(next() & 1 ? [0x0f] : []), next(), next()];
    });
    expect(disagreements(cases)).toEqual([]);
  });

  test('random bytes', () => {
    const seed = (Date.now() & 0x7fffffff) | 1;
    const next = randomBytes(seed);
    const bytes = Uint8Array.from({ length: 150_000 }, next);
    const oracle = new Oracle(bytes);
    const found: string[] = [];
    for (let offset = 0; offset < bytes.length - STRIDE && found.length < 10; offset++) {
      const sentence = oracle.disagreement(offset);
      if (sentence !== undefined) found.push(sentence);
    }
    expect(found, `seed ${seed}`).toEqual([]);
  });

  test('nothing less: a random instruction cut anywhere is truncated', () => {
    const next = randomBytes(0x89abcde);
    const bytes = Uint8Array.from({ length: 10_000 }, next);
    for (let offset = 0; offset < bytes.length - STRIDE; offset++) {
      const whole = decode(bytes, offset, 0);
      if (typeof whole !== 'object') continue;
      for (let length = 0; length < whole.length; length++) {
        expect(decode(bytes.subarray(0, offset + length), offset, 0)).toBe('truncated');
      }
    }
  });

  test('what is refused: no name on the list is there in vain', () => {
    const refused = new Set<string>();
    const modrms = ALL_MODRM.filter((modrm) => modrm >= 0xc0 || (modrm & 7) === 0);
    for (const prefix of [[], [0x66], [0xf3], [0xf2], [0x48], [0x66, 0x48], [0xf3, 0x48], [0x67, 0xf3]]) {
      disagreements(
        [0xc6, 0xc7].map((opcode) => [...prefix, opcode, 0xf8]),
        refused,
      );
      disagreements(opcodes(prefix, [0x0f], modrms), refused);
      for (const map of [0x38, 0x3a]) disagreements(opcodes(prefix, [0x0f, map], SOME_MODRM), refused);
    }
    expect([...REFUSED].filter((name) => !refused.has(name))).toEqual([]);
    expect([...VEX_DECODED].filter((name) => refused.has(name))).toEqual([]);
  });
});

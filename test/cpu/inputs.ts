import type { InputKind } from './forms.ts';

/*
 * The machine state that forms run on, as 64-bit words: rax rcx rdx rbx rsp rbp rsi rdi r8..r15, flags, xmm0..xmm3
 * (two words each), then 32 words of memory at WINDOW and 16 at STACK_WINDOW. Instructions get rbx as a pointer into
 * the first, rsp into the second, r9 = 0..7, r10 = -200..200. r15 belongs to the recorder.
 */
export const WORDS = 17 + 8 + 32 + 16;
export const FLAGS_WORD = 16;
export const XMM_WORD = 17;
export const MEMORY_WORD = 25;
export const STACK_WORD = 57;
export const DATA = 0x80_0000;
export const WINDOW = DATA + 0xc0;
export const STACK_WINDOW = DATA + 0x7c0;
export const BASE = DATA + 0x140;
export const STACK = DATA + 0x800;
/** Inputs for each form. */
export const CASES = 12;

/** xorshift32: the recorder and the test make the same inputs. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 1;
  }
  bits(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x | 0;
    return x >>> 0;
  }
  below(limit: number): number {
    return this.bits() % limit;
  }
  word(): bigint {
    return (BigInt(this.bits()) << 32n) | BigInt(this.bits());
  }
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

const EDGES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
]
  .concat([
    0x1_0000_0000n,
    0x7fff_ffff_ffff_ffffn,
    0x8000_0000_0000_0000n,
    0xffff_ffff_ffff_ffffn,
    0x8080_8080_8080_8080n,
  ])
  .concat([0xffff_ffff_ffff_ff80n, 0x0102_0304_0506_0708n, 64n, 33n]);
const SINGLES = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  1e10,
  -1e10,
  3e38,
  1e-40,
  2147483648,
  -2147483648,
  Infinity,
  -Infinity,
  NaN,
  16777217,
];
const DOUBLES = [
  0, -0, 1, -1, 0.5, 1.5, 2.5, -3.5, 1e10, -1e10, 1e308, 1e-310, 2147483648, -2147483649, 2147483647.5,
  9.3e18, -9.3e18,
].concat([Infinity, -Infinity, NaN, 4503599627370498, 123456.789]);

const view = new DataView(new ArrayBuffer(8));

function integerWord(random: Random): bigint {
  return random.below(3) === 0 ? random.word() : random.pick(EDGES);
}
function floatWord(random: Random, kind: InputKind): bigint {
  const single = kind === 'single' || (kind === 'convert' && random.below(2) === 0);
  if (kind === 'convert' && random.below(3) === 0) return integerWord(random);
  if (!single) view.setFloat64(0, random.below(3) === 0 ? randomDouble(random) : random.pick(DOUBLES));
  else {
    view.setFloat32(0, random.below(3) === 0 ? randomDouble(random) : random.pick(SINGLES));
    view.setFloat32(4, random.below(3) === 0 ? randomDouble(random) : random.pick(SINGLES));
  }
  return view.getBigUint64(0);
}
/** Bytes out of a few, zero among them. */
function lettersWord(random: Random): bigint {
  let word = 0n;
  const last = random.below(3) === 0 ? 6 : 0x81;
  for (let byte = 0; byte < 8; byte++)
    word = (word << 8n) | BigInt(random.pick([0x80, 0x7f, 1, 1, 1, 2, 2, last]));
  return random.below(4) === 0 ? word & ~(0xffffn << BigInt(8 * random.below(7))) : word;
}
/** Fields of singles and doubles: exponent bits and fraction bits. */
const FORMATS = { 'edge-single': [8, 23], 'edge-double': [11, 52] } as const;

/** A float whose results overflow, underflow, are denormal, exact or just not, or NaN. */
function edgeFloat(random: Random, kind: keyof typeof FORMATS): bigint {
  const [exponentBits, fractionBits] = FORMATS[kind];
  const top = 2 ** exponentBits - 1;
  const middle = top >> 1;
  const around = random.pick([0, 0, 1, middle, middle, middle, middle >> 1, middle >> 1, top - 1, top]);
  const spread = random.below(4) === 0 ? random.below(fractionBits + 4) : random.below(3);
  const exponent = Math.min(top, Math.max(0, around + (random.below(2) === 1 ? spread : -spread)));
  const all = (1n << BigInt(fractionBits)) - 1n;
  const fraction =
    random.below(3) === 0
      ? random.word() & all
      : random.pick([
          0n,
          0n,
          0n,
          1n,
          all,
          all - 1n,
          1n << BigInt(fractionBits - 1),
          3n << BigInt(fractionBits - 3),
        ]);
  return (
    (BigInt(random.below(2)) << BigInt(exponentBits + fractionBits)) |
    (BigInt(exponent) << BigInt(fractionBits)) |
    fraction
  );
}
function edgeWord(random: Random, kind: keyof typeof FORMATS): bigint {
  if (kind === 'edge-double') return edgeFloat(random, kind);
  return (edgeFloat(random, kind) << 32n) | edgeFloat(random, kind);
}
function randomDouble(random: Random): number {
  return (random.bits() - 0x8000_0000) * 2 ** (random.below(40) - 30);
}

const CHANGING_FLAGS = 0x8d5;

/** The input number `index` of form number `form`. */
export function inputWords(form: number, index: number, kind: InputKind): BigUint64Array {
  const random = new Random(form * 1009 + index * 7919 + 12345);
  for (let round = 0; round < 8; round++) random.bits();
  const words = new BigUint64Array(WORDS);
  for (let at = 0; at < 16; at++) words[at] = integerWord(random);
  words[3] = BigInt(BASE);
  words[4] = BigInt(STACK);
  words[9] = BigInt(random.below(8));
  words[10] = BigInt.asUintN(64, BigInt(random.below(401) - 200));
  words[15] = 0n;
  words[FLAGS_WORD] = BigInt((random.bits() & CHANGING_FLAGS) | 0x202);
  const isFloat = kind === 'single' || kind === 'double' || kind === 'convert';
  for (let at = XMM_WORD; at < WORDS; at++)
    words[at] = isFloat ? floatWord(random, kind) : integerWord(random);
  if (kind === 'edge-single' || kind === 'edge-double') {
    for (let at = XMM_WORD; at < STACK_WORD; at++) words[at] = edgeWord(random, kind);
  }
  if (kind === 'letters') for (let at = XMM_WORD; at < STACK_WORD; at++) words[at] = lettersWord(random);
  if (kind === 'string') {
    words[1] = BigInt(random.below(9));
    words[6] = BigInt(BASE + random.below(16) - 8);
    words[7] = BigInt(BASE + 0x20 + random.below(16) - 8);
    if (random.below(2) === 1) words[FLAGS_WORD]! |= 0x400n;
    if (random.below(2) === 1) words.fill(random.pick(EDGES), MEMORY_WORD, STACK_WORD);
  }
  if (kind === 'divide' && random.below(3) > 0) {
    // Most quotients of random numbers overflow: make the high half small.
    const negative = random.below(2) === 1;
    words[2] = negative ? 0xffff_ffff_ffff_ffffn : BigInt(random.below(3));
    if (random.below(2) === 1) words[0] = BigInt(random.bits());
  }
  return words;
}

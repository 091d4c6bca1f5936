import { Random } from './inputs.ts';
import type { X87Kind } from './x87-forms.ts';

/*
 * The state that x87 forms run on, as the recorder's harness has it: an FXSAVE image of which 160 bytes count, the
 * memory operand, flags and rax.
 */
export const IMAGE_BYTES = 512;
export const MEMORY_AT = 512;
export const MEMORY_BYTES = 128;
export const FLAGS_AT = MEMORY_AT + MEMORY_BYTES;
export const RAX_AT = FLAGS_AT + 8;
export const X87_STATE_BYTES = RAX_AT + 8;
/** Inputs for each form. */
export const X87_CASES = 320;

const ONE = 1n << 63n;
const ALL = (1n << 64n) - 1n;
const SIGNIFICANDS = [
  ONE,
  ONE + 1n,
  ALL,
  ALL - 1n,
  3n << 62n,
  (3n << 62n) + 1n,
  0xb504f333f9de6484n,
  0xc90fdaa22168c234n,
  ONE + (1n << 39n),
  ONE + (1n << 40n),
  ONE + (3n << 39n),
  ALL - (1n << 39n) + 1n,
  ONE + (1n << 10n),
  ONE + (3n << 10n),
  ALL << 11n,
  ALL << 40n,
].map((value) => value & ALL);
/** Zeros, denormals, pseudo-denormals, unnormals, infinities, pseudo-infinities and NaNs of all kinds. */
const SPECIALS: readonly (readonly [number, bigint])[] = [
  [0, 0n],
  [0, 1n],
  [0, ONE - 1n],
  [0, 1n << 62n],
  [0, 0x0000_0001_2345_6789n],
  [0, ONE],
  [0, ALL],
  [0x3fff, 1n],
  [0x3fff, 0n],
  [0x7ffe, ONE - 1n],
  [0x7fff, ONE],
  [0x7fff, 0n],
  [0x7fff, 1n << 62n],
  [0x7fff, 3n << 62n],
  [0x7fff, (3n << 62n) | 0x1234n],
  [0x7fff, ONE | 1n],
  [0x7fff, ONE | 0x5555_0000_0000n],
  [0x7fff, ALL],
  [0x7fff, ONE | (1n << 61n)],
];
const EXPONENTS = [
  0x3fff, 0x3ffe, 0x4000, 0x3ffd, 0x4001, 0x403e, 0x403d, 0x401e, 0x401d, 0x400e, 0x400d, 1, 2, 40, 0x7ffe,
].concat([
  0x7ffd, 0x43fe, 0x43ff, 0x3c01, 0x3c00, 0x3bcd, 0x3bcc, 0x407e, 0x407f, 0x3f81, 0x3f80, 0x3f6a, 0x3f69,
]);

/** A number in extended precision: sign and exponent, significand. */
export function extended(random: Random): [number, bigint] {
  const sign = random.below(2) << 15;
  const choice = random.below(8);
  if (choice < 2) {
    const [exponent, significand] = random.pick(SPECIALS);
    return [sign | exponent, significand];
  }
  const significand = random.below(2) === 0 ? random.pick(SIGNIFICANDS) : random.word() | ONE;
  if (choice < 5) return [sign | random.pick(EXPONENTS), significand];
  if (choice < 7) return [sign | (0x3fff + random.below(80) - 40), significand];
  return [sign | (1 + random.below(0x7ffe)), significand];
}

/** An argument of a transcendental function: mostly of moderate size. */
function argument(random: Random): [number, bigint] {
  const sign = random.below(2) << 15;
  const choice = random.below(10);
  if (choice === 0) return extended(random);
  const significand = random.below(3) === 0 ? random.pick(SIGNIFICANDS) : random.word() | ONE;
  if (choice < 6) return [sign | (0x3fff - random.below(6)), significand];
  if (choice < 8) return [sign | (0x3fff + random.below(20) - 10), significand];
  return [sign | (0x3fff + random.below(160) - 90), significand];
}

/** Brings a sign and exponent into the range in which the function is defined; infinities and NaNs stay. */
function within(kind: X87Kind, value: number): number {
  const limit = kind === 'power' ? 0x3ffe : kind === 'near' ? 0x3ffc : 0x7fff;
  const exponent = value & 0x7fff;
  return exponent <= limit || exponent === 0x7fff ? value : (value & 0x8000) | (limit - (exponent % 64));
}

const view = new DataView(new ArrayBuffer(16));

function doubleBits(random: Random): bigint {
  const choice = random.below(6);
  if (choice === 0)
    return random.pick([0n, ONE, 1n, (1n << 52n) - 1n, 0x7ff0n << 48n, 0xfff0n << 48n, 0x7ff4n << 48n]);
  if (choice === 1)
    return random.pick([0x7ff8n << 48n, 0xfff8_0000_0000_1234n, 0x7fefffffffffffffn, 1n << 52n]);
  if (choice === 2) return random.word();
  view.setFloat64(0, (random.bits() - 0x8000_0000) * 2 ** (random.below(60) - 40));
  return view.getBigUint64(0) ^ BigInt(random.below(2));
}
function singleBits(random: Random): number {
  const choice = random.below(6);
  if (choice === 0) return random.pick([0, 0x8000_0000, 1, 0x7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fa0_0000]);
  if (choice === 1) return random.pick([0x7fc0_0000, 0xffc0_1234, 0x7f7f_ffff, 0x80_0000]);
  if (choice === 2) return random.bits();
  view.setFloat32(0, (random.bits() - 0x8000_0000) * 2 ** (random.below(60) - 40));
  return view.getUint32(0);
}
function integer(random: Random): bigint {
  const choice = random.below(3);
  if (choice === 0) return random.word();
  if (choice === 1) return BigInt.asUintN(64, BigInt(random.below(200) - 100));
  return random.pick([0n, 1n, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, ONE - 1n, ONE, ALL]);
}

const ALL_MASKED = 0x3f;
const CHANGING_FLAGS = 0x8d5;

/** The input number `index` of form number `form`. */
export function x87Input(form: number, index: number, kind: X87Kind): Uint8Array {
  const random = new Random(form * 10007 + index * 7919 + 777);
  for (let round = 0; round < 8; round++) random.bits();
  const bytes = new Uint8Array(X87_STATE_BYTES);
  const state = new DataView(bytes.buffer);
  const masks = random.below(8) === 0 ? random.below(64) : ALL_MASKED;
  const precision = random.pick([3, 3, 3, 2, 2, 0, 0, 1]);
  const control = masks | 0x40 | (precision << 8) | (random.below(4) << 10);
  state.setUint16(0, control, true);
  const top = random.below(8);
  // Condition codes, and flags of exceptions that are masked: nothing is pending.
  state.setUint16(2, (random.bits() & 0x4700) | (top << 11) | (random.bits() & masks & 0x3f), true);
  bytes[4] =
    random.below(8) === 0 ? random.below(256) : kind === 'register' ? 0xff : 0xff & ~(1 << ((top + 7) & 7));
  if (random.below(6) === 0) bytes[4] ^= 1 << ((top + 7) & 7);
  state.setUint32(24, 0x1f80, true);
  for (let register = 0; register < 8; register++) {
    const isArgument = kind === 'argument' || kind === 'power' || kind === 'near';
    const [value, significand] = isArgument ? argument(random) : extended(random);
    const exponent = register === 0 ? within(kind, value) : value;
    state.setBigUint64(32 + register * 16, significand, true);
    state.setUint16(40 + register * 16, exponent, true);
  }
  for (let at = 0; at < MEMORY_BYTES; at += 8) state.setBigUint64(MEMORY_AT + at, random.word(), true);
  fillOperand(random, kind, state);
  state.setBigUint64(FLAGS_AT, BigInt((random.bits() & CHANGING_FLAGS) | 0x202), true);
  state.setBigUint64(RAX_AT, random.word(), true);
  return bytes;
}

function fillOperand(random: Random, kind: X87Kind, state: DataView): void {
  if (kind === 'single') state.setUint32(MEMORY_AT, singleBits(random), true);
  else if (kind === 'double') state.setBigUint64(MEMORY_AT, doubleBits(random), true);
  else if (kind === 'integer') state.setBigUint64(MEMORY_AT, integer(random), true);
  else if (kind === 'extended') {
    const [exponent, significand] = extended(random);
    state.setBigUint64(MEMORY_AT, significand, true);
    state.setUint16(MEMORY_AT + 8, exponent, true);
  } else if (kind === 'bcd') {
    for (let at = 0; at < 9; at++) state.setUint8(MEMORY_AT + at, (random.below(10) << 4) | random.below(10));
    state.setUint8(MEMORY_AT + 9, random.below(2) << 7);
  }
}

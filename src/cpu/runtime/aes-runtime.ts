import { SIMD, V128 } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';

/*
 * AES on a v128 in the byte order of FIPS 197: byte 4 * column + row. Substitution looks bytes up in sixteen rows of
 * the table, of which wasm's swizzle yields zeros for all but the right one.
 */

/** Adds the rounds of AES and the key schedule's steps. */
export function addAesFunctions(runtime: RuntimeBuilder): void {
  const table = substitutionTable();
  const inverse = new Uint8Array(256);
  table.forEach((to, from) => {
    inverse[to] = from;
  });
  runtime.define('substitute', substitution(table));
  runtime.define('substituteInverse', substitution(inverse));
  const rounds = [
    ['aesenclast', 'substitute', SHIFT_ROWS, undefined],
    ['aesenc', 'substitute', SHIFT_ROWS, MIX],
    ['aesdeclast', 'substituteInverse', UNSHIFT_ROWS, undefined],
    ['aesdec', 'substituteInverse', UNSHIFT_ROWS, UNMIX],
  ] as const;
  for (const [name, substitute, rows, matrix] of rounds) {
    const f = new RuntimeFunction(HELPERS[name]);
    f.code.get(0);
    f.code.get(0);
    f.code.shuffle(rows);
    f.code.call(runtime.index(substitute));
    if (matrix !== undefined) mixColumns(f, matrix);
    runtime.define(name, f);
  }
  const mixed = new RuntimeFunction(HELPERS.aesimc);
  mixed.code.get(0);
  mixColumns(mixed, UNMIX);
  runtime.define('aesimc', mixed);
  runtime.define('aeskeygenassist', keyGenerationAssist(runtime));
}

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function product(a: number, b: number): number {
  let result = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) result ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0);
  }
  return result;
}

/** The inverse in the field, then an affine map of its bits. */
function substitutionTable(): Uint8Array {
  // Powers of 3 are all that is not 0, and 3^n is the inverse of 3^(255 - n).
  const powers = new Uint8Array(256).fill(1);
  for (let n = 1; n < 256; n++) powers[n] = product(powers[n - 1]!, 3);
  const inverses = new Uint8Array(256);
  for (let n = 0; n < 255; n++) inverses[powers[n]!] = powers[255 - n]!;
  return inverses.map((inverse) => {
    let result = 0x63;
    for (let turn = 0; turn < 5; turn++) result ^= ((inverse << turn) | (inverse >> (8 - turn))) & 0xff;
    return result;
  });
}

function substitution(table: Uint8Array): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.aesimc);
  const { code } = f;
  const view = new DataView(table.buffer);
  for (let row = 0; row < 16; row++) {
    const words = [0, 4, 8, 12].map((at) => view.getUint32(row * 16 + at, true));
    code.v128(words[0]!, words[1]!, words[2]!, words[3]!);
    code.get(0);
    const first = row * 0x1010_1010;
    code.v128(first, first, first, first);
    code.simd(SIMD.i8x16_sub);
    code.simd(SIMD.i8x16_swizzle);
    if (row > 0) code.simd(SIMD.v128_or);
  }
  return f;
}

/** Byte n comes from here: row r of the state moves by r columns. */
const SHIFT_ROWS = Array.from({ length: 16 }, (_, at) => (at + 4 * (at & 3)) & 15);
const UNSHIFT_ROWS = Array.from({ length: 16 }, (_, at) => (at - 4 * (at & 3)) & 15);

/** First row of the matrix that a column is multiplied with; each other row is the one above turned right. */
const MIX = [2, 3, 1, 1];
const UNMIX = [14, 11, 13, 9];

/** Multiplies each column of the state on the stack by the matrix. */
function mixColumns(f: RuntimeFunction, matrix: readonly number[]): void {
  const { code } = f;
  const state = f.local(V128);
  code.set(state);
  // Term k of a byte is its neighbour k rows below times the matrix' element k.
  const multiples = [state];
  for (let bit = 1; 1 << bit <= Math.max(...matrix); bit++) {
    double(f, multiples[bit - 1]!);
    multiples.push(f.local(V128));
    code.set(multiples[bit]!);
  }
  matrix.forEach((factor, below) => {
    const used = multiples.filter((_, bit) => (factor >> bit) & 1);
    used.forEach((local, index) => {
      code.get(local);
      if (index > 0) code.simd(SIMD.v128_xor);
    });
    const column = f.local(V128);
    code.set(column);
    code.get(column);
    code.get(column);
    code.shuffle(Array.from({ length: 16 }, (_, at) => (at & 12) | ((at + below) & 3)));
    if (below > 0) code.simd(SIMD.v128_xor);
  });
}

/** Pushes the bytes of a local times two in the field. */
function double(f: RuntimeFunction, local: number): void {
  const { code } = f;
  const reduction = 0x1b1b_1b1b;
  code.get(local);
  code.i32(1);
  code.simd(SIMD.i8x16_shl);
  code.get(local);
  code.i32(7);
  code.simd(SIMD.i8x16_shr_s);
  code.v128(reduction, reduction, reduction, reduction);
  code.simd(SIMD.v128_and);
  code.simd(SIMD.v128_xor);
}

/** Words 1 and 3 substituted, each followed by itself turned by one byte. */
function keyGenerationAssist(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.aeskeygenassist);
  const { code } = f;
  code.get(0);
  code.call(runtime.index('substitute'));
  const substituted = f.local(V128);
  code.tee(substituted);
  code.get(substituted);
  code.shuffle([4, 5, 6, 7, 5, 6, 7, 4, 12, 13, 14, 15, 13, 14, 15, 12]);
  return f;
}

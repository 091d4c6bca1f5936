import { CPU_STATE } from '../../machine/layout.ts';
import { I32, I64, OP, SIMD, V128, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';
import { SSE_SCRATCH } from './sse/layout.ts';

/** Adds crc32, the carry-less product and the comparison of strings. */
export function addVectorFunctions(runtime: RuntimeBuilder): void {
  runtime.define('crc32', crc32());
  runtime.define('carrylessProduct', carrylessProduct());
  runtime.define('compareStrings', compareStrings());
}

/** The polynomial of CRC32-C with its bits reversed. */
const CASTAGNOLI = 0x82f6_3b78;

/** (value, crc, bits): bit by bit, in the order in which the bytes lie in memory. */
function crc32(): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.crc32);
  const { code } = f;
  const [value, crc, bits] = [0, 1, 2];
  const all = f.local(I64);
  code.get(value);
  code.get(crc);
  code.op(OP.i64_extend_i32_u);
  code.op(OP.i64_xor);
  code.set(all);
  code.loop(VOID);
  code.get(all);
  code.i64op(OP.i64_shr_u, 1);
  code.i64(0);
  code.get(all);
  code.i64op(OP.i64_and, 1);
  code.op(OP.i64_sub);
  code.i64op(OP.i64_and, CASTAGNOLI);
  code.op(OP.i64_xor);
  code.set(all);
  code.get(bits);
  code.i32op(OP.i32_sub, 1);
  code.tee(bits);
  code.brIf(0);
  code.end();
  code.get(all);
  code.op(OP.i32_wrap_i64);
  return f;
}

/** Shift and add without carries, for each bit of the second factor. */
function carrylessProduct(): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.carrylessProduct);
  const { code } = f;
  const [factor, other] = [0, 1];
  const low = f.local(I64);
  const high = f.local(I64);
  const bit = f.local(I64);
  const mask = f.local(I64);
  code.loop(VOID);
  code.i64(0);
  code.get(other);
  code.get(bit);
  code.op(OP.i64_shr_u);
  code.i64op(OP.i64_and, 1);
  code.op(OP.i64_sub);
  code.get(factor);
  code.op(OP.i64_and);
  code.set(mask);
  code.get(low);
  code.get(mask);
  code.get(bit);
  code.op(OP.i64_shl);
  code.op(OP.i64_xor);
  code.set(low);
  // Shifting right by 64 - bit, in two steps because a shift by 64 is one by 0.
  code.get(high);
  code.get(mask);
  code.i64op(OP.i64_shr_u, 1);
  code.i64(63);
  code.get(bit);
  code.op(OP.i64_sub);
  code.op(OP.i64_shr_u);
  code.op(OP.i64_xor);
  code.set(high);
  code.get(bit);
  code.i64op(OP.i64_add, 1);
  code.tee(bit);
  code.i64op(OP.i64_lt_u, 64);
  code.brIf(0);
  code.end();
  code.get(low);
  code.simd(SIMD.i64x2_splat);
  code.get(high);
  code.lane(SIMD.i64x2_replace_lane, 1);
  return f;
}

const [FIRST, SECOND, FIRST_LENGTH, SECOND_LENGTH, CONTROL] = [0, 1, 2, 3, 4];
/** Where the first string lies while its elements are taken one by one. */
const ELEMENTS = CPU_STATE + SSE_SCRATCH.elements;

/** Bits of the control byte; see the instruction set reference, PCMPxSTRx. */
const IS_WORDS = 1;
const IS_SIGNED = 2;
const AGGREGATION = 0x0c;
const EQUAL_ANY = 0x00;
const RANGES = 0x04;
const EQUAL_EACH = 0x08;
const NEGATES = 0x10;
const NEGATES_VALID_ONLY = 0x20;

/** Writes the comparison of two strings, whose results are bits, one for each element of the second string. */
class StringComparison {
  readonly #f = new RuntimeFunction(HELPERS.compareStrings);
  readonly #isWords = this.#f.local(I32);
  /** A bit for each element there is, and for each that belongs to the second string. */
  readonly #full = this.#f.local(I32);
  readonly #valid = this.#f.local(I32);
  readonly #result = this.#f.local(I32);
  readonly #index = this.#f.local(I32);
  readonly #element = this.#f.local(V128);

  write(): RuntimeFunction {
    const { code } = this.#f;
    code.get(CONTROL);
    code.i32op(OP.i32_and, IS_WORDS);
    code.set(this.#isWords);
    code.i32(0xff);
    code.i32(0xffff);
    code.get(this.#isWords);
    code.op(OP.select);
    code.set(this.#full);
    this.#lowBits(SECOND_LENGTH);
    code.set(this.#valid);
    code.i32(0);
    code.get(FIRST);
    code.simdMemory(SIMD.v128_store, ELEMENTS);
    code.get(CONTROL);
    code.i32op(OP.i32_and, AGGREGATION);
    code.set(this.#index);
    this.#whenAggregation(EQUAL_ANY, () => this.#anyElement());
    this.#whenAggregation(RANGES, () => this.#anyRange());
    this.#whenAggregation(EQUAL_EACH, () => this.#each());
    this.#substring();
    for (let open = 0; open < 3; open++) code.end();
    this.#negate();
    code.get(this.#result);
    return this.#f;
  }
  #whenAggregation(aggregation: number, write: () => void): void {
    const { code } = this.#f;
    code.get(this.#index);
    code.i32op(OP.i32_eq, aggregation);
    code.if(VOID);
    write();
    code.else();
  }
  /** Pushes as many set bits as a length says. */
  #lowBits(length: number): void {
    const { code } = this.#f;
    code.i32(1);
    code.get(length);
    code.op(OP.i32_shl);
    code.i32op(OP.i32_sub, 1);
  }

  /** Runs `body` for each index below the first string's length, with #element filled with the element there. */
  #forEachElement(step: 1 | 2, body: () => void): void {
    const { code } = this.#f;
    code.i32(0);
    code.set(this.#index);
    code.block(VOID);
    code.loop(VOID);
    code.get(this.#index);
    code.get(FIRST_LENGTH);
    code.op(OP.i32_ge_u);
    code.brIf(1);
    this.#fill(0);
    body();
    code.get(this.#index);
    code.i32op(OP.i32_add, step);
    code.set(this.#index);
    code.br(0);
    code.end();
    code.end();
  }
  /** Fills #element with the element `ahead` of the index. */
  #fill(ahead: number): void {
    const { code } = this.#f;
    code.get(this.#isWords);
    code.if(V128);
    code.get(this.#index);
    code.i32op(OP.i32_shl, 1);
    code.memory(OP.i32_load16_u, ELEMENTS + ahead * 2);
    code.simd(SIMD.i16x8_splat);
    code.else();
    code.get(this.#index);
    code.memory(OP.i32_load8_u, ELEMENTS + ahead);
    code.simd(SIMD.i8x16_splat);
    code.end();
    code.set(this.#element);
  }
  /** Pushes a bit for each element of the second string that compares as asked with #element, or with `other`. */
  #compare(bytes: number, words: number, other = this.#element): void {
    const { code } = this.#f;
    code.get(this.#isWords);
    code.if(I32);
    code.get(SECOND);
    code.get(other);
    code.simd(words);
    code.simd(SIMD.i16x8_bitmask);
    code.else();
    code.get(SECOND);
    code.get(other);
    code.simd(bytes);
    code.simd(SIMD.i8x16_bitmask);
    code.end();
  }
  #include(): void {
    const { code } = this.#f;
    code.get(this.#result);
    code.op(OP.i32_or);
    code.set(this.#result);
  }
  #keepValid(): void {
    const { code } = this.#f;
    code.get(this.#result);
    code.get(this.#valid);
    code.op(OP.i32_and);
    code.set(this.#result);
  }

  #anyElement(): void {
    this.#forEachElement(1, () => {
      this.#compare(SIMD.i8x16_eq, SIMD.i16x8_eq);
      this.#include();
    });
    this.#keepValid();
  }
  #anyRange(): void {
    const { code } = this.#f;
    this.#forEachElement(2, () => {
      this.#compareSigned(SIMD.i8x16_ge_u, SIMD.i16x8_ge_u, SIMD.i8x16_ge_s, SIMD.i16x8_ge_s);
      this.#fill(1);
      this.#compareSigned(SIMD.i8x16_le_u, SIMD.i16x8_le_u, SIMD.i8x16_le_s, SIMD.i16x8_le_s);
      code.op(OP.i32_and);
      // A range without an upper end holds nothing.
      code.i32(0);
      code.get(this.#index);
      code.i32op(OP.i32_add, 1);
      code.get(FIRST_LENGTH);
      code.op(OP.i32_lt_u);
      code.op(OP.select);
      this.#include();
    });
    this.#keepValid();
  }
  #compareSigned(bytes: number, words: number, signedBytes: number, signedWords: number): void {
    const { code } = this.#f;
    code.get(CONTROL);
    code.i32op(OP.i32_and, IS_SIGNED);
    code.if(I32);
    this.#compare(signedBytes, signedWords);
    code.else();
    this.#compare(bytes, words);
    code.end();
  }
  /** Elements beyond both ends are equal, beyond one end different. */
  #each(): void {
    const { code } = this.#f;
    this.#compare(SIMD.i8x16_eq, SIMD.i16x8_eq, FIRST);
    this.#lowBits(FIRST_LENGTH);
    code.get(this.#valid);
    code.op(OP.i32_and);
    code.op(OP.i32_and);
    this.#lowBits(FIRST_LENGTH);
    code.get(this.#valid);
    code.op(OP.i32_or);
    code.get(this.#full);
    code.op(OP.i32_xor);
    code.op(OP.i32_or);
    code.set(this.#result);
  }
  /** Where the first string begins in the second; what lies beyond the register is not compared. */
  #substring(): void {
    const { code } = this.#f;
    code.get(this.#full);
    code.set(this.#result);
    this.#forEachElement(1, () => {
      code.get(this.#result);
      this.#compare(SIMD.i8x16_eq, SIMD.i16x8_eq);
      code.get(this.#valid);
      code.op(OP.i32_and);
      code.get(this.#index);
      code.op(OP.i32_shr_u);
      code.get(this.#full);
      code.get(this.#index);
      code.op(OP.i32_shr_u);
      code.i32op(OP.i32_xor, -1);
      code.op(OP.i32_or);
      code.op(OP.i32_and);
      code.set(this.#result);
    });
  }
  #negate(): void {
    const { code } = this.#f;
    code.get(CONTROL);
    code.i32op(OP.i32_and, NEGATES);
    code.if(VOID);
    code.get(this.#result);
    code.get(this.#valid);
    code.get(this.#full);
    code.get(CONTROL);
    code.i32op(OP.i32_and, NEGATES_VALID_ONLY);
    code.op(OP.select);
    code.op(OP.i32_xor);
    code.set(this.#result);
    code.end();
  }
}

function compareStrings(): RuntimeFunction {
  return new StringComparison().write();
}

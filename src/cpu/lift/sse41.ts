import type { Instruction } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, ZF } from '../region/flag-kinds.ts';
import { operandAt, popRegister, push, write } from '../region/operands.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP, SIMD, V128, type ValueType } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { combined, direct } from './sse-int.ts';
import { immediate, lanes, pushVector, xmm, xmmOf } from './xmm.ts';

/** The register that chooses for pblendvb, blendvps and blendvpd. */
const CHOOSER = xmm(0);

/** Lanes of the source where xmm0's lane has its sign set. */
function blendBySign(negative: number): Entry {
  return entry(
    'rw,r',
    (e, i) => {
      const target = xmmOf(operandAt(i, 0));
      pushVector(e, operandAt(i, 1));
      e.get(target);
      e.get(CHOOSER);
      e.code.v128(0, 0, 0, 0);
      e.code.simd(negative);
      e.code.simd(SIMD.v128_bitselect);
      e.set(target);
    },
    { uses: 1 << CHOOSER },
  );
}

/** Lanes of the source where the immediate's bit is set. */
function blendByImmediate(width: number): Entry {
  return entry('rw,r,-', (e, i) => {
    const target = xmmOf(operandAt(i, 0));
    const bits = immediate(i.operands[2]);
    const count = 16 / width;
    pushVector(e, operandAt(i, 1));
    const source = e.save(V128);
    e.get(target);
    e.code.get(source);
    const chosen = Array.from({ length: count }, (_, lane) => lane + ((bits >> lane) & 1 ? count : 0));
    e.code.shuffle(lanes(width, ...chosen));
    e.set(target);
  });
}

/** ZF: no common bit; CF: no bit of the source outside the target; the others are cleared. */
function liftPtest(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  pushVector(e, operandAt(instruction, 1));
  const source = e.save(V128);
  if (!e.flags.live) return;
  for (const [op, flag] of [
    [SIMD.v128_and, ZF],
    [SIMD.v128_andnot, CF],
  ] as const) {
    code.get(source);
    e.get(xmmOf(operandAt(instruction, 0)));
    code.simd(op);
    code.simd(SIMD.v128_any_true);
    code.op(OP.i32_eqz);
    code.i32op(OP.i32_mul, flag);
  }
  code.op(OP.i32_or);
  e.flags.setBits();
}

/** Widens the lowest lanes, doubling their width with each operation. */
function widened(...operations: number[]): Entry {
  return entry('w,r', (e, i) => {
    pushVector(e, operandAt(i, 1));
    for (const op of operations) e.code.simd(op);
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/** Products of the even 32-bit lanes, signed. */
function liftPmuldq(e: Emitter, target: number, source: number): void {
  for (const local of [target, source]) {
    e.code.get(local);
    e.code.get(local);
    e.code.shuffle(lanes(4, 0, 2, 0, 2));
  }
  e.code.simd(SIMD.i64x2_extmul_low_i32x4_s);
}

/** The smallest word and its index: words and indices as one number each, so that the smallest is both. */
function liftPhminposuw(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  pushVector(e, operandAt(instruction, 1));
  const source = e.save(V128);
  const zero = lanes(2, 8, 8, 8, 8);
  // Word n as the upper half of a lane, n as its lower half.
  for (const first of [0, 4]) {
    code.get(source);
    code.v128(0, 0, 0, 0);
    const words = [0, 1, 2, 3].flatMap((lane) => [...zero.slice(0, 2), ...lanes(2, first + lane)]);
    code.shuffle(words);
    code.v128(first, first + 1, first + 2, first + 3);
    code.simd(SIMD.v128_or);
  }
  code.simd(SIMD.i32x4_min_u);
  const least = e.save(V128);
  for (const order of [lanes(4, 2, 3, 0, 1), lanes(4, 1, 0, 3, 2)]) {
    code.get(least);
    code.get(least);
    code.get(least);
    code.shuffle(order);
    code.simd(SIMD.i32x4_min_u);
    code.set(least);
  }
  code.v128(0, 0, 0, 0);
  code.get(least);
  code.lane(SIMD.i32x4_extract_lane, 0);
  code.i32op(OP.i32_rotl, 16);
  code.lane(SIMD.i32x4_replace_lane, 0);
  e.set(xmmOf(operandAt(instruction, 0)));
}

/** Sums of four absolute differences between a row of the target and one group of the source, eight times. */
function liftMpsadbw(e: Emitter, target: number, source: number, instruction: Instruction): void {
  const { code } = e;
  const bits = immediate(instruction.operands[2]);
  const row = bits & 4;
  const group = (bits & 3) * 4;
  for (let byte = 0; byte < 4; byte++) {
    code.get(target);
    code.v128(0, 0, 0, 0);
    code.shuffle(Array.from({ length: 8 }, (_, lane) => [row + byte + lane, 16]).flat());
    code.get(source);
    code.v128(0, 0, 0, 0);
    code.shuffle(Array.from({ length: 8 }, () => [group + byte, 16]).flat());
    code.simd(SIMD.i16x8_sub);
    code.simd(SIMD.i16x8_abs);
    if (byte > 0) code.simd(SIMD.i16x8_add);
  }
}

interface Lane {
  readonly size: number;
  readonly extract: number;
  readonly replace: number;
  readonly type: ValueType;
}
const BYTE: Lane = {
  size: 1,
  extract: SIMD.i8x16_extract_lane_u,
  replace: SIMD.i8x16_replace_lane,
  type: I32,
};
const DWORD: Lane = {
  size: 4,
  extract: SIMD.i32x4_extract_lane,
  replace: SIMD.i32x4_replace_lane,
  type: I32,
};
const QWORD: Lane = {
  size: 8,
  extract: SIMD.i64x2_extract_lane,
  replace: SIMD.i64x2_replace_lane,
  type: I64,
};

/** One lane to a general register, zero-extended, or to memory. */
function extracted(lane: Lane): Entry {
  return entry('w,r,-', (e, i) => {
    const target = operandAt(i, 0);
    e.get(xmmOf(operandAt(i, 1)));
    e.code.lane(lane.extract, immediate(i.operands[2]) & (16 / lane.size - 1));
    if (target.kind === 'reg') {
      if (target.size === 8 && lane.type === I32) e.code.op(OP.i64_extend_i32_u);
      popRegister(e, target.size < 4 ? { ...target, size: 4 } : target);
    } else write(e, target, lane.size, e.save(lane.type));
  });
}

function inserted(lane: Lane): Entry {
  return entry('rw,r,-', (e, i) => {
    const source = operandAt(i, 1);
    if (source.kind === 'mem') tlb.load(e, tlb.address(e, source), lane.size);
    else if (source.kind === 'reg') push(e, { ...source, size: lane.type === I64 ? 8 : 4 }, lane.size);
    const value = e.save(lane.type);
    e.get(xmmOf(operandAt(i, 0)));
    e.code.get(value);
    e.code.lane(lane.replace, immediate(i.operands[2]) & (16 / lane.size - 1));
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/** One lane of the source (memory has but one) into a lane of the target; then some lanes become zero. */
function liftInsertps(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const bits = immediate(instruction.operands[2]);
  pushVector(e, source);
  const from = e.save(V128);
  const order = [0, 1, 2, 3];
  order[(bits >> 4) & 3] = 4 + (source.kind === 'mem' ? 0 : bits >> 6);
  e.get(xmmOf(target));
  code.get(from);
  code.shuffle(lanes(4, ...order));
  if (bits & 15) {
    code.v128(0, 0, 0, 0);
    code.shuffle(lanes(4, ...[0, 1, 2, 3].map((lane) => ((bits >> lane) & 1 ? 4 : lane))));
  }
  e.set(xmmOf(target));
}

/** SSE4.1 but for its floating point. */
export const SSE41: Family = {
  pblendvb: blendBySign(SIMD.i8x16_lt_s),
  blendvps: blendBySign(SIMD.i32x4_lt_s),
  blendvpd: blendBySign(SIMD.i64x2_lt_s),
  blendps: blendByImmediate(4),
  blendpd: blendByImmediate(8),
  pblendw: blendByImmediate(2),
  ptest: entry('r,r', liftPtest, { flags: FLAGS.set }),
  pmovsxbw: widened(SIMD.i16x8_extend_low_i8x16_s),
  pmovsxbd: widened(SIMD.i16x8_extend_low_i8x16_s, SIMD.i32x4_extend_low_i16x8_s),
  pmovsxbq: widened(
    SIMD.i16x8_extend_low_i8x16_s,
    SIMD.i32x4_extend_low_i16x8_s,
    SIMD.i64x2_extend_low_i32x4_s,
  ),
  pmovsxwd: widened(SIMD.i32x4_extend_low_i16x8_s),
  pmovsxwq: widened(SIMD.i32x4_extend_low_i16x8_s, SIMD.i64x2_extend_low_i32x4_s),
  pmovsxdq: widened(SIMD.i64x2_extend_low_i32x4_s),
  pmovzxbw: widened(SIMD.i16x8_extend_low_i8x16_u),
  pmovzxbd: widened(SIMD.i16x8_extend_low_i8x16_u, SIMD.i32x4_extend_low_i16x8_u),
  pmovzxbq: widened(
    SIMD.i16x8_extend_low_i8x16_u,
    SIMD.i32x4_extend_low_i16x8_u,
    SIMD.i64x2_extend_low_i32x4_u,
  ),
  pmovzxwd: widened(SIMD.i32x4_extend_low_i16x8_u),
  pmovzxwq: widened(SIMD.i32x4_extend_low_i16x8_u, SIMD.i64x2_extend_low_i32x4_u),
  pmovzxdq: widened(SIMD.i64x2_extend_low_i32x4_u),
  pmuldq: combined(liftPmuldq),
  pcmpeqq: direct(SIMD.i64x2_eq),
  pcmpgtq: direct(SIMD.i64x2_gt_s),
  packusdw: direct(SIMD.i16x8_narrow_i32x4_u),
  pminsb: direct(SIMD.i8x16_min_s),
  pminsd: direct(SIMD.i32x4_min_s),
  pminuw: direct(SIMD.i16x8_min_u),
  pminud: direct(SIMD.i32x4_min_u),
  pmaxsb: direct(SIMD.i8x16_max_s),
  pmaxsd: direct(SIMD.i32x4_max_s),
  pmaxuw: direct(SIMD.i16x8_max_u),
  pmaxud: direct(SIMD.i32x4_max_u),
  pmulld: direct(SIMD.i32x4_mul),
  phminposuw: entry('w,r', liftPhminposuw),
  mpsadbw: combined(liftMpsadbw),
  pextrb: extracted(BYTE),
  pextrd: extracted(DWORD),
  pextrq: extracted(QWORD),
  extractps: extracted(DWORD),
  pinsrb: inserted(BYTE),
  pinsrd: inserted(DWORD),
  pinsrq: inserted(QWORD),
  insertps: entry('rw,r,-', liftInsertps),
};

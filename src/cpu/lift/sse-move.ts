import { RDI } from '../../machine/cpu-state.ts';
import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt, popRegister, push, sizeOf, write } from '../region/operands.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP, SIMD, V128, VOID } from '../wasm/opcodes.ts';
import { type Entry, each, entry, type Family } from './entry.ts';
import { lanes, popVector, pushVector, xmmOf } from './xmm.ts';

/** Whole registers. */
function whole(unaligned: boolean): Entry {
  return entry('w,r', (e, i) => {
    pushVector(e, operandAt(i, 1), unaligned);
    popVector(e, operandAt(i, 0), unaligned);
  });
}

function isRegisterMove(instruction: Instruction): boolean {
  return instruction.operands[0]?.kind === 'xmm' && instruction.operands[1]?.kind === 'xmm';
}

/** movss and movsd: between registers the rest stays, from memory it becomes zero. */
function liftScalarMove(e: Emitter, instruction: Instruction, size: 4 | 8): void {
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (!isRegisterMove(instruction)) {
    pushVector(e, source);
    popVector(e, target);
    return;
  }
  e.get(xmmOf(target));
  e.get(xmmOf(source));
  e.code.shuffle(size === 8 ? lanes(8, 2, 1) : lanes(4, 4, 1, 2, 3));
  e.set(xmmOf(target));
}

/** Pops a v128 and pushes it with only its lowest quarter or half kept. */
function keepLowest(e: Emitter, size: number): void {
  e.code.v128(0, 0, 0, 0);
  e.code.shuffle(size === 8 ? lanes(8, 0, 2) : lanes(4, 0, 4, 5, 6));
}

/** movd and movq: a general register or memory, or the low half of an xmm register, zero-extended. */
function liftMovdq(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (target.kind === 'xmm') {
    if (source.kind === 'reg') {
      code.v128(0, 0, 0, 0);
      push(e, source, sizeOf(source));
      code.lane(source.size === 8 ? SIMD.i64x2_replace_lane : SIMD.i32x4_replace_lane, 0);
    } else {
      pushVector(e, source);
      if (source.kind === 'xmm') keepLowest(e, 8);
    }
    e.set(xmmOf(target));
    return;
  }
  if (target.kind === 'reg') {
    e.get(xmmOf(source));
    code.lane(target.size === 8 ? SIMD.i64x2_extract_lane : SIMD.i32x4_extract_lane, 0);
    popRegister(e, target);
    return;
  }
  pushVector(e, source);
  popVector(e, target);
}

/** movlps, movhps and the like: one half to or from memory. */
function liftHalf(e: Emitter, instruction: Instruction, lane: 0 | 1): void {
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (target.kind === 'xmm') {
    push(e, source, 8);
    const value = e.save(I64);
    e.get(xmmOf(target));
    e.code.get(value);
    e.code.lane(SIMD.i64x2_replace_lane, lane);
    e.set(xmmOf(target));
    return;
  }
  e.get(xmmOf(source));
  e.code.lane(SIMD.i64x2_extract_lane, lane);
  write(e, target, 8, e.save(I64));
}

/** One shuffle of target and source. */
function shuffled(rolesText: string, indices: readonly number[], unaligned = false): Entry {
  return entry(rolesText, (e, i) => {
    pushVector(e, operandAt(i, 1), unaligned);
    const source = e.save(V128);
    if (rolesText.startsWith('rw')) e.get(xmmOf(operandAt(i, 0)));
    else e.code.get(source);
    e.code.get(source);
    e.code.shuffle(indices);
    e.set(xmmOf(operandAt(i, 0)));
  });
}

/** The sign bits of the lanes as an integer. */
function mask(op: number): Entry {
  return entry('w,r', (e, i) => {
    const target = operandAt(i, 0);
    if (target.kind !== 'reg') throw new Error('mask into memory');
    e.get(xmmOf(operandAt(i, 1)));
    e.code.simd(op);
    if (target.size === 8) e.code.op(OP.i64_extend_i32_u);
    popRegister(e, target);
  });
}

function liftPextrw(e: Emitter, instruction: Instruction): void {
  const [target, source, index] = instruction.operands;
  e.get(xmmOf(source));
  e.code.lane(SIMD.i16x8_extract_lane_u, index?.kind === 'imm' ? Number(index.value) & 7 : 0);
  if (target?.kind === 'reg') {
    if (target.size === 8) e.code.op(OP.i64_extend_i32_u);
    popRegister(e, target);
  } else write(e, target!, 2, e.save(I32));
}

function liftPinsrw(e: Emitter, instruction: Instruction): void {
  const [target, source, index] = instruction.operands;
  const value = e.temp(I32);
  if (source?.kind === 'mem') tlb.load(e, tlb.address(e, source), 2);
  else if (source?.kind === 'reg') push(e, { ...source, size: 4 }, 4);
  e.code.set(value);
  e.get(xmmOf(target));
  e.code.get(value);
  e.code.lane(SIMD.i16x8_replace_lane, index?.kind === 'imm' ? Number(index.value) & 7 : 0);
  e.set(xmmOf(target));
}

/** Stores the bytes whose mask byte has its sign set; with none of them, nothing is accessed. */
function liftMaskmovdqu(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [source, mask] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  e.get(RDI);
  if (instruction.address32) {
    code.op(OP.i32_wrap_i64);
    code.op(OP.i64_extend_i32_u);
  }
  tlb.addSegment(e, instruction.segment);
  const at = e.save(I64);
  e.get(xmmOf(mask));
  code.simd(SIMD.i8x16_bitmask);
  code.if(VOID);
  const modify = tlb.beginModify(e, at, 16);
  e.get(xmmOf(source));
  tlb.loadModify(e, modify);
  e.get(xmmOf(mask));
  code.v128(0, 0, 0, 0);
  code.simd(SIMD.i8x16_lt_s);
  code.simd(SIMD.v128_bitselect);
  tlb.endModify(e, modify, e.save(V128));
  code.end();
}

function scalarRoles(instruction: Instruction): string {
  return isRegisterMove(instruction) ? 'rw,r' : 'w,r';
}
function halfRoles(instruction: Instruction): string {
  return instruction.operands[0]?.kind === 'xmm' ? 'rw,r' : 'w,r';
}

/** Moves of xmm registers: whole, in part, rearranged, to and from general registers. */
export const SSE_MOVE: Family = {
  ...each(['movaps', 'movapd', 'movdqa', 'movntps', 'movntpd', 'movntdq', 'movntdqa'], () => whole(false)),
  ...each(['movups', 'movupd', 'movdqu', 'lddqu'], () => whole(true)),
  movss: entry(scalarRoles, (e, i) => liftScalarMove(e, i, 4)),
  movsd: entry(scalarRoles, (e, i) => liftScalarMove(e, i, 8)),
  movd: entry('w,r', liftMovdq),
  movq: entry('w,r', liftMovdq),
  ...each(['movlps', 'movlpd'], () => entry(halfRoles, (e, i) => liftHalf(e, i, 0))),
  ...each(['movhps', 'movhpd'], () => entry(halfRoles, (e, i) => liftHalf(e, i, 1))),
  movhlps: shuffled('rw,r', lanes(8, 3, 1)),
  movlhps: shuffled('rw,r', lanes(8, 0, 2)),
  movsldup: shuffled('w,r', lanes(4, 0, 0, 2, 2)),
  movshdup: shuffled('w,r', lanes(4, 1, 1, 3, 3)),
  movddup: shuffled('w,r', lanes(8, 0, 0)),
  unpcklps: shuffled('rw,r', lanes(4, 0, 4, 1, 5)),
  unpckhps: shuffled('rw,r', lanes(4, 2, 6, 3, 7)),
  unpcklpd: shuffled('rw,r', lanes(8, 0, 2)),
  unpckhpd: shuffled('rw,r', lanes(8, 1, 3)),
  movmskps: mask(SIMD.i32x4_bitmask),
  movmskpd: mask(SIMD.i64x2_bitmask),
  pmovmskb: mask(SIMD.i8x16_bitmask),
  pextrw: entry('w,r,-', liftPextrw),
  pinsrw: entry('rw,r,-', liftPinsrw),
  maskmovdqu: entry('r,r', liftMaskmovdqu, { uses: 1 << RDI, exits: true }),
};

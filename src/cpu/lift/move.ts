import { RAX, RBX, RCX, RDX } from '../../machine/cpu-state.ts';
import { Exit } from '../../process/executor.ts';
import type { Instruction, Operand } from '../decode/instruction.ts';
import { pushCondition } from '../region/conditions.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { ZF } from '../region/flag-kinds.ts';
import {
  operandAt,
  place,
  popRegister,
  push,
  pushRegister,
  register,
  sizeOf,
  typeOf,
  write,
} from '../region/operands.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import { setComparison } from './alu.ts';
import { entry, type Family } from './entry.ts';
import { FS, SELECTORS } from './segments.ts';

function liftMov(e: Emitter, instruction: Instruction): void {
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (isPrivileged(target) || isPrivileged(source)) e.exitFor(Exit.privileged, instruction.address);
  else if (source.kind === 'seg') storeSegment(e, target, source.reg);
  else if (target.kind === 'seg') loadSegment(e, source, target.reg);
  else moveInteger(e, target, source);
}

function isPrivileged(operand: Operand): boolean {
  return operand.kind === 'control' || operand.kind === 'debug';
}

function moveRoles({ operands }: Instruction): string {
  return operands.some(isPrivileged) ? '-,-' : 'w,r';
}

/** To memory go 16 bits, to a register as many as it has. */
function storeSegment(e: Emitter, target: Operand, segment: number): void {
  const size = target.kind === 'reg' ? target.size : 2;
  const value = SELECTORS[segment]!;
  if (size === 8) e.code.i64(value);
  else e.code.i32(value);
  write(e, target, size, e.save(typeOf(size)));
}

/** Nobody loads another selector than the one that is there, or for fs and gs any. */
function loadSegment(e: Emitter, source: Operand, segment: number): void {
  const { code } = e;
  push(e, source.kind === 'reg' ? { ...source, size: 2 } : source, 2);
  code.i32op(OP.i32_ne, SELECTORS[segment]!);
  if (segment >= FS) code.i32op(OP.i32_or, 1);
  code.if(VOID);
  e.exitFor(Exit.unsupported, e.instruction.address);
  code.end();
}

function moveInteger(e: Emitter, target: Operand, source: Operand): void {
  const size = sizeOf(target);
  push(e, source, size);
  if (target.kind === 'reg') popRegister(e, target);
  else write(e, target, size, e.save(typeOf(size)));
}

const MOVED: ReadonlySet<string> = new Set(['reg', 'mem', 'imm', 'seg', 'control', 'debug']);

/** Widens a smaller operand; `signed` fills with its sign. */
function liftExtend(e: Emitter, instruction: Instruction, signed: boolean): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const from = sizeOf(source);
  const to = sizeOf(target);
  push(e, source, from);
  if (signed && from < 4) code.op(from === 1 ? OP.i32_extend8_s : OP.i32_extend16_s);
  if (to === 8 && from < 8) code.op(signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
  if (target.kind === 'reg') popRegister(e, target);
}

function liftLea(e: Emitter, instruction: Instruction): void {
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (target.kind !== 'reg' || source.kind !== 'mem') throw new Error('lea without address');
  tlb.pushOffset(e, source);
  if (target.size !== 8) e.code.op(OP.i32_wrap_i64);
  popRegister(e, target);
}

/** Exchanging with memory is always one locked access; two registers need no check. */
function liftXchg(e: Emitter, instruction: Instruction): void {
  let [first, second] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (second.kind === 'mem') [first, second] = [second, first];
  const size = sizeOf(first);
  const into = place(e, first);
  into.push();
  const old = e.save(typeOf(size));
  push(e, second, size);
  const value = e.save(typeOf(size));
  into.write(value);
  place(e, second).write(old);
}

/** A 32-bit move clears the upper half even when the condition does not hold; the memory source is read always. */
function liftCmov(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(target);
  push(e, source, size);
  push(e, target, size);
  pushCondition(e, instruction.condition);
  code.op(OP.select);
  if (target.kind === 'reg') popRegister(e, target);
}

function liftSetcc(e: Emitter, instruction: Instruction): void {
  pushCondition(e, instruction.condition);
  write(e, operandAt(instruction, 0), 1, e.save(I32));
}

function liftBswap(e: Emitter, instruction: Instruction): void {
  const target = operandAt(instruction, 0);
  if (target.kind !== 'reg') throw new Error('bswap of memory');
  pushRegister(e, target);
  swapBytes(e, target.size);
  popRegister(e, target);
}

/** Reverses the bytes of the value on the stack. */
function swapBytes(e: Emitter, size: number): void {
  const { code } = e;
  if (size === 8) {
    const value = e.save(I64);
    const half = (mask: bigint, shift: number) => {
      code.get(value);
      code.i64op(OP.i64_shr_u, shift);
      code.i64op(OP.i64_and, mask);
      code.get(value);
      code.i64op(OP.i64_and, mask);
      code.i64op(OP.i64_shl, shift);
      code.op(OP.i64_or);
      code.set(value);
    };
    half(0x00ff00ff00ff00ffn, 8);
    half(0x0000ffff0000ffffn, 16);
    code.get(value);
    code.i64op(OP.i64_rotl, 32);
    return;
  }
  const value = e.save(I32);
  code.get(value);
  code.i32op(OP.i32_shr_u, 8);
  code.i32op(OP.i32_and, 0x00ff00ff);
  code.get(value);
  code.i32op(OP.i32_and, 0x00ff00ff);
  code.i32op(OP.i32_shl, 8);
  code.op(OP.i32_or);
  if (size === 4) code.i32op(OP.i32_rotl, 16);
}

function liftMovbe(e: Emitter, instruction: Instruction): void {
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(target);
  push(e, source, size);
  swapBytes(e, size);
  if (target.kind === 'reg') popRegister(e, target);
  else write(e, target, size, e.save(typeOf(size)));
}

/** cbw, cwde, cdqe: the accumulator from half its size. */
function liftWiden(e: Emitter, size: number): void {
  const { code } = e;
  pushRegister(e, register(RAX, size / 2));
  if (size === 8) code.op(OP.i64_extend_i32_s);
  else code.op(size === 4 ? OP.i32_extend16_s : OP.i32_extend8_s);
  popRegister(e, register(RAX, size));
}

/** cwd, cdq, cqo: rdx filled with the accumulator's sign. */
function liftSignFill(e: Emitter, size: number): void {
  const { code } = e;
  pushRegister(e, register(RAX, size));
  if (size === 8) code.i64op(OP.i64_shr_s, 63);
  else {
    if (size === 2) code.op(OP.i32_extend16_s);
    code.i32op(OP.i32_shr_s, 31);
  }
  popRegister(e, register(RDX, size));
}

/** al = the byte at rbx + al. */
function liftXlat(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  e.get(RBX);
  e.get(RAX);
  code.i64op(OP.i64_and, 0xff);
  code.op(OP.i64_add);
  if (instruction.address32) {
    code.op(OP.i32_wrap_i64);
    code.op(OP.i64_extend_i32_u);
  }
  tlb.addSegment(e, instruction.segment);
  tlb.load(e, e.save(I64), 1);
  popRegister(e, register(RAX, 1));
}

/**
 * cmpxchg writes memory's old value back when the comparison fails, so it is a write access in any case. The accumulator
 * changes only then.
 */
function liftCmpxchg(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(target);
  const type = typeOf(size);
  const accumulator = register(RAX, size);
  const into = place(e, target);
  into.push();
  const old = e.save(type);
  pushRegister(e, accumulator);
  const expected = e.save(type);
  push(e, source, size);
  code.get(old);
  code.get(expected);
  code.get(old);
  code.op(size === 8 ? OP.i64_eq : OP.i32_eq);
  const equal = e.temp(I32);
  code.tee(equal);
  code.op(OP.select);
  const value = e.save(type);
  // A register target that is the accumulator itself always compares equal.
  const untouched = saveWhole(e, RAX);
  const targetUntouched = target.kind === 'reg' ? saveWhole(e, target.reg) : untouched;
  code.get(old);
  popRegister(e, accumulator);
  chooseWhole(e, RAX, untouched, equal);
  into.write(value);
  if (target.kind === 'reg') {
    // Not written at all when the comparison fails: its upper half stays.
    code.get(equal);
    code.op(OP.i32_eqz);
    const different = e.save(I32);
    chooseWhole(e, target.reg, targetUntouched, different);
  }
  setComparison(e, size, expected, old);
}

function saveWhole(e: Emitter, reg: number): number {
  e.get(reg);
  return e.save(I64);
}

/** Gives a register the value in local `other` if local `condition` is not 0. */
function chooseWhole(e: Emitter, reg: number, other: number, condition: number): void {
  e.code.get(other);
  e.get(reg);
  e.code.get(condition);
  e.code.op(OP.select);
  e.set(reg);
}

/** cmpxchg8b and cmpxchg16b: rdx:rax with rcx:rbx; only ZF changes. */
function liftCmpxchgPair(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const operand = operandAt(instruction, 0);
  if (operand.kind !== 'mem') throw new Error('cmpxchg16b of a register');
  const half = operand.size === 16 ? 8 : 4;
  const at = tlb.address(e, operand);
  if (half === 8) tlb.checkAligned(e, at);
  const modify = tlb.beginModify(e, at, operand.size);
  const load = (offset: number) => {
    tlb.loadPart(e, modify, offset, half);
    return e.save(typeOf(half));
  };
  const [low, high] = [load(0), load(half)];
  const eq = half === 8 ? OP.i64_eq : OP.i32_eq;
  code.get(low);
  pushRegister(e, register(RAX, half));
  code.op(eq);
  code.get(high);
  pushRegister(e, register(RDX, half));
  code.op(eq);
  code.op(OP.i32_and);
  const equal = e.save(I32);
  if (e.flags.live) {
    e.flags.pushBits();
    code.i32op(OP.i32_and, ~ZF);
    code.get(equal);
    code.i32op(OP.i32_shl, Math.log2(ZF));
    code.op(OP.i32_or);
    e.flags.setBits();
  }
  code.get(equal);
  code.if(VOID);
  for (const [offset, source] of [
    [0, RBX],
    [half, RCX],
  ] as const) {
    tlb.storePart(e, modify, offset, half, () => pushRegister(e, register(source, half)));
  }
  tlb.commitModify(e, modify);
  code.end();
  for (const [local, target] of [
    [low, RAX],
    [high, RDX],
  ] as const) {
    e.get(target);
    code.get(local);
    if (half === 4) code.op(OP.i64_extend_i32_u);
    code.get(equal);
    code.op(OP.select);
    e.set(target);
  }
}

const bit = (...registers: number[]) => registers.reduce((set, register) => set | (1 << register), 0);

/** Moves and exchanges of integer operands, conditional moves, widening. */
export const MOVE: Family = {
  mov: entry(moveRoles, liftMov, {
    accepts: (i) => i.operands.every((operand) => MOVED.has(operand.kind)),
    exits: (i) => i.operands.some((operand) => isPrivileged(operand) || operand.kind === 'seg'),
  }),
  movnti: entry('w,r', liftMov),
  movzx: entry('w,r', (e, i) => liftExtend(e, i, false)),
  movsx: entry('w,r', (e, i) => liftExtend(e, i, true)),
  movsxd: entry('w,r', (e, i) => liftExtend(e, i, true)),
  lea: entry('w,-', liftLea),
  xchg: entry('rw,rw', liftXchg),
  cmovcc: entry('rw,r', liftCmov, { flags: FLAGS.read }),
  setcc: entry('w', liftSetcc, { flags: FLAGS.read }),
  bswap: entry('rw', liftBswap),
  movbe: entry('w,r', liftMovbe),
  cbw: entry('', (e) => liftWiden(e, 2), { uses: bit(RAX), defines: bit(RAX) }),
  cwde: entry('', (e) => liftWiden(e, 4), { uses: bit(RAX), defines: bit(RAX) }),
  cdqe: entry('', (e) => liftWiden(e, 8), { uses: bit(RAX), defines: bit(RAX) }),
  cwd: entry('', (e) => liftSignFill(e, 2), { uses: bit(RAX, RDX), defines: bit(RDX) }),
  cdq: entry('', (e) => liftSignFill(e, 4), { uses: bit(RAX), defines: bit(RDX) }),
  cqo: entry('', (e) => liftSignFill(e, 8), { uses: bit(RAX), defines: bit(RDX) }),
  xlat: entry('', liftXlat, { uses: bit(RAX, RBX), defines: bit(RAX), exits: true }),
  cmpxchg: entry('rw,r', liftCmpxchg, { uses: bit(RAX), defines: bit(RAX), flags: FLAGS.set }),
  cmpxchg8b: entry('rw', liftCmpxchgPair, {
    uses: bit(RAX, RBX, RCX, RDX),
    defines: bit(RAX, RDX),
    flags: FLAGS.modify,
  }),
  cmpxchg16b: entry('rw', liftCmpxchgPair, {
    uses: bit(RAX, RBX, RCX, RDX),
    defines: bit(RAX, RDX),
    flags: FLAGS.modify,
  }),
};

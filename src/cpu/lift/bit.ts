import type { Instruction, MemoryOperand } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, FLAG, ZF } from '../region/flag-kinds.ts';
import { operandAt, type Place, place, popRegister, push, sizeOf, typeOf } from '../region/operands.ts';
import * as tlb from '../tlb/access.ts';
import { I64, OP } from '../wasm/opcodes.ts';
import { sized } from './alu.ts';
import { entry, type Family } from './entry.ts';

type Change = 'none' | 'set' | 'reset' | 'complement';

/** bt and its kin: CF is the old bit; the other flags stay (they are undefined, but for ZF, which stays). */
function liftBitTest(e: Emitter, instruction: Instruction, change: Change): void {
  const { code } = e;
  const [target, index] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(target);
  const type = typeOf(size);
  push(e, index, size);
  const position = e.save(type);
  const value = e.temp(type);
  const into = bitPlace(
    e,
    target.kind === 'mem' && index.kind === 'reg' ? target : undefined,
    position,
    instruction,
    change,
  );
  into.push();
  code.set(value);
  code.get(position);
  constant(e, size, size * 8 - 1);
  code.op(sized(OP.i32_and, size));
  code.set(position);
  if (change !== 'none') {
    code.get(value);
    changeBit(e, size, position, change);
    into.write(e.save(type));
  }
  if (!e.flags.live) return;
  code.get(value);
  code.get(position);
  code.op(sized(OP.i32_shr_u, size));
  if (size === 8) code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, 1);
  e.flags.change(CF);
}

function constant(e: Emitter, size: number, value: number): void {
  if (size === 8) e.code.i64(value);
  else e.code.i32(value);
}

/** Applies the change to the value on the stack. */
function changeBit(e: Emitter, size: number, position: number, change: Change): void {
  const { code } = e;
  constant(e, size, 1);
  code.get(position);
  code.op(sized(OP.i32_shl, size));
  if (change === 'reset') {
    constant(e, size, -1);
    code.op(sized(OP.i32_xor, size));
  }
  code.op(sized(change === 'set' ? OP.i32_or : change === 'reset' ? OP.i32_and : OP.i32_xor, size));
}

/** A register index reaches any bit of memory: the address moves by whole operands. */
function bitPlace(
  e: Emitter,
  string: MemoryOperand | undefined,
  position: number,
  instruction: Instruction,
  change: Change,
): Place {
  const target = operandAt(instruction, 0);
  if (string === undefined) {
    if (change === 'none') return { push: () => push(e, target, sizeOf(target)), write: () => {} };
    return place(e, target);
  }
  const { code } = e;
  const { size } = string;
  tlb.pushAddress(e, string);
  code.get(position);
  if (size === 2) code.op(OP.i32_extend16_s);
  if (size < 8) code.op(OP.i64_extend_i32_s);
  code.i64op(OP.i64_shr_s, Math.log2(size * 8));
  code.i64op(OP.i64_shl, Math.log2(size));
  code.op(OP.i64_add);
  const at = e.save(I64);
  if (change === 'none') return { push: () => tlb.load(e, at, size), write: () => {} };
  const modify = tlb.beginModify(e, at, size);
  return { push: () => tlb.loadModify(e, modify), write: (value) => tlb.endModify(e, modify, value) };
}

/** bsf and bsr: a source of 0 sets ZF and leaves the target, all 64 bits of it. */
function liftScan(e: Emitter, instruction: Instruction, forward: boolean): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (target.kind !== 'reg') throw new Error('bit scan into memory');
  const { size } = target;
  push(e, source, size);
  const value = e.save(typeOf(size));
  e.get(target.reg);
  const old = e.save(I64);
  if (!forward) constant(e, size, size === 8 ? 63 : 31);
  code.get(value);
  code.op(sized64(forward ? OP.i32_ctz : OP.i32_clz, size));
  if (!forward) code.op(sized(OP.i32_sub, size));
  popRegister(e, target);
  e.get(target.reg);
  code.get(old);
  code.get(value);
  constant(e, size, 0);
  code.op(size === 8 ? OP.i64_ne : OP.i32_ne);
  code.op(OP.select);
  e.set(target.reg);
  e.flags.set(FLAG.logic, size, { result: () => code.get(value) });
}

/** clz, ctz and popcnt of the size, given those for i32. */
function sized64(op: number, size: number): number {
  return size === 8 ? op + (OP.i64_clz - OP.i32_clz) : op;
}

/** tzcnt and lzcnt: a source of 0 gives the operand size in bits, and sets CF. */
function liftCount(e: Emitter, instruction: Instruction, trailing: boolean): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (target.kind !== 'reg') throw new Error('bit count into memory');
  const { size } = target;
  push(e, source, size);
  const value = e.save(typeOf(size));
  code.get(value);
  if (trailing && size < 4) code.i32op(OP.i32_or, 1 << (size * 8));
  code.op(sized64(trailing ? OP.i32_ctz : OP.i32_clz, size));
  if (!trailing && size < 4) code.i32op(OP.i32_sub, 32 - size * 8);
  const result = e.save(typeOf(size));
  code.get(result);
  popRegister(e, target);
  e.flags.set(FLAG.bits, size, {
    result: () => code.get(result),
    b: () => {
      code.get(value);
      code.op(size === 8 ? OP.i64_eqz : OP.i32_eqz);
      if (size === 8) code.op(OP.i64_extend_i32_u);
    },
  });
}

/** popcnt clears all flags but ZF. */
function liftPopcnt(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  if (target.kind !== 'reg') throw new Error('popcnt into memory');
  const { size } = target;
  push(e, source, size);
  const value = e.temp(typeOf(size));
  code.tee(value);
  code.op(sized64(OP.i32_popcnt, size));
  popRegister(e, target);
  if (!e.flags.live) return;
  code.get(value);
  code.op(size === 8 ? OP.i64_eqz : OP.i32_eqz);
  code.i32op(OP.i32_shl, Math.log2(ZF));
  e.flags.setBits();
}

function bitTest(change: Change) {
  const targetRole = change === 'none' ? 'r' : 'rw';
  return entry(`${targetRole},r`, (e, i) => liftBitTest(e, i, change), { flags: FLAGS.modify });
}

/** Single bits and bit counts. */
export const BIT: Family = {
  bt: bitTest('none'),
  bts: bitTest('set'),
  btr: bitTest('reset'),
  btc: bitTest('complement'),
  bsf: entry('rw,r', (e, i) => liftScan(e, i, true), { flags: FLAGS.set }),
  bsr: entry('rw,r', (e, i) => liftScan(e, i, false), { flags: FLAGS.set }),
  tzcnt: entry('w,r', (e, i) => liftCount(e, i, true), { flags: FLAGS.set }),
  lzcnt: entry('w,r', (e, i) => liftCount(e, i, false), { flags: FLAGS.set }),
  popcnt: entry('w,r', liftPopcnt, { flags: FLAGS.set }),
};

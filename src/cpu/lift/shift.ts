import { RCX } from '../../machine/cpu-state.ts';
import type { Instruction, Operand } from '../decode/instruction.ts';
import { CONDITION, pushCondition } from '../region/conditions.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, FLAG, FLAGS_DYNAMIC, OF, sizeLog } from '../region/flag-kinds.ts';
import { operandAt, type Place, place, push, sizeOf, typeOf } from '../region/operands.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import { cut, sized } from './alu.ts';
import { entry, type Family } from './entry.ts';

/**
 * One shift or rotate in progress. Counts are taken modulo 32 (64 for 8-byte operands) as on the CPU; a count of 0
 * changes no flag, which is decided at run time for a count in cl.
 */
class Shift {
  readonly e: Emitter;
  readonly size: number;
  readonly bits: number;
  readonly into: Place;
  readonly value: number;
  /** Masked count, if it is known now. */
  readonly known: number | undefined;
  /** i32 local with the masked count, if it is not. */
  readonly #count: number;

  constructor(e: Emitter, target: Operand, count: Operand) {
    this.e = e;
    this.size = sizeOf(target);
    this.bits = this.size * 8;
    this.into = place(e, target);
    this.into.push();
    this.value = e.save(typeOf(this.size));
    this.known = knownCount(count, this.size);
    this.#count = -1;
    if (this.known === undefined) {
      e.get(RCX);
      e.code.op(OP.i32_wrap_i64);
      e.code.i32op(OP.i32_and, countMask(this.size));
      this.#count = e.save(I32);
    }
  }
  get never(): boolean {
    return this.known === 0;
  }
  /** Pushes the count (or bits - count, or count - 1 …: `scale` * count + `offset`) as a shift amount of the type. */
  amount(scale = 1, offset = 0): void {
    const { code } = this.e;
    if (this.known !== undefined) {
      const amount = scale * this.known + offset;
      if (this.size === 8) code.i64(amount);
      else code.i32(amount);
      return;
    }
    if (scale < 0) code.i32(offset);
    code.get(this.#count);
    if (scale < 0) code.op(OP.i32_sub);
    else if (offset !== 0) code.i32op(OP.i32_add, offset);
    if (this.size === 8) code.op(OP.i64_extend_i32_u);
  }
  push(local: number): void {
    this.e.code.get(local);
  }
  op(op: number): void {
    this.e.code.op(sized(op, this.size));
  }
  constant(value: number): void {
    if (this.size === 8) this.e.code.i64(value);
    else this.e.code.i32(value);
  }
  /** Turns the value on the stack (of the type) into its lowest bit as i32. */
  lowest(): void {
    const { code } = this.e;
    if (this.size === 8) code.op(OP.i32_wrap_i64);
    code.i32op(OP.i32_and, 1);
  }
  /** Pushes bit `index` of a local as i32. */
  bit(local: number, index: number): void {
    this.push(local);
    this.constant(index);
    this.op(OP.i32_shr_u);
    this.lowest();
  }
  top(local: number): void {
    this.bit(local, this.bits - 1);
  }
  /** Pushes condition on the count: it is not 0. */
  pushNotZero(): void {
    const { code } = this.e;
    if (this.known !== undefined) code.i32(this.known === 0 ? 0 : 1);
    else {
      code.get(this.#count);
      code.i32op(OP.i32_ne, 0);
    }
  }
  /** Pops the value on the stack, cuts it and writes it to the target. */
  finish(): number {
    cut(this.e, this.size);
    const result = this.e.save(typeOf(this.size));
    this.into.write(result);
    return result;
  }
  /** Flags of shifts: ZF, SF and PF from the result, CF and OF from what is pushed (as 0 or 1). */
  setAll(result: number, carry: () => void, overflow: (carry: number) => void): void {
    const { e } = this;
    const { code } = e;
    const bits = () => {
      this.#pushTwo(carry, overflow);
      if (this.size === 8) code.op(OP.i64_extend_i32_u);
    };
    if (this.known !== undefined || !e.flags.live) {
      e.flags.set(FLAG.bits, this.size, { result: () => code.get(result), b: bits });
      return;
    }
    e.flags.makeDynamic();
    this.pushNotZero();
    code.if(VOID);
    e.flags.set(FLAG.bits, this.size, { result: () => code.get(result), b: bits });
    code.i32(FLAG.bits + sizeLog(this.size));
    code.set(e.flags.local('kind'));
    code.end();
    e.flags.kind = FLAGS_DYNAMIC;
  }
  /** Pushes CF and OF as bits. */
  #pushTwo(carry: () => void, overflow: (carry: number) => void): void {
    const { e } = this;
    carry();
    const local = e.save(I32);
    overflow(local);
    e.code.i32op(OP.i32_shl, Math.log2(OF));
    e.code.get(local);
    e.code.op(OP.i32_or);
  }
  /** Flags of rotates: only CF and OF change, and those only if the count is not 0. */
  setTwo(carry: () => void, overflow: (carry: number) => void): void {
    const { e } = this;
    const { code } = e;
    if (!e.flags.live) return;
    if (this.known !== undefined) {
      this.#pushTwo(carry, overflow);
      e.flags.change(CF | OF);
      return;
    }
    e.flags.pushBits();
    const old = e.save(I32);
    code.get(old);
    code.i32op(OP.i32_and, ~(CF | OF));
    this.#pushTwo(carry, overflow);
    code.op(OP.i32_or);
    code.get(old);
    this.pushNotZero();
    code.op(OP.select);
    e.flags.setBits();
  }
}

function countMask(size: number): number {
  return size === 8 ? 63 : 31;
}
function knownCount(count: Operand, size: number): number | undefined {
  return count.kind === 'imm' ? Number(count.value) & countMask(size) : undefined;
}

function shiftOf(e: Emitter, instruction: Instruction): Shift {
  return new Shift(e, operandAt(instruction, 0), operandAt(instruction, 1));
}

function liftShl(e: Emitter, instruction: Instruction): void {
  const s = shiftOf(e, instruction);
  s.push(s.value);
  s.amount();
  s.op(OP.i32_shl);
  const result = s.finish();
  if (s.never) return;
  s.setAll(
    result,
    () => {
      s.push(s.value);
      s.amount(-1, s.bits);
      s.op(OP.i32_shr_u);
      s.lowest();
    },
    (carry) => {
      s.top(result);
      s.push(carry);
      e.code.op(OP.i32_xor);
    },
  );
}

function liftShr(e: Emitter, instruction: Instruction): void {
  const s = shiftOf(e, instruction);
  s.push(s.value);
  s.amount();
  s.op(OP.i32_shr_u);
  const result = s.finish();
  if (s.never) return;
  s.setAll(
    result,
    () => {
      s.push(s.value);
      s.amount(1, -1);
      s.op(OP.i32_shr_u);
      s.lowest();
    },
    () => s.top(s.value),
  );
}

function liftSar(e: Emitter, instruction: Instruction): void {
  const s = shiftOf(e, instruction);
  s.push(s.value);
  if (s.size < 4) e.code.op(s.size === 1 ? OP.i32_extend8_s : OP.i32_extend16_s);
  const signed = e.save(typeOf(s.size));
  s.push(signed);
  s.amount();
  s.op(OP.i32_shr_s);
  const result = s.finish();
  if (s.never) return;
  s.setAll(
    result,
    () => {
      s.push(signed);
      s.amount(1, -1);
      s.op(OP.i32_shr_s);
      s.lowest();
    },
    () => e.code.i32(0),
  );
}

function liftRotate(e: Emitter, instruction: Instruction, left: boolean): void {
  const { code } = e;
  const s = shiftOf(e, instruction);
  if (s.size >= 4) {
    s.push(s.value);
    s.amount();
    s.op(left ? OP.i32_rotl : OP.i32_rotr);
  } else {
    s.amount();
    code.i32op(OP.i32_and, s.bits - 1);
    const count = e.save(I32);
    s.push(s.value);
    code.get(count);
    code.op(left ? OP.i32_shl : OP.i32_shr_u);
    s.push(s.value);
    code.i32(s.bits);
    code.get(count);
    code.op(OP.i32_sub);
    code.op(left ? OP.i32_shr_u : OP.i32_shl);
    code.op(OP.i32_or);
  }
  const result = s.finish();
  if (s.never) return;
  const carry = () => s.bit(result, left ? 0 : s.bits - 1);
  s.setTwo(carry, (local) => {
    s.bit(result, left ? s.bits - 1 : s.bits - 2);
    code.get(local);
    code.op(OP.i32_xor);
  });
}

/** Rotates through the carry flag: of bits + 1 bits. Those of up to 33 bits fit an i64. */
function liftRotateCarry(e: Emitter, instruction: Instruction, left: boolean): void {
  const s = shiftOf(e, instruction);
  pushCondition(e, CONDITION.below);
  e.code.op(OP.i64_extend_i32_u);
  const carryIn = e.save(I64);
  const carryOut = s.size === 8 ? rotateCarry64(e, s, left, carryIn) : rotateCarryNarrow(e, s, left, carryIn);
  const result = s.finish();
  if (s.never) return;
  s.setTwo(
    () => {
      e.code.get(carryOut);
      e.code.op(OP.i32_wrap_i64);
      e.code.i32op(OP.i32_and, 1);
    },
    (carry) => {
      s.top(result);
      if (left) e.code.get(carry);
      else s.bit(result, s.bits - 2);
      e.code.op(OP.i32_xor);
    },
  );
}

/** Leaves the result on the stack (i32); yields the i64 local whose lowest bit is the carry out. */
function rotateCarryNarrow(e: Emitter, s: Shift, left: boolean, carryIn: number): number {
  const { code } = e;
  const width = s.bits + 1;
  s.push(s.value);
  code.op(OP.i64_extend_i32_u);
  code.get(carryIn);
  code.i64op(OP.i64_shl, s.bits);
  code.op(OP.i64_or);
  const wide = e.save(I64);
  s.amount();
  if (s.size < 4) code.i32op(OP.i32_rem_u, width);
  code.op(OP.i64_extend_i32_u);
  const count = e.save(I64);
  code.get(wide);
  code.get(count);
  code.op(left ? OP.i64_shl : OP.i64_shr_u);
  code.get(wide);
  code.i64(width);
  code.get(count);
  code.op(OP.i64_sub);
  code.op(left ? OP.i64_shr_u : OP.i64_shl);
  code.op(OP.i64_or);
  const turned = e.save(I64);
  const carryOut = e.temp(I64);
  code.get(turned);
  code.i64op(OP.i64_shr_u, s.bits);
  code.set(carryOut);
  code.get(turned);
  code.op(OP.i32_wrap_i64);
  return carryOut;
}

function rotateCarry64(e: Emitter, s: Shift, left: boolean, carryIn: number): number {
  const { code } = e;
  const carryOut = e.temp(I64);
  // left:  v << c | carry << (c - 1) | v >> 1 >> (64 - c)     right: v >> c | carry << (64 - c) | v << 1 << (64 - c)
  s.push(s.value);
  s.amount(-1, 64);
  if (!left) {
    code.op(OP.drop);
    s.amount(1, -1);
  }
  code.op(OP.i64_shr_u);
  code.set(carryOut);
  s.push(s.value);
  s.amount();
  code.op(left ? OP.i64_shl : OP.i64_shr_u);
  code.get(carryIn);
  if (left) s.amount(1, -1);
  else s.amount(-1, 64);
  code.op(OP.i64_shl);
  code.op(OP.i64_or);
  s.push(s.value);
  code.i64op(left ? OP.i64_shr_u : OP.i64_shl, 1);
  s.amount(-1, 64);
  code.op(left ? OP.i64_shr_u : OP.i64_shl);
  code.op(OP.i64_or);
  s.push(s.value);
  s.pushNotZero();
  code.op(OP.select);
  return carryOut;
}

/** shld and shrd: bits of the second operand move in. */
function liftDouble(e: Emitter, instruction: Instruction, left: boolean): void {
  const { code } = e;
  const s = new Shift(e, operandAt(instruction, 0), operandAt(instruction, 2));
  push(e, operandAt(instruction, 1), s.size);
  const source = e.save(typeOf(s.size));
  s.push(s.value);
  s.amount();
  s.op(left ? OP.i32_shl : OP.i32_shr_u);
  s.push(source);
  s.amount(-1, s.bits);
  s.op(left ? OP.i32_shr_u : OP.i32_shl);
  s.op(OP.i32_or);
  s.push(s.value);
  s.pushNotZero();
  code.op(OP.select);
  const result = s.finish();
  if (s.never) return;
  s.setAll(
    result,
    () => {
      s.push(s.value);
      if (left) s.amount(-1, s.bits);
      else s.amount(1, -1);
      s.op(OP.i32_shr_u);
      s.lowest();
    },
    () => {
      s.top(result);
      s.top(s.value);
      code.op(OP.i32_xor);
    },
  );
}

function countOperand(instruction: Instruction): Operand {
  return instruction.operands[instruction.operands.length - 1]!;
}
function usesCounter(instruction: Instruction): number {
  return countOperand(instruction).kind === 'imm' ? 0 : 1 << RCX;
}
function shiftFlags(instruction: Instruction): number {
  const known = knownCount(countOperand(instruction), sizeOf(operandAt(instruction, 0)));
  return known === 0 ? FLAGS.none : known === undefined ? FLAGS.modify : FLAGS.set;
}
function rotateFlags(instruction: Instruction): number {
  return knownCount(countOperand(instruction), sizeOf(operandAt(instruction, 0))) === 0
    ? FLAGS.none
    : FLAGS.modify;
}

/** Shifts and rotates. */
export const SHIFT: Family = {
  shl: entry('rw,r', liftShl, { uses: usesCounter, flags: shiftFlags }),
  shr: entry('rw,r', liftShr, { uses: usesCounter, flags: shiftFlags }),
  sar: entry('rw,r', liftSar, { uses: usesCounter, flags: shiftFlags }),
  rol: entry('rw,r', (e, i) => liftRotate(e, i, true), { uses: usesCounter, flags: rotateFlags }),
  ror: entry('rw,r', (e, i) => liftRotate(e, i, false), { uses: usesCounter, flags: rotateFlags }),
  rcl: entry('rw,r', (e, i) => liftRotateCarry(e, i, true), {
    uses: usesCounter,
    flags: (i) => rotateFlags(i) | FLAGS.read,
  }),
  rcr: entry('rw,r', (e, i) => liftRotateCarry(e, i, false), {
    uses: usesCounter,
    flags: (i) => rotateFlags(i) | FLAGS.read,
  }),
  shld: entry('rw,r,r', (e, i) => liftDouble(e, i, true), { uses: usesCounter, flags: shiftFlags }),
  shrd: entry('rw,r,r', (e, i) => liftDouble(e, i, false), { uses: usesCounter, flags: shiftFlags }),
};

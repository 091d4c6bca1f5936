import type { Instruction, Operand, RegisterOperand } from '../decode/instruction.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP, type ValueType } from '../wasm/opcodes.ts';
import type { Emitter } from './emitter.ts';

/*
 * Integer operands as values on the wasm stack: i64 for 8 bytes, else i32 with the unused high bits zero. The
 * writers below take values whose unused bits may be anything.
 */

export function typeOf(size: number): ValueType {
  return size === 8 ? I64 : I32;
}

/** Bits of a value of fewer than 4 bytes. */
export function maskOf(size: number): number {
  return size === 1 ? 0xff : 0xffff;
}

export function sizeOf(operand: Operand): number {
  return operand.kind === 'reg' || operand.kind === 'mem' ? operand.size : 0;
}

export function pushRegister(e: Emitter, { reg, size, high }: RegisterOperand): void {
  const { code } = e;
  e.get(reg);
  if (size === 8) return;
  code.op(OP.i32_wrap_i64);
  if (high) code.i32op(OP.i32_shr_u, 8);
  if (size < 4) code.i32op(OP.i32_and, maskOf(size));
}

export function pushImmediate(e: Emitter, value: bigint, size: number): void {
  if (size === 8) e.code.i64(value);
  else e.code.i32(Number(BigInt.asUintN(size * 8, value)) | 0);
}

/** Pushes an operand of the given size. */
export function push(e: Emitter, operand: Operand, size: number): void {
  switch (operand.kind) {
    case 'reg':
      pushRegister(e, operand);
      return;
    case 'imm':
      pushImmediate(e, operand.value, size);
      return;
    case 'mem':
      tlb.load(e, tlb.address(e, operand), size);
      return;
    default:
      throw new Error(`${e.instruction.mnemonic} has an operand of kind ${operand.kind}`);
  }
}

/** Pops the value on the stack into a general register. */
export function popRegister(e: Emitter, { reg, size, high }: RegisterOperand): void {
  const { code } = e;
  if (size === 8) {
    e.set(reg);
    return;
  }
  if (size === 4) {
    code.op(OP.i64_extend_i32_u);
    e.set(reg);
    return;
  }
  const value = e.save(I32);
  e.get(reg);
  code.i64op(OP.i64_and, size === 2 ? -0x10000 : high ? -0xff01 : -0x100);
  code.get(value);
  code.i32op(OP.i32_and, maskOf(size));
  if (high) code.i32op(OP.i32_shl, 8);
  code.op(OP.i64_extend_i32_u);
  code.op(OP.i64_or);
  e.set(reg);
}

/** A register operand by number, for implicit operands. */
export function register(reg: number, size: number): RegisterOperand {
  return { kind: 'reg', reg, size: size as RegisterOperand['size'], high: false };
}

/** Where a result goes that was made from an operand: back into the register or memory it came from. */
export interface Place {
  /** Pushes the value it holds. */
  push(): void;
  /** Stores the value in a local of typeOf(size). */
  write(value: number): void;
}

/** An operand to be read and written. A memory operand is checked here, once, for both. */
export function place(e: Emitter, operand: Operand): Place {
  if (operand.kind === 'mem') {
    const modify = tlb.beginModify(e, tlb.address(e, operand), operand.size);
    return {
      push: () => tlb.loadModify(e, modify),
      write: (value) => tlb.endModify(e, modify, value),
    };
  }
  if (operand.kind !== 'reg')
    throw new Error(`${e.instruction.mnemonic} changes an operand of kind ${operand.kind}`);
  return {
    push: () => pushRegister(e, operand),
    write: (value) => {
      e.code.get(value);
      popRegister(e, operand);
    },
  };
}

/** Writes local `value` to an operand that is not read. */
export function write(e: Emitter, operand: Operand, size: number, value: number): void {
  if (operand.kind === 'mem') tlb.store(e, tlb.address(e, operand), size, value);
  else if (operand.kind === 'reg') {
    e.code.get(value);
    popRegister(e, operand);
  } else throw new Error(`${e.instruction.mnemonic} writes an operand of kind ${operand.kind}`);
}

export function operandAt(instruction: Instruction, index: number): Operand {
  return instruction.operands[index]!;
}

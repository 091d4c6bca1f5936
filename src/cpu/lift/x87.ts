import { Exit } from '../../process/executor.ts';
import type { Instruction, MemoryOperand } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt } from '../region/operands.ts';
import { X87_HELPERS, type X87Helper } from '../runtime/x87/helpers.ts';
import { ES, X87 } from '../runtime/x87/layout.ts';
import * as tlb from '../tlb/access.ts';
import { OP, VOID } from '../wasm/opcodes.ts';
import { type Entry, entry } from './entry.ts';

/*
 * What x87 instructions do is in the helpers of runtime/x87, which work on the state in memory. Each instruction that
 * waits first looks for an exception that an earlier one left; nothing after the check of its memory operand leaves.
 */

/** Leaves before the instruction if an unmasked exception is pending. */
export function checkPending(e: Emitter): void {
  e.loadState16(X87.statusWord);
  e.code.i32op(OP.i32_and, ES);
  e.code.ifUnlikely(VOID);
  e.exitFor(Exit.x87, e.instruction.address);
  e.code.end();
}

/** Calls a helper with the host address, or what else it takes, that `host` pushes; its result is on the stack. */
export function callHelper(e: Emitter, helper: X87Helper, imm: number, host: () => void): void {
  e.code.i32(X87_HELPERS.indexOf(helper));
  host();
  e.code.i32(imm);
  e.call('x87');
}

/** Notes the instruction and where its operand is, as fnstenv shows them. */
export function notePointers(e: Emitter, at?: number): void {
  e.code.i64(e.instruction.address);
  e.code.i32(e.instruction.opcodeBits);
  if (at !== undefined) e.code.get(at);
  e.call(at === undefined ? 'x87Pointers' : 'x87DataPointers');
}

type Imm = number | ((instruction: Instruction) => number);

function immOf(imm: Imm, instruction: Instruction): number {
  return typeof imm === 'number' ? imm : imm(instruction);
}

/** The number of the st register operand at an index. */
export function stOf(instruction: Instruction, index: number): number {
  const operand = instruction.operands[index];
  if (operand?.kind !== 'st') throw new Error(`${instruction.mnemonic} has no st register there`);
  return operand.reg;
}

export function isMemoryForm(instruction: Instruction): boolean {
  return instruction.operands[0]?.kind === 'mem';
}

export function memoryOf(instruction: Instruction): MemoryOperand {
  const operand = operandAt(instruction, 0);
  if (operand.kind !== 'mem') throw new Error(`${instruction.mnemonic} has no memory operand`);
  return operand;
}

function liftRegisters(e: Emitter, helper: X87Helper, imm: number, isControl: boolean): void {
  checkPending(e);
  if (!isControl) notePointers(e);
  callHelper(e, helper, imm, () => e.code.i32(0));
  e.code.op(OP.drop);
}

function liftRead(
  e: Emitter,
  instruction: Instruction,
  helper: X87Helper,
  imm: number,
  isControl: boolean,
): void {
  const operand = memoryOf(instruction);
  checkPending(e);
  const at = tlb.address(e, operand);
  callHelper(e, helper, imm, () => tlb.pushReadableHost(e, at, operand.size));
  e.code.op(OP.drop);
  if (!isControl) notePointers(e, at);
}

function liftWrite(e: Emitter, instruction: Instruction, helper: X87Helper, imm: number): void {
  const operand = memoryOf(instruction);
  checkPending(e);
  const modify = tlb.beginModify(e, tlb.address(e, operand), operand.size);
  callHelper(e, helper, imm, () => tlb.pushHost(e, modify));
  e.code.op(OP.drop);
  tlb.commitModify(e, modify);
  notePointers(e, modify.at);
}

const OPTIONS = { accepts: () => true, exits: true };

/** On registers alone. */
export function onRegisters(helper: X87Helper, imm: Imm = 0, isControl = false): Entry {
  return entry('', (e, i) => liftRegisters(e, helper, immOf(imm, i), isControl), OPTIONS);
}
/** Reads the memory operand. */
export function onRead(helper: X87Helper, imm: Imm, isControl = false): Entry {
  return entry('r', (e, i) => liftRead(e, i, helper, immOf(imm, i), isControl), OPTIONS);
}
/** Writes the memory operand. */
export function onWrite(helper: X87Helper, imm: Imm): Entry {
  return entry('w', (e, i) => liftWrite(e, i, helper, immOf(imm, i)), OPTIONS);
}
/** One entry for the forms with a memory operand, another for those without. */
export function either(memory: Entry, registers: Entry): Entry {
  const choose = (instruction: Instruction) => (isMemoryForm(instruction) ? memory : registers);
  return {
    ...registers,
    lift: (e, i) => choose(i).lift(e, i),
    roles: (i) => choose(i).roles(i),
  };
}

import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt, popRegister, write } from '../region/operands.ts';
import type { X87Helper } from '../runtime/x87/helpers.ts';
import { X87 } from '../runtime/x87/layout.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';
import { loadMxcsr } from './system.ts';
import { callHelper, checkPending, memoryOf, notePointers, onRead, onRegisters, stOf } from './x87.ts';
import { xmm } from './xmm.ts';

const INITIAL_CONTROL_WORD = 0x37f;
/** The condition codes and the stack top: what fnclex keeps. */
const KEPT_STATUS = 0x7f00;

function liftFninit(e: Emitter): void {
  e.storeState16(X87.controlWord, () => e.code.i32(INITIAL_CONTROL_WORD));
  for (const word of [X87.statusWord, X87.tags, X87.opcode]) e.storeState16(word, () => e.code.i32(0));
  for (const pointer of [X87.instructionPointer, X87.dataPointer])
    e.storeState(I64, pointer, () => e.code.i64(0));
}

function liftFnclex(e: Emitter): void {
  e.storeState16(X87.statusWord, () => {
    e.loadState16(X87.statusWord);
    e.code.i32op(OP.i32_and, KEPT_STATUS);
  });
}

function liftStoreWord(e: Emitter, instruction: Instruction, offset: number): void {
  const target = operandAt(instruction, 0);
  e.loadState16(offset);
  if (target.kind === 'reg') popRegister(e, target);
  else write(e, target, 2, e.save(I32));
}

/** 1 for the images that a 66 prefix makes, of 16-bit pointers. */
function isShort(instruction: Instruction): number {
  return instruction.opSize === 2 ? 1 : 0;
}

/** Writes the memory operand without waiting for a pending exception. */
function liftImage(e: Emitter, helper: X87Helper, imm: number): void {
  const { size } = memoryOf(e.instruction);
  const modify = tlb.beginModify(e, tlb.address(e, memoryOf(e.instruction)), size);
  callHelper(e, helper, imm, () => tlb.pushHost(e, modify));
  e.code.op(OP.drop);
  tlb.commitModify(e, modify);
}
function liftStoreEnvironment(e: Emitter, instruction: Instruction): void {
  liftImage(e, 'storeEnvironment', isShort(instruction));
}
function liftSave(e: Emitter, instruction: Instruction): void {
  liftImage(e, 'save', isShort(instruction));
  liftFninit(e);
}

/** All xmm registers, as bits. */
const ALL_XMM = -0x10000;
/** Where an FXSAVE image has MXCSR and the xmm registers. */
const IMAGE_MXCSR = 0x18;
const IMAGE_XMM = 0xa0;

function liftFxsave(e: Emitter, is64: number): void {
  e.batch.observesFloats = true;
  const operand = memoryOf(e.instruction);
  const at = tlb.address(e, operand);
  tlb.checkAligned(e, at);
  const modify = tlb.beginModify(e, at, operand.size);
  callHelper(e, 'fxsave', is64, () => tlb.pushHost(e, modify));
  e.code.op(OP.drop);
  for (let register = 0; register < 16; register++)
    tlb.storePart(e, modify, IMAGE_XMM + register * 16, 16, () => e.get(xmm(register)));
  tlb.commitModify(e, modify);
}

function liftFxrstor(e: Emitter, is64: number): void {
  const operand = memoryOf(e.instruction);
  const at = tlb.address(e, operand);
  tlb.checkAligned(e, at);
  const image = tlb.beginRead(e, at, operand.size);
  tlb.loadPart(e, image, IMAGE_MXCSR, 4);
  loadMxcsr(e, e.save(I32));
  callHelper(e, 'fxrstor', is64, () => tlb.pushHost(e, image));
  e.code.op(OP.drop);
  for (let register = 0; register < 16; register++) {
    tlb.loadPart(e, image, IMAGE_XMM + register * 16, 16);
    e.set(xmm(register));
  }
}

function liftFnop(e: Emitter): void {
  checkPending(e);
  notePointers(e);
}

const WAITING = { accepts: () => true, exits: true };

/** Control of the x87 unit. The instructions whose names begin with fn do not wait for pending exceptions. */
export const X87_CONTROL: Family = {
  fwait: entry('', checkPending, WAITING),
  fnop: entry('', liftFnop, WAITING),
  fninit: entry('', liftFninit),
  fnclex: entry('', liftFnclex),
  fldcw: onRead('loadControl', 0, true),
  fnstcw: entry('w', (e, i) => liftStoreWord(e, i, X87.controlWord)),
  fnstsw: entry('w', (e, i) => liftStoreWord(e, i, X87.statusWord)),
  ffree: onRegisters('release', (i) => stOf(i, 0)),
  ffreep: onRegisters('release', (i) => stOf(i, 0) | (1 << 3)),
  fincstp: onRegisters('turnTop', 1),
  fdecstp: onRegisters('turnTop', -1),
  fldenv: onRead('loadEnvironment', isShort, true),
  fnstenv: entry('w', liftStoreEnvironment),
  frstor: onRead('restore', isShort, true),
  fnsave: entry('w', liftSave),
  fxsave: entry('w', (e) => liftFxsave(e, 0), { uses: ALL_XMM }),
  fxsave64: entry('w', (e) => liftFxsave(e, 1), { uses: ALL_XMM }),
  fxrstor: entry('r', (e) => liftFxrstor(e, 0), { defines: ALL_XMM }),
  fxrstor64: entry('r', (e) => liftFxrstor(e, 1), { defines: ALL_XMM }),
};

import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt, popRegister, write } from '../region/operands.ts';
import { X87 } from '../runtime/x87/layout.ts';
import { I32, I64, OP } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';
import { checkPending, onRead, onRegisters, stOf } from './x87.ts';

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

const WAITING = { accepts: () => true, exits: true };

/** Control of the x87 unit. The instructions whose names begin with fn do not wait for pending exceptions. */
export const X87_CONTROL: Family = {
  fwait: entry('', checkPending, WAITING),
  fnop: entry('', checkPending, WAITING),
  fninit: entry('', liftFninit),
  fnclex: entry('', liftFnclex),
  fldcw: onRead('loadControl', 0),
  fnstcw: entry('w', (e, i) => liftStoreWord(e, i, X87.controlWord)),
  fnstsw: entry('w', (e, i) => liftStoreWord(e, i, X87.statusWord)),
  ffree: onRegisters('release', (i) => stOf(i, 0)),
  ffreep: onRegisters('release', (i) => stOf(i, 0) | (1 << 3)),
  fincstp: onRegisters('turnTop', 1),
  fdecstp: onRegisters('turnTop', -1),
};

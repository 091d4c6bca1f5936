import type { Instruction } from '../decode/instruction.ts';
import { CONDITION, pushCondition } from '../region/conditions.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt, sizeOf } from '../region/operands.ts';
import { FORMAT } from '../runtime/x87/layout.ts';
import { I32, OP } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { callHelper, checkPending, either, notePointers, onRead, onRegisters, onWrite, stOf } from './x87.ts';

function real(instruction: Instruction): number {
  const size = sizeOf(operandAt(instruction, 0));
  return size === 10 ? FORMAT.f80 : size === 8 ? FORMAT.f64 : FORMAT.f32;
}
function integer(instruction: Instruction): number {
  const size = sizeOf(operandAt(instruction, 0));
  return size === 8 ? FORMAT.i64 : size === 4 ? FORMAT.i32 : FORMAT.i16;
}

const TRUNCATES = 1 << 4;
const POPS = 1 << 5;

function store(pops: boolean): Entry {
  return either(
    onWrite('store', (i) => real(i) | (pops ? POPS : 0)),
    onRegisters('storeReg', (i) => stOf(i, 0) | (pops ? 1 << 3 : 0)),
  );
}

/** Moves when the condition (the even code, or its opposite above) holds. */
function liftConditional(e: Emitter, instruction: Instruction, condition: number): void {
  checkPending(e);
  pushCondition(e, condition);
  const holds = e.save(I32);
  notePointers(e);
  callHelper(e, 'move', stOf(instruction, 1), () => e.code.get(holds));
  e.code.op(OP.drop);
}
function conditional(condition: number): Entry {
  return entry('', (e, i) => liftConditional(e, i, condition), {
    accepts: () => true,
    exits: true,
    flags: FLAGS.read,
  });
}

/** Loads, stores and moves between registers. */
export const X87_MOVE: Family = {
  fld: either(
    onRead('load', real),
    onRegisters('loadReg', (i) => stOf(i, 0)),
  ),
  fild: onRead('load', integer),
  fbld: onRead('load', FORMAT.bcd),
  fst: store(false),
  fstp: store(true),
  fist: onWrite('store', integer),
  fistp: onWrite('store', (i) => integer(i) | POPS),
  fisttp: onWrite('store', (i) => integer(i) | POPS | TRUNCATES),
  fbstp: onWrite('store', FORMAT.bcd | POPS),
  fxch: onRegisters('exchange', (i) => stOf(i, 1)),
  fcmovb: conditional(CONDITION.below),
  fcmove: conditional(CONDITION.equal),
  fcmovbe: conditional(CONDITION.belowEqual),
  fcmovu: conditional(CONDITION.parity),
  fcmovnb: conditional(CONDITION.below + 1),
  fcmovne: conditional(CONDITION.equal + 1),
  fcmovnbe: conditional(CONDITION.belowEqual + 1),
  fcmovnu: conditional(CONDITION.parity + 1),
  fld1: onRegisters('loadConstant', 0),
  fldl2t: onRegisters('loadConstant', 1),
  fldl2e: onRegisters('loadConstant', 2),
  fldpi: onRegisters('loadConstant', 3),
  fldlg2: onRegisters('loadConstant', 4),
  fldln2: onRegisters('loadConstant', 5),
  fldz: onRegisters('loadConstant', 6),
};

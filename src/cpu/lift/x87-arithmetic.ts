import type { Instruction } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt, sizeOf } from '../region/operands.ts';
import { FORMAT } from '../runtime/x87/layout.ts';
import { OP } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { callHelper, checkPending, either, notePointers, onRead, onRegisters, stOf } from './x87.ts';

/** The /reg numbers of arithmetic, which its helpers take. */
const OPERATION = { add: 0, mul: 1, com: 2, comp: 3, sub: 4, subr: 5, div: 6, divr: 7 } as const;

function real(instruction: Instruction): number {
  return sizeOf(operandAt(instruction, 0)) === 8 ? FORMAT.f64 : FORMAT.f32;
}
function integer(instruction: Instruction): number {
  return sizeOf(operandAt(instruction, 0)) === 4 ? FORMAT.i32 : FORMAT.i16;
}

function registers(operation: number, pops: number): Entry {
  return onRegisters('arithmeticReg', (i) => operation | (stOf(i, 1) << 3) | (stOf(i, 0) << 6) | (pops << 9));
}
function arithmetic(operation: number): Entry {
  const memory = onRead('arithmeticMem', (i) => operation | (real(i) << 3));
  return either(memory, registers(operation, 0));
}
function popping(operation: number): Entry {
  return registers(operation, 1);
}
function withInteger(operation: number): Entry {
  return onRead('arithmeticMem', (i) => operation | (integer(i) << 3));
}

const QUIET = 1 << 8;

/** Into the condition codes. */
function comparison(pops: number, quiet = 0): Entry {
  return onRegisters('compareReg', (i) => (i.operands.length > 1 ? stOf(i, 1) : 1) | (pops << 4) | quiet);
}
function comparisonWith(pops: number): Entry {
  const operation = pops ? OPERATION.comp : OPERATION.com;
  return either(
    onRead('arithmeticMem', (i) => operation | (real(i) << 3)),
    comparison(pops),
  );
}
/** Into ZF, PF and CF; the other flags are cleared. */
function liftToFlags(e: Emitter, instruction: Instruction, options: number): void {
  checkPending(e);
  notePointers(e);
  callHelper(e, 'compareToFlags', stOf(instruction, 1) | options, () => e.code.i32(0));
  if (e.flags.live) e.flags.setBits();
  else e.code.op(OP.drop);
}
function toFlags(pops: number, quiet = 0): Entry {
  return entry('', (e, i) => liftToFlags(e, i, (pops << 4) | quiet), {
    accepts: () => true,
    exits: true,
    flags: FLAGS.set,
  });
}

/** Arithmetic and comparisons. */
export const X87_ARITHMETIC: Family = {
  fadd: arithmetic(OPERATION.add),
  fmul: arithmetic(OPERATION.mul),
  fsub: arithmetic(OPERATION.sub),
  fsubr: arithmetic(OPERATION.subr),
  fdiv: arithmetic(OPERATION.div),
  fdivr: arithmetic(OPERATION.divr),
  faddp: popping(OPERATION.add),
  fmulp: popping(OPERATION.mul),
  fsubp: popping(OPERATION.sub),
  fsubrp: popping(OPERATION.subr),
  fdivp: popping(OPERATION.div),
  fdivrp: popping(OPERATION.divr),
  fiadd: withInteger(OPERATION.add),
  fimul: withInteger(OPERATION.mul),
  ficom: withInteger(OPERATION.com),
  ficomp: withInteger(OPERATION.comp),
  fisub: withInteger(OPERATION.sub),
  fisubr: withInteger(OPERATION.subr),
  fidiv: withInteger(OPERATION.div),
  fidivr: withInteger(OPERATION.divr),
  fcom: comparisonWith(0),
  fcomp: comparisonWith(1),
  fcompp: comparison(2),
  fucom: comparison(0, QUIET),
  fucomp: comparison(1, QUIET),
  fucompp: comparison(2, QUIET),
  fcomi: toFlags(0),
  fcomip: toFlags(1),
  fucomi: toFlags(0, QUIET),
  fucomip: toFlags(1, QUIET),
  ftst: onRegisters('test'),
  fxam: onRegisters('examine'),
  fchs: onRegisters('setSign', 0),
  fabs: onRegisters('setSign', 1),
  fsqrt: onRegisters('squareRootTop'),
  frndint: onRegisters('roundToInteger'),
  fscale: onRegisters('scaleTop'),
  fxtract: onRegisters('extract'),
  fprem: onRegisters('remainderTop', 0),
  fprem1: onRegisters('remainderTop', 1),
  f2xm1: onRegisters('powerLessOneTop'),
  fyl2x: onRegisters('twoToOne', 0),
  fyl2xp1: onRegisters('twoToOne', 1),
  fpatan: onRegisters('twoToOne', 2),
  fsin: onRegisters('sineTop', 0),
  fcos: onRegisters('sineTop', 1),
  fsincos: onRegisters('oneToTwo', 0),
  fptan: onRegisters('oneToTwo', 1),
};

import { RAX, RCX, RDI, RSI, STATE } from '../../machine/cpu-state.ts';
import type { Instruction } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { DF } from '../region/flag-kinds.ts';
import { popRegister, pushRegister, register, typeOf } from '../region/operands.ts';
import { REPEAT, REPEAT_ADDRESS32, REPEAT_NE } from '../runtime/string-runtime.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP } from '../wasm/opcodes.ts';
import { setComparison } from './alu.ts';
import { entry, type Family } from './entry.ts';

type Operation = keyof typeof REPEAT;

/** Pushes what rsi and rdi move by: the size, or its negative when DF is set. */
function pushStep(e: Emitter, size: number): void {
  const { code } = e;
  code.i64(size);
  e.loadState(I32, STATE.rflags);
  code.i32op(OP.i32_and, DF);
  code.op(OP.i64_extend_i32_u);
  code.i64op(OP.i64_shr_u, 9 - Math.log2(size));
  code.op(OP.i64_sub);
}

function move(e: Emitter, reg: number, step: number): void {
  e.get(reg);
  e.code.get(step);
  e.code.op(OP.i64_add);
  cut(e);
  e.set(reg);
}

/** With a 67 prefix addresses have 32 bits, and so have esi, edi and ecx. */
function cut(e: Emitter): void {
  if (!e.instruction.address32) return;
  e.code.op(OP.i32_wrap_i64);
  e.code.op(OP.i64_extend_i32_u);
}

function sourceAddress(e: Emitter, instruction: Instruction): number {
  e.get(RSI);
  cut(e);
  tlb.addSegment(e, instruction.segment);
  return e.save(I64);
}

function targetAddress(e: Emitter): number {
  e.get(RDI);
  cut(e);
  return e.save(I64);
}

/** One step; every access comes before rsi and rdi move. */
function liftOnce(e: Emitter, instruction: Instruction, operation: Operation): void {
  const { code } = e;
  const size = instruction.opSize;
  const type = typeOf(size);
  const hasSource = operation === 'movs' || operation === 'lods' || operation === 'cmps';
  if (hasSource) tlb.load(e, sourceAddress(e, instruction), size);
  else pushRegister(e, register(RAX, size));
  const left = e.save(type);
  let right = -1;
  if (operation === 'movs' || operation === 'stos') tlb.store(e, targetAddress(e), size, left);
  else if (operation === 'scas' || operation === 'cmps') {
    tlb.load(e, targetAddress(e), size);
    right = e.save(type);
  }
  pushStep(e, size);
  const step = e.save(I64);
  if (hasSource) move(e, RSI, step);
  if (operation !== 'lods') move(e, RDI, step);
  if (operation === 'lods') {
    code.get(left);
    popRegister(e, register(RAX, size));
  }
  if (right >= 0) setComparison(e, size, left, right);
}

/** The runtime works on the registers in memory, so that it can be left half-way with them up to date. */
function liftRepeated(e: Emitter, instruction: Instruction, operation: Operation): void {
  const { code } = e;
  e.writeBack();
  const mode =
    REPEAT[operation] |
    (Math.log2(instruction.opSize) << 4) |
    (instruction.rep === 0xf2 ? REPEAT_NE : 0) |
    (instruction.address32 ? REPEAT_ADDRESS32 : 0);
  code.i32(mode);
  code.i64(0);
  tlb.addSegment(e, instruction.segment);
  e.call('repeat');
  e.exitIfFailed();
  e.loadFuel();
  e.load(changed(instruction, operation));
}

function changed(instruction: Instruction, operation: Operation): number {
  let registers = instruction.rep !== 0 ? 1 << RCX : 0;
  if (operation !== 'stos' && operation !== 'scas') registers |= 1 << RSI;
  if (operation !== 'lods') registers |= 1 << RDI;
  else registers |= 1 << RAX;
  return registers;
}

/** The old flags matter where a repeated comparison may do nothing. */
function comparisonFlags(instruction: Instruction): number {
  return instruction.rep !== 0 ? FLAGS.modify | FLAGS.read : FLAGS.set;
}

function string(operation: Operation) {
  const compares = operation === 'scas' || operation === 'cmps';
  const needsAccumulator = operation === 'stos' || operation === 'scas' || operation === 'lods';
  return entry('', (e, i) => (i.rep !== 0 ? liftRepeated(e, i, operation) : liftOnce(e, i, operation)), {
    uses: (i) => changed(i, operation) | (needsAccumulator ? 1 << RAX : 0),
    defines: (i) => changed(i, operation),
    flags: compares ? comparisonFlags : FLAGS.none,
    exits: true,
  });
}

/** String instructions, alone and repeated. */
export const STRING: Family = {
  movs: string('movs'),
  stos: string('stos'),
  lods: string('lods'),
  scas: string('scas'),
  cmps: string('cmps'),
};

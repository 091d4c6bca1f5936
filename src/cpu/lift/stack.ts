import { RAX, RBP, RSP, STATE } from '../../machine/cpu-state.ts';
import type { Instruction, MemoryOperand } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { AF, ARITHMETIC_FLAGS, CF, DF, OF, PF, SF, TF, ZF } from '../region/flag-kinds.ts';
import { operandAt, popRegister, push, pushImmediate, register, typeOf } from '../region/operands.ts';
import { INTERNAL_EXIT } from '../runtime/helpers.ts';
import * as tlb from '../tlb/access.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';
import { SELECTORS } from './segments.ts';

const TOP = 1 << RSP;
/** Flags a program may change with popf: the arithmetic ones, TF, DF, NT, AC and ID. */
const CHANGEABLE = ARITHMETIC_FLAGS | TF | DF | 0x4000 | 0x40000 | 0x200000;
const LOW_FLAGS = SF | ZF | AF | PF | CF;

/** Stores local `value` below the stack top and moves the top there. */
export function pushValue(e: Emitter, value: number, size: number): void {
  e.get(RSP);
  e.code.i64op(OP.i64_sub, size);
  const at = tlb.stackAddress(e);
  tlb.store(e, at, size, value);
  e.code.get(at);
  e.set(RSP);
}

/** Pushes the value at the stack top onto the wasm stack; the top does not move yet. */
function loadTop(e: Emitter, size: number): void {
  e.get(RSP);
  tlb.load(e, tlb.stackAddress(e), size);
}

export function dropTop(e: Emitter, bytes: number): void {
  e.get(RSP);
  e.code.i64op(OP.i64_add, bytes);
  e.set(RSP);
}

function liftPush(e: Emitter, instruction: Instruction): void {
  const size = instruction.opSize;
  const source = operandAt(instruction, 0);
  if (source.kind === 'seg') pushImmediate(e, BigInt(SELECTORS[source.reg]!), size);
  else push(e, source, size);
  pushValue(e, e.save(typeOf(size)), size);
}

/** The address of a memory target counts from the stack top after the pop. */
function liftPop(e: Emitter, instruction: Instruction): void {
  const size = instruction.opSize;
  const target = operandAt(instruction, 0);
  loadTop(e, size);
  const value = e.save(typeOf(size));
  if (target.kind === 'mem') {
    const moved: MemoryOperand = target.base === RSP ? { ...target, disp: target.disp + size } : target;
    tlb.store(e, tlb.address(e, moved), size, value);
    dropTop(e, size);
  } else if (target.kind === 'reg') {
    dropTop(e, size);
    e.code.get(value);
    popRegister(e, target);
  }
}

function liftLeave(e: Emitter): void {
  e.get(RBP);
  const at = tlb.stackAddress(e);
  tlb.load(e, at, 8);
  e.set(RBP);
  e.code.get(at);
  e.code.i64op(OP.i64_add, 8);
  e.set(RSP);
}

/**
 * Above nesting level 0 the frame pointers of the enclosing frames are copied, and the new one goes on top of them.
 * The registers change last, as any of the accesses can fault.
 */
function liftEnter(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [size, nesting] = [constantAt(instruction, 0), constantAt(instruction, 1) & 31];
  e.get(RBP);
  let value = e.save(I64);
  const frame = pushBelow(e, 8, value);
  for (let level = 1; level < nesting; level++) {
    e.get(RBP);
    code.i64op(OP.i64_sub, 8 * level);
    tlb.load(e, e.save(I64), 8);
    value = e.save(I64);
    pushBelow(e, 8 * (level + 1), value);
  }
  if (nesting > 0) pushBelow(e, 8 * (nesting + 1), frame);
  e.get(RSP);
  code.i64op(OP.i64_sub, 8 * (nesting > 0 ? nesting + 1 : 1) + size);
  e.set(RSP);
  code.get(frame);
  e.set(RBP);
}

/** Stores local `value` at a distance below the stack top, which does not move; yields the address. */
function pushBelow(e: Emitter, distance: number, value: number): number {
  e.get(RSP);
  e.code.i64op(OP.i64_sub, distance);
  const at = e.save(I64);
  tlb.store(e, at, 8, value);
  return at;
}

function constantAt(instruction: Instruction, index: number): number {
  const operand = operandAt(instruction, index);
  if (operand.kind !== 'imm') throw new Error(`${instruction.mnemonic} without constant`);
  return Number(operand.value);
}

function liftPushf(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  e.flags.pushBits();
  e.loadState(I32, STATE.rflags);
  code.i32op(OP.i32_and, ~ARITHMETIC_FLAGS);
  code.op(OP.i32_or);
  const size = instruction.opSize;
  if (size === 8) code.op(OP.i64_extend_i32_u);
  pushValue(e, e.save(typeOf(size)), size);
}

function liftPopf(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const size = instruction.opSize;
  const mask = size === 2 ? CHANGEABLE & 0xffff : CHANGEABLE;
  loadTop(e, size);
  if (size === 8) code.op(OP.i32_wrap_i64);
  const value = e.save(I32);
  dropTop(e, size);
  e.storeState(I32, STATE.rflags, () => {
    e.loadState(I32, STATE.rflags);
    code.i32op(OP.i32_and, ~mask);
    code.get(value);
    code.i32op(OP.i32_and, mask);
    code.op(OP.i32_or);
  });
  code.get(value);
  code.i32op(OP.i32_and, ARITHMETIC_FLAGS);
  e.flags.setBits();
  code.get(value);
  code.i32op(OP.i32_and, TF);
  code.if(VOID);
  e.exitFor(INTERNAL_EXIT.retry, instruction.next);
  code.end();
}

function liftLahf(e: Emitter): void {
  e.flags.pushBits();
  e.code.i32op(OP.i32_and, LOW_FLAGS);
  e.code.i32op(OP.i32_or, 2);
  popRegister(e, { ...register(RAX, 1), high: true });
}

function liftSahf(e: Emitter): void {
  const { code } = e;
  e.flags.pushBits();
  code.i32op(OP.i32_and, OF);
  e.get(RAX);
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_shr_u, 8);
  code.i32op(OP.i32_and, LOW_FLAGS);
  code.op(OP.i32_or);
  e.flags.setBits();
}

/** The stack, stack frames, and the flags as a register. */
export const STACK: Family = {
  push: entry('r', liftPush, {
    uses: TOP,
    defines: TOP,
    exits: true,
    accepts: (i) => ['reg', 'mem', 'imm', 'seg'].includes(operandAt(i, 0).kind),
  }),
  pop: entry('w', liftPop, { uses: TOP, defines: TOP, exits: true }),
  leave: entry('', liftLeave, {
    uses: 1 << RBP,
    defines: TOP | (1 << RBP),
    exits: true,
    accepts: (i) => i.opSize === 8,
  }),
  enter: entry('', liftEnter, {
    uses: TOP | (1 << RBP),
    defines: TOP | (1 << RBP),
    exits: true,
    accepts: (i) => i.opSize === 8,
  }),
  pushf: entry('', liftPushf, { uses: TOP, defines: TOP, flags: FLAGS.read, exits: true }),
  popf: entry('', liftPopf, { uses: TOP, defines: TOP, flags: FLAGS.set, exits: true }),
  lahf: entry('', liftLahf, { uses: 1 << RAX, defines: 1 << RAX, flags: FLAGS.read }),
  sahf: entry('', liftSahf, { uses: 1 << RAX, flags: FLAGS.set | FLAGS.read }),
};

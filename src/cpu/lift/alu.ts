import type { Instruction } from '../decode/instruction.ts';
import { CONDITION, pushCondition } from '../region/conditions.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { FLAG } from '../region/flag-kinds.ts';
import { maskOf, operandAt, type Place, place, push, sizeOf, typeOf } from '../region/operands.ts';
import { I32, OP } from '../wasm/opcodes.ts';
import { entry, type Family } from './entry.ts';

interface Binary {
  /** i32 opcode; the i64 one lies I64_ABOVE_I32 above. */
  readonly op: number;
  readonly kind: number;
  readonly withCarry?: boolean;
  readonly discards?: boolean;
}
const I64_ABOVE_I32 = OP.i64_add - OP.i32_add;

const BINARY: Record<string, Binary> = {
  add: { op: OP.i32_add, kind: FLAG.add },
  adc: { op: OP.i32_add, kind: FLAG.adc, withCarry: true },
  sub: { op: OP.i32_sub, kind: FLAG.sub },
  sbb: { op: OP.i32_sub, kind: FLAG.sbb, withCarry: true },
  and: { op: OP.i32_and, kind: FLAG.logic },
  or: { op: OP.i32_or, kind: FLAG.logic },
  xor: { op: OP.i32_xor, kind: FLAG.logic },
  test: { op: OP.i32_and, kind: FLAG.logic, discards: true },
};

/** An opcode of the size's type, given that for i32. */
export function sized(op: number, size: number): number {
  return size === 8 ? op + I64_ABOVE_I32 : op;
}

/** Cuts the i32 on the stack to a size below 4. */
export function cut(e: Emitter, size: number): void {
  if (size < 4) e.code.i32op(OP.i32_and, maskOf(size));
}

/** Carry flag as a value of the size's type in a new temporary. */
function carryIn(e: Emitter, size: number): number {
  pushCondition(e, CONDITION.below);
  if (size === 8) e.code.op(OP.i64_extend_i32_u);
  return e.save(typeOf(size));
}

function liftBinary(e: Emitter, instruction: Instruction, binary: Binary): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(target);
  const type = typeOf(size);
  // A register source is free of effects, a memory source is read first: then only the target can fault.
  push(e, source, size);
  const right = e.save(type);
  let into: Place | undefined;
  if (binary.discards) push(e, target, size);
  else {
    into = place(e, target);
    into.push();
  }
  const left = e.save(type);
  const carry = binary.withCarry ? carryIn(e, size) : -1;
  code.get(left);
  code.get(right);
  code.op(sized(binary.op, size));
  if (carry >= 0) {
    code.get(carry);
    code.op(sized(binary.op, size));
  }
  cut(e, size);
  const result = e.save(type);
  into?.write(result);
  e.flags.set(binary.kind, size, {
    result: () => code.get(result),
    b: binary.kind === FLAG.logic ? undefined : () => code.get(right),
    left: binary.kind === FLAG.sub ? () => code.get(left) : undefined,
    a: carry < 0 ? undefined : () => pushI32(e, carry, size),
    constant: source.kind === 'imm' ? source.value : undefined,
  });
}

/** A comparison keeps its operands; the difference is made only where it is asked for. */
function liftCmp(e: Emitter, instruction: Instruction): void {
  const [left, right] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(left);
  push(e, right, size);
  const second = e.save(typeOf(size));
  push(e, left, size);
  const first = e.save(typeOf(size));
  setComparison(e, size, first, second, right.kind === 'imm' ? right.value : undefined);
}

/** Sets the flags of local `left` - local `right`, which holds `constant` if that is given. */
export function setComparison(
  e: Emitter,
  size: number,
  left: number,
  right: number,
  constant?: bigint,
): void {
  e.flags.set(FLAG.cmp, size, { a: () => e.code.get(left), b: () => e.code.get(right), constant });
}

function pushI32(e: Emitter, local: number, size: number): void {
  e.code.get(local);
  if (size === 8) e.code.op(OP.i32_wrap_i64);
}

function binaryFlags(binary: Binary): number {
  return binary.withCarry ? FLAGS.set | FLAGS.read : FLAGS.set;
}

/** inc and dec keep CF, so the old one is worked out when the flags are wanted. */
function liftStep(e: Emitter, instruction: Instruction, kind: number): void {
  const { code } = e;
  const target = operandAt(instruction, 0);
  const size = sizeOf(target);
  const into = place(e, target);
  let carry = -1;
  if (e.flags.live) {
    pushCondition(e, CONDITION.below);
    carry = e.save(I32);
  }
  into.push();
  if (size === 8) code.i64(1);
  else code.i32(1);
  code.op(sized(kind === FLAG.inc ? OP.i32_add : OP.i32_sub, size));
  cut(e, size);
  const result = e.save(typeOf(size));
  into.write(result);
  e.flags.set(kind, size, { result: () => code.get(result), a: () => code.get(carry) });
}

function liftNeg(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const target = operandAt(instruction, 0);
  const size = sizeOf(target);
  const type = typeOf(size);
  const into = place(e, target);
  into.push();
  const right = e.save(type);
  const zero = () => (size === 8 ? code.i64(0) : code.i32(0));
  zero();
  code.get(right);
  code.op(sized(OP.i32_sub, size));
  cut(e, size);
  const result = e.save(type);
  into.write(result);
  e.flags.set(FLAG.sub, size, { result: () => code.get(result), b: () => code.get(right), left: zero });
}

function liftNot(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const target = operandAt(instruction, 0);
  const size = sizeOf(target);
  const into = place(e, target);
  into.push();
  if (size === 8) code.i64(-1);
  else code.i32(-1);
  code.op(sized(OP.i32_xor, size));
  into.write(e.save(typeOf(size)));
}

/** Exchanges and adds: the target gets the sum, the source register the old target. */
function liftXadd(e: Emitter, instruction: Instruction): void {
  const { code } = e;
  const [target, source] = [operandAt(instruction, 0), operandAt(instruction, 1)];
  const size = sizeOf(target);
  const type = typeOf(size);
  const into = place(e, target);
  into.push();
  const left = e.save(type);
  push(e, source, size);
  const right = e.save(type);
  code.get(left);
  code.get(right);
  code.op(sized(OP.i32_add, size));
  cut(e, size);
  const result = e.save(type);
  place(e, source).write(left);
  into.write(result);
  e.flags.set(FLAG.add, size, { result: () => code.get(result), b: () => code.get(right) });
}

function binaryEntry(mnemonic: string) {
  const binary = BINARY[mnemonic]!;
  return entry(binary.discards ? 'r,r' : 'rw,r', (e, i) => liftBinary(e, i, binary), {
    flags: binaryFlags(binary),
  });
}

/** Integer arithmetic and logic of two operands, and their relatives of one. */
export const ALU: Family = {
  add: binaryEntry('add'),
  adc: binaryEntry('adc'),
  sub: binaryEntry('sub'),
  sbb: binaryEntry('sbb'),
  cmp: entry('r,r', liftCmp, { flags: FLAGS.set }),
  and: binaryEntry('and'),
  or: binaryEntry('or'),
  xor: binaryEntry('xor'),
  test: binaryEntry('test'),
  inc: entry('rw', (e, i) => liftStep(e, i, FLAG.inc), { flags: FLAGS.modify }),
  dec: entry('rw', (e, i) => liftStep(e, i, FLAG.dec), { flags: FLAGS.modify }),
  neg: entry('rw', liftNeg, { flags: FLAGS.set }),
  not: entry('rw', liftNot),
  xadd: entry('rw,rw', liftXadd, { flags: FLAGS.set }),
};

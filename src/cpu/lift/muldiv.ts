import { RAX, RDX } from '../../machine/cpu-state.ts';
import { Exit } from '../../process/executor.ts';
import type { Instruction, Operand } from '../decode/instruction.ts';
import { FLAGS } from '../region/effects.ts';
import type { Emitter } from '../region/emitter.ts';
import { CF, FLAG, OF } from '../region/flag-kinds.ts';
import { operandAt, popRegister, push, pushRegister, register, sizeOf, typeOf } from '../region/operands.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import { cut } from './alu.ts';
import { entry, type Family } from './entry.ts';

const STATUS_INTEGER_DIVIDE_BY_ZERO = 0xc0000094;
const STATUS_INTEGER_OVERFLOW = 0xc0000095;

/** Widens the i32 value on the stack of a size below 8 to i64. */
function widen(e: Emitter, size: number, signed: boolean): void {
  const { code } = e;
  if (signed && size < 4) code.op(size === 1 ? OP.i32_extend8_s : OP.i32_extend16_s);
  code.op(signed ? OP.i64_extend_i32_s : OP.i64_extend_i32_u);
}

function pushWide(e: Emitter, operand: Operand, size: number, signed: boolean): void {
  push(e, operand, size);
  if (size < 8) widen(e, size, signed);
}

/** CF = OF = what `overflow` pushes (i32, 0 or 1); the other flags are undefined and follow the result. */
function setProductFlags(e: Emitter, size: number, result: number, overflow: () => void): void {
  const { code } = e;
  e.flags.set(FLAG.bits, size, {
    result: () => code.get(result),
    b: () => {
      code.i32(0);
      overflow();
      code.op(OP.i32_sub);
      code.i32op(OP.i32_and, CF | OF);
      if (size === 8) code.op(OP.i64_extend_i32_u);
    },
  });
}

/** mul and one-operand imul: the double-size product of the accumulator. */
function liftMul(e: Emitter, instruction: Instruction, signed: boolean): void {
  const source = operandAt(instruction, 0);
  const size = sizeOf(source);
  if (size === 8) {
    mul64(e, source, signed);
    return;
  }
  const { code } = e;
  pushWide(e, source, size, signed);
  pushWide(e, register(RAX, size), size, signed);
  code.op(OP.i64_mul);
  const product = e.save(I64);
  code.get(product);
  code.op(OP.i32_wrap_i64);
  cut(e, size);
  const low = e.save(I32);
  if (size === 1) {
    code.get(product);
    code.op(OP.i32_wrap_i64);
    popRegister(e, register(RAX, 2));
  } else {
    code.get(low);
    popRegister(e, register(RAX, size));
    code.get(product);
    code.i64op(OP.i64_shr_u, size * 8);
    code.op(OP.i32_wrap_i64);
    popRegister(e, register(RDX, size));
  }
  setProductFlags(e, size, low, () => differs(e, product, low, size, signed));
}

/** Pushes whether a product does not fit the size: it is not its own low part extended. */
function differs(e: Emitter, product: number, low: number, size: number, signed: boolean): void {
  e.code.get(product);
  e.code.get(low);
  widen(e, size, signed);
  e.code.op(OP.i64_ne);
}

function mul64(e: Emitter, source: Operand, signed: boolean): void {
  const { code } = e;
  push(e, source, 8);
  const right = e.save(I64);
  const left = e.temp(I64);
  e.get(RAX);
  code.tee(left);
  code.get(right);
  e.call(signed ? 'mulHighSigned' : 'mulHighUnsigned');
  const high = e.save(I64);
  code.get(left);
  code.get(right);
  code.op(OP.i64_mul);
  const low = e.save(I64);
  code.get(low);
  e.set(RAX);
  code.get(high);
  e.set(RDX);
  setProductFlags(e, 8, low, () => highDiffers(e, high, low, signed));
}

function highDiffers(e: Emitter, high: number, low: number, signed: boolean): void {
  const { code } = e;
  code.get(high);
  if (signed) {
    code.get(low);
    code.i64op(OP.i64_shr_s, 63);
  } else code.i64(0);
  code.op(OP.i64_ne);
}

function liftImul(e: Emitter, instruction: Instruction): void {
  const { operands } = instruction;
  if (operands.length === 1) {
    liftMul(e, instruction, true);
    return;
  }
  const { code } = e;
  const target = operandAt(instruction, 0);
  if (target.kind !== 'reg') throw new Error('imul into memory');
  const { size } = target;
  const [first, second] = operands.length === 2 ? [target, operands[1]!] : [operands[1]!, operands[2]!];
  pushWide(e, first, size, true);
  const left = e.save(I64);
  pushWide(e, second, size, true);
  const right = e.save(I64);
  code.get(left);
  code.get(right);
  code.op(OP.i64_mul);
  const product = e.save(I64);
  const low = e.temp(typeOf(size));
  code.get(product);
  if (size < 8) {
    code.op(OP.i32_wrap_i64);
    cut(e, size);
  }
  code.tee(low);
  popRegister(e, target);
  setProductFlags(e, size, low, () => {
    if (size < 8) {
      differs(e, product, low, size, true);
      return;
    }
    code.get(left);
    code.get(right);
    e.call('mulHighSigned');
    const high = e.save(I64);
    highDiffers(e, high, low, true);
  });
}

/** Leaves with #DE if the i32 on the stack is not 0. */
function divideError(e: Emitter, exitCode: number): void {
  e.code.if(VOID);
  e.exitFor(Exit.divide, e.instruction.address, exitCode);
  e.code.end();
}

function liftDiv(e: Emitter, instruction: Instruction, signed: boolean): void {
  const source = operandAt(instruction, 0);
  const size = sizeOf(source);
  const { code } = e;
  pushWide(e, source, size, signed);
  const divisor = e.temp(I64);
  code.tee(divisor);
  code.op(OP.i64_eqz);
  divideError(e, STATUS_INTEGER_DIVIDE_BY_ZERO);
  if (size === 8) div64(e, divisor, signed);
  else divNarrow(e, divisor, size, signed);
}

/** The dividend of up to 64 bits as i64; a divisor of -1 is a negation, for the quotient of -2^63 would trap. */
function divNarrow(e: Emitter, divisor: number, size: number, signed: boolean): void {
  const { code } = e;
  const quotient = e.temp(I64);
  const remainder = e.temp(I64);
  pushDividend(e, size, signed);
  const dividend = e.save(I64);
  const divide = () => {
    code.get(dividend);
    code.get(divisor);
    code.op(signed ? OP.i64_div_s : OP.i64_div_u);
    code.set(quotient);
    code.get(dividend);
    code.get(divisor);
    code.op(signed ? OP.i64_rem_s : OP.i64_rem_u);
    code.set(remainder);
  };
  if (signed) {
    code.get(divisor);
    code.i64op(OP.i64_eq, -1);
    code.if(VOID);
    code.i64(0);
    code.get(dividend);
    code.op(OP.i64_sub);
    code.set(quotient);
    code.i64(0);
    code.set(remainder);
    code.else();
    divide();
    code.end();
  } else divide();
  code.get(quotient);
  code.op(OP.i32_wrap_i64);
  cut(e, size);
  const low = e.save(I32);
  differs(e, quotient, low, size, signed);
  divideError(e, STATUS_INTEGER_OVERFLOW);
  storeQuotient(e, low, remainder, size);
}

function pushDividend(e: Emitter, size: number, signed: boolean): void {
  const { code } = e;
  if (size === 1) {
    pushRegister(e, register(RAX, 2));
    widen(e, 2, signed);
    return;
  }
  pushRegister(e, register(RDX, size));
  code.op(OP.i64_extend_i32_u);
  code.i64op(OP.i64_shl, size * 8);
  pushRegister(e, register(RAX, size));
  code.op(OP.i64_extend_i32_u);
  code.op(OP.i64_or);
  if (size === 2 && signed) code.op(OP.i64_extend32_s);
}

function storeQuotient(e: Emitter, quotient: number, remainder: number, size: number): void {
  const { code } = e;
  code.get(quotient);
  popRegister(e, register(RAX, size));
  code.get(remainder);
  code.op(OP.i32_wrap_i64);
  popRegister(e, size === 1 ? { ...register(RAX, 1), high: true } : register(RDX, size));
}

function div64(e: Emitter, divisor: number, signed: boolean): void {
  const { code } = e;
  e.get(RDX);
  e.get(RAX);
  code.get(divisor);
  e.call(signed ? 'divideSigned' : 'divideUnsigned');
  const overflow = e.save(I32);
  const remainder = e.save(I64);
  const quotient = e.save(I64);
  code.get(overflow);
  divideError(e, STATUS_INTEGER_OVERFLOW);
  code.get(quotient);
  e.set(RAX);
  code.get(remainder);
  e.set(RDX);
}

const A = 1 << RAX;
const AD = (1 << RAX) | (1 << RDX);

function productUses(instruction: Instruction): number {
  return instruction.operands.length > 1 ? 0 : sizeOf(operandAt(instruction, 0)) === 2 ? AD : A;
}
function productDefines(instruction: Instruction): number {
  return instruction.operands.length > 1 ? 0 : sizeOf(operandAt(instruction, 0)) === 1 ? A : AD;
}
function dividendRegisters(instruction: Instruction): number {
  return sizeOf(operandAt(instruction, 0)) === 1 ? A : AD;
}
function imulRoles({ operands }: Instruction): string {
  return operands.length === 1 ? 'r' : operands.length === 2 ? 'rw,r' : 'w,r,r';
}
const product = { uses: productUses, defines: productDefines, flags: FLAGS.set };
/** The flags after a division are undefined: they stay as they were. */
const division = { uses: dividendRegisters, defines: dividendRegisters, exits: true };

/** Multiplication and division of integers. */
export const MULDIV: Family = {
  mul: entry('r', (e, i) => liftMul(e, i, false), product),
  imul: entry(imulRoles, liftImul, product),
  div: entry('r', (e, i) => liftDiv(e, i, false), division),
  idiv: entry('r', (e, i) => liftDiv(e, i, true), division),
};

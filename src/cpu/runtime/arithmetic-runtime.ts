import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';

/** Adds 64 by 64 bit multiplication (high half) and 128 by 64 bit division. */
export function addArithmeticFunctions(runtime: RuntimeBuilder): void {
  runtime.define('mulHighUnsigned', mulHighUnsigned());
  runtime.define('mulHighSigned', mulHighSigned(runtime));
  runtime.define('divide128', divide128());
  runtime.define('divideUnsigned', divideUnsigned(runtime));
  runtime.define('divideSigned', divideSigned(runtime));
}

const LOW32 = 0xffff_ffff;

function mulHighUnsigned(): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.mulHighUnsigned);
  const { code } = f;
  const half = (local: number, high: boolean) => {
    code.get(local);
    if (high) code.i64op(OP.i64_shr_u, 32);
    else code.i64op(OP.i64_and, LOW32);
  };
  const product = (high0: boolean, high1: boolean) => {
    half(0, high0);
    half(1, high1);
    code.op(OP.i64_mul);
  };
  const middle = f.local(I64);
  const other = f.local(I64);
  // middle = high0*low1 + (low0*low1 >> 32); other = low0*high1 + low half of middle
  product(true, false);
  product(false, false);
  code.i64op(OP.i64_shr_u, 32);
  code.op(OP.i64_add);
  code.set(middle);
  product(false, true);
  code.get(middle);
  code.i64op(OP.i64_and, LOW32);
  code.op(OP.i64_add);
  code.set(other);
  product(true, true);
  code.get(middle);
  code.i64op(OP.i64_shr_u, 32);
  code.op(OP.i64_add);
  code.get(other);
  code.i64op(OP.i64_shr_u, 32);
  code.op(OP.i64_add);
  return f;
}

function mulHighSigned(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.mulHighSigned);
  const { code } = f;
  code.get(0);
  code.get(1);
  code.call(runtime.index('mulHighUnsigned'));
  for (const [sign, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    code.get(sign);
    code.i64op(OP.i64_shr_s, 63);
    code.get(other);
    code.op(OP.i64_and);
    code.op(OP.i64_sub);
  }
  return f;
}

/** (high, low, divisor) → (quotient, remainder) by restoring division, one bit a step; high < divisor. */
function divide128(): RuntimeFunction {
  const f = new RuntimeFunction({ params: [I64, I64, I64], results: [I64, I64] });
  const { code } = f;
  const steps = f.local(I32);
  const carry = f.local(I32);
  const [high, low, divisor] = [0, 1, 2];
  code.i32(64);
  code.set(steps);
  code.loop(VOID);
  code.get(high);
  code.i64op(OP.i64_lt_s, 0);
  code.set(carry);
  code.get(high);
  code.i64op(OP.i64_shl, 1);
  code.get(low);
  code.i64op(OP.i64_shr_u, 63);
  code.op(OP.i64_or);
  code.set(high);
  code.get(low);
  code.i64op(OP.i64_shl, 1);
  code.set(low);
  code.get(carry);
  code.get(high);
  code.get(divisor);
  code.op(OP.i64_ge_u);
  code.op(OP.i32_or);
  code.if(VOID);
  code.get(high);
  code.get(divisor);
  code.op(OP.i64_sub);
  code.set(high);
  code.get(low);
  code.i64op(OP.i64_or, 1);
  code.set(low);
  code.end();
  code.get(steps);
  code.i32op(OP.i32_sub, 1);
  code.tee(steps);
  code.brIf(0);
  code.end();
  code.get(low);
  code.get(high);
  return f;
}

/** Returns a quotient and remainder of 0 with the overflow mark. */
function overflows(f: RuntimeFunction): void {
  const { code } = f;
  code.i64(0);
  code.i64(0);
  code.i32(1);
  code.op(OP.return);
}

function divideUnsigned(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.divideUnsigned);
  const { code } = f;
  const [high, low, divisor] = [0, 1, 2];
  code.get(high);
  code.op(OP.i64_eqz);
  code.if(VOID);
  for (const op of [OP.i64_div_u, OP.i64_rem_u]) {
    code.get(low);
    code.get(divisor);
    code.op(op);
  }
  code.i32(0);
  code.op(OP.return);
  code.end();
  code.get(high);
  code.get(divisor);
  code.op(OP.i64_ge_u);
  code.if(VOID);
  overflows(f);
  code.end();
  code.get(high);
  code.get(low);
  code.get(divisor);
  code.call(runtime.index('divide128'));
  code.i32(0);
  return f;
}

/** On absolute values; the quotient's sign is the operands' product's, the remainder's is the dividend's. */
function divideSigned(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.divideSigned);
  const { code } = f;
  const [high, low, divisor] = [0, 1, 2];
  const dividendSign = f.local(I64);
  const quotientSign = f.local(I64);
  const quotient = f.local(I64);
  const remainder = f.local(I64);
  const overflow = f.local(I32);
  code.get(high);
  code.i64op(OP.i64_shr_s, 63);
  code.tee(dividendSign);
  code.get(divisor);
  code.i64op(OP.i64_shr_s, 63);
  code.op(OP.i64_xor);
  code.set(quotientSign);
  // |high:low| = (high:low ^ sign) - sign, the borrow from the low half being one exactly when that becomes 0.
  code.get(high);
  code.get(dividendSign);
  code.op(OP.i64_xor);
  code.get(low);
  code.op(OP.i64_eqz);
  code.op(OP.i64_extend_i32_u);
  code.get(dividendSign);
  code.op(OP.i64_and);
  code.op(OP.i64_add);
  code.set(high);
  negateBy(f, low, dividendSign);
  code.get(divisor);
  code.i64op(OP.i64_shr_s, 63);
  code.set(remainder);
  negateBy(f, divisor, remainder);
  code.get(high);
  code.get(low);
  code.get(divisor);
  code.call(runtime.index('divideUnsigned'));
  code.set(overflow);
  code.set(remainder);
  code.set(quotient);
  // The largest magnitude is 2^63 - 1, one more when negative.
  code.get(quotient);
  code.i64(0x7fff_ffff_ffff_ffffn);
  code.get(quotientSign);
  code.op(OP.i64_sub);
  code.op(OP.i64_gt_u);
  code.get(overflow);
  code.op(OP.i32_or);
  code.if(VOID);
  overflows(f);
  code.end();
  negateBy(f, quotient, quotientSign);
  negateBy(f, remainder, dividendSign);
  code.get(quotient);
  code.get(remainder);
  code.i32(0);
  return f;
}

/** Negates a local if the sign (0 or -1) says so. */
function negateBy(f: RuntimeFunction, local: number, sign: number): void {
  const { code } = f;
  code.get(local);
  code.get(sign);
  code.op(OP.i64_xor);
  code.get(sign);
  code.op(OP.i64_sub);
  code.set(local);
}

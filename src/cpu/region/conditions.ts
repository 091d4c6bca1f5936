import { I32, OP } from '../wasm/opcodes.ts';
import type { Emitter } from './emitter.ts';
import { CF, FLAG, OF, PF, SF, ZF } from './flag-kinds.ts';

/** The even x86 condition codes; the odd one above each is its opposite. */
export const CONDITION = {
  overflow: 0,
  below: 2,
  equal: 4,
  belowEqual: 6,
  sign: 8,
  parity: 10,
  less: 12,
  lessEqual: 14,
} as const;

/** The flags that each looks at. */
const NEEDED: Readonly<Record<number, number>> = {
  [CONDITION.overflow]: OF,
  [CONDITION.below]: CF,
  [CONDITION.equal]: ZF,
  [CONDITION.belowEqual]: CF | ZF,
  [CONDITION.sign]: SF,
  [CONDITION.parity]: PF,
  [CONDITION.less]: SF | OF,
  [CONDITION.lessEqual]: SF | OF | ZF,
};

/** Pushes 1 if the condition code (0..15) holds, else 0. */
export function pushCondition(e: Emitter, condition: number): void {
  const base = condition & ~1;
  const inverted = (condition & 1) !== 0;
  const changed = NEEDED[base]! & e.flags.changed;
  if (changed === 0 && e.flags.kind >= 0 && e.flags.kind < 0xff && fused(e, base, inverted)) return;
  if (changed === NEEDED[base]) e.code.get(e.flags.local('changed'));
  else e.flags.pushBits();
  testBits(e, base);
  if (inverted) e.code.op(OP.i32_eqz);
}

/** From the flag bits on the stack. */
function testBits(e: Emitter, base: number): void {
  const { code } = e;
  const mask = NEEDED[base]!;
  if (base < CONDITION.less) {
    code.i32op(OP.i32_and, mask);
    code.i32op(OP.i32_ne, 0);
    return;
  }
  const bits = e.temp(I32);
  code.tee(bits);
  code.i32op(OP.i32_shr_u, 7);
  code.get(bits);
  code.i32op(OP.i32_shr_u, 11);
  code.op(OP.i32_xor);
  code.i32op(OP.i32_and, 1);
  if (base === CONDITION.lessEqual) {
    code.get(bits);
    code.i32op(OP.i32_and, ZF);
    code.op(OP.i32_or);
    code.i32op(OP.i32_ne, 0);
  }
}

/** Comparison opcodes for i32: [holds, opposite]; those for i64 lie 11 above. */
const COMPARE: Record<number, readonly [number, number]> = {
  [CONDITION.below]: [OP.i32_lt_u, OP.i32_ge_u],
  [CONDITION.equal]: [OP.i32_eq, OP.i32_ne],
  [CONDITION.belowEqual]: [OP.i32_le_u, OP.i32_gt_u],
  [CONDITION.less]: [OP.i32_lt_s, OP.i32_ge_s],
  [CONDITION.lessEqual]: [OP.i32_le_s, OP.i32_gt_s],
};
const I64_ABOVE_I32 = OP.i64_eq - OP.i32_eq;
/** The same for sums, differences and operations on bits. */
const I64_SUM_ABOVE_I32 = OP.i64_add - OP.i32_add;

/** Operations whose overflow follows from the operands. */
const OVERFLOWING: ReadonlySet<number> = new Set([FLAG.add, FLAG.sub, FLAG.cmp]);

/** Conditions that follow from the operands without the flag bits; false if this one does not. */
function fused(e: Emitter, base: number, inverted: boolean): boolean {
  const operation = e.flags.kind & ~3;
  const size = 1 << (e.flags.kind & 3);
  if (operation === FLAG.raw) return false;
  if (base in COMPARE) {
    const left =
      operation === FLAG.cmp ? 'a' : operation === FLAG.sub && e.flags.hasLeft ? 'left' : undefined;
    if (left !== undefined) {
      compare(e, size, base, inverted, left, 'b');
      return true;
    }
  }
  if (base === CONDITION.equal) return withZero(e, size, CONDITION.equal, inverted);
  if (base === CONDITION.sign) return withZero(e, size, CONDITION.less, inverted);
  if (base === CONDITION.parity) return parity(e, inverted);
  if (base === CONDITION.overflow && OVERFLOWING.has(operation))
    return overflow(e, operation, size, inverted);
  if (operation === FLAG.logic) return logic(e, size, base, inverted);
  if (base === CONDITION.below) return carry(e, operation, size, inverted);
  return false;
}

function compare(
  e: Emitter,
  size: number,
  base: number,
  inverted: boolean,
  left: 'left' | 'result' | 'a',
  right: 'b',
): void {
  const signed = base === CONDITION.less || base === CONDITION.lessEqual;
  pushPart(e, size, left, signed);
  pushPart(e, size, right, signed);
  compareOp(e, size, base, inverted);
}

function compareOp(e: Emitter, size: number, base: number, inverted: boolean): void {
  const op = COMPARE[base]![inverted ? 1 : 0]!;
  e.code.op(size === 8 ? op + I64_ABOVE_I32 : op);
}

function pushPart(e: Emitter, size: number, part: 'left' | 'a' | 'b' | 'result', signed: boolean): void {
  const { code } = e;
  if (part === 'result' && (e.flags.kind & ~3) === FLAG.cmp) {
    code.get(e.flags.local('a'));
    code.get(e.flags.local('b'));
    code.op(OP.i64_sub);
  } else code.get(e.flags.local(part));
  if (size === 8) return;
  code.op(OP.i32_wrap_i64);
  if (size === 4) return;
  if (signed) code.op(size === 1 ? OP.i32_extend8_s : OP.i32_extend16_s);
  else code.i32op(OP.i32_and, size === 1 ? 0xff : 0xffff);
}

function withZero(e: Emitter, size: number, base: number, inverted: boolean): true {
  const { code } = e;
  pushPart(e, size, 'result', base !== CONDITION.equal);
  if (base === CONDITION.equal && !inverted) {
    code.op(size === 8 ? OP.i64_eqz : OP.i32_eqz);
    return true;
  }
  if (size === 8) code.i64(0);
  else code.i32(0);
  compareOp(e, size, base, inverted);
  return true;
}

function parity(e: Emitter, inverted: boolean): true {
  const { code } = e;
  pushPart(e, 1, 'result', false);
  code.op(OP.i32_popcnt);
  code.i32op(OP.i32_and, 1);
  if (!inverted) code.op(OP.i32_eqz);
  return true;
}

/**
 * A sum overflows where both operands have another sign than it; a difference where the left one has another sign than it
 * and the right one.
 */
function overflow(e: Emitter, operation: number, size: number, inverted: boolean): true {
  const { code } = e;
  const op = (opcode: number) => code.op(size === 8 ? opcode + I64_SUM_ABOVE_I32 : opcode);
  const push = (part: 'a' | 'b' | 'result') => pushPart(e, size, part, false);
  const pushLeft = () => {
    if (operation === FLAG.cmp) return push('a');
    push('result');
    push('b');
    op(operation === FLAG.add ? OP.i32_sub : OP.i32_add);
  };
  pushLeft();
  push('result');
  op(OP.i32_xor);
  if (operation === FLAG.add) push('result');
  else pushLeft();
  push('b');
  op(OP.i32_xor);
  op(OP.i32_and);
  if (size < 4) code.i32op(OP.i32_shl, 32 - size * 8);
  if (size === 8) code.i64(0);
  else code.i32(0);
  compareOp(e, size, CONDITION.less, inverted);
  return true;
}

/** CF = OF = 0. */
function logic(e: Emitter, size: number, base: number, inverted: boolean): true {
  if (base === CONDITION.less || base === CONDITION.lessEqual) return withZero(e, size, base, inverted);
  if (base === CONDITION.belowEqual) return withZero(e, size, CONDITION.equal, inverted);
  e.code.i32(inverted ? 1 : 0);
  return true;
}

function carry(e: Emitter, operation: number, size: number, inverted: boolean): boolean {
  const { code } = e;
  if (operation === FLAG.add) {
    compare(e, size, CONDITION.below, inverted, 'result', 'b');
    return true;
  }
  const part =
    operation === FLAG.bits ? 'b' : operation === FLAG.inc || operation === FLAG.dec ? 'a' : undefined;
  if (part === undefined) return false;
  code.get(e.flags.local(part));
  code.op(OP.i32_wrap_i64);
  code.i32op(OP.i32_and, 1);
  if (inverted) code.op(OP.i32_eqz);
  return true;
}

import type { Instruction } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import { operandAt } from '../region/operands.ts';
import { V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { lanesOf, pushArithmetic, type Size } from './float-guard.ts';
import { FLOAT_OPTIONS, PACKED, saveVector } from './sse-float.ts';
import { immediate, lanes, xmmOf } from './xmm.ts';

/** Pushes the result of an operation on two v128 locals in some lanes; the others are the first one's. */
function pushPacked(
  e: Emitter,
  name: 'add' | 'sub' | 'mul',
  size: Size,
  a: number,
  b: number,
  used = lanesOf(size, false),
): void {
  pushArithmetic(e, { name, size, lanes: used }, a, b, () => {
    e.code.get(a);
    e.code.get(b);
    e.code.simd(PACKED[name][size]);
  });
}

/** Adds or subtracts neighbours: the target's pairs give the low half, the source's the high half. */
function horizontal(name: 'add' | 'sub', size: Size): Entry {
  const lift = (e: Emitter, i: Instruction) => {
    const source = saveVector(e, i, 1);
    const target = xmmOf(operandAt(i, 0));
    const [even, odd] = [0, 1].map((parity) => {
      e.get(target);
      e.code.get(source);
      const numbers = size === 8 ? [0, 2] : [0, 2, 4, 6];
      e.code.shuffle(lanes(size, ...numbers.map((lane) => lane + parity)));
      return e.save(V128);
    });
    pushPacked(e, name, size, even!, odd!);
    e.set(target);
  };
  return entry('rw,r', lift, FLOAT_OPTIONS);
}

/** Subtracts even lanes and adds odd ones. */
function alternating(size: Size): Entry {
  const all = lanesOf(size, false);
  const lift = (e: Emitter, i: Instruction) => {
    const source = saveVector(e, i, 1);
    const target = saveVector(e, i, 0);
    pushPacked(e, 'sub', size, target, source, all & 5);
    const differences = e.save(V128);
    pushPacked(e, 'add', size, target, source, all & 10);
    const sums = e.save(V128);
    e.code.get(differences);
    e.code.get(sums);
    e.code.shuffle(size === 8 ? lanes(8, 0, 3) : lanes(4, 0, 5, 2, 7));
    e.set(xmmOf(operandAt(i, 0)));
  };
  return entry('rw,r', lift, FLOAT_OPTIONS);
}

/**
 * Products of the lanes that the high half of the immediate names, their sum in those that the low half names. There is
 * one sum, of even and odd neighbours first: the other way round a NaN would be another one.
 */
function dotProduct(size: Size): Entry {
  const all = size === 8 ? [0, 1] : [0, 1, 2, 3];
  const lift = (e: Emitter, i: Instruction) => {
    const { code } = e;
    const bits = immediate(i.operands[2]);
    const pick = (lane: (lane: number) => number) => code.shuffle(lanes(size, ...all.map(lane)));
    const source = saveVector(e, i, 1);
    const target = saveVector(e, i, 0);
    pushPacked(e, 'mul', size, target, source, (bits >> 4) & lanesOf(size, false));
    code.v128(0, 0, 0, 0);
    pick((lane) => ((bits >> (lane + 4)) & 1 ? lane : all.length));
    let sums = e.save(V128);
    for (let distance = 1; distance < all.length; distance *= 2) {
      code.get(sums);
      code.get(sums);
      pick((lane) => (lane + distance) % all.length);
      const neighbours = e.save(V128);
      const added = all.filter((lane) => lane % (2 * distance) === 0);
      pushPacked(
        e,
        'add',
        size,
        sums,
        neighbours,
        added.reduce((bit, lane) => bit | (1 << lane), 0),
      );
      sums = e.save(V128);
    }
    code.get(sums);
    code.v128(0, 0, 0, 0);
    pick((lane) => ((bits >> lane) & 1 ? 0 : all.length));
    e.set(xmmOf(operandAt(i, 0)));
  };
  return entry('rw,r,-', lift, FLOAT_OPTIONS);
}

/** SSE3's and SSE4.1's floating point across lanes. */
export const SSE_HORIZONTAL: Family = {
  haddps: horizontal('add', 4),
  haddpd: horizontal('add', 8),
  hsubps: horizontal('sub', 4),
  hsubpd: horizontal('sub', 8),
  addsubps: alternating(4),
  addsubpd: alternating(8),
  dpps: dotProduct(4),
  dppd: dotProduct(8),
};

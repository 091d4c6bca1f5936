import { operandAt } from '../region/operands.ts';
import { SIMD, V128 } from '../wasm/opcodes.ts';
import { type Entry, entry, type Family } from './entry.ts';
import { combined } from './sse-int.ts';
import { immediate, pushVector, xmmOf } from './xmm.ts';

type Round = 'aesenc' | 'aesenclast' | 'aesdec' | 'aesdeclast';

/** One round of the cipher with the source as its key. */
function round(helper: Round): Entry {
  return combined((e, target, source) => {
    e.code.get(target);
    e.call(helper);
    e.code.get(source);
    e.code.simd(SIMD.v128_xor);
  });
}

const aesimc = entry('w,r', (e, i) => {
  pushVector(e, operandAt(i, 1));
  e.call('aesimc');
  e.set(xmmOf(operandAt(i, 0)));
});

const aeskeygenassist = entry('w,r,-', (e, i) => {
  pushVector(e, operandAt(i, 1));
  e.call('aeskeygenassist');
  const constant = immediate(i.operands[2]);
  e.code.v128(0, constant, 0, constant);
  e.code.simd(SIMD.v128_xor);
  e.set(xmmOf(operandAt(i, 0)));
});

/** Carry-less product of one half of the target and one of the source. */
const pclmulqdq = entry('rw,r,-', (e, i) => {
  const { code } = e;
  const halves = immediate(i.operands[2]);
  pushVector(e, operandAt(i, 1));
  const source = e.save(V128);
  e.get(xmmOf(operandAt(i, 0)));
  code.lane(SIMD.i64x2_extract_lane, halves & 1);
  code.get(source);
  code.lane(SIMD.i64x2_extract_lane, (halves >> 4) & 1);
  e.call('carrylessProduct');
  e.set(xmmOf(operandAt(i, 0)));
});

/** AES-NI and PCLMULQDQ. */
export const AES: Family = {
  aesenc: round('aesenc'),
  aesenclast: round('aesenclast'),
  aesdec: round('aesdec'),
  aesdeclast: round('aesdeclast'),
  aesimc,
  aeskeygenassist,
  pclmulqdq,
};

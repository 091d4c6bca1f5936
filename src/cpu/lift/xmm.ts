import type { Operand } from '../decode/instruction.ts';
import type { Emitter } from '../region/emitter.ts';
import * as tlb from '../tlb/access.ts';
import { F32, F64, I32, I64, SIMD, V128 } from '../wasm/opcodes.ts';

/** Number of an xmm register among an emitter's registers. */
export function xmm(reg: number): number {
  return 16 + reg;
}

export function xmmOf(operand: Operand | undefined): number {
  if (operand?.kind !== 'xmm') throw new Error('an xmm register was expected');
  return xmm(operand.reg);
}

/**
 * Pushes an xmm register, or memory as v128: 16 bytes (which must be aligned unless `unaligned`), or 8, 4 or 2
 * bytes with zeros above.
 */
export function pushVector(e: Emitter, operand: Operand, unaligned = false): void {
  if (operand.kind !== 'mem') {
    e.get(xmmOf(operand));
    return;
  }
  const at = tlb.address(e, operand);
  if (operand.size === 16) {
    if (!unaligned) tlb.checkAligned(e, at);
    tlb.load(e, at, 16);
  } else if (operand.size >= 4) {
    tlb.loadLowLane(e, at, operand.size === 8 ? 8 : 4);
  } else {
    tlb.load(e, at, operand.size);
    e.code.simd(SIMD.i32x4_splat);
    e.code.v128(-1, 0, 0, 0);
    e.code.simd(SIMD.v128_and);
  }
}

/** Pushes the lowest lane of an xmm register, or memory of that size, as f32 or f64. */
export function pushScalar(e: Emitter, operand: Operand, size: 4 | 8): void {
  const { code } = e;
  if (operand.kind === 'mem') {
    tlb.loadFloat(e, tlb.address(e, operand), size);
    return;
  }
  e.get(xmmOf(operand));
  code.lane(size === 8 ? SIMD.f64x2_extract_lane : SIMD.f32x4_extract_lane, 0);
}

/** Pops a v128 and stores it, or its lowest 8 or 4 bytes, to memory or an xmm register. */
export function popVector(e: Emitter, operand: Operand, unaligned = false): void {
  const { code } = e;
  if (operand.kind !== 'mem') {
    e.set(xmmOf(operand));
    return;
  }
  if (operand.size === 16) {
    const value = e.save(V128);
    const at = tlb.address(e, operand);
    if (!unaligned) tlb.checkAligned(e, at);
    tlb.store(e, at, 16, value);
    return;
  }
  code.lane(operand.size === 8 ? SIMD.i64x2_extract_lane : SIMD.i32x4_extract_lane, 0);
  const value = e.save(operand.size === 8 ? I64 : I32);
  tlb.store(e, tlb.address(e, operand), operand.size, value);
}

/** Puts the f32 or f64 in a local into the lowest lane of an xmm register. */
export function setLowest(e: Emitter, register: number, value: number, size: 4 | 8): void {
  e.get(register);
  e.code.get(value);
  e.code.lane(size === 8 ? SIMD.f64x2_replace_lane : SIMD.f32x4_replace_lane, 0);
  e.set(register);
}

export function floatType(size: 4 | 8): typeof F32 | typeof F64 {
  return size === 8 ? F64 : F32;
}

/** Byte indices for a shuffle, from lane numbers of `width` bytes over both operands. */
export function lanes(width: number, ...numbers: number[]): number[] {
  return numbers.flatMap((lane) => Array.from({ length: width }, (_, index) => lane * width + index));
}

export function immediate(operand: Operand | undefined): number {
  if (operand?.kind !== 'imm') throw new Error('an immediate was expected');
  return Number(operand.value) & 0xff;
}

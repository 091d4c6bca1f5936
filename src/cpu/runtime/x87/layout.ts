import { STATE } from '../../../machine/cpu-state.ts';
import { CPU_STATE } from '../../../machine/layout.ts';

/**
 * Offsets of the x87 state from CPU_STATE: the first 160 bytes of an FXSAVE image, but that the registers stand in
 * physical order, R0 first (an image in guest memory begins with ST0).
 */
export const X87 = {
  controlWord: STATE.fxsave,
  statusWord: STATE.fxsave + 2,
  /** A bit for each physical register that is not empty. */
  tags: STATE.fxsave + 4,
  opcode: STATE.fxsave + 6,
  instructionPointer: STATE.fxsave + 8,
  dataPointer: STATE.fxsave + 16,
  registers: STATE.fxsave + 32,
  /** Flags raised by the instruction being executed (32 bits). */
  raised: STATE.temp,
  /** Function table index of the first helper, 0 until they are needed. The machine's, not the thread's. */
  firstHelper: STATE.temp + 4,
} as const;

/** Exception flags of the status word; the masks of the control word have the same places. */
export const IE = 0x01;
export const DE = 0x02;
export const ZE = 0x04;
export const OE = 0x08;
export const UE = 0x10;
export const PE = 0x20;
/** Stack fault: with IE; C1 tells overflow (1) from underflow (0). */
export const STACK_FAULT = 0x40;
/** An unmasked exception waits for the next waiting instruction. */
export const ES = 0x80;

/** Memory formats, as the `imm` of helpers tells them. */
export const FORMAT = { f32: 0, f64: 1, i16: 2, i32: 3, i64: 4, f80: 5, bcd: 6 } as const;

/** Names that the sources use. */
export const CONSTANTS = {
  CW: CPU_STATE + X87.controlWord,
  SW: CPU_STATE + X87.statusWord,
  TAGS: CPU_STATE + X87.tags,
  FOP: CPU_STATE + X87.opcode,
  FIP: CPU_STATE + X87.instructionPointer,
  FDP: CPU_STATE + X87.dataPointer,
  REGS: CPU_STATE + X87.registers,
  MXCSR: CPU_STATE + STATE.mxcsr,
  RAISED: CPU_STATE + X87.raised,
  IE,
  DE,
  ZE,
  OE,
  UE,
  PE,
  STACK_FAULT,
  C0: 0x100,
  C1: 0x200,
  C2: 0x400,
  C3: 0x4000,
  CONDITIONS: 0x4700,
  /** ES and B. */
  PENDING: 0x8080,
  EXPONENT: 0x7fff,
  SIGN: 0x8000,
  BIAS: 0x3fff,
  /** The integer bit of a significand: also half of the bits below, left-aligned. */
  ONE: 1n << 63n,
  QUIET: 1n << 62n,
  /** Sign and exponent, and significand, of the "real indefinite". */
  INDEFINITE: 0xffff,
  INDEFINITE_M: 3n << 62n,
  /** Selectors of code and data in 64-bit mode. */
  CS: 0x33,
  DS: 0x2b,
  LOW32: 0xffff_ffffn,
  LN2_HIGH: 0xb17217f7d1cf79abn,
  LN2_LOW: 0xc9e3b39803f2f6afn,
  LOG2E_HIGH: 0xb8aa3b295c17f0bbn,
  LOG2E_LOW: 0xbe87fed0691d3e88n,
  PI: 0xc90fdaa22168c234n,
  PI_LOW: 0xc4c6628b80dc1cd1n,
  THREE_QUARTERS_PI: 0x96cbe3f9990e91a7n,
  THREE_QUARTERS_PI_LOW: 0x9394c9e8a0a5159dn,
  ...Object.fromEntries(Object.entries(FORMAT).map(([name, value]) => [name.toUpperCase(), value])),
} as const;

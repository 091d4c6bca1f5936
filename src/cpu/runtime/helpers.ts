import { RAX, RSP } from '../../machine/cpu-state.ts';
import { JUMP_CACHE_ENTRIES } from '../../machine/layout.ts';
import type { FunctionType } from '../wasm/module.ts';
import { I32, I64, V128, type ValueType } from '../wasm/opcodes.ts';

/** Registers that a call passes as parameters, in order. */
export const PASSED: readonly number[] = [RSP];
export const PASSED_BITS = PASSED.reduce((bits, register) => bits | (1 << register), 0);
/** The register that comes back as the second result. */
export const RETURNED = RAX;
/**
 * Translated code: takes the host stack left to it (bytes) and the registers PASSED, yields the next RIP or a leaving
 * value, and RETURNED. Those registers are not up to date in memory meanwhile; all others are. After a leaving value all
 * are, and what stands for RETURNED means nothing.
 */
export const REGION_TYPE: FunctionType = {
  params: [I32, ...PASSED.map((): ValueType => I64)],
  results: [I64, I64],
};

const GO_TYPE: FunctionType = { params: [...REGION_TYPE.params, I64], results: REGION_TYPE.results };
const HOLD_TYPE: FunctionType = { params: [I64, I32, I32, I32], results: [I32] };
/** What hostHold is asked for. */
export const HOLD = { holdRead: 0, holdWrite: 1, holdReadWrite: 2 } as const;

/**
 * The functions of the static runtime module that translated code calls. A status of 0 means done; any other
 * means that the instruction must be left before it began (the reason is in the CPU state).
 */
export const HELPERS = {
  /** Host address for reading `size` bytes at a guest address, or 0. May be a copy when it crosses a page. */
  missRead: { params: [I64, I32], results: [I32] },
  /** Host address for reading and writing, or 0. Below FRAMES it is a copy that `commit` must write back. */
  missModify: { params: [I64, I32], results: [I32] },
  /** Lays the stack window around `size` bytes at an address. 0: they cannot all be written without more ado. */
  refillStack: { params: [I64, I32], results: [I32] },
  /**
   * Makes sure of the bytes of a group for the access of (address, size), which its range begins so far from and which
   * has so many bytes. A status.
   */
  holdRead: HOLD_TYPE,
  holdWrite: HOLD_TYPE,
  /** The access reads, others of its group write. */
  holdReadWrite: HOLD_TYPE,
  commit: { params: [I64, I32], results: [] },
  store1: { params: [I64, I32], results: [I32] },
  store2: { params: [I64, I32], results: [I32] },
  store4: { params: [I64, I32], results: [I32] },
  store8: { params: [I64, I64], results: [I32] },
  store16: { params: [I64, V128], results: [I32] },
  /** Function table index of the translation of a RIP; that of `leave` when there is none. */
  lookup: { params: [I64, I32], results: [I32] },
  /** The same for a call. */
  lookupCalled: { params: [I64, I32], results: [I32] },
  /** The same for what is resumed in the midst of a function. */
  lookupResumed: { params: [I64, I32], results: [I32] },
  /** Goes on in the translation of a RIP, which follows what a region takes. */
  goTo: GO_TYPE,
  /** The same for what is resumed in the midst of a function. */
  goToResumed: GO_TYPE,
  /** The same for the translation that checks each access by itself. */
  goToCareful: GO_TYPE,
  /** The same for a call. */
  callTo: GO_TYPE,
  /**
   * Where an access failed, with all registers in the state: leaves with the instruction's address, or goes on there in
   * the careful translation if the reason is INTERNAL_EXIT.careful.
   */
  leaveAccess: GO_TYPE,
  /** The six arithmetic flags of (kind, a, b, result). */
  flags: { params: [I32, I64, I64, I64], results: [I32] },
  /** Sets the fault of a misaligned or non-canonical access. */
  protection: { params: [], results: [] },
  /** Host call of a `syscall` whose next RIP is given. Not 0: leave with the RIP in the state. */
  service: { params: [I64], results: [I32] },
  /**
   * Host call when the fuel has run out at a RIP, with the host stack left: 1 = leave, 0 = go on with what is in the
   * state.
   */
  outOfFuel: { params: [I64, I32], results: [I32] },
  /** Host call for a rare instruction (see RARE). Status as above. */
  rare: { params: [I32], results: [I32] },
  mulHighUnsigned: { params: [I64, I64], results: [I64] },
  mulHighSigned: { params: [I64, I64], results: [I64] },
  /** Division of high:low by a divisor that is not 0: quotient, remainder, and 1 if the quotient is too large. */
  divideUnsigned: { params: [I64, I64, I64], results: [I64, I64, I32] },
  divideSigned: { params: [I64, I64, I64], results: [I64, I64, I32] },
  /** An x87 instruction: slot of its helper (runtime/x87/helpers.ts), and the helper's host and imm; its result. */
  x87: { params: [I32, I32, I32], results: [I32] },
  /** Notes the last x87 instruction: its address, and its opcode bits; with its memory operand's address. */
  x87Pointers: { params: [I64, I32], results: [] },
  x87DataPointers: { params: [I64, I32, I64], results: [] },
  /** A repeated string instruction on the registers in the state; parameter: see string-runtime.ts. */
  repeat: { params: [I32, I64], results: [I32] },
  /** The exact result of a floating-point operation (see floatControl) on two vectors, and a status. */
  exactFloat: { params: [I32, V128, V128], results: [V128, I32] },
  /** CRC32-C of (value, crc so far, number of the value's bits). */
  crc32: { params: [I64, I32, I32], results: [I32] },
  carrylessProduct: { params: [I64, I64], results: [V128] },
  /** Results of pcmpestri and its kin for (first, second, their lengths, control): a bit for each element. */
  compareStrings: { params: [V128, V128, I32, I32, I32], results: [I32] },
  /** Rounds of AES, but for the addition of the key. */
  aesenc: { params: [V128], results: [V128] },
  aesenclast: { params: [V128], results: [V128] },
  aesdec: { params: [V128], results: [V128] },
  aesdeclast: { params: [V128], results: [V128] },
  aesimc: { params: [V128], results: [V128] },
  /** aeskeygenassist, but for the round constant. */
  aeskeygenassist: { params: [V128], results: [V128] },
} as const satisfies Record<string, FunctionType>;
export type HelperName = keyof typeof HELPERS;

/** Instructions that the host serves with all registers written back. */
export const RARE = { cpuid: 1, rdtsc: 2, rdtscp: 3 } as const;

/** How control came to an address whose translation is looked up; the last wants the careful one. */
export const REACHED = { jump: 0, call: 1, resumed: 2, careful: 3 } as const;
export type Reached = (typeof REACHED)[keyof typeof REACHED];

/** Reasons for leaving that run() deals with itself: not for its caller. */
export const INTERNAL_EXIT = {
  /** Unwind all wasm frames, then go on at the RIP. */
  retry: 0x101,
  /** Unwind, then execute the instruction at the RIP alone: it writes to translated code. */
  step: 0x102,
  /** Go on at the RIP in the careful translation: memory is no longer as the code relies on. */
  careful: 0x103,
} as const;

/** Host stack bytes that translated code may use, and what it must leave for a translation in its midst. */
export const STACK_BUDGET = 560_000;
export const STACK_RESERVE = 60_000;

/** Returned by a region in place of a RIP: the RIP is already in the state. */
export const LEFT = -1;

/** The bits of a jump cache offset. Entries are of 16 bytes, and most functions begin at a multiple of 16. */
export const JUMP_CACHE_MASK = (JUMP_CACHE_ENTRIES - 1) * 16;
/** Brings the bits in which other places differ up to where the mask ends. */
export const JUMP_CACHE_SHIFT = 28 - Math.clz32(JUMP_CACHE_MASK);

/** Byte offset of the jump cache entry of a RIP whose low 32 bits are given; the same computation is emitted. */
export function jumpCacheOffset(ripLow: number): number {
  return (ripLow ^ (ripLow << JUMP_CACHE_SHIFT)) & JUMP_CACHE_MASK;
}

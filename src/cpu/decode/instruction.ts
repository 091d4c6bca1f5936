import type { Mnemonic } from './mnemonic.ts';

export type { Mnemonic } from './mnemonic.ts';

/** Bytes of an integer operand. */
export type IntegerSize = 1 | 2 | 4 | 8;

/** One decoded x86-64 instruction. Operand objects may be shared between instructions: never change them. */
export interface Instruction {
  /** Guest address of the first byte. */
  readonly address: number;
  /** Bytes, 1..15. */
  readonly length: number;
  /** `address + length`: where execution goes on. */
  readonly next: number;
  /**
   * What it does. String instructions are `movs` `cmps` `stos` `lods` `scas` `ins` `outs` with `opSize` (the SSE moves
   * are `movsd` and `cmpsd`); far transfers are `callf` `jmpf` `retf`; every `Jcc` is `jcc` with `condition`.
   */
  readonly mnemonic: Mnemonic;
  /** The x86 condition code (0 = O … 15 = G) of jcc, setcc and cmovcc, else -1. */
  readonly condition: number;
  /**
   * Operand size in bytes; 8 for stack and near branch instructions as on the CPU; that of the lengths for pcmpestri and
   * pcmpestrm; of no meaning for the rest of SSE, MMX and x87.
   */
  readonly opSize: IntegerSize;
  /** Intel order, destination first; implicit operands are not listed. */
  readonly operands: readonly Operand[];
  /** True only where LOCK is allowed: anything else with LOCK does not decode. */
  readonly lock: boolean;
  /** The repeat prefix of a string instruction (both mean `rep` but for cmps and scas); 0 for all others. */
  readonly rep: 0 | 0xf2 | 0xf3;
  /** Segment override of implicit memory operands too (string source, xlat, maskmov); memory operands repeat it. */
  readonly segment: Segment;
  /** The low three bits of the opcode byte and ModRM, which x87 keeps for fnstenv. Of no meaning for the rest. */
  readonly opcodeBits: number;
  /** The 67 prefix: string instructions use esi, edi, ecx; loop uses ecx; jrcxz tests ecx. */
  readonly address32: boolean;
}

/** Segments whose base counts in long mode. */
export type Segment = 'fs' | 'gs' | undefined;

export interface RegisterOperand {
  readonly kind: 'reg';
  /** 0..15 = rax rcx rdx rbx rsp rbp rsi rdi r8 … r15; with `high` 0..3 = ah ch dh bh. */
  readonly reg: number;
  readonly size: IntegerSize;
  readonly high: boolean;
}

export interface FileOperand {
  /** `xmm` 0..15, `mm` 0..7, `st` 0..7 (relative to the top), `seg` 0..5 = es cs ss ds fs gs, `control`, `debug`. */
  readonly kind: 'xmm' | 'mm' | 'st' | 'seg' | 'control' | 'debug';
  readonly reg: number;
}

export interface MemoryOperand {
  readonly kind: 'mem';
  /** Register 0..15, or -1 for none. */
  readonly base: number;
  readonly index: number;
  readonly scale: IntegerSize;
  /**
   * Signed. RIP-relative and moffs operands have neither base nor index: this is their address, exact wherever an
   * address can be canonical.
   */
  readonly disp: number;
  readonly segment: Segment;
  /** Bytes accessed; 0 for lea, nop, prefetch and invlpg, which access none, and xsave and xrstor, whose size XCR0 decides. */
  readonly size: number;
  /** The sum of base, index and disp is cut to 32 bits, before the segment base is added. */
  readonly address32: boolean;
}

export interface ImmediateOperand {
  readonly kind: 'imm';
  /**
   * Signed and sign-extended where the CPU extends it to the operand size; counts, selectors, ports, vectors and the
   * sizes of ret and enter are unsigned.
   */
  readonly value: bigint;
}

export interface TargetOperand {
  readonly kind: 'target';
  /** Where a relative jump or call goes. Negative or above 2^47 when it leaves user space. */
  readonly address: number;
}

export type Operand = RegisterOperand | FileOperand | MemoryOperand | ImmediateOperand | TargetOperand;

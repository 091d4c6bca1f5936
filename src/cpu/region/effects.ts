import type { Instruction, MemoryOperand, Operand } from '../decode/instruction.ts';
import type { Entry } from '../lift/entry.ts';

/** Registers that a call changes, by convention, as bits: rax, rcx, rdx, r8 to r11. */
export const VOLATILE = 0x0f07;

/** What an instruction does to the flags, as bits. */
export const FLAGS = {
  none: 0,
  /** Sets all arithmetic flags (or leaves them undefined) without looking at the old ones. */
  set: 1,
  /** Changes some of them and keeps the others. */
  modify: 2,
  /** Looks at them. */
  read: 4,
} as const;

/** How control goes on after an instruction. */
export const FLOW = {
  next: 0,
  /** To one address known now. */
  jump: 1,
  /** To one of two. */
  branch: 2,
  /** A guest call: comes back to the next instruction with all registers changed. */
  call: 3,
  /** Served by the host with the registers in memory; goes on at the next instruction. */
  barrier: 4,
  /** Leaves the region for good. */
  leave: 5,
} as const;
export type Flow = (typeof FLOW)[keyof typeof FLOW];

/** Registers as bits: general ones 0..15, xmm ones 16..31. */
export interface Effects {
  /** How the instruction is translated. */
  readonly entry: Entry;
  /** Read before anything is written (also those written only in part). */
  uses: number;
  /** Written in full, whatever happens. */
  defines: number;
  /** Written at all. */
  writes: number;
  /** Bits of FLAGS. */
  flags: number;
  /** Can leave the region before it is done. */
  exits: boolean;
}

const READ = 1;
const WRITE = 2;

/** Operand roles from their short form: 'rw,r' = first operand read and written, second read; '-' = neither. */
export function roles(text: string): readonly number[] {
  return text.split(',').map((role) => (role.includes('r') ? READ : 0) | (role.includes('w') ? WRITE : 0));
}

/** Adds what an operand in this role does. Writing 8 or 16 bits of a register keeps the rest, so it reads too. */
export function addOperand(effects: Effects, operand: Operand, role: number): void {
  if (operand.kind === 'mem') {
    if (operand.base >= 0) effects.uses |= 1 << operand.base;
    if (operand.index >= 0) effects.uses |= 1 << operand.index;
    if (operand.size > 0) effects.exits = true;
    return;
  }
  if (operand.kind !== 'reg' && operand.kind !== 'xmm') return;
  const bit = operand.kind === 'xmm' ? 1 << (16 + operand.reg) : 1 << operand.reg;
  const partial = operand.kind === 'reg' && operand.size < 4;
  if (role & READ || (role & WRITE && partial)) effects.uses |= bit;
  if (role & WRITE) {
    effects.writes |= bit;
    if (!partial && !(role & READ)) effects.defines |= bit;
  }
}

/** Whether something else runs between an instruction and the next: then what was checked has to be again. */
export function comesBack(effects: Effects | undefined): boolean {
  const flow = effects?.entry.flow;
  return flow === FLOW.call || flow === FLOW.barrier;
}

/** The address a direct jump, branch or call names, or undefined. */
export function directTarget(instruction: Instruction): number | undefined {
  const operand = instruction.operands[0];
  return operand?.kind === 'target' ? operand.address : undefined;
}

/** The address that a memory operand without registers names, segment base apart, or undefined. */
export function fixedAddress({ base, index, disp, address32 }: MemoryOperand): number | undefined {
  if (base >= 0 || index >= 0) return undefined;
  return address32 ? disp >>> 0 : disp;
}

/** Address of the pointer that a jump or call goes through, where it is known: an import's, mostly. */
export function knownPointer({ operands }: Instruction): number | undefined {
  const operand = operands[0];
  return operand?.kind === 'mem' && operand.segment === undefined ? fixedAddress(operand) : undefined;
}

import type { GuestMemory } from '../memory/guest-memory.ts';

/**
 * Epilogues have no unwind data: they are known by their instructions, of which only a few kinds are allowed
 * (https://learn.microsoft.com/cpp/build/prolog-and-epilog#epilog-code).
 */

/** A function that restores all registers there are pops no more. */
const MOST_POPS = 16;
const RSP = 4;

/** Length of `add rsp, constant` or `lea rsp, constant[frame register]` at `pc`; 0 for anything else. */
export function stackRestoreLength(memory: GuestMemory, pc: number, frame: number): number {
  const rex = memory.u8(pc);
  if (rex !== 0x48 && rex !== 0x49) return 0;
  const opcode = memory.u8(pc + 1);
  if (opcode === 0x8d) {
    const form = memory.u8(pc + 2);
    const base = (form & 7) | ((rex & 1) << 3);
    if (frame === 0 || ((form >>> 3) & 7) !== RSP || base !== frame) return 0;
    return lengthByMode(memory, pc, form);
  }
  if (rex !== 0x48 || memory.u8(pc + 2) !== 0xc4) return 0;
  return opcode === 0x83 ? 4 : opcode === 0x81 ? 7 : 0;
}

/** r12 as the base needs one byte more. */
function lengthByMode(memory: GuestMemory, pc: number, form: number): number {
  const sib = (form & 7) === RSP ? 1 : 0;
  if (sib === 1 && memory.u8(pc + 3) !== 0x24) return 0;
  const mode = form >>> 6;
  return mode === 1 ? 4 + sib : mode === 2 ? 7 + sib : mode === 0 && (form & 7) !== 5 ? 3 + sib : 0;
}

/** The constant that the instruction of `length` bytes at `pc`, which stackRestoreLength knew, ends with. */
export function stackRestoreConstant(memory: GuestMemory, pc: number, length: number): number {
  if (length >= 7) return memory.i32(pc + length - 4);
  const isBare = memory.u8(pc + 1) === 0x8d && memory.u8(pc + 2) >>> 6 === 0;
  return isBare ? 0 : (memory.u8(pc + length - 1) << 24) >> 24;
}

/** Length of `pop r64` at `pc`; 0 for anything else. */
export function popLength(memory: GuestMemory, pc: number): number {
  const first = memory.u8(pc);
  if (first >= 0x58 && first <= 0x5f) return 1;
  return (first & 0xf0) === 0x40 && (memory.u8(pc + 1) & 0xf8) === 0x58 ? 2 : 0;
}

/** The register that a pop of `length` bytes at `pc` loads. */
export function poppedRegister(memory: GuestMemory, pc: number, length: number): number {
  const extension = length === 2 ? (memory.u8(pc) & 1) << 3 : 0;
  return (memory.u8(pc + length - 1) & 7) | extension;
}

/**
 * Whether nothing but the rest of an epilogue follows from `pc` on. The function is [begin, end); `isSame`
 * tells whether an address outside is another part of it.
 */
export function inEpilogue(
  memory: GuestMemory,
  pc: number,
  begin: number,
  end: number,
  frame: number,
  isSame: (target: number) => boolean,
): boolean {
  let at = pc + stackRestoreLength(memory, pc, frame);
  for (let pops = 0; pops < MOST_POPS; pops++) {
    const length = popLength(memory, at);
    if (length === 0) break;
    at += length;
  }
  const opcode = memory.u8(at);
  switch (opcode) {
    case 0xc3:
    case 0xc2:
      return true;
    case 0xf3:
      return memory.u8(at + 1) === 0xc3;
    case 0xeb:
      return leaves(at + 2 + ((memory.u8(at + 1) << 24) >> 24), begin, end, isSame);
    case 0xe9:
      return leaves(at + 5 + memory.i32(at + 1), begin, end, isSame);
    case 0xff:
      return (memory.u8(at + 1) & 0xf8) === 0x20;
    default:
      return isWideJump(memory, at, opcode);
  }
}

/** A jump that leaves the function is its last instruction; so is one to its first. */
function leaves(target: number, begin: number, end: number, isSame: (target: number) => boolean): boolean {
  if (target > begin && target < end) return false;
  return target === begin || !isSame(target);
}

/** jmp with a REX prefix: through memory without displacement, or (REX.W, as compilers mark a tail call) to a register. */
function isWideJump(memory: GuestMemory, at: number, rex: number): boolean {
  if ((rex & 0xf0) !== 0x40 || memory.u8(at + 1) !== 0xff) return false;
  const form = memory.u8(at + 2);
  const isJump = (form & 0x38) === 0x20;
  return isJump && (form >>> 6 === 0 || (form >>> 6 === 3 && (rex & 8) !== 0));
}

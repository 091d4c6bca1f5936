import { MXCSR_BITS, RBP, RBX, RDI, RSI, RSP, STATE } from '../machine/cpu-state.ts';
import type { Thread } from './thread.ts';

/** _JUMP_BUFFER of setjmp.h (x64): byte offsets. */
export const JUMP_BUFFER = { frame: 0, rsp: 16, rip: 80, mxcsr: 88, xmm: 96 } as const;
/** Registers that a function must keep, and where they are. */
const REGISTERS: readonly (readonly [number, number])[] = [
  [RBX, 8],
  [RBP, 24],
  [RSI, 32],
  [RDI, 40],
  [12, 48],
  [13, 56],
  [14, 64],
  [15, 72],
];
const FIRST_XMM = 6;
const XMM_COUNT = 10;
const XMM_SIZE = 16;
const loaded = new Uint8Array(XMM_COUNT * XMM_SIZE);

/** Stores what a caller of setjmp keeps, as it is when the plain stub that runs returns. */
export function saveJump(thread: Thread, env: number, frameLow: number, frameHigh: number): void {
  const { cpu, memory } = thread;
  memory.setHalves(env + JUMP_BUFFER.frame, frameLow, frameHigh);
  for (const [register, at] of REGISTERS)
    memory.setHalves(env + at, cpu.gprLow(register), cpu.gprHigh(register));
  const rsp = cpu.gpr(RSP);
  memory.setU64(env + JUMP_BUFFER.rsp, rsp + 8);
  memory.setHalves(env + JUMP_BUFFER.rip, memory.u32(rsp), memory.u32(rsp + 4));
  memory.setU32(env + JUMP_BUFFER.mxcsr, cpu.word(STATE.mxcsr));
  memory.setBytes(env + JUMP_BUFFER.xmm, cpu.slice(STATE.xmm + FIRST_XMM * XMM_SIZE, XMM_COUNT * XMM_SIZE));
}

/** Loads the registers of a jump buffer, rip and rsp too. GuestFault before anything has changed. */
export function loadJump(thread: Thread, env: number): void {
  const { cpu, memory } = thread;
  // All of it is read before anything changes.
  const xmm = memory.read(env + JUMP_BUFFER.xmm, loaded);
  const low = memory.u32(env + JUMP_BUFFER.rip);
  const high = memory.u32(env + JUMP_BUFFER.rip + 4);
  memory.u64(env);
  for (const [register, at] of REGISTERS)
    cpu.setGprHalves(register, memory.u32(env + at), memory.u32(env + at + 4));
  cpu.rsp = memory.u64(env + JUMP_BUFFER.rsp);
  cpu.slice(STATE.xmm + FIRST_XMM * XMM_SIZE, XMM_COUNT * XMM_SIZE).set(xmm);
  cpu.setWord(STATE.mxcsr, memory.u32(env + JUMP_BUFFER.mxcsr) & MXCSR_BITS);
  cpu.setWord(STATE.rip, low);
  cpu.setWord(STATE.rip + 4, high);
}

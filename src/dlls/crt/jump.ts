import { RAX, RBP, RBX, RDI, RDX, RSI, RSP, STATE } from '../../machine/cpu-state.ts';
import { Pending, type Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';

/** _JUMP_BUFFER of setjmp.h: byte offsets. Registers that a function must keep. */
const FRAME = 0;
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
const STACK_POINTER = 16;
const RETURN_ADDRESS = 80;
const MXCSR = 88;
const XMM = 96;
const FIRST_XMM = 6;
const XMM_COUNT = 10;
const XMM_SIZE = 16;

/** setjmp: the registers as its caller has them when it returns; the answer is 0. */
function setJump(thread: Thread, env: number): 0 {
  const { cpu, memory } = thread;
  memory.setHalves(env + FRAME, cpu.gprLow(RDX), cpu.gprHigh(RDX));
  for (const [register, at] of REGISTERS)
    memory.setHalves(env + at, cpu.gprLow(register), cpu.gprHigh(register));
  const rsp = cpu.gpr(RSP);
  memory.setU64(env + STACK_POINTER, rsp + 8);
  memory.setU64(env + RETURN_ADDRESS, memory.u64(rsp));
  memory.setU32(env + MXCSR, cpu.word(STATE.mxcsr));
  memory.setBytes(env + XMM, cpu.slice(STATE.xmm + FIRST_XMM * XMM_SIZE, XMM_COUNT * XMM_SIZE).slice());
  return 0;
}

/** longjmp: setjmp returns again, with `value` or 1. Handlers of the frames in between are not run. */
function longJump(thread: Thread, env: number, value: number): 0 {
  const { cpu, memory } = thread;
  const xmm = memory.bytes(env + XMM, XMM_COUNT * XMM_SIZE);
  const rip = memory.u64(env + RETURN_ADDRESS);
  for (const [register, at] of REGISTERS)
    cpu.setGprHalves(register, memory.u32(env + at), memory.u32(env + at + 4));
  cpu.rsp = memory.u64(env + STACK_POINTER);
  cpu.slice(STATE.xmm + FIRST_XMM * XMM_SIZE, XMM_COUNT * XMM_SIZE).set(xmm);
  cpu.setWord(STATE.mxcsr, memory.u32(env + MXCSR));
  cpu.setGprHalves(RAX, value === 0 ? 1 : value >>> 0, 0);
  cpu.rip = rip;
  thread.pending = Pending.jumped;
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** setjmp.h. */
export const jumpApi = family('crt', PAGES, {
  _setjmp: library('env: address, frame: address', 'int', setJump),
  _setjmpex: library('env: address, frame: address', 'int', setJump),
  longjmp: library('env: address, value: int', 'void', longJump),
});

import { type CpuState, MXCSR_BITS, STATE } from '../machine/cpu-state.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';

/**
 * The x64 CONTEXT structure in guest memory
 * (https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-context).
 */
export const CONTEXT = {
  flags: 0x30,
  mxcsr: 0x34,
  segments: 0x38,
  eflags: 0x44,
  debug: 0x48,
  /** rax rcx rdx rbx rsp rbp rsi rdi r8..r15: the same order as CpuState's. */
  gpr: 0x78,
  rip: 0xf8,
  fxsave: 0x100,
  xmm: 0x1a0,
} as const;
export const CONTEXT_SIZE = 0x4d0;

const CONTEXT_AMD64 = 0x100000;
const CONTROL = CONTEXT_AMD64 | 1;
const INTEGER = CONTEXT_AMD64 | 2;
const FLOATING_POINT = CONTEXT_AMD64 | 8;
/** CONTEXT_CONTROL | INTEGER | SEGMENTS | FLOATING_POINT | DEBUG_REGISTERS. */
const CONTEXT_ALL = CONTEXT_AMD64 | 0x1f;
/** cs ds es fs gs ss of 64-bit user mode. */
const SEGMENTS = [0x33, 0x2b, 0x2b, 0x53, 0x2b, 0x2b];
/** Flags that a program may set: CF PF AF ZF SF TF DF OF NT AC ID; bits 1 and 9 (IF) always read one. */
const WRITABLE_FLAGS = 0x0024_4dd5;
const FIXED_FLAGS = 0x202;
const FXSAVE_BYTES = 512;
const FXSAVE_MXCSR = 0x18;
const FXSAVE_MXCSR_MASK = 0x1c;
const XMM_BYTES = 0x100;

/** Every CONTEXT is put together here, so that it reaches the guest in one piece. */
const image = new Uint8Array(CONTEXT_SIZE);
const imageView = new DataView(image.buffer);
imageView.setUint32(CONTEXT.flags, CONTEXT_ALL, true);
SEGMENTS.forEach((segment, i) => {
  imageView.setUint16(CONTEXT.segments + i * 2, segment, true);
});

/** Writes the whole register state at `at`. GuestFault when the memory does not take it. */
export function writeContext(memory: GuestMemory, cpu: CpuState, at: number): void {
  imageView.setUint32(CONTEXT.mxcsr, cpu.word(STATE.mxcsr), true);
  imageView.setUint32(CONTEXT.eflags, cpu.word(STATE.rflags), true);
  image.set(cpu.slice(STATE.gpr, 128), CONTEXT.gpr);
  image.set(cpu.slice(STATE.rip, 8), CONTEXT.rip);
  image.set(cpu.x87Image(), CONTEXT.fxsave);
  imageView.setUint32(CONTEXT.fxsave + FXSAVE_MXCSR, cpu.word(STATE.mxcsr), true);
  imageView.setUint32(CONTEXT.fxsave + FXSAVE_MXCSR_MASK, MXCSR_BITS, true);
  image.set(cpu.slice(STATE.xmm, XMM_BYTES), CONTEXT.xmm);
  memory.setBytes(at, image);
}

const loaded = new Uint8Array(CONTEXT.fxsave + FXSAVE_BYTES);

/** Loads the parts that ContextFlags names. GuestFault when it cannot be read. */
export function readContext(memory: GuestMemory, cpu: CpuState, at: number): void {
  const flags = memory.u32(at + CONTEXT.flags);
  const bytes = memory.read(at, loaded);
  if ((flags & INTEGER) === INTEGER) {
    const rsp = cpu.gpr(4);
    cpu.slice(STATE.gpr, 128).set(bytes.subarray(CONTEXT.gpr, CONTEXT.gpr + 128));
    if ((flags & CONTROL) !== CONTROL) cpu.rsp = rsp;
  }
  if ((flags & CONTROL) === CONTROL) {
    cpu.slice(STATE.rip, 8).set(bytes.subarray(CONTEXT.rip, CONTEXT.rip + 8));
    cpu.slice(STATE.gpr + 32, 8).set(bytes.subarray(CONTEXT.gpr + 32, CONTEXT.gpr + 40));
    cpu.setWord(STATE.rflags, (memory.u32(at + CONTEXT.eflags) & WRITABLE_FLAGS) | FIXED_FLAGS);
  }
  if ((flags & FLOATING_POINT) === FLOATING_POINT) {
    cpu.setWord(STATE.mxcsr, memory.u32(at + CONTEXT.mxcsr) & MXCSR_BITS);
    cpu.setX87Image(bytes.subarray(CONTEXT.fxsave));
    cpu.slice(STATE.xmm, XMM_BYTES).set(bytes.subarray(CONTEXT.xmm, CONTEXT.xmm + XMM_BYTES));
  }
}

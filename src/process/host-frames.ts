import { type CpuState, R8, R9, RAX, RCX, RDX, RSP } from '../machine/cpu-state.ts';
import { Pending, type Thread } from './thread.ts';

/**
 * A call that a host function wants made in the guest; see dlls/api.ts. What the generator gets back is rax as a
 * rounded number; resultLow() is exact for functions that return 32 bits.
 */
export interface GuestCallRequest {
  readonly address: number;
  readonly args: readonly number[];
}

/** A host function that is waiting for a call it made into the guest. */
export interface HostFrame {
  readonly run: Generator<GuestCallRequest, number, number>;
  /** The guest's rsp while the function's stub runs: tells which frame a return belongs to. */
  readonly rsp: number;
  /** The function, and our DLL that it belongs to. */
  readonly name: string;
  readonly dll: string;
}

/** Bytes that the stub of a calling function takes from the stack: shadow space and arguments of what it calls. */
export const CALLING_FRAME = 0x68;
/** A forged stack can make frames pile up; this many nested host functions end the process. */
const MOST_FRAMES = 10_000;

/**
 * Starts a host function that calls into the guest. Its stub loops: call what rax says, hand the result back,
 * until rax is 0; then rdx is the function's own result. Returns false when frames are nested too deep.
 */
export function startHostFrame(
  thread: Thread,
  { name, dll }: { readonly name: string; readonly dll: string },
  run: HostFrame['run'],
): boolean {
  const rsp = thread.cpu.gpr(RSP);
  dropUnwound(thread, rsp + 1);
  if (thread.hostFrames.length >= MOST_FRAMES) return false;
  thread.hostFrames.push({ run, rsp, name, dll });
  advance(thread, 0);
  return true;
}

/** The guest function that the innermost frame called has returned `result`. False: no such frame waits. */
export function resumeHostFrame(thread: Thread, result: number): boolean {
  const rsp = thread.cpu.gpr(RSP);
  dropUnwound(thread, rsp);
  const frame = thread.hostFrames.at(-1);
  if (frame?.rsp !== rsp) return false;
  thread.process.serving = frame.dll;
  advance(thread, result);
  return true;
}

/** The low 32 bits, signed, of what the guest function that has just returned left in rax. */
export function resultLow(thread: Thread): number {
  return thread.cpu.gprLow(RCX) | 0;
}

/** Frames whose stub's stack lies below `lowest` were unwound past (a long jump, an exception). */
export function dropUnwound(thread: Thread, lowest: number): void {
  const frames = thread.hostFrames;
  while (frames.length > 0 && frames.at(-1)!.rsp < lowest) frames.pop();
}

const REGISTERS = [RCX, RDX, R8, R9];
/** Below a callee's stack arguments. */
const SHADOW = 0x20;

function advance(thread: Thread, result: number): void {
  const frame = thread.hostFrames.at(-1)!;
  const step = frame.run.next(result);
  const cpu: CpuState = thread.cpu;
  if (step.done) {
    const index = thread.hostFrames.indexOf(frame);
    if (index >= 0) thread.hostFrames.splice(index, 1);
    // A function that ends by jumping (a restored context) leaves the registers as they are.
    if (thread.pending !== Pending.none) return;
    cpu.setGpr(RAX, 0);
    cpu.setGpr(RDX, step.value);
    return;
  }
  cpu.setGpr(RAX, step.value.address);
  const { args } = step.value;
  for (let i = 0; i < args.length; i++) {
    if (i < REGISTERS.length) cpu.setGpr(REGISTERS[i]!, args[i]!);
    else thread.memory.setU64(frame.rsp + SHADOW + (i - REGISTERS.length) * 8, args[i]!);
  }
}

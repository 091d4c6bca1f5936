import { RAX } from '../../machine/cpu-state.ts';
import type { Thread } from '../../process/thread.ts';

/**
 * How far a library function has come when a page fault interrupts it. The number lives in the upper half of
 * rax: the function's stub clears it (`mov eax, number`), a resumed call begins behind that instruction and
 * finds it again, and it travels with the CONTEXT, so that a handler may resume, jump away or call the same
 * function again.
 */
export function progress(thread: Thread): number {
  return thread.cpu.gprHigh(RAX);
}

export function setProgress(thread: Thread, done: number): void {
  thread.cpu.setGprHalves(RAX, thread.cpu.gprLow(RAX), done);
}

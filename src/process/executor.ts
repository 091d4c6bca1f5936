import type { AddressSpace } from '../memory/space.ts';

/** Why Executor.run() came back. The registers in CpuState are then exact. */
export const Exit = {
  /** The fuel is used up; run() again continues. */
  fuel: 1,
  /** A memory access faulted: exitCode = NTSTATUS, faultAddress, faultAccess; rip is the instruction. */
  fault: 2,
  /** #DE: exitCode = STATUS_INTEGER_DIVIDE_BY_ZERO or STATUS_INTEGER_OVERFLOW; rip is the instruction. */
  divide: 3,
  /** int3; rip is the int3 itself. */
  breakpoint: 4,
  /** Undefined opcode (ud2 and what no processor has); rip is the instruction. */
  illegal: 5,
  /** An instruction that a processor has and we do not; `unsupported` tells which. */
  unsupported: 6,
  /** The host function of a `syscall` asked to leave (park, raise, switch, end); rip is after the syscall. */
  service: 7,
  /** A privileged instruction or another #GP that has no address. */
  privileged: 8,
  /** Single step trap (TF) after an instruction. */
  singleStep: 9,
  /** An unmasked x87 exception, which the status word in the state tells, is pending; rip waits for it. */
  x87: 10,
  /** A software interrupt that is an exception: exitCode = NTSTATUS; rip is as the exception tells it. */
  interrupt: 11,
  /** int 0x29: the program wants to end at once, without any handler; ecx says why. */
  failFast: 12,
  /** An unmasked exception of SSE arithmetic, which MXCSR tells; rip is the instruction. */
  sse: 13,
} as const;
export type ExitReason = (typeof Exit)[keyof typeof Exit];

/** What a CPU offers to processes. cpu/ implements it. */
export interface Executor {
  /** Makes `space` the running address space. */
  activate(space: AddressSpace): void;
  /**
   * Runs from the rip in CpuState until something needs the host. When the fuel given is used up, `refuel` is asked for
   * more; 0 or no `refuel` is the end of the run, hardly later. Going on is cheaper than a new run: to come back into
   * the midst of functions, code must be translated from there.
   */
  run(fuel: number, refuel?: () => number): ExitReason;
  /** One line naming the instruction behind Exit.unsupported (bytes and mnemonic). */
  readonly unsupported: string;
  /** Bytes of guest code translated so far, each as often as it was. */
  readonly translatedBytes: number;
}

/**
 * Called for a `syscall` in one of our own DLLs' stubs with the service number in eax; the registers are
 * written back and are reloaded after it. True leaves run() with Exit.service.
 */
export type ServiceHook = (service: number) => boolean;

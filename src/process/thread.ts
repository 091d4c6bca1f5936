import { type CpuState, R8, R9, RCX, RDX, RSP } from '../machine/cpu-state.ts';
import { READ, WRITE } from '../memory/constants.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { AddressSpace } from '../memory/space.ts';
import { EXCEPTION_NONCONTINUABLE } from './dispatcher-context.ts';
import type { HostFrame } from './host-frames.ts';
import { KernelObject } from './objects.ts';
import type { Process } from './process.ts';
import { TEB } from './teb.ts';
import { win32Error } from './win32-error.ts';

/** What an API function asked for besides returning a value. */
export const Pending = {
  none: 0,
  /** Call the function again when `wakeWhen` calls back; it has changed nothing. */
  park: 1,
  /** Raise `exception` in the guest at the call. */
  raise: 2,
  /** The process has ended; its exit code is set. */
  exitProcess: 3,
  /** The registers were replaced (a context was restored, a long jump made): do not write a result. */
  jumped: 4,
  /** The run must stop with `stopReason`: something is not there. */
  stop: 5,
  /** Look at the host, then make the call again: it has come part of the way and remembers how far. */
  again: 6,
} as const;

/** Bytes that an API call, or several, may move before the host gets a look: some ten milliseconds. */
const MOST_WORK = 64 * 1024 * 1024;

/**
 * An exception as data (https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-exception_record).
 * Parameters are 64-bit values that nobody converts: `parameters` holds two halves of each, low first.
 */
export interface ExceptionRecord {
  readonly code: number;
  readonly flags: number;
  readonly address: number;
  readonly parameters: readonly number[];
  /** Address of the record of the exception that this one came of. */
  readonly nested?: number;
}

/** Numbers as exception parameters. */
export function parametersOf(...values: number[]): number[] {
  return values.flatMap((value) => [value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0]);
}
/** The i-th exception parameter as a number; 0 when there is none. */
export function parameter(record: ExceptionRecord, index: number): number {
  return (record.parameters[index * 2] ?? 0) + (record.parameters[index * 2 + 1] ?? 0) * 0x1_0000_0000;
}

/** High half of the NaN that stands for all where nothing says which. */
export const QUIET_NAN = 0x7ff8_0000;

/** Shadow space and return address below a function's stack arguments. */
const STACK_ARGUMENTS = 0x28;

/**
 * A thread, and what API functions are called on: it carries last error, the memory they read and write, and
 * the ways an API function can end other than by returning.
 */
export class Thread extends KernelObject {
  readonly type = 'thread';
  readonly process: Process;
  readonly id: number;
  readonly space: AddressSpace;
  readonly memory: GuestMemory;
  readonly cpu: CpuState;
  /** The machine's RAM as 32-bit words: the fast way to the registers. */
  readonly words: Uint32Array;
  /** Address of its TEB. */
  readonly teb: number;
  /** Host functions that are in the middle of a call into the guest, innermost last. */
  readonly hostFrames: HostFrame[] = [];
  pending: number = Pending.none;
  exception: ExceptionRecord | undefined = undefined;
  raisedAgain = false;
  stopReason = '';
  /** The exception that ended the process, and where. */
  unhandled: { record: ExceptionRecord; rip: number } | undefined = undefined;
  /** A sentence that belongs to the report of `unhandled`. */
  unhandledNote = '';
  /** Set with Pending.park: registers a callback for when to try again. */
  wakeWhen: ((wake: () => void) => void) | undefined = undefined;
  /** Where the guest's stack pointer and stack arguments stand during a guest call of the API. */
  stackArguments = 0;
  /** High half of an opaque64 result. */
  resultHigh = 0;
  /** Bits of a floating-point result that is a NaN, as JavaScript has only one. */
  nanLow = 0;
  nanHigh = QUIET_NAN;
  /** Bounds of its stack: DeallocationStack and StackBase. */
  stack = { low: 0, high: 0 };

  constructor(process: Process, id: number, teb: number) {
    super();
    this.process = process;
    this.id = id;
    this.space = process.space;
    this.memory = process.memory;
    this.cpu = process.machine.cpu;
    this.words = process.machine.ram.words;
    this.teb = teb;
  }

  /** GetLastError's value. It lives in the TEB, where the program can see it. */
  get lastError(): number {
    const at = this.space.probe(this.teb + TEB.lastError, READ);
    return at === 0 ? 0 : this.process.machine.ram.view.getUint32(at, true);
  }
  set lastError(value: number) {
    const at = this.space.probe(this.teb + TEB.lastError, WRITE);
    if (at !== 0) this.process.machine.ram.view.setUint32(at, value >>> 0, true);
  }

  /** Sets last error and returns 0: `return thread.fail(ERROR_INVALID_PARAMETER)`. */
  fail(error: number): 0 {
    this.lastError = error;
    return 0;
  }
  /** Sets last error from an NTSTATUS and returns 0. */
  failStatus(status: number): 0 {
    this.lastError = win32Error(status);
    return 0;
  }
  /** 1 for status 0; else last error is set and 0 returned. */
  succeed(status: number): 0 | 1 {
    return status === 0 ? 1 : this.failStatus(status);
  }

  /** Asks to be called again once `wakeWhen` has called its argument. Nothing may have been changed. */
  park(wakeWhen: (wake: () => void) => void): 0 {
    this.pending = Pending.park;
    this.wakeWhen = wakeWhen;
    return 0;
  }
  /** Whether the host must get a look before more is done. */
  get isTired(): boolean {
    return this.memory.work > MOST_WORK;
  }
  /** Leaves a long call for a while; its progress must be where the next call finds it. */
  again(): 0 {
    this.pending = Pending.again;
    return 0;
  }
  /**
   * Raises an exception after the call, whose result is dropped. `parameters` are two halves of each value
   * (parametersOf). With `again`, continuing repeats the call instead of returning from it: a fault.
   */
  raise(code: number, parameters: readonly number[] = [], flags = 0, again = false): 0 {
    this.pending = Pending.raise;
    this.exception = { code, flags, address: 0, parameters };
    this.raisedAgain = again;
    return 0;
  }
  /** Raises an exception that cannot be continued, because of the one whose record is at `record`. */
  raiseNested(code: number, record: number): 0 {
    this.raise(code, [], EXCEPTION_NONCONTINUABLE);
    this.exception = { ...this.exception!, nested: record };
    return 0;
  }
  /** Ends the process. */
  exitProcess(code: number): 0 {
    this.process.exit(code);
    this.pending = Pending.exitProcess;
    return 0;
  }
  /** Stops the run with a line that names what is missing. */
  stop(reason: string): 0 {
    this.pending = Pending.stop;
    this.stopReason = reason;
    return 0;
  }

  /** Stack and size arguments beyond the declared ones (printf): the low half of the i-th argument. */
  argumentLow(index: number): number {
    return index < 4
      ? this.cpu.gprLow(ARGUMENT_REGISTERS[index]!)
      : this.memory.u32(this.#stackArgument(index));
  }
  argumentHigh(index: number): number {
    return index < 4
      ? this.cpu.gprHigh(ARGUMENT_REGISTERS[index]!)
      : this.memory.u32(this.#stackArgument(index) + 4);
  }
  /** The i-th argument as an address or size. */
  argument(index: number): number {
    return this.argumentLow(index) + this.argumentHigh(index) * 0x1_0000_0000;
  }
  #stackArgument(index: number): number {
    return this.cpu.gpr(RSP) + this.stackArguments + STACK_ARGUMENTS + (index - 4) * 8;
  }

  protected destroy(): void {}
}

export const ARGUMENT_REGISTERS: readonly number[] = [RCX, RDX, R8, R9];

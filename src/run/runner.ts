import type { ServiceTable } from '../dlls/service-table.ts';
import { type CpuState, RCX, RDX, STATE } from '../machine/cpu-state.ts';
import { monotonic } from '../machine/monotonic.ts';
import {
  STATUS_BREAKPOINT,
  STATUS_FLOAT_DENORMAL_OPERAND,
  STATUS_FLOAT_DIVIDE_BY_ZERO,
  STATUS_FLOAT_INEXACT_RESULT,
  STATUS_FLOAT_INVALID_OPERATION,
  STATUS_FLOAT_OVERFLOW,
  STATUS_FLOAT_STACK_CHECK,
  STATUS_FLOAT_UNDERFLOW,
  STATUS_ILLEGAL_INSTRUCTION,
  STATUS_IN_PAGE_ERROR,
  STATUS_PRIVILEGED_INSTRUCTION,
  STATUS_SINGLE_STEP,
  STATUS_STACK_BUFFER_OVERRUN,
} from '../memory/status.ts';
import { EXCEPTION_NONCONTINUABLE } from '../process/dispatcher-context.ts';
import { endUnhandled, enterDispatcher } from '../process/exception.ts';
import { type Executor, Exit, type ExitReason } from '../process/executor.ts';
import { updateSharedData } from '../process/kuser.ts';
import { LEAST_STACK_GUARANTEE, TEB } from '../process/teb.ts';
import { type ExceptionRecord, Pending, parametersOf, type Thread } from '../process/thread.ts';

/** Longest time between two looks at the host's events, in milliseconds. */
const SLICE = 40;
/** Fuel between two looks at the time. */
const FUEL = 200_000;
/** What an exception and the like count for where fuel is limited. */
const EVENT_FUEL = 1000;
/** rflags of a new thread: interrupts on, bit 1 always set. */
const INITIAL_FLAGS = 0x202;
const INITIAL_MXCSR = 0x1f80;
const INITIAL_X87_CONTROL = 0x27f;
/** Exception flags of MXCSR and of the x87 status word in the order in which Windows looks at them. */
const FLOAT_EXCEPTIONS = [
  [0x01, STATUS_FLOAT_INVALID_OPERATION],
  [0x04, STATUS_FLOAT_DIVIDE_BY_ZERO],
  [0x02, STATUS_FLOAT_DENORMAL_OPERAND],
  [0x08, STATUS_FLOAT_OVERFLOW],
  [0x10, STATUS_FLOAT_UNDERFLOW],
  [0x20, STATUS_FLOAT_INEXACT_RESULT],
] as const;
const X87_STACK_FAULT = 0x40;
/** Shadow space and return address that a function finds at its entry. */
const ENTRY_FRAME = 0x28;
const SYSCALL_LENGTH = 2;

const RESUME_FLAG = 0x10000;
/** Exits after which the instruction is not tried again. */
const TRAPS: ReadonlySet<ExitReason> = new Set([Exit.breakpoint, Exit.singleStep, Exit.interrupt]);

/** How a run ended. */
export type RunEnd =
  | { readonly kind: 'exited' }
  | { readonly kind: 'stopped'; readonly reason: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'interrupted' };

export interface RunOptions {
  /** Milliseconds of host time after which the run ends. */
  readonly timeout?: number;
  /** As timeout, in fuel (see Executor), which is nearly the same on every machine. */
  readonly fuel?: number;
  /** Asked between slices: true ends the run as interrupted. */
  readonly interrupted?: () => boolean;
}

/** Addresses in our ntdll that the kernel's side enters. */
export interface KernelEntries {
  readonly threadStart: number;
  readonly exceptionDispatcher: number;
}

/** Runs a thread in slices, turning exits of the CPU into what Windows makes of them. */
export class Runner {
  readonly #executor: Executor;
  readonly #table: ServiceTable;
  readonly #thread: Thread;
  readonly #entries: KernelEntries;
  readonly #cpu: CpuState;
  #stopped = '';
  #fuelLeft = Number.POSITIVE_INFINITY;
  /** Milliseconds in the executor so far. */
  executed = 0;

  constructor(executor: Executor, table: ServiceTable, thread: Thread, entries: KernelEntries) {
    this.#executor = executor;
    this.#table = table;
    this.#thread = thread;
    this.#entries = entries;
    this.#cpu = thread.cpu;
  }

  /** Points a new thread at its start routine. */
  prepare(start: number, argument: number): void {
    const { stack, teb, space, memory } = this.#thread;
    const cpu = this.#cpu;
    cpu.slice(0, STATE.temp).fill(0);
    cpu.setWord(STATE.rflags, INITIAL_FLAGS);
    cpu.setWord(STATE.mxcsr, INITIAL_MXCSR);
    cpu.setWord(STATE.fxsave, INITIAL_X87_CONTROL);
    cpu.setNumber64(STATE.gsBase, teb);
    cpu.setGpr(RCX, start);
    cpu.setGpr(RDX, argument);
    cpu.rsp = stack.high - ENTRY_FRAME;
    cpu.rip = this.#entries.threadStart;
    space.runningStack = {
      low: stack.low,
      high: stack.high,
      guarantee: LEAST_STACK_GUARANTEE,
      onLimit: (limit) =>
        memory.setU64(teb + TEB.stackLimit, Math.min(limit, memory.u64(teb + TEB.stackLimit))),
    };
    this.#table.thread = this.#thread;
    this.#executor.activate(space);
  }

  async run(options: RunOptions): Promise<RunEnd> {
    const started = monotonic();
    const deadline = options.timeout === undefined ? Number.POSITIVE_INFINITY : started + options.timeout;
    this.#fuelLeft = options.fuel ?? Number.POSITIVE_INFINITY;
    for (;;) {
      const now = monotonic();
      if (now >= deadline || this.#fuelLeft <= 0) return { kind: 'timeout' };
      if (options.interrupted?.()) return { kind: 'interrupted' };
      updateSharedData(this.#thread.process);
      this.#slice(Math.min(now + SLICE, deadline));
      if (this.#stopped !== '') return { kind: 'stopped', reason: this.#stopped };
      if (this.#thread.process.exitCode !== undefined) return { kind: 'exited' };
      if (this.#thread.pending === Pending.park) await this.#parked(deadline, options);
      else await nextHostTurn();
    }
  }

  /** Runs until the time is up, the process has ended, or the thread waits. */
  #slice(until: number): void {
    let now = monotonic();
    let fuel = 0;
    const refuel = (): number => {
      this.#fuelLeft -= fuel;
      fuel = monotonic() < until ? Math.max(0, Math.min(FUEL, this.#fuelLeft)) : 0;
      return fuel;
    };
    do {
      const started = now;
      fuel = Math.min(FUEL, this.#fuelLeft);
      const reason = this.#executor.run(fuel, refuel);
      now = monotonic();
      this.executed += now - started;
      if (reason !== Exit.fuel) this.#fuelLeft -= EVENT_FUEL;
      this.#handle(reason);
      if (this.#stopped !== '' || this.#thread.pending !== Pending.none) return;
      if (this.#thread.process.exitCode !== undefined) return;
    } while (now < until && this.#fuelLeft > 0);
  }

  #handle(reason: ExitReason): void {
    if (reason === Exit.fuel) return;
    if (reason === Exit.service) this.#served();
    else if (reason === Exit.unsupported) {
      const place = this.#thread.process.describe(this.#cpu.rip);
      this.#stopped = `${this.#executor.unsupported} at ${place} is not built yet`;
    } else if (reason === Exit.failFast) {
      endUnhandled(this.#thread, this.#failFast());
    } else {
      const record = this.#exceptionOf(reason);
      // The processor sets RF in the flags that it saves for a fault, so that the instruction can be tried again.
      if (!TRAPS.has(reason)) this.#cpu.setWord(STATE.rflags, this.#cpu.word(STATE.rflags) | RESUME_FLAG);
      this.#raise(record);
    }
  }

  #exceptionOf(reason: ExitReason): ExceptionRecord {
    switch (reason) {
      case Exit.fault:
        return faultRecord(this.#thread);
      case Exit.divide:
      case Exit.interrupt:
        return this.#record(this.#cpu.word(STATE.exitCode));
      case Exit.x87:
        return this.#record(x87Status(this.#cpu.word(STATE.fxsave)));
      case Exit.sse:
        return this.#record(
          sseStatus(this.#cpu.word(STATE.mxcsr)),
          parametersOf(0, this.#cpu.word(STATE.mxcsr)),
        );
      case Exit.breakpoint:
        return this.#record(STATUS_BREAKPOINT, parametersOf(0));
      case Exit.singleStep:
        return this.#record(STATUS_SINGLE_STEP);
      case Exit.privileged:
        return this.#record(STATUS_PRIVILEGED_INSTRUCTION);
      default:
        return this.#record(STATUS_ILLEGAL_INSTRUCTION);
    }
  }

  /** https://learn.microsoft.com/en-us/cpp/intrinsics/fastfail */
  #failFast(): ExceptionRecord {
    const parameters = parametersOf(this.#cpu.gprLow(RCX));
    return { ...this.#record(STATUS_STACK_BUFFER_OVERRUN, parameters), flags: EXCEPTION_NONCONTINUABLE };
  }

  #record(code: number, parameters: readonly number[] = []): ExceptionRecord {
    return { code, flags: 0, address: this.#cpu.rip, parameters };
  }

  #raise(record: ExceptionRecord): void {
    if (enterDispatcher(this.#thread, record, this.#entries.exceptionDispatcher)) return;
    endUnhandled(this.#thread, record);
    this.#thread.pending = Pending.none;
  }

  /** An API function wants something other than to return. */
  #served(): void {
    const thread = this.#thread;
    const pending = thread.pending;
    thread.memory.work = 0;
    if (pending === Pending.park) return;
    thread.pending = Pending.none;
    if (pending === Pending.again) {
      this.#cpu.rip = this.#cpu.rip - SYSCALL_LENGTH;
    } else if (pending === Pending.stop) {
      this.#stopped = thread.stopReason;
    } else if (pending === Pending.raise) {
      if (thread.raisedAgain) this.#cpu.rip = this.#cpu.rip - SYSCALL_LENGTH;
      this.#raise({ ...thread.exception!, address: this.#cpu.rip });
    }
  }

  /** Waits for what the thread waits for, then has the call made again. */
  async #parked(deadline: number, options: RunOptions): Promise<void> {
    const thread = this.#thread;
    let awake = false;
    const woken = new Promise<void>((resolve) => {
      thread.wakeWhen!(() => {
        awake = true;
        resolve();
      });
    });
    while (!awake && monotonic() < deadline && !options.interrupted?.()) {
      await Promise.race([woken, delay(SLICE)]);
    }
    thread.pending = Pending.none;
    thread.wakeWhen = undefined;
    // The call is made again from its `syscall`; eax still holds the service number.
    this.#cpu.rip = this.#cpu.rip - SYSCALL_LENGTH;
  }
}

function faultRecord(thread: Thread): ExceptionRecord {
  const { cpu, space } = thread;
  const code = cpu.word(STATE.exitCode);
  const access = cpu.word(STATE.faultAccess);
  const address = [cpu.word(STATE.faultAddress), cpu.word(STATE.faultAddress + 4)];
  const detail = code === STATUS_IN_PAGE_ERROR ? parametersOf(space.faultDetail) : [];
  return { code, flags: 0, address: cpu.rip, parameters: [...parametersOf(access), ...address, ...detail] };
}

/** The status for the first unmasked exception of the x87 unit; `words` are its control and its status word. */
function x87Status(words: number): number {
  const raised = (words >>> 16) & ~words;
  const status = floatStatus(raised);
  const isStackFault = status === STATUS_FLOAT_INVALID_OPERATION && ((words >>> 16) & X87_STACK_FAULT) !== 0;
  return isStackFault ? STATUS_FLOAT_STACK_CHECK : status;
}

/** The status for the first unmasked exception that MXCSR shows. */
function sseStatus(mxcsr: number): number {
  return floatStatus(mxcsr & ~(mxcsr >>> 7));
}

function floatStatus(raised: number): number {
  const found = FLOAT_EXCEPTIONS.find(([flag]) => (raised & flag) !== 0);
  if (found === undefined) throw new Error('no floating-point exception is pending');
  return found[1];
}

/** Lets timers, signals and input through. */
function nextHostTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

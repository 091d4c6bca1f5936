import { RAX, RCX, RSP, STATE } from '../machine/cpu-state.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { CALLING_FRAME, dropUnwound, resumeHostFrame, startHostFrame } from '../process/host-frames.ts';
import { ARGUMENT_REGISTERS, Pending, parametersOf, type Thread } from '../process/thread.ts';
import { win32Error } from '../process/win32-error.ts';
import { type ApiFunction, type Family, type Kind, library, pageOf } from './api.ts';

/**
 * Our DLLs lie high, far from programs, the same in every process and run; nothing else is placed from here on,
 * and a `syscall` counts only here.
 */
export const OWN_DLLS = 0x7ff8_0000_0000;
/** Service number by which the stub of a calling function hands back what the guest function returned. */
export const CALLBACK_RETURN = 0;
/** Return address and shadow space below the first stack argument. */
const FIRST_STACK_ARGUMENT = 0x28;
/** What a call costs of the slice. */
const CALL_FUEL = 20;
const STATUS_HOST_FRAMES = 0xc00000fd;
const TWO_32 = 0x1_0000_0000;
/** 2^63: handles at and above it are negative. */
const SIGN = 0x8000_0000_0000_0000;

/** Watches API calls: --trace and --stats. */
export interface ServiceObserver {
  called(thread: Thread, api: ApiFunction, args: readonly number[]): void;
  returned(thread: Thread, api: ApiFunction, result: number): void;
}

/**
 * All API functions by service number, and the one entry through which guest code calls them: arguments are
 * taken from registers and stack by kind, guest faults are caught here, results are put where the ABI wants
 * them (https://learn.microsoft.com/cpp/build/x64-calling-convention).
 */
export class ServiceTable {
  /** Index = service number; 0 is CALLBACK_RETURN. */
  readonly functions: (ApiFunction | undefined)[] = [undefined];
  readonly #byName = new Map<string, number>();
  observer: ServiceObserver | undefined = undefined;
  /** The thread that is running. */
  thread: Thread | undefined = undefined;

  /** Adds a DLL's families; every name once. */
  add(families: readonly Family[]): void {
    for (const of of families) {
      for (const [name, declaration] of Object.entries(of.functions)) {
        const key = `${of.dll}!${name}`;
        if (this.#byName.has(key)) throw new RangeError(`${key} is declared twice`);
        this.#byName.set(key, this.functions.length);
        const plainArity = arityOf(declaration.parameters);
        this.functions.push({ ...declaration, dll: of.dll, name, page: pageOf(of, name), plainArity });
      }
    }
  }

  /** Sets service numbers aside for functions that turn out to be absent; returns the first. */
  reserve(count: number): number {
    const first = this.functions.length;
    for (let i = 0; i < count; i++) this.functions.push(undefined);
    return first;
  }

  /** Makes a reserved number stop the run with the name of what is missing and of its caller. */
  setAbsent(service: number, dll: string, name: string): void {
    this.functions[service] = {
      ...library('', 'void', (thread) => {
        const caller = thread.process.describe(thread.memory.u64(thread.cpu.gpr(RSP)));
        return thread.stop(`${dll}!${name} is not built yet; called from ${caller}`);
      }),
      dll,
      name,
      page: '',
      plainArity: 0,
    };
  }

  /** Service number of "kernel32!VirtualAlloc", or undefined. */
  number(dll: string, name: string): number | undefined {
    return this.#byName.get(`${dll}!${name}`);
  }

  /** Serves a `syscall` of the running thread. True: leave the CPU; thread.pending says why. */
  serve(service: number): boolean {
    const thread = this.thread!;
    if (service === CALLBACK_RETURN) return this.#returnFromGuest(thread);
    const api = this.functions[service];
    if (!api || thread.cpu.rip < OWN_DLLS) {
      thread.stop(
        `a raw system call with number 0x${service.toString(16)} at ${thread.process.describe(thread.cpu.rip)}`,
      );
      return true;
    }
    return this.#call(thread, api);
  }

  #call(thread: Thread, api: ApiFunction): boolean {
    thread.stackArguments = api.calling ? CALLING_FRAME : 0;
    thread.cpu.setWord(STATE.fuel, thread.cpu.word(STATE.fuel) - CALL_FUEL);
    try {
      if (this.observer) this.observer.called(thread, api, readArguments(thread, api));
      if (api.calling) {
        if (!startHostFrame(thread, api.name, spread(thread, api, api.calling as Generic) as never)) {
          thread.raise(STATUS_HOST_FRAMES);
        }
        return thread.pending !== Pending.none;
      }
      const result = spread(thread, api, api.plain as Generic) as number;
      if (thread.pending !== Pending.none) return true;
      setResult(thread, api.result, result);
      this.observer?.returned(thread, api, result);
      return thread.isTired;
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      return this.#faulted(thread, api, error);
    }
  }

  #returnFromGuest(thread: Thread): boolean {
    try {
      if (!resumeHostFrame(thread, thread.cpu.gpr(RCX))) {
        thread.stop(
          `a return to a host function that is not waiting, at ${thread.process.describe(thread.cpu.rip)}`,
        );
      }
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      dropFrame(thread);
      raiseFault(thread, error);
    }
    return thread.pending !== Pending.none;
  }

  /** A service answers a bad pointer with its status; a library function raises. */
  #faulted(thread: Thread, api: ApiFunction, fault: GuestFault): boolean {
    thread.pending = Pending.none;
    if (api.rule === 'library') {
      if (api.calling) dropFrame(thread);
      raiseFault(thread, fault);
      return true;
    }
    const result = faultResult(thread, api.result, fault);
    setResult(thread, api.result, result);
    this.observer?.returned(thread, api, result);
    return false;
  }
}

/** A host function that faulted is over: continuing starts it again from its arguments. */
function dropFrame(thread: Thread): void {
  dropUnwound(thread, thread.cpu.gpr(RSP) + 1);
}

function raiseFault(thread: Thread, fault: GuestFault): void {
  thread.raise(fault.status, parametersOf(fault.access, fault.address), 0, true);
}

/** What a service returns for a bad pointer: the status itself, or failure with its last error. */
export function faultResult(thread: Thread, result: Kind, fault: GuestFault): number {
  if (result === 'status') return fault.status;
  thread.lastError = win32Error(fault.status);
  return 0;
}

type Generic = (thread: Thread, ...args: number[]) => unknown;

/** Slots: how many numbers the declared parameters make (an opaque64 is two). */
function readArguments(thread: Thread, api: ApiFunction): number[] {
  const args: number[] = [];
  api.parameters.forEach((parameter, index) => {
    if (parameter.kind === 'opaque64') args.push(low(thread, index), high(thread, index));
    else args.push(read(thread, index, parameter.kind));
  });
  return args;
}

/** Calls without allocating for up to four plain parameters. */
function spread(thread: Thread, api: ApiFunction, run: Generic): unknown {
  const p = api.parameters;
  switch (api.plainArity) {
    case 0:
      return run(thread);
    case 1:
      return run(thread, read(thread, 0, p[0]!.kind));
    case 2:
      return run(thread, read(thread, 0, p[0]!.kind), read(thread, 1, p[1]!.kind));
    case 3:
      return run(
        thread,
        read(thread, 0, p[0]!.kind),
        read(thread, 1, p[1]!.kind),
        read(thread, 2, p[2]!.kind),
      );
    case 4:
      return run(
        thread,
        read(thread, 0, p[0]!.kind),
        read(thread, 1, p[1]!.kind),
        read(thread, 2, p[2]!.kind),
        read(thread, 3, p[3]!.kind),
      );
    default:
      return run(thread, ...readArguments(thread, api));
  }
}

/** How many parameters there are, or -1 when they are not all single numbers in registers. */
function arityOf(parameters: readonly { kind: Kind }[]): number {
  return parameters.length > 4 || parameters.some(({ kind }) => kind === 'opaque64') ? -1 : parameters.length;
}

function low(thread: Thread, index: number): number {
  return index < 4
    ? thread.cpu.gprLow(ARGUMENT_REGISTERS[index]!)
    : thread.memory.u32(stackSlot(thread, index));
}
function high(thread: Thread, index: number): number {
  return index < 4
    ? thread.cpu.gprHigh(ARGUMENT_REGISTERS[index]!)
    : thread.memory.u32(stackSlot(thread, index) + 4);
}
function stackSlot(thread: Thread, index: number): number {
  return thread.cpu.gpr(RSP) + thread.stackArguments + FIRST_STACK_ARGUMENT + (index - 4) * 8;
}

function read(thread: Thread, index: number, kind: Kind): number {
  const bits = low(thread, index);
  switch (kind) {
    case 'address':
    case 'size':
      return bits + high(thread, index) * TWO_32;
    case 'handle': {
      const value = bits + high(thread, index) * TWO_32;
      return value >= SIGN ? (high(thread, index) | 0) * TWO_32 + bits : value;
    }
    case 'int':
      return bits | 0;
    case 'word':
      return bits & 0xffff;
    case 'byte':
      return bits & 0xff;
    default:
      return bits;
  }
}

function setResult(thread: Thread, kind: Kind, value: number): void {
  switch (kind) {
    case 'void':
      return;
    case 'address':
    case 'size':
    case 'handle':
      thread.cpu.setGpr(RAX, value);
      return;
    case 'opaque64':
      thread.cpu.setGprHalves(RAX, value >>> 0, thread.resultHigh);
      return;
    default:
      thread.cpu.setGprHalves(RAX, value >>> 0, 0);
  }
}

/** The rip of the `syscall` that is being served (rip stands after it): where a raised fault is to resume. */
export function serviceAddress(thread: Thread): number {
  return thread.cpu.number64(STATE.rip) - SYSCALL_LENGTH;
}
const SYSCALL_LENGTH = 2;

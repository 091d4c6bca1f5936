import { RCX, RSP, STATE } from '../machine/cpu-state.ts';
import { CPU_STATE } from '../machine/layout.ts';
import { READ } from '../memory/constants.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import { STATUS_NO_MEMORY } from '../memory/status.ts';
import { dropUnwound, resumeHostFrame, startHostFrame } from '../process/host-frames.ts';
import { OutOfMemory } from '../process/out-of-memory.ts';
import { Pending, parametersOf, type Thread } from '../process/thread.ts';
import { win32Error } from '../process/win32-error.ts';
import { type ApiFunction, type Declaration, type Family, type Kind, library, pageOf } from './api.ts';
import { argumentsOf, type CallShape, invoke, setResult, shapeOf } from './calling-convention.ts';
import type { DllServices } from './services.ts';

/**
 * Our DLLs lie high, far from programs, the same in every process and run; nothing else is placed from here on,
 * and a `syscall` counts only here.
 */
export const OWN_DLLS = 0x7ff8_0000_0000;
/** Service number by which the stub of a calling function hands back what the guest function returned. */
export const CALLBACK_RETURN = 0;
/** From here on are the numbers of functions that turn out to be absent, so many of them; those of our DLLs follow. */
export const FIRST_ABSENT = 1;
export const ABSENT_SERVICES = 1024;
/** What a call costs of the slice. */
const CALL_FUEL = 20;
const STATUS_HOST_FRAMES = 0xc00000fd;
/** Words of the CPU state that every call looks at. */
const FUEL = (CPU_STATE + STATE.fuel) / 4;
const RIP_HIGH = (CPU_STATE + STATE.rip) / 4 + 1;
const OWN_DLLS_HIGH = OWN_DLLS / 0x1_0000_0000;
type Generic = (thread: Thread, ...args: number[]) => unknown;

/** Watches API calls: --trace and --stats. */
export interface ServiceObserver {
  called(thread: Thread, api: ApiFunction, args: readonly number[]): void;
  returned(thread: Thread, api: ApiFunction, result: number): void;
}

/** A declaration in its place; its shape and page are worked out when they are needed. */
class Served implements ApiFunction {
  readonly dll: string;
  readonly name: string;
  readonly rule: ApiFunction['rule'];
  readonly result: Kind;
  readonly plain: ApiFunction['plain'];
  readonly calling: ApiFunction['calling'];
  readonly frame: ApiFunction['frame'];
  readonly hidden: boolean;
  readonly documentedNoOp: boolean;
  readonly #declaration: Declaration<never[]>;
  readonly #family: Family | undefined;
  #shape: CallShape | undefined = undefined;

  constructor(dll: string, name: string, declaration: Declaration<never[]>, of?: Family) {
    this.dll = dll;
    this.name = name;
    this.rule = declaration.rule;
    this.result = declaration.result;
    this.plain = declaration.plain;
    this.calling = declaration.calling;
    this.frame = declaration.frame;
    this.hidden = declaration.hidden;
    this.documentedNoOp = declaration.documentedNoOp;
    this.#declaration = declaration;
    this.#family = of;
  }

  get parameters() {
    return this.#declaration.parameters;
  }
  get variadic() {
    return this.#declaration.variadic;
  }
  get page(): string {
    return this.#family ? pageOf(this.#family, this.name) : '';
  }
  get shape(): CallShape {
    this.#shape ??= shapeOf(this.parameters, this.result);
    return this.#shape;
  }
}

/** The functions of one of our DLLs, by number and by name. */
class ServedDll {
  readonly #services: DllServices;
  readonly #families: readonly Family[];
  #names: readonly string[] | undefined = undefined;

  constructor(services: DllServices, families: readonly Family[]) {
    this.#services = services;
    this.#families = families;
  }

  /** The function of a service number, undefined where that is none of this DLL's. */
  make(service: number): ApiFunction | undefined {
    const { dll, first, counts } = this.#services;
    let index = service - first;
    if (index < 0) return undefined;
    let at = 0;
    while (at < counts.length && index >= counts[at]!) index -= counts[at++]!;
    if (at === counts.length) return undefined;
    const name = this.#list[service - first]!;
    const family = this.#families[at]!;
    return new Served(dll, name, family.functions[name]!, family);
  }

  number(name: string): number | undefined {
    const index = this.#list.indexOf(name);
    return index < 0 ? undefined : this.#services.first + index;
  }

  get #list(): readonly string[] {
    this.#names ??= this.#services.names.split(' ');
    return this.#names;
  }
}

/**
 * All API functions by service number, and the one entry through which guest code calls them: arguments are
 * taken from registers and stack by kind, guest faults are caught here, results are put where the ABI wants
 * them (https://learn.microsoft.com/cpp/build/x64-calling-convention).
 */
export class ServiceTable {
  /** Index = service number; those that have been called or asked for. */
  readonly #functions: (ApiFunction | undefined)[] = [undefined];
  readonly #dlls = new Map<string, ServedDll>();
  #absent = 0;
  observer: ServiceObserver | undefined = undefined;
  /** The thread that is running. */
  thread: Thread | undefined = undefined;

  /** Serves the functions of a DLL from now on. `families` are those that `services` counts. */
  add(services: DllServices, families: readonly Family[]): void {
    this.#dlls.set(services.dll, new ServedDll(services, families));
    // An array that has its length beforehand is not made a hash table by the first number that is far from the others.
    const end = services.counts.reduce((sum, count) => sum + count, services.first);
    this.#functions.length = Math.max(this.#functions.length, end);
  }

  /**
   * A service number that stops the run with the name of what is missing and of its caller. Undefined when all that are
   * set aside for this are taken.
   */
  addAbsent(dll: string, name: string): number | undefined {
    if (this.#absent === ABSENT_SERVICES) return undefined;
    const service = FIRST_ABSENT + this.#absent++;
    this.#functions[service] = new Served(
      dll,
      name,
      library('', 'void', (thread) => {
        const caller = thread.process.describe(thread.memory.u64(thread.cpu.gpr(RSP)));
        return thread.stop(`${dll}!${name} is not built yet; called from ${caller}`);
      }),
    );
    return service;
  }

  /** Service number of "kernel32!VirtualAlloc", or undefined. */
  number(dll: string, name: string): number | undefined {
    return this.#dlls.get(dll)?.number(name);
  }

  /** The function of a service number, or undefined. */
  at(service: number): ApiFunction | undefined {
    return this.#functions[service] ?? this.#make(service);
  }

  /** Functions are made when they are first called: a program calls few of the many that there are. */
  #make(service: number): ApiFunction | undefined {
    for (const dll of this.#dlls.values()) {
      const made = dll.make(service);
      if (!made) continue;
      this.#functions[service] = made;
      return made;
    }
    return undefined;
  }

  /** Serves a `syscall` of the running thread. True: leave the CPU; thread.pending says why. */
  serve(service: number): boolean {
    const thread = this.thread!;
    if (service === CALLBACK_RETURN) return this.#returnFromGuest(thread);
    const api = this.at(service);
    if (!api || thread.words[RIP_HIGH]! < OWN_DLLS_HIGH) {
      thread.stop(
        `a raw system call with number 0x${service.toString(16)} at ${thread.process.describe(thread.cpu.rip)}`,
      );
      return true;
    }
    return this.#call(thread, api);
  }

  #call(thread: Thread, api: ApiFunction): boolean {
    thread.stackArguments = api.calling && !api.frame.interrupt ? api.frame.size : 0;
    thread.words[FUEL]! -= CALL_FUEL;
    thread.process.serving = api.dll;
    try {
      if (this.observer) this.observer.called(thread, api, argumentsOf(thread, api));
      if (api.calling) {
        if (!startHostFrame(thread, api, invoke(thread, api, api.calling as Generic) as never)) {
          thread.raise(STATUS_HOST_FRAMES);
        }
        return thread.pending !== Pending.none;
      }
      const result = invoke(thread, api, api.plain as Generic) as number;
      if (thread.pending !== Pending.none) return true;
      setResult(thread, api, result);
      this.observer?.returned(thread, api, result);
      return thread.isTired;
    } catch (error) {
      return this.#faulted(thread, api, faultOf(error));
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
      const fault = faultOf(error);
      dropFrame(thread);
      raiseFault(thread, fault);
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
    setResult(thread, api, result);
    this.observer?.returned(thread, api, result);
    return false;
  }
}

/** What the guest hears of an error; one that is not the guest's goes on up. */
function faultOf(error: unknown): GuestFault {
  if (error instanceof OutOfMemory) return new GuestFault(STATUS_NO_MEMORY, READ, 0);
  if (!(error instanceof GuestFault)) throw error;
  return error;
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

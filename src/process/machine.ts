import { CpuState } from '../machine/cpu-state.ts';
import type { Host } from '../machine/host.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import { Ram } from '../machine/ram.ts';
import type { FileCaches } from '../memory/file-cache.ts';
import { MemorySystem } from '../memory/system.ts';
import { Clock } from './clock.ts';
import type { Drives } from './drives.ts';
import { Namespace } from './namespace.ts';
import { Process } from './process.ts';

export interface MachineOptions {
  /** RAM in bytes; rounded down to whole frames. Default 1 GiB. */
  readonly ram?: number;
  /** An unused ramMemory(); made when absent. */
  readonly memory?: WebAssembly.Memory;
  /** Files, console, clock and random. Without one, API functions that need it fail. */
  readonly host?: Host;
  /** A seed makes clock and random repeatable. */
  readonly deterministic?: number;
}

const DEFAULT_RAM = 1024 * 1024 * 1024;
const LEAST_RAM = 1024 * 1024;
const MOST_RAM = 3.5 * 1024 * 1024 * 1024;

/** One computer: its RAM, its memory manager, its named objects, its processes. */
export class Machine {
  readonly ram: Ram;
  readonly system: MemorySystem;
  readonly cpu: CpuState;
  readonly namespace = new Namespace();
  readonly fileCaches: FileCaches;
  readonly processes: Process[] = [];
  readonly host: Host | undefined;
  readonly clock: Clock;
  /** Path names of the guest; set by whoever composes a machine with files. */
  drives: Drives | undefined = undefined;
  #nextId = 4;

  /** RangeError when `ram` is not between 1 MiB and 3.5 GiB. */
  constructor(options: MachineOptions = {}) {
    const ram = options.ram ?? DEFAULT_RAM;
    if (!(ram >= LEAST_RAM && ram <= MOST_RAM))
      throw new RangeError(`ram must lie between 1M and 3584M, not ${ram} bytes`);
    this.ram = new Ram(options.memory);
    this.system = new MemorySystem(this.ram, { frames: Math.floor(ram / PAGE_SIZE) });
    this.cpu = new CpuState(this.ram);
    this.fileCaches = this.system.files;
    this.host = options.host;
    this.clock = new Clock(options.host?.clock, options.deterministic);
  }

  /** Process and thread ids are multiples of four, as on Windows. */
  nextId(): number {
    return (this.#nextId += 4);
  }

  /** A new process with an empty address space, a heap and a main thread that TypeScript can call the API on. */
  createProcess(options: { highest?: number; heapReserve?: number; heapCommit?: number } = {}): Process {
    const process = new Process(this, options);
    this.processes.push(process);
    return process;
  }
}

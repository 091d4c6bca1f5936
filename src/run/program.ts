import { createExecutor } from '../cpu/executor.ts';
import type { Translator } from '../cpu/translator.ts';
import { flushRuntimes } from '../dlls/crt/stream.ts';
import { type ServiceObserver, ServiceTable } from '../dlls/service-table.ts';
import type { ImageFile } from '../image/image-file.ts';
import { readImage } from '../image/pe.ts';
import type { Host } from '../machine/host.ts';
import { WRITE } from '../memory/constants.ts';
import { GuestFault } from '../memory/guest-memory.ts';
import type { Drives } from '../process/drives.ts';
import { Machine } from '../process/machine.ts';
import { OutOfMemory } from '../process/out-of-memory.ts';
import type { Process } from '../process/process.ts';
import { standardHandles } from '../process/standard-handles.ts';
import { PEB } from '../process/teb.ts';
import type { Thread } from '../process/thread.ts';
import { DllSource } from './image-source.ts';
import { ImageLoader, type LoadFailure } from './loader.ts';
import { LoadedModule } from './modules.ts';
import { type KernelEntries, type RunEnd, Runner, type RunOptions } from './runner.ts';
import { type Time, TimedServices } from './time.ts';

const HIGHEST_SMALL_ADDRESS = 0x7ffe_ffff;
const DEFAULT_STACK = 0x100000;

/** A program to run, as the guest knows it. */
export interface ProgramOptions {
  readonly host: Host;
  readonly drives: Drives;
  /** The exe's bytes, its file name, and its path in the guest. */
  readonly file: Uint8Array | ImageFile;
  readonly name: string;
  readonly path: string;
  /** Host folder of the program, where its DLLs are, and that folder in the guest. */
  readonly folder: { readonly hostPath: string; readonly guestPath: string };
  readonly commandLine: string;
  readonly currentDirectory: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly ram?: number;
  /** Measures how long API calls take, which makes each take a little longer. */
  readonly timed?: boolean;
  /** Is told of every API call, those included that translated code does itself otherwise. */
  readonly observer?: ServiceObserver | undefined;
  /** An unused ramMemory(); made when absent. */
  readonly memory?: WebAssembly.Memory;
}

/** Why a program cannot be run: one line each. */
export interface Refused {
  readonly refused: readonly string[];
}

/** A loaded program on its own machine. */
export class Program {
  readonly machine: Machine;
  readonly process: Process;
  readonly thread: Thread;
  readonly table: ServiceTable;
  readonly executor: Translator;
  readonly #runner: Runner;
  readonly #services: TimedServices | undefined;
  readonly #dlls: DllSource;

  private constructor(
    machine: Machine,
    process: Process,
    table: ServiceTable,
    dlls: DllSource,
    services: TimedServices | undefined,
    entries: KernelEntries,
    entry: number,
  ) {
    this.machine = machine;
    this.process = process;
    this.thread = process.mainThread;
    this.table = table;
    this.#dlls = dlls;
    this.#services = services;
    this.executor = createExecutor(
      machine,
      services ? (service) => services.serve(service) : (service) => table.serve(service),
    );
    this.#runner = new Runner(this.executor, table, this.thread, entries);
    this.#runner.prepare(entry, process.peb);
  }

  /** Reads, maps and binds the program; nothing of it has run when this returns. RangeError for an unusable `ram`. */
  static load(options: ProgramOptions): Program | Refused {
    const table = new ServiceTable();
    const dlls = new DllSource(options.host.files, [options.folder], table);
    let loaded: Program | Refused | undefined;
    try {
      loaded = Program.#load(options, table, dlls);
      return loaded;
    } catch (error) {
      return { refused: [`${options.name} ${whyNotLoaded(error)}`] };
    } finally {
      if (!(loaded instanceof Program)) dlls.close();
    }
  }

  static #load(options: ProgramOptions, table: ServiceTable, dlls: DllSource): Program | Refused {
    const { image, refusal } = readImage(options.file, 'program');
    if (!image) return { refused: [`${options.name}: ${refusal}`] };
    const machine = new Machine({ ram: options.ram, memory: options.memory, host: options.host });
    machine.drives = options.drives;
    table.observer = options.observer;
    const { headers } = image;
    const process = machine.createProcess({
      highest: image.isLargeAddressAware ? undefined : HIGHEST_SMALL_ADDRESS,
      heapReserve: headers.heapReserve,
      heapCommit: headers.heapCommit,
    });
    process.createThread(headers.stackReserve || DEFAULT_STACK, headers.stackCommit);
    process.commandLine = options.commandLine;
    process.currentDirectory = options.currentDirectory;
    process.environment = new Map(options.environment);
    const loader = new ImageLoader(process, dlls);
    process.loader = loader;
    const main = loader.loadProgram(options.name, options.path, image, ['ntdll.dll', 'kernel32.dll']);
    if (!(main instanceof LoadedModule)) return refusedBy(options.name, main);
    process.memory.setU64(process.peb + PEB.imageBase, main.base);
    process.memory.setU32(process.peb + PEB.imageSubsystem, headers.subsystem);
    loader.data.writeParameters(options.path, standardHandles(process));
    const services = options.timed ? new TimedServices(table) : undefined;
    return new Program(machine, process, table, dlls, services, kernelEntries(loader), main.entryPoint);
  }

  /** Where the time went so far. */
  get time(): Time {
    const { translateTime, compileTime } = this.executor.statistics;
    const api = this.#services?.time;
    const guest = this.#runner.executed - translateTime - compileTime - (api ?? 0);
    return { translate: translateTime, compile: compileTime, guest, ...(api !== undefined && { api }) };
  }

  /**
   * Runs to the end, or until time or patience runs out. A program that we end gets what it has buffered for its
   * standard output written; one that ends itself, or dies, has had its say.
   */
  async run(options: RunOptions): Promise<RunEnd> {
    const end = await this.#runner.run(options);
    if (end.kind !== 'exited') {
      try {
        flushRuntimes(this.thread);
      } catch (error) {
        if (!(error instanceof GuestFault)) throw error;
      }
    }
    return end;
  }

  /**
   * Ends what the machine has outside itself: files get what is dirty, are closed, and are deleted where that was
   * asked for. Its memory is not taken apart, for it goes as a whole: a thousand views cost a tenth of a second.
   */
  close(): void {
    this.machine.fileCaches.closeAll();
    this.process.handles.closeAll('section');
    this.#dlls.close();
  }
}

/** What the program's own headers made impossible; other errors are ours. */
function whyNotLoaded(error: unknown): string {
  if (error instanceof OutOfMemory) return `needs more memory than there is: ${error.message}`;
  // A TLS index in a read-only section, say: Windows' loader takes the fault as well, and ends the process.
  if (!(error instanceof GuestFault)) throw error;
  const [address, status] = [error.address.toString(16), error.status.toString(16)];
  const verb = error.access === WRITE ? 'write' : 'read';
  return `cannot be loaded: the loader has to ${verb} 0x${address}, and may not (status 0x${status})`;
}

function refusedBy(name: string, failure: LoadFailure): Refused {
  return { refused: failure.problems.map((line) => (line.startsWith(name) ? line : `${name}: ${line}`)) };
}

function kernelEntries(loader: ImageLoader): KernelEntries {
  const ntdll = loader.modules.byName('ntdll.dll')!;
  return {
    threadStart: ntdll.resolve('RtlUserThreadStart'),
    exceptionDispatcher: ntdll.resolve('KiUserExceptionDispatcher'),
  };
}

import { HeapManager } from '../heap/heap-manager.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../memory/constants.ts';
import { GuestFault, GuestMemory } from '../memory/guest-memory.ts';
import type { AddressSpace } from '../memory/space.ts';
import { FrameUnwinder } from './frame-unwinder.ts';
import { FunctionTables } from './function-tables.ts';
import { HandleTable } from './handles.ts';
import { mapSharedData } from './kuser.ts';
import type { Loader } from './loader.ts';
import type { Machine } from './machine.ts';
import { KernelObject } from './objects.ts';
import { OutOfMemory } from './out-of-memory.ts';
import { PEB, PEB_SIZE, TEB, TEB_SIZE, WINDOWS } from './teb.ts';
import { type ExceptionRecord, parametersOf, Thread } from './thread.ts';

export interface ProcessOptions {
  /** Highest address of user space: lower for an exe that is not LARGEADDRESSAWARE. */
  readonly highest?: number;
  /** Reserve and commit of the process heap in bytes (from the exe's header). */
  readonly heapReserve?: number;
  readonly heapCommit?: number;
}

/** One loaded image, as the loader list, GetModuleHandle and reports need it. */
export interface Module {
  /** File name with extension, as the program wrote it: "KERNEL32.dll". */
  readonly name: string;
  /** Full guest path. */
  readonly path: string;
  readonly base: number;
  readonly size: number;
  readonly entryPoint: number;
  /** Address of an export by name or ordinal, forwarders followed; 0 when there is none. */
  resolve(symbol: string | number): number;
  /** "function+0x12" or undefined: the nearest symbol below an address inside the module. */
  describe(address: number): string | undefined;
  /** Address of its LDR_DATA_TABLE_ENTRY. */
  ldrEntry: number;
  /** LoadLibrary calls not yet undone by FreeLibrary; infinite for what was loaded with the program. */
  loads: number;
  tlsIndex: number;
  /** Its RUNTIME_FUNCTIONs: address in the guest, and how many. */
  readonly functionTable: { readonly address: number; readonly count: number };
}

const STACK_SIZE = 0x100000;

/** A process: an address space, its heaps, handles, modules and threads. */
export class Process extends KernelObject {
  readonly type = 'process';
  readonly machine: Machine;
  readonly id: number;
  readonly space: AddressSpace;
  readonly memory: GuestMemory;
  readonly heaps: HeapManager;
  readonly handles = new HandleTable();
  readonly modules: Module[] = [];
  /** Addresses of functions in our DLLs that are no exports: "ntdll!RcConsolidateFrames". */
  readonly hiddenFunctions = new Map<string, number>();
  readonly threads: Thread[] = [];
  readonly peb: number;
  /** Handle (address) of the process heap. */
  readonly processHeap: number;
  readonly functionTables: FunctionTables;
  readonly unwinder: FrameUnwinder;
  /** Vectored exception and continue handlers, first called first: addresses in the guest. */
  readonly exceptionHandlers: VectoredHandler[] = [];
  readonly continueHandlers: VectoredHandler[] = [];
  /** SetUnhandledExceptionFilter's function, 0 when none. */
  unhandledFilter = 0;
  /** The last token that AddVectoredExceptionHandler gave out. */
  nextHandlerToken = 0x20000;
  /** Our DLL whose function runs: two C runtimes in a process share code, not state. */
  serving = '';
  /** ExitProcess has begun. */
  ending = false;
  /** Loads DLLs for LoadLibrary. */
  loader: Loader | undefined = undefined;
  exitCode: number | undefined = undefined;
  /** Guest's view of where it is; drives.ts gives them their meaning. */
  currentDirectory = 'C:\\';
  commandLine = '';
  environment = new Map<string, string>();
  /** TLS indexes in use (TlsAlloc). */
  readonly tlsInUse: boolean[] = [];

  constructor(machine: Machine, options: ProcessOptions) {
    super();
    // It is its own reference: closing the last handle to a running process does not end it.
    this.opened();
    this.machine = machine;
    this.id = machine.nextId();
    this.space = machine.system.createSpace();
    if (options.highest) this.space.highest = options.highest;
    this.memory = new GuestMemory(this.space);
    this.functionTables = new FunctionTables(this);
    this.unwinder = new FrameUnwinder(this.memory, this.functionTables);
    mapSharedData(this);
    this.peb = this.reserveSystem(PEB_SIZE, PEB_SIZE);
    this.heaps = new HeapManager(this.space, this.memory);
    this.processHeap = this.heaps.createProcessHeap(
      options.heapReserve ?? 0x100000,
      options.heapCommit ?? PAGE_SIZE,
    );
    if (this.processHeap === 0) throw new OutOfMemory('the machine has no memory left for a process heap');
    this.#fillPeb();
  }

  /** The first thread; made on demand with a stack of its own when no program set one up. */
  get mainThread(): Thread {
    return this.threads[0] ?? this.createThread(STACK_SIZE, PAGE_SIZE);
  }

  /** Reserves and commits a system structure; OutOfMemory when the machine is too small for it. */
  reserveSystem(size: number, commit: number): number {
    if (this.space.allocate(0, size, MEM_RESERVE, PAGE_READWRITE) !== 0)
      throw new OutOfMemory('no address space left for a system structure');
    const base = this.space.resultBase;
    if (commit > 0 && this.space.allocate(base + size - commit, commit, MEM_COMMIT, PAGE_READWRITE) !== 0) {
      throw new OutOfMemory('the machine has too little RAM for a process');
    }
    return base;
  }

  /** A thread with its TEB and a stack: `commit` bytes at the top of `reserve` are committed, a guard page below. */
  createThread(reserve: number, commit: number): Thread {
    const teb = this.reserveSystem(TEB_SIZE, TEB_SIZE);
    const thread = new Thread(this, this.machine.nextId(), teb);
    const stack = this.#createStack(reserve, commit);
    const memory = this.memory;
    memory.setU64(teb + TEB.stackBase, stack.high);
    memory.setU64(teb + TEB.stackLimit, stack.limit);
    memory.setU64(teb + TEB.deallocationStack, stack.low);
    memory.setU64(teb + TEB.self, teb);
    memory.setU64(teb + TEB.processId, this.id);
    memory.setU64(teb + TEB.threadId, thread.id);
    memory.setU64(teb + TEB.peb, this.peb);
    thread.stack = { low: stack.low, high: stack.high };
    this.threads.push(thread);
    return thread;
  }

  #createStack(reserve: number, commit: number): { low: number; high: number; limit: number } {
    const size = Math.max(Math.ceil(reserve / 0x10000) * 0x10000, 0x10000);
    const guard = PAGE_SIZE;
    const committed = Math.min(
      Math.max(Math.ceil(commit / PAGE_SIZE) * PAGE_SIZE, PAGE_SIZE),
      size - 2 * PAGE_SIZE,
    );
    const low = this.reserveSystem(size, committed);
    const high = low + size;
    const limit = high - committed;
    const PAGE_GUARD = 0x100;
    if (this.space.allocate(limit - guard, guard, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD) !== 0) {
      throw new OutOfMemory('the machine has too little RAM for a thread stack');
    }
    return { low, high, limit };
  }

  #fillPeb(): void {
    const memory = this.memory;
    memory.setU64(this.peb + PEB.processHeap, this.processHeap);
    memory.setU32(this.peb + PEB.numberOfProcessors, 1);
    memory.setU64(this.peb + PEB.heapSegmentReserve, 0x100000);
    memory.setU64(this.peb + PEB.heapSegmentCommit, 0x2000);
    memory.setU64(this.peb + PEB.heapDeCommitTotalFree, 0x10000);
    memory.setU64(this.peb + PEB.heapDeCommitFreeBlock, 0x1000);
    memory.setU32(this.peb + PEB.osMajorVersion, WINDOWS.major);
    memory.setU32(this.peb + PEB.osMinorVersion, WINDOWS.minor);
    memory.setU16(this.peb + PEB.osBuildNumber, WINDOWS.build);
    memory.setU32(this.peb + PEB.osPlatformId, WINDOWS.platform);
  }

  /** The module that holds `address`. */
  moduleAt(address: number): Module | undefined {
    return this.modules.find((module) => address >= module.base && address < module.base + module.size);
  }
  /** "module+0x123 (function+0x4)", or the bare address outside every module. */
  describe(address: number): string {
    const module = this.moduleAt(address);
    if (!module) return `0x${address.toString(16)}`;
    const symbol = module.describe(address);
    const place = `${module.name}+0x${(address - module.base).toString(16)}`;
    return symbol ? `${place} (${symbol})` : place;
  }

  /**
   * Bytes of its memory, as an instruction of its own would read them; or the exception that it would take,
   * as data. Guard pages are used up and pages brought in as by any access.
   */
  read(address: number, length: number): Uint8Array | ExceptionRecord {
    return this.#access(() => this.memory.bytes(address, length));
  }
  /** Stores bytes as an instruction would; the exception it takes instead, as data, or undefined. */
  write(address: number, bytes: Uint8Array): ExceptionRecord | undefined {
    return this.#access(() => this.memory.setBytes(address, bytes)) as ExceptionRecord | undefined;
  }
  #access<T>(run: () => T): T | ExceptionRecord {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof GuestFault)) throw error;
      const { status, access, address } = error;
      return { code: status, flags: 0, address: 0, parameters: parametersOf(access, address) };
    }
  }

  /** Ends the process: only the first code counts. */
  exit(code: number): void {
    this.exitCode ??= code >>> 0;
  }
  /** Gives back everything: handles, views, memory. Dirty file pages are written. */
  destroy(): void {
    this.handles.closeAll();
    this.space.destroy();
    const index = this.machine.processes.indexOf(this);
    if (index >= 0) this.machine.processes.splice(index, 1);
  }
}

export interface VectoredHandler {
  /** What AddVectoredExceptionHandler returned. */
  readonly token: number;
  readonly address: number;
}

import { OutOfMemory } from '../../process/out-of-memory.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { allocateZeroed } from './allocation.ts';
import type { Descriptor } from './descriptor.ts';

/** Functions that a program registers, by what calls them. */
export interface CrtHooks {
  userMathError: number;
  invalidParameter: number;
  purecall: number;
  newHandler: number;
}

export interface CrtLock {
  owner: Thread | undefined;
  depth: number;
  readonly waiting: (() => void)[];
}

/** What the C runtime of one process remembers outside guest memory. */
export class Crt {
  readonly process: Process;
  /** Addresses of the data exports (data.ts). */
  readonly data = new Map<string, number>();
  /** Blocks made once on demand, by name: tables, the lconv, argument vectors. */
  readonly blocks = new Map<string, number>();
  /** atexit and _onexit functions, first registered first. */
  readonly exitFunctions: number[] = [];
  /** Open files by number; undefined until the first use. */
  descriptors: (Descriptor | undefined)[] | undefined = undefined;
  /** FILE structures beyond the table of _iob, and whether each is open. */
  readonly extraStreams = new Map<number, boolean>();
  readonly temporaryFiles = new Map<number, string>();
  readonly signals = new Map<number, number>();
  readonly hooks: CrtHooks = { userMathError: 0, invalidParameter: 0, purecall: 0, newHandler: 0 };
  readonly locks = new Map<number, CrtLock>();
  /** Uptime (ms) when the runtime was first used; clock() counts from it. */
  readonly started: number;
  appType = 0;
  /** _umask: permissions that new files do not get. */
  permissionMask = 0;
  /** The process writes our buffers when it ends (stream.ts). */
  flushesAtEnd = false;

  constructor(process: Process) {
    this.process = process;
    this.started = process.machine.clock.uptime();
  }
}

const states = new WeakMap<Process, Crt>();

export function crtOf(process: Process): Crt {
  let state = states.get(process);
  if (!state) states.set(process, (state = new Crt(process)));
  return state;
}

/** What the C runtime keeps for each thread in guest memory: byte offsets from ThreadData.address. */
export const THREAD_DATA = {
  errno: 0x00,
  doserrno: 0x04,
  /** struct tm of gmtime and localtime. */
  tm: 0x10,
  /** asctime, ctime: 26 characters. */
  asctime: 0x40,
  /** _wasctime, _wctime. */
  wideAsctime: 0x60,
  /** strerror's text. */
  message: 0xa0,
  wideMessage: 0x1a0,
} as const;
const THREAD_DATA_SIZE = 0x3a0;

export interface ThreadData {
  /** Guest address of the block described by THREAD_DATA. */
  readonly address: number;
  /** State of rand(). */
  seed: number;
  /** Where strtok and wcstok go on. */
  token: number;
  wideToken: number;
  /** A scanf that waits for input (scanf.ts). */
  scan: Generator<undefined, number, undefined> | undefined;
}

const threads = new WeakMap<Thread, ThreadData>();

export function threadData(thread: Thread): ThreadData {
  let data = threads.get(thread);
  if (!data) {
    const address = allocateZeroed(thread.process, THREAD_DATA_SIZE);
    if (address === 0) throw new OutOfMemory('no memory left for the C runtime data of a thread');
    data = { address, seed: 1, token: 0, wideToken: 0, scan: undefined };
    threads.set(thread, data);
  }
  return data;
}

/** A zeroed block made at its first use and kept until the process ends. */
export function keptBlock(crt: Crt, name: string, size: number, fill: (address: number) => void): number {
  let address = crt.blocks.get(name);
  if (address === undefined) {
    address = allocateZeroed(crt.process, size);
    if (address === 0) throw new OutOfMemory(`no memory left for the C runtime's ${name}`);
    crt.blocks.set(name, address);
    fill(address);
  }
  return address;
}

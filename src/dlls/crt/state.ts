import { OutOfMemory } from '../../process/out-of-memory.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { allocateZeroed } from './allocation.ts';
import type { Descriptor } from './descriptor.ts';
import type { TimeZone } from './time-zone.ts';

/** Functions that a program registers, by what calls them. */
export interface CrtHooks {
  userMathError: number;
  invalidParameter: number;
  purecall: number;
  newHandler: number;
  terminate: number;
}

export interface CrtLock {
  owner: Thread | undefined;
  depth: number;
  readonly waiting: (() => void)[];
}

/** What a locale says beyond "C". */
export interface LocaleState {
  /** Code page of LC_CTYPE; 0 is "C". */
  readonly codePage: number;
}

/** What the C runtime of one process remembers outside guest memory. */
export class Crt {
  readonly process: Process;
  readonly runtime: Runtime;
  /** The Universal C Runtime, which follows C99 where msvcrt keeps to older rules. */
  readonly isUniversal: boolean;
  /** Addresses of the data exports (data.ts). */
  readonly data = new Map<string, number>();
  /** Blocks made once on demand, by name: tables, the lconv, argument vectors. */
  readonly blocks = new Map<string, number>();
  /** atexit and _onexit functions, first registered first. */
  readonly exitFunctions: number[] = [];
  readonly quickExitFunctions: number[] = [];
  /** _locale_t objects by address. */
  readonly locales = new Map<number, LocaleState>();
  threadExitCallback = 0;
  newMode = 0;
  /** _set_abort_behavior's flags: a message is written, as by default in a console program. */
  abortBehavior = 1;
  /** Open files by number; undefined until the first use. */
  descriptors: (Descriptor | undefined)[] | undefined = undefined;
  /** FILE structures beyond the table of _iob, and whether each is open. */
  readonly extraStreams = new Map<number, boolean>();
  /** Second halves of characters that wide reads of a stream have still to give. */
  readonly surrogates = new Map<number, number>();
  /** How many names tmpnam and _tempnam have made. */
  temporaryNames = 0;
  namesInFolders = 0;
  readonly signals = new Map<number, number>();
  readonly hooks: CrtHooks = {
    userMathError: 0,
    invalidParameter: 0,
    purecall: 0,
    newHandler: 0,
    terminate: 0,
  };
  readonly locks = new Map<number, CrtLock>();
  /** Uptime (ms) when the runtime was first used; clock() counts from it. */
  readonly started: number;
  appType = 0;
  /** Undefined until it is first asked for. */
  zone: TimeZone | undefined = undefined;
  /** _setmaxstdio's number. */
  mostStreams = 512;
  /** Code page of LC_CTYPE; 0 is the "C" locale. */
  codePage = 0;
  /** Names by category; index 0 (LC_ALL) is not used. */
  readonly localeNames: string[] = ['C', 'C', 'C', 'C', 'C', 'C'];
  /** What _getmbcp answers: 0 for a code page of single bytes. */
  multibyteCodePage = 0;
  /** _set_printf_count_output: whether printf's %n stores. */
  printfCounts = false;
  /** _umask: permissions that new files do not get. */
  permissionMask = 0;
  /** The process writes our buffers when it ends (stream.ts). */
  flushesAtEnd = false;

  constructor(process: Process, runtime: Runtime) {
    this.process = process;
    this.runtime = runtime;
    this.isUniversal = runtime === 'ucrtbase';
    this.started = process.machine.clock.uptime();
  }
}

/** The DLLs that are C runtimes with a state of their own. */
export type Runtime = 'msvcrt' | 'ucrtbase';

/** One state for each runtime, as a program and a DLL of it may use different ones. */
interface States {
  msvcrt: Crt | undefined;
  ucrtbase: Crt | undefined;
}
const states = new WeakMap<Process, States>();

/** The runtime that is being called. Those of the compiler have no state of their own: they go with the universal one. */
function runtimeOf({ serving }: Process): Runtime {
  return serving === 'ucrtbase' || serving.startsWith('vcruntime140') ? 'ucrtbase' : 'msvcrt';
}

/** The state of the runtime that is being called. */
export function crtOf(process: Process): Crt {
  const runtime = runtimeOf(process);
  let own = states.get(process);
  if (!own) states.set(process, (own = { msvcrt: undefined, ucrtbase: undefined }));
  return (own[runtime] ??= new Crt(process, runtime));
}

/** The states that a process has. */
export function runtimesOf(process: Process): readonly Crt[] {
  const own = states.get(process);
  return own ? [own.msvcrt, own.ucrtbase].filter((crt) => crt !== undefined) : [];
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
  /** __current_exception: a record; __current_exception_context: a CONTEXT. */
  exception: 0x3a0,
  exceptionContext: 0x3a8,
} as const;
const THREAD_DATA_SIZE = 0x3b0;

export interface ThreadData {
  /** Guest address of the block described by THREAD_DATA. */
  readonly address: number;
  /** State of rand(). */
  seed: number;
  /** Where strtok and wcstok go on. */
  token: number;
  wideToken: number;
  /** What the function that found an invalid parameter returns once the handler has been called. */
  invalidResult: number;
  /** The thread's own invalid-parameter handler, or 0. */
  invalidHandler: number;
  /** What set_unexpected was given, or 0. */
  unexpectedHandler: number;
  /** A scanf that waits for input (scanf.ts). */
  scan: Generator<undefined, number, undefined> | undefined;
}

interface ThreadStates {
  msvcrt: ThreadData | undefined;
  ucrtbase: ThreadData | undefined;
}
const threads = new WeakMap<Thread, ThreadStates>();

/** What the runtime that is being called (or `runtime`) keeps for a thread. */
export function threadData(thread: Thread, runtime: Runtime = runtimeOf(thread.process)): ThreadData {
  let own = threads.get(thread);
  if (!own) threads.set(thread, (own = { msvcrt: undefined, ucrtbase: undefined }));
  return (own[runtime] ??= newThreadData(thread));
}

function newThreadData(thread: Thread): ThreadData {
  const address = allocateZeroed(thread.process, THREAD_DATA_SIZE);
  if (address === 0) throw new OutOfMemory('no memory left for the C runtime data of a thread');
  return {
    address,
    seed: 1,
    token: 0,
    wideToken: 0,
    invalidResult: 0,
    invalidHandler: 0,
    unexpectedHandler: 0,
    scan: undefined,
  };
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

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Declaration, GuestCall } from '../../src/dlls/api.ts';
import type { Host, HostConsole } from '../../src/machine/host.ts';
import { nodeHost } from '../../src/machine/node-host.ts';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../../src/memory/constants.ts';
import { standardEnvironment } from '../../src/process/environment.ts';
import { Machine } from '../../src/process/machine.ts';
import { standardDrives } from '../../src/process/standard-drives.ts';
import { Pending, type Thread } from '../../src/process/thread.ts';

/** A console of a test: what was written, and input to give. */
export class TestConsole implements HostConsole {
  readonly written: string[] = [];
  terminal = false;
  ended = false;
  #input: Uint8Array[] = [];
  #waiting: (() => void)[] = [];

  give(text: string): void {
    this.#input.push(new TextEncoder().encode(text));
    this.#wake();
  }
  end(): void {
    this.ended = true;
    this.#wake();
  }
  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }
  write(_stream: 1 | 2, bytes: Uint8Array): boolean {
    this.written.push(new TextDecoder('latin1').decode(bytes));
    return true;
  }
  read(max: number): Uint8Array | undefined {
    const first = this.#input.shift();
    if (!first) return this.ended ? new Uint8Array(0) : undefined;
    if (first.length > max) this.#input.unshift(first.subarray(max));
    return first.subarray(0, max);
  }
  whenReadable(callback: () => void): void {
    if (this.#input.length > 0 || this.ended) callback();
    else this.#waiting.push(callback);
  }
  isTerminal(): boolean {
    return this.terminal;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: functions of every parameter list are called here
type AnyDeclaration = Declaration<any>;
type Argument = number | string;

/** A process without a CPU, on drives in a temporary folder, and a way to call API functions in it. */
export class Guest {
  /** Host folder that holds the three drives' folders: c, d and e. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'winmem-test-')));
  readonly console = new TestConsole();
  readonly machine: Machine;
  readonly thread: Thread;
  /** 64 KiB of guest memory to put things in. */
  readonly buffer: number;
  #strings: number;

  constructor(
    options: { deterministic?: number; prepare?: (folder: string) => void; terminal?: boolean } = {},
  ) {
    const host: Host = { ...nodeHost(), console: this.console };
    this.console.terminal = options.terminal ?? false;
    for (const drive of ['c', 'd', 'e']) host.files.makeDirectory(join(this.folder, drive));
    options.prepare?.(this.folder);
    this.machine = new Machine({ ram: 16 << 20, host, deterministic: options.deterministic });
    this.machine.drives = standardDrives(host.files, {
      scratch: join(this.folder, 'c'),
      current: join(this.folder, 'd'),
      program: join(this.folder, 'e'),
      systemFiles: ['kernel32.dll'],
    });
    const process = this.machine.createProcess();
    process.currentDirectory = 'D:\\';
    process.environment = standardEnvironment();
    this.thread = process.mainThread;
    this.buffer = this.#allocate();
    this.#strings = this.#allocate();
  }

  #allocate(): number {
    const { space } = this.thread;
    const status = space.allocate(0, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (status !== 0) throw new Error(`no memory for a test: 0x${status.toString(16)}`);
    return space.resultBase;
  }

  get process() {
    return this.thread.process;
  }
  get memory() {
    return this.thread.memory;
  }
  get lastError(): number {
    return this.thread.lastError;
  }

  /** A NUL-terminated UTF-16 string in guest memory. */
  wide(text: string): number {
    const at = this.#strings;
    for (let i = 0; i <= text.length; i++)
      this.memory.setU16(at + i * 2, i < text.length ? text.charCodeAt(i) : 0);
    this.#strings += Math.ceil((text.length + 1) / 8) * 16;
    return at;
  }
  /** A NUL-terminated string of bytes in guest memory. */
  narrow(text: string): number {
    const at = this.#strings;
    for (let i = 0; i <= text.length; i++)
      this.memory.setU8(at + i, i < text.length ? text.charCodeAt(i) : 0);
    this.#strings += Math.ceil((text.length + 1) / 16) * 16;
    return at;
  }

  /** Calls a plain function; strings become UTF-16 strings in guest memory. */
  call(declaration: AnyDeclaration, ...args: Argument[]): number {
    this.thread.pending = Pending.none;
    return declaration.plain!(
      this.thread,
      ...args.map((arg) => (typeof arg === 'string' ? this.wide(arg) : arg)),
    );
  }

  /** Calls a function again as often as it parks. */
  async callParking(declaration: AnyDeclaration, ...args: Argument[]): Promise<number> {
    const numbers = args.map((arg) => (typeof arg === 'string' ? this.wide(arg) : arg));
    for (;;) {
      const result = this.call(declaration, ...numbers);
      if (this.thread.pending !== Pending.park) return result;
      await new Promise<void>((resolve) => this.thread.wakeWhen!(resolve));
    }
  }

  /** Runs a function that calls into the guest; `answer` stands for the guest. */
  callCalling(declaration: AnyDeclaration, answer: (call: GuestCall) => number, ...args: number[]): number {
    this.thread.pending = Pending.none;
    const run = declaration.calling!(this.thread, ...args);
    let step = run.next(0);
    while (!step.done) step = run.next(answer(step.value));
    return step.value;
  }

  close(): void {
    this.process.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

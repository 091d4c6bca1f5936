import type { GuestMemory } from '../../memory/guest-memory.ts';
import { Pending, type Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { type Arguments, CallArguments, ListArguments } from './arguments.ts';
import { dataAddress } from './data.ts';
import { EINVAL, failErrno } from './errno.ts';
import { END, type Input, LATER, scanText } from './scan.ts';
import { threadData } from './state.ts';
import { fillStream, isReadable, takeRead } from './stream.ts';
import { FILE } from './stream-table.ts';
import { readText } from './text.ts';

/** A stream; waiting for it parks the thread. */
class StreamInput implements Input {
  readonly #thread: Thread;
  readonly #file: number;

  constructor(thread: Thread, file: number) {
    this.#thread = thread;
    this.#file = file;
  }
  peek(): number {
    const { memory } = this.#thread;
    if (!isReadable(this.#thread, this.#file)) {
      const filled = fillStream(this.#thread, this.#file);
      if (filled < 0) return this.#thread.pending === Pending.park ? LATER : END;
    }
    return memory.u8(memory.u64(this.#file + FILE.ptr));
  }
  advance(): void {
    takeRead(this.#thread, this.#file, 1);
  }
}

/** A string, up to its zero or `limit` characters. */
class TextInput implements Input {
  readonly #memory: GuestMemory;
  readonly #wide: boolean;
  readonly #end: number;
  #at: number;

  constructor(memory: GuestMemory, address: number, wide: boolean, limit = Number.MAX_SAFE_INTEGER) {
    this.#memory = memory;
    this.#wide = wide;
    this.#at = address;
    this.#end = address + limit * (wide ? 2 : 1);
  }
  peek(): number {
    if (this.#at >= this.#end) return END;
    const character = this.#wide ? this.#memory.u16(this.#at) : this.#memory.u8(this.#at);
    return character === 0 ? END : character;
  }
  advance(): void {
    this.#at += this.#wide ? 2 : 1;
  }
}

/** Starts or goes on with a scan; one that must wait is kept on the thread, which calls again. */
function advance(thread: Thread, start: () => Generator<undefined, number, undefined>): number {
  const data = threadData(thread);
  const scan = data.scan ?? start();
  data.scan = undefined;
  const step = scan.next();
  if (step.done) return step.value;
  data.scan = scan;
  return 0;
}

function scanFile(thread: Thread, file: number, format: number, args: Arguments, wide: boolean): number {
  if (file === 0 || format === 0) return failErrno(thread, EINVAL);
  return advance(thread, () =>
    scanText(thread.memory, new StreamInput(thread, file), readText(thread.memory, format, wide), args, wide),
  );
}

function scanString(thread: Thread, input: Input, format: number, args: Arguments, wide: boolean): number {
  // A string is never waited for.
  return (
    scanText(thread.memory, input, readText(thread.memory, format, wide), args, wide).next().value ?? END
  );
}

const standardInput = (thread: Thread) => dataAddress(thread.process, '_iob');

function scanFamily(wide: boolean) {
  return {
    scan: library('format: address, ...', 'int', (t, format) =>
      scanFile(t, standardInput(t), format, new CallArguments(t, 1), wide),
    ),
    fileScan: library('stream: address, format: address, ...', 'int', (t, file, format) =>
      scanFile(t, file, format, new CallArguments(t, 2), wide),
    ),
    stringScan: library('buffer: address, format: address, ...', 'int', (t, buffer, format) =>
      scanString(t, new TextInput(t.memory, buffer, wide), format, new CallArguments(t, 2), wide),
    ),
    boundedScan: library(
      'input: address, length: size, format: address, ...',
      'int',
      (t, input, length, format) =>
        scanString(t, new TextInput(t.memory, input, wide, length), format, new CallArguments(t, 3), wide),
    ),
    listScan: library('format: address, argptr: address', 'int', (t, format, args) =>
      scanFile(t, standardInput(t), format, new ListArguments(t.memory, args), wide),
    ),
    fileListScan: library(
      'stream: address, format: address, argptr: address',
      'int',
      (t, file, format, args) => scanFile(t, file, format, new ListArguments(t.memory, args), wide),
    ),
    stringListScan: library(
      'buffer: address, format: address, argptr: address',
      'int',
      (t, buffer, format, args) =>
        scanString(t, new TextInput(t.memory, buffer, wide), format, new ListArguments(t.memory, args), wide),
    ),
  };
}

const narrow = scanFamily(false);
const wide = scanFamily(true);
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** scanf and its relatives. */
export const scanfApi = family('crt', PAGES, {
  scanf: narrow.scan,
  fscanf: narrow.fileScan,
  sscanf: narrow.stringScan,
  _snscanf: narrow.boundedScan,
  vscanf: narrow.listScan,
  vfscanf: narrow.fileListScan,
  vsscanf: narrow.stringListScan,
  wscanf: wide.scan,
  fwscanf: wide.fileScan,
  swscanf: wide.stringScan,
  _snwscanf: wide.boundedScan,
  vwscanf: wide.listScan,
  vfwscanf: wide.fileListScan,
  vswscanf: wide.stringListScan,
});

import * as fs from 'node:fs';
import type {
  Host,
  HostConsole,
  HostError,
  HostFile,
  HostFileStatus,
  HostFiles,
  HostOpenOptions,
} from './host.ts';
import { monotonic, TimeOfDay } from './monotonic.ts';

/** The host that Node gives: its file system, its standard streams, its clock. */
export function nodeHost(): Host {
  const time = new TimeOfDay();
  return {
    files: new NodeFiles(),
    console: new NodeConsole(),
    clock: { now: () => time.now(), monotonic },
    // Loaded when needed: crypto and tty (which loads the network) cost a short run much of its time.
    random: (into) => void process.getBuiltinModule('node:crypto').randomFillSync(into),
  };
}

/** Node's error codes that have a word of ours, and those that are close enough to one. */
const ERRORS: { readonly [code: string]: HostError } = {
  ENOENT: 'ENOENT',
  ELOOP: 'ENOENT',
  EEXIST: 'EEXIST',
  EACCES: 'EACCES',
  EPERM: 'EACCES',
  EISDIR: 'EISDIR',
  ENOTDIR: 'ENOTDIR',
  ENOTEMPTY: 'ENOTEMPTY',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  EFBIG: 'ENOSPC',
  EMFILE: 'EMFILE',
  ENFILE: 'EMFILE',
  EBUSY: 'EBUSY',
  ETXTBSY: 'EBUSY',
  EROFS: 'EROFS',
  EINVAL: 'EINVAL',
  ENAMETOOLONG: 'EINVAL',
  // A path with a NUL in it, or a size that is no size.
  ERR_INVALID_ARG_VALUE: 'EINVAL',
  ERR_OUT_OF_RANGE: 'EINVAL',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Runs a file operation, with what it throws as its answer. */
function attempt<T>(operation: () => T): T | HostError {
  try {
    return operation();
  } catch (error) {
    return ERRORS[codeOf(error)] ?? 'EIO';
  }
}

/** The same for an operation that has no answer of its own. */
function perform(operation: () => void): HostError | undefined {
  return attempt<undefined>(() => {
    operation();
    return undefined;
  });
}

function statusOf(stats: fs.Stats, path: string | number): HostFileStatus {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'link'
        : 'other';
  return {
    kind,
    size: stats.size,
    identity: `${stats.dev}:${stats.ino}`,
    modified: stats.mtimeMs,
    created: stats.birthtimeMs,
    accessed: stats.atimeMs,
    writable: typeof path === 'number' || isWritable(path),
  };
}

function isWritable(path: string): boolean {
  return perform(() => fs.accessSync(path, fs.constants.W_OK)) === undefined;
}

class NodeFile implements HostFile {
  readonly identity: string;
  readonly writable: boolean;
  readonly #fd: number;

  constructor(fd: number, identity: string, writable: boolean) {
    this.#fd = fd;
    this.identity = identity;
    this.writable = writable;
  }

  status(): HostFileStatus {
    return { ...statusOf(fs.fstatSync(this.#fd), this.#fd), writable: this.writable };
  }
  size(): number {
    return fs.fstatSync(this.#fd).size;
  }

  read(position: number, into: Uint8Array): number | HostError {
    return attempt(() => {
      let done = 0;
      while (done < into.length) {
        const count = fs.readSync(this.#fd, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(position: number, from: Uint8Array): number | HostError {
    let done = 0;
    while (done < from.length) {
      const count = attempt(() => fs.writeSync(this.#fd, from, done, from.length - done, position + done));
      // What was written before the disk was full counts; the next call hears of the reason.
      if (typeof count !== 'number') return done > 0 ? done : count;
      done += count;
    }
    return done;
  }

  truncate(size: number): HostError | undefined {
    return perform(() => fs.ftruncateSync(this.#fd, size));
  }
  sync(): HostError | undefined {
    return perform(() => fs.fsyncSync(this.#fd));
  }
  close(): void {
    fs.closeSync(this.#fd);
  }
}

class NodeFiles implements HostFiles {
  open(path: string, options: HostOpenOptions): HostFile | HostError {
    return attempt(() => {
      // O_NONBLOCK: opening a pipe without a partner must not stop everything.
      const fd = fs.openSync(path, openFlags(options) | fs.constants.O_NONBLOCK, 0o666);
      const stats = fs.fstatSync(fd);
      if (stats.isFile()) return new NodeFile(fd, `${stats.dev}:${stats.ino}`, options.write);
      fs.closeSync(fd);
      return stats.isDirectory() ? 'EISDIR' : 'EACCES';
    });
  }

  status(path: string): HostFileStatus | HostError {
    return attempt(() => statusOf(fs.statSync(path), path));
  }
  linkStatus(path: string): HostFileStatus | HostError {
    return attempt(() => statusOf(fs.lstatSync(path), path));
  }
  realPath(path: string): string | HostError {
    return attempt(() => fs.realpathSync.native(path));
  }
  list(path: string): string[] | HostError {
    return attempt(() => fs.readdirSync(path).sort());
  }
  makeDirectory(path: string): HostError | undefined {
    return perform(() => fs.mkdirSync(path));
  }
  removeDirectory(path: string): HostError | undefined {
    return perform(() => fs.rmdirSync(path));
  }
  remove(path: string): HostError | undefined {
    return perform(() => fs.unlinkSync(path));
  }
  rename(from: string, to: string): HostError | undefined {
    return perform(() => fs.renameSync(from, to));
  }
  setTimes(path: string, accessed: number, modified: number): HostError | undefined {
    return perform(() => fs.utimesSync(path, accessed / 1000, modified / 1000));
  }
}

function openFlags(options: HostOpenOptions): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC } = fs.constants;
  let flags = options.write ? O_RDWR : O_RDONLY;
  if (options.create) flags |= O_CREAT;
  if (options.create && options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  return flags;
}

class NodeConsole implements HostConsole {
  readonly #input: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];
  #started = false;
  #ended = false;

  write(stream: 1 | 2, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length; ) {
      try {
        done += fs.writeSync(stream, bytes, done);
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') return false;
        // A pipe whose reader is behind. Order matters more than the millisecond.
        sleep(1);
      }
    }
    return true;
  }

  read(max: number): Uint8Array | undefined {
    const first = this.#input[0];
    if (first === undefined) return this.#ended ? new Uint8Array(0) : undefined;
    if (first.length <= max) this.#input.shift();
    else this.#input[0] = first.subarray(max);
    return first.subarray(0, max);
  }

  whenReadable(callback: () => void): void {
    if (this.#input.length > 0 || this.#ended) {
      queueMicrotask(callback);
      return;
    }
    this.#waiting.push(callback);
    if (this.#started) process.stdin.resume();
    else this.#start();
  }

  isTerminal(stream: 0 | 1 | 2): boolean {
    const status = attempt(() => fs.fstatSync(stream));
    if (typeof status === 'string' || !status.isCharacterDevice() || isNullDevice(status)) return false;
    return process.getBuiltinModule('node:tty').isatty(stream);
  }

  /** Input flows only while somebody waits for it: a program that reads none takes none from its parent. */
  #start(): void {
    this.#started = true;
    process.stdin.on('data', (chunk: Uint8Array) => {
      process.stdin.pause();
      this.#input.push(chunk);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    process.stdin.on('end', end);
    process.stdin.on('error', end);
  }

  #wake(): void {
    for (const callback of this.#waiting.splice(0)) callback();
  }
}

/** A stream that goes nowhere, as `> /dev/null` and Node's 'ignore' have it, needs no terminal's modules to find that out. */
function isNullDevice({ rdev }: fs.Stats): boolean {
  const nothing = attempt(() => fs.statSync('/dev/null'));
  return rdev !== 0 && typeof nothing !== 'string' && nothing.rdev === rdev;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
function sleep(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}

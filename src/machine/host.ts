/** What a machine stands on. node-host.ts implements it for Node; a browser or a test brings its own. */
export interface Host {
  readonly files: HostFiles;
  readonly console: HostConsole;
  readonly clock: HostClock;
  /** Fills `into` with random bytes. */
  random(into: Uint8Array): void;
}

export interface HostClock {
  /** Milliseconds since 1970-01-01 UTC, with fractions. */
  now(): number;
  /** Milliseconds since some fixed moment; never runs backwards. */
  monotonic(): number;
}

export interface HostConsole {
  /** Writes to standard output (1) or standard error (2), in order. Returns false when the reader is gone. */
  write(stream: 1 | 2, bytes: Uint8Array): boolean;
  /** Takes up to `max` bytes of standard input: an empty array at its end, undefined when none has come yet. */
  read(max: number): Uint8Array | undefined;
  /** Calls back once when read() would answer something. */
  whenReadable(callback: () => void): void;
  isTerminal(stream: 0 | 1 | 2): boolean;
}

/** Why a file operation failed, in POSIX's words; anything else is 'EIO'. */
export type HostError =
  | 'ENOENT'
  | 'EEXIST'
  | 'EACCES'
  | 'EISDIR'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENOSPC'
  | 'EMFILE'
  | 'EBUSY'
  | 'EROFS'
  | 'EINVAL'
  | 'EIO';

export interface HostFileStatus {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** Same string = same file (device and inode), however it was named. */
  readonly identity: string;
  /** Milliseconds since 1970 UTC. */
  readonly modified: number;
  readonly created: number;
  readonly accessed: number;
  readonly writable: boolean;
}

/** An open host file. Operations return a HostError instead of throwing. Positions are absolute. */
export interface HostFile {
  readonly identity: string;
  readonly writable: boolean;
  status(): HostFileStatus;
  size(): number;
  /** Bytes read (fewer only at end of file). */
  read(position: number, into: Uint8Array): number | HostError;
  write(position: number, from: Uint8Array): number | HostError;
  truncate(size: number): HostError | undefined;
  sync(): HostError | undefined;
  close(): void;
}

export interface HostOpenOptions {
  readonly write: boolean;
  readonly create: boolean;
  /** With create: fail with EEXIST when it exists. */
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** Paths are absolute host paths, already confined by the caller (drives.ts). */
export interface HostFiles {
  open(path: string, options: HostOpenOptions): HostFile | HostError;
  status(path: string): HostFileStatus | HostError;
  /** Like status, but answers 'link' for a symbolic link instead of following it. */
  linkStatus(path: string): HostFileStatus | HostError;
  /** The path with all links resolved. */
  realPath(path: string): string | HostError;
  list(path: string): string[] | HostError;
  makeDirectory(path: string): HostError | undefined;
  removeDirectory(path: string): HostError | undefined;
  remove(path: string): HostError | undefined;
  rename(from: string, to: string): HostError | undefined;
  /** Sets when a file was read and changed last, in milliseconds since 1970 UTC. */
  setTimes(path: string, accessed: number, modified: number): HostError | undefined;
}

import type { HostFile } from '../machine/host.ts';

/** Bytes of tables that are read from the host at once. */
const CHUNK = 0x4000;

/** What is known of a chunk. */
const Chunk = { untouched: 0, read: 1, lost: 2 } as const;

/**
 * The bytes of an image's file. Those of a host file are read where they are first needed, for most of a large file is
 * symbols and debug information that nobody looks at: until then they are zeros that cost the host no memory.
 */
export class ImageFile {
  /** As long as the file. Whoever reads asks have() first. */
  readonly bytes: Uint8Array;
  /** Undefined when all of it is in memory, or it was closed. */
  #host: HostFile | undefined;
  /** When the host's file was changed last. Later, what has not been read would belong to another file. */
  readonly #modified: number;
  readonly #chunks: Uint8Array;
  /** Whether something that was asked for could not be read. It reads as zeros. */
  hasLost = false;

  /** A file that is in memory, or an open one of the host, whose bytes up to `size` count. */
  constructor(source: Uint8Array | HostFile, size = 0) {
    const isInMemory = source instanceof Uint8Array;
    this.bytes = isInMemory ? source : new Uint8Array(size);
    this.#host = isInMemory ? undefined : source;
    this.#modified = isInMemory ? 0 : source.status().modified;
    this.#chunks = new Uint8Array(isInMemory ? 0 : Math.ceil(size / CHUNK));
  }

  /** Makes sure that bytes [from, end), as far as the file goes, can be read. False: the host cannot read them any more. */
  have(from: number, end: number): boolean {
    const chunks = this.#chunks;
    const stop = Math.min(Math.ceil(end / CHUNK), chunks.length);
    let all = true;
    for (let chunk = Math.floor(from / CHUNK); chunk < stop; chunk++) {
      if (chunks[chunk] === Chunk.untouched) {
        const isRead = this.#take(chunk * CHUNK, this.bytes.subarray(chunk * CHUNK, (chunk + 1) * CHUNK));
        chunks[chunk] = isRead ? Chunk.read : Chunk.lost;
      }
      if (chunks[chunk] === Chunk.lost) all = false;
    }
    return all;
  }

  /**
   * Fills `into` with the bytes from `from` on, which the file must have. What is read for this is not kept. False: they are
   * zeros, for the host cannot read them any more.
   */
  copy(from: number, into: Uint8Array): boolean {
    const end = from + into.length;
    if (!this.#isRead(from, end)) return this.#take(from, into);
    into.set(this.bytes.subarray(from, end));
    return true;
  }

  #isRead(from: number, end: number): boolean {
    const chunks = this.#chunks.subarray(Math.floor(from / CHUNK), Math.ceil(end / CHUNK));
    return chunks.every((chunk) => chunk === Chunk.read);
  }

  #take(from: number, into: Uint8Array): boolean {
    const host = this.#host;
    if (host?.status().modified === this.#modified && host.read(from, into) === into.length) return true;
    into.fill(0);
    this.hasLost = true;
    return false;
  }

  /** Reads all of it and closes the host's file. False: it could not all be read. */
  readWhole(): boolean {
    const all = this.have(0, this.bytes.length);
    this.close();
    return all;
  }

  /** Closes the host's file. What was not read is lost from now on. */
  close(): void {
    this.#host?.close();
    this.#host = undefined;
  }
}

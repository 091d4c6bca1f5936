import type { GuestMemory } from '../../memory/guest-memory.ts';

/**
 * struct _iobuf as mingw's stdio.h declares it: a program may look into it, and inlined getc and putc do.
 * Offsets in bytes.
 */
export const FILE = {
  /** Next byte in the buffer. */
  ptr: 0,
  /** Bytes that can be read from, or written at, ptr. */
  cnt: 8,
  base: 16,
  flag: 24,
  /** Number of the descriptor. */
  file: 28,
  /** The one-byte buffer of an unbuffered stream. */
  charbuf: 32,
  bufsiz: 36,
  tmpfname: 40,
} as const;
export const FILE_SIZE = 48;
/** Streams in the table _iob; stdin, stdout, stderr are the first three. */
export const STREAM_COUNT = 20;
export const STREAM_TABLE_SIZE = STREAM_COUNT * FILE_SIZE;

/** _flag, with the names of stdio.h. */
export const IOREAD = 0x01;
export const IOWRT = 0x02;
export const IONBF = 0x04;
export const IOMYBUF = 0x08;
export const IOEOF = 0x10;
export const IOERR = 0x20;
/** The "file" is a string (sscanf); also _IOLBF in setvbuf's argument. */
export const IOSTRG = 0x40;
/** Opened for reading and writing. */
export const IORW = 0x80;
/** The buffer is the program's own (setvbuf). */
export const IOYOURBUF = 0x100;
/** fflush writes through to the disk (mode "c"). */
export const IOCOMMIT = 0x4000;

/** The three standard streams as a program finds them at its start. */
export function initializeStreams(memory: GuestMemory, table: number): void {
  memory.fill(table, 0, STREAM_TABLE_SIZE);
  [IOREAD, IOWRT, IOWRT].forEach((flag, file) => {
    memory.setU32(table + file * FILE_SIZE + FILE.flag, flag);
    memory.setU32(table + file * FILE_SIZE + FILE.file, file);
  });
}

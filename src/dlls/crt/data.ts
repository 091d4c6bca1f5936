import type { GuestMemory } from '../../memory/guest-memory.ts';
import { ANSI_CODE_PAGE, encodeText } from '../../process/code-pages.ts';
import type { Process } from '../../process/process.ts';
import { allocate } from './allocation.ts';
import { classTable } from './character-class.ts';
import { crtOf, keptBlock } from './state.ts';
import { initializeStreams, STREAM_TABLE_SIZE } from './stream-table.ts';
import { writeTerminated } from './text.ts';

/** A data export of msvcrt.dll: who lays out the DLL image gives it room and calls initializeMsvcrtData once mapped. */
export interface DataExport {
  readonly name: string;
  /** Bytes, 16-aligned. */
  readonly size: number;
}

const POINTER = 8;
const INT = 4;

/** A string as the process's ANSI code page has it, in the characters of text.ts. */
export function ansiText(text: string): string {
  return String.fromCharCode(...encodeText(ANSI_CODE_PAGE, text).bytes);
}

/** A copy of `text` in the process heap. 0 without memory. */
export function newString(process: Process, text: string, wide: boolean): number {
  const address = allocate(process, (text.length + 1) * (wide ? 2 : 1));
  if (address !== 0) writeTerminated(process.memory, address, text, wide);
  return address;
}

/** Both command lines, made once. */
function commandLine(process: Process, wide: boolean): number {
  const text = wide ? process.commandLine : ansiText(process.commandLine);
  return keptBlock(crtOf(process), wide ? 'wcmdln' : 'acmdln', (text.length + 1) * (wide ? 2 : 1), (at) =>
    writeTerminated(process.memory, at, text, wide),
  );
}

type Fill = (memory: GuestMemory, address: number, process: Process) => void;
const zero: Fill = () => {};

/** Every data export: name, bytes, first value. Pointers that start-up makes are null until then. */
const TABLE: readonly (readonly [string, number, Fill])[] = [
  ['_fmode', INT, zero],
  ['_commode', INT, zero],
  ['_acmdln', POINTER, (memory, at, process) => memory.setU64(at, commandLine(process, false))],
  ['_wcmdln', POINTER, (memory, at, process) => memory.setU64(at, commandLine(process, true))],
  ['__initenv', POINTER, zero],
  ['__winitenv', POINTER, zero],
  ['_environ', POINTER, zero],
  ['_wenviron', POINTER, zero],
  ['__argc', INT, zero],
  ['__argv', POINTER, zero],
  ['__wargv', POINTER, zero],
  ['_pgmptr', POINTER, zero],
  ['_wpgmptr', POINTER, zero],
  ['_HUGE', 8, (memory, at) => memory.setHalves(at, 0, 0x7ff00000)],
  ['_iob', STREAM_TABLE_SIZE, (memory, at) => initializeStreams(memory, at)],
  ['__mb_cur_max', INT, (memory, at) => memory.setU32(at, 1)],
  ['_pctype', POINTER, (memory, at, process) => memory.setU64(at, classTable(process) + 2)],
  ['_pwctype', POINTER, (memory, at, process) => memory.setU64(at, classTable(process) + 2)],
  ['_osver', INT, (memory, at, process) => memory.setU32(at, memory.u16(process.peb + 0x120))],
  ['_winmajor', INT, (memory, at, process) => memory.setU32(at, memory.u32(process.peb + 0x118))],
  ['_winminor', INT, (memory, at, process) => memory.setU32(at, memory.u32(process.peb + 0x11c))],
  ['_winver', INT, (memory, at, process) => memory.setU32(at, memory.u32(process.peb + 0x118) << 8)],
  ['_timezone', INT, zero],
  ['_daylight', INT, zero],
  ['_dstbias', INT, zero],
  ['_aexit_rtn', POINTER, zero],
  ['_newmode', INT, zero],
];
const SIZES = new Map(TABLE.map(([name, size]) => [name, size]));
const FILLS = new Map(TABLE.map(([name, , fill]) => [name, fill]));

function place(process: Process, name: string, address: number): void {
  crtOf(process).data.set(name, address);
  FILLS.get(name)!(process.memory, address, process);
}

/** The data exports, for the DLL image. */
export const msvcrtData: readonly DataExport[] = TABLE.map(([name, size]) => ({ name, size }));

/** Gives the data exports their first values once the image is mapped. */
export function initializeMsvcrtData(process: Process, addressOf: (name: string) => number): void {
  process.serving = 'msvcrt';
  for (const { name } of msvcrtData) place(process, name, addressOf(name));
}

/** Address of a data export; without an image (a process driven from TypeScript) it gets a block of the heap. */
export function dataAddress(process: Process, name: string): number {
  const known = crtOf(process).data.get(name);
  if (known !== undefined) return known;
  const address = keptBlock(crtOf(process), name, SIZES.get(name)!, () => {});
  place(process, name, address);
  return address;
}

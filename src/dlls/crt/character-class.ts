import type { Process } from '../../process/process.ts';
import { crtOf, keptBlock } from './state.ts';

/** ctype.h's masks. */
export const UPPER = 0x01;
export const LOWER = 0x02;
export const DIGIT = 0x04;
export const SPACE = 0x08;
export const PUNCT = 0x10;
export const CONTROL = 0x20;
export const BLANK = 0x40;
export const HEX = 0x80;
export const ALPHA = 0x103;

function classOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return DIGIT | HEX;
  if (code >= 0x41 && code <= 0x5a) return code <= 0x46 ? UPPER | HEX : UPPER;
  if (code >= 0x61 && code <= 0x7a) return code <= 0x66 ? LOWER | HEX : LOWER;
  if (code === 0x20) return SPACE | BLANK;
  if (code >= 9 && code <= 13) return SPACE | CONTROL;
  if (code < 0x20 || code === 0x7f) return CONTROL;
  return code < 0x7f ? PUNCT : 0;
}

/** Class of each byte in the "C" locale: only ASCII has any. */
export const CLASSES: Uint16Array = Uint16Array.from({ length: 256 }, (_, code) => classOf(code));

/** Address of the table for EOF (-1) and 0 to 255 in guest memory. */
export function classTable(process: Process): number {
  return keptBlock(crtOf(process), 'ctype', 257 * 2, (table) => fillTable(process, table, CLASSES));
}

/** The table of the locale that holds from now on; programs keep pointers to it. */
export function changeClasses(process: Process, classes: Uint16Array): void {
  fillTable(process, classTable(process), classes);
}

function fillTable(process: Process, table: number, classes: Uint16Array): void {
  for (const [code, mask] of classes.entries()) process.memory.setU16(table + 2 + code * 2, mask);
}

import { readFileSync } from 'node:fs';
import type { Role } from '../../src/image/headers.ts';
import { type PeImage, readImage } from '../../src/image/pe.ts';

/** A fresh copy of a file of fixtures/. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
}

/** The image of a file that must be one. */
export function mustRead(file: Uint8Array, role: Role = 'library'): PeImage {
  const result = readImage(file, role);
  if (result.image === undefined) throw new Error(result.refusal);
  return result.image;
}

/** File offset of the optional header. */
export function optionalHeader(file: Uint8Array): number {
  return new DataView(file.buffer).getUint32(0x3c, true) + 24;
}

/** Changes a 32-bit (or with `width` 16-bit) field at an offset of the optional header. */
export function patched(file: Uint8Array, offset: number, value: number, width: 16 | 32 = 32): Uint8Array {
  const view = new DataView(file.buffer);
  if (width === 16) view.setUint16(optionalHeader(file) + offset, value, true);
  else view.setUint32(optionalHeader(file) + offset, value, true);
  return file;
}

/** Bytes of a text, a byte a character. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

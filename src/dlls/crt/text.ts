import { PAGE_SIZE } from '../../machine/layout.ts';
import { WRITE } from '../../memory/constants.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';

/**
 * Text between guest and host. A narrow string of the guest is a JavaScript string with one character a byte
 * (0 to 255); a wide one has one character a UTF-16 unit. Reading faults where the guest's own code would.
 */

/** Bytes looked at one by one before larger pieces are fetched and searched. */
const SHORT = 48;

/** Bytes before the terminating zero, at most `limit`. */
export function byteLength(memory: GuestMemory, address: number, limit = Number.MAX_SAFE_INTEGER): number {
  const short = Math.min(SHORT, limit);
  for (let n = 0; n < short; n++) if (memory.u8(address + n) === 0) return n;
  for (let n = short; n < limit; ) {
    // As much again as has been seen, up to the end of the page.
    const step = Math.min(PAGE_SIZE - ((address + n) % PAGE_SIZE), limit - n, n + SHORT);
    const found = memory.bytes(address + n, step).indexOf(0);
    if (found >= 0) return n + found;
    n += step;
  }
  return limit;
}

/** UTF-16 units before the terminating zero, at most `limit`. */
export function wideLength(memory: GuestMemory, address: number, limit = Number.MAX_SAFE_INTEGER): number {
  let n = 0;
  while (n < limit && memory.u16(address + n * 2) !== 0) n++;
  return n;
}

/** Characters given to String.fromCharCode at once. */
const PIECE = 8192;

/** One character for each byte. */
export function narrowText(bytes: Uint8Array): string {
  if (bytes.length <= PIECE) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + PIECE) as unknown as number[]);
  }
  return text;
}

/** The low byte of each character. */
export function narrowBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function wideText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2)
    text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8));
  return text;
}

export function wideBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[i * 2] = unit;
    bytes[i * 2 + 1] = unit >> 8;
  }
  return bytes;
}

/** The string at `address` up to its zero, or `limit` bytes of it. */
export function readNarrow(memory: GuestMemory, address: number, limit?: number): string {
  return narrowText(memory.bytes(address, byteLength(memory, address, limit)));
}
export function readWide(memory: GuestMemory, address: number, limit?: number): string {
  return wideText(memory.bytes(address, wideLength(memory, address, limit) * 2));
}
/** Either, by character size. */
export function readText(memory: GuestMemory, address: number, wide: boolean, limit?: number): string {
  return wide ? readWide(memory, address, limit) : readNarrow(memory, address, limit);
}

/** Writes the characters without a terminator; all or nothing. */
export function writeText(memory: GuestMemory, address: number, text: string, wide: boolean): void {
  writeBytes(memory, address, wide ? wideBytes(text) : narrowBytes(text));
}
/** Writes the characters and a zero; all or nothing. */
export function writeTerminated(memory: GuestMemory, address: number, text: string, wide: boolean): void {
  writeText(memory, address, `${text}\0`, wide);
}

/** Writes bytes; a page that cannot be written faults before anything has changed. */
export function writeBytes(memory: GuestMemory, address: number, bytes: Uint8Array): void {
  memory.touch(address, bytes.length, WRITE);
  memory.setBytes(address, bytes);
}

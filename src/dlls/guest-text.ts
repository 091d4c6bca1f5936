import type { GuestMemory } from '../memory/guest-memory.ts';
import { ANSI_CODE_PAGE, decodeText, encodeText, utf16Bytes } from '../process/code-pages.ts';
import { ERROR_FILENAME_EXCED_RANGE } from '../process/errors.ts';
import { LONGEST_PATH } from '../process/paths.ts';
import type { Thread } from '../process/thread.ts';

/** How the two spellings of an API function carry text: `…A` in the ANSI code page, `…W` in UTF-16. */
export interface TextForm {
  /** Bytes of a character unit. */
  readonly unit: 1 | 2;
  /** The NUL-terminated string at a guest address; at most `max` units are read. */
  read(memory: GuestMemory, address: number, max?: number): string;
  /** The bytes of a text, without a NUL. */
  encode(text: string): Uint8Array;
  decode(bytes: Uint8Array): string;
}

/** Longest string that an API function takes: longer ones are cut there, which no name survives. */
const LONGEST_STRING = 0x8000;

export const WIDE: TextForm = {
  unit: 2,
  read: (memory, address, max = LONGEST_STRING) => memory.utf16z(address, max),
  encode: utf16Bytes,
  decode: (bytes) => {
    let text = '';
    for (let i = 0; i + 1 < bytes.length; i += 2)
      text += String.fromCharCode(bytes[i]! | (bytes[i + 1]! << 8));
    return text;
  },
};

export const ANSI: TextForm = {
  unit: 1,
  read: (memory, address, max = LONGEST_STRING) => fromLatin1(memory.asciiz(address, max)),
  encode: (text) => encodeText(ANSI_CODE_PAGE, text).bytes,
  decode: (bytes) => decodeText(ANSI_CODE_PAGE, bytes),
};

/** Byte values, one a character, as text; most strings are ASCII and stay. */
function fromLatin1(text: string): string {
  let plain = true;
  for (let i = 0; plain && i < text.length; i++) plain = text.charCodeAt(i) < 0x80;
  return plain
    ? text
    : decodeText(
        ANSI_CODE_PAGE,
        Uint8Array.from(text, (c) => c.charCodeAt(0)),
      );
}

/** Writes a text and its NUL. */
export function writeText(thread: Thread, form: TextForm, address: number, text: string): void {
  const bytes = form.encode(text);
  thread.memory.setBytes(address, bytes);
  if (form.unit === 1) thread.memory.setU8(address + bytes.length, 0);
  else thread.memory.setU16(address + bytes.length, 0);
}

/**
 * The convention of GetTempPath and its kind: the length without the NUL when it fits into `capacity` units,
 * else (nothing written) the units needed with the NUL.
 */
export function giveText(
  thread: Thread,
  form: TextForm,
  address: number,
  capacity: number,
  text: string,
): number {
  const units = form.encode(text).length / form.unit;
  if (capacity <= units) return units + 1;
  writeText(thread, form, address, text);
  return units;
}

/** A path argument (NULL is the empty one), or undefined with last error set when it is longer than any path. */
export function readPath(thread: Thread, form: TextForm, address: number): string | undefined {
  const path = address === 0 ? '' : form.read(thread.memory, address);
  if (path.length <= LONGEST_PATH) return path;
  thread.fail(ERROR_FILENAME_EXCED_RANGE);
  return undefined;
}

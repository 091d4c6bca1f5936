import { PAGE_SIZE } from '../machine/layout.ts';
import { EXECUTE } from '../memory/constants.ts';
import type { AddressSpace } from '../memory/space.ts';
import { decode } from './decode/decode.ts';

const LONGEST = 15;

/** One line that names the instruction at an address by its bytes and mnemonic. */
export function describeInstruction(space: AddressSpace, address: number): string {
  const bytes = codeBytes(space, address);
  const instruction = decode(bytes, 0, address);
  const known = typeof instruction === 'object';
  const shown = bytes.subarray(0, known ? instruction.length : bytes.length);
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `instruction ${hex} (${known ? instruction.mnemonic : 'unknown'})`;
}

function codeBytes(space: AddressSpace, address: number): Uint8Array {
  const bytes = new Uint8Array(LONGEST);
  let length = 0;
  while (length < LONGEST) {
    const at = address + length;
    const host = space.probe(at, EXECUTE);
    if (host === 0) break;
    const count = Math.min(LONGEST - length, PAGE_SIZE - (at % PAGE_SIZE));
    bytes.set(space.system.ram.bytes.subarray(host, host + count), length);
    length += count;
  }
  return bytes.subarray(0, length);
}

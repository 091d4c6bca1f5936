import { COFF_HEADER_SIZE, DOS_HEADER_SIZE, MACHINE_AMD64, SECTION_HEADER_SIZE } from './format.ts';
import { u16, u32 } from './little-endian.ts';
import { hex, type Refusal, refuse } from './refusal.ts';

const ONLY = 'only 64-bit x86 (x86-64) Windows programs run here';

/** Machines of the COFF header that people have files for, and what to call a file for them. */
const MACHINES = new Map<number, string>([
  [0x14c, '32-bit x86'],
  [0x1c0, '32-bit ARM'],
  [0x1c2, '32-bit ARM'],
  [0x1c4, '32-bit ARM'],
  [0xaa64, 'ARM64'],
  [0xa641, 'ARM64EC'],
  [0x200, 'Itanium'],
  [0x5032, '32-bit RISC-V'],
  [0x5064, '64-bit RISC-V'],
  [0x6264, 'LoongArch'],
]);

/** The refusal of a PE file for another processor. */
export function refuseMachine(machine: number): Refusal {
  const name = MACHINES.get(machine) ?? `unknown processor (machine ${hex(machine)})`;
  return refuse('machine', `Windows program for ${name}; ${ONLY}`);
}

/** First bytes of the files people run by mistake. */
const MAGICS: readonly (readonly [string, string])[] = [
  ['\x7fELF', 'Linux (ELF) program'],
  ['\xcf\xfa\xed\xfe', 'macOS (Mach-O) program'],
  ['\xca\xfe\xba\xbe', 'macOS (Mach-O) program or Java class'],
  ['\0asm', 'WebAssembly module'],
  ['#!', 'script'],
  ['PK\x03\x04', 'ZIP archive'],
  ['\xd0\xcf\x11\xe0', 'Windows Installer package or other compound document'],
];

/** Explains a file that does not begin with "MZ". */
export function refuseForeign(bytes: Uint8Array): Refusal {
  if (bytes.length === 0) return refuse('empty', 'the file is empty');
  const magic = MAGICS.find(([start]) => startsWith(bytes, start));
  if (magic !== undefined) return refuse('foreign', `${magic[1]}, not a Windows program`);
  if (startsWith(bytes, '!<arch>\n'))
    return refuse('object', 'library archive (.a or .lib), not a linked program');
  if (isObject(bytes)) return refuse('object', 'object file, not a linked program');
  if (isText(bytes)) return refuse('foreign', 'text file, not a Windows program');
  return refuse('foreign', 'not a Windows program (it does not begin with "MZ")');
}

/** Explains a file that begins with "MZ" and has no "PE" header where one should be. */
export function refuseDos(bytes: Uint8Array): Refusal {
  if (bytes.length < DOS_HEADER_SIZE) {
    return refuse(
      'truncated',
      `truncated: ${bytes.length} bytes are less than the header of a Windows program`,
    );
  }
  const header = u32(bytes, 0x3c);
  // The relocation table of a file with an extended header begins at 0x40 or later; plain MS-DOS programs have it before.
  const extended = u16(bytes, 0x18) >= DOS_HEADER_SIZE;
  if (!extended || header === 0) return refuse('dos', `MS-DOS program; ${ONLY}`);
  if (header + 4 > bytes.length) {
    return refuse(
      'truncated',
      `truncated: its header should be at ${hex(header)}, the file ends at ${hex(bytes.length)}`,
    );
  }
  const signature = String.fromCharCode(bytes[header], bytes[header + 1]);
  if (signature === 'NE') return refuse('win16', `16-bit Windows program; ${ONLY}`);
  if (signature === 'LE' || signature === 'LX')
    return refuse('win16', `OS/2 program or Windows 9x driver; ${ONLY}`);
  return refuse('foreign', 'not a Windows program (it begins with "MZ" and has no "PE" header)');
}

function startsWith(bytes: Uint8Array, start: string): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start.charCodeAt(i)) return false;
  return true;
}

/** A COFF object begins with its machine, or with 0 and 0xFFFF (import library members, /bigobj). */
function isObject(bytes: Uint8Array): boolean {
  const machine = u16(bytes, 0);
  if (machine === 0 && u16(bytes, 2) === 0xffff) return bytes.length >= COFF_HEADER_SIZE;
  if (machine !== MACHINE_AMD64 && !MACHINES.has(machine)) return false;
  const tableEnd = COFF_HEADER_SIZE + u16(bytes, 2) * SECTION_HEADER_SIZE;
  return u16(bytes, 16) === 0 && tableEnd <= bytes.length;
}

/** Whether the first bytes are all printable, as UTF-8 or ASCII. */
function isText(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 512);
  return head.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13));
}

import { PAGE_SIZE } from '../machine/layout.ts';
import {
  COFF_HEADER_SIZE,
  Directory,
  DLL_DYNAMIC_BASE,
  DLL_HIGH_ENTROPY_VA,
  DLL_NX_COMPAT,
  DOS_HEADER_SIZE,
  FILE_DLL,
  FILE_EXECUTABLE_IMAGE,
  FILE_LARGE_ADDRESS_AWARE,
  MACHINE_AMD64,
  MAGIC_PE32_PLUS,
  OPTIONAL_HEADER_SIZE,
  SECTION_CODE,
  SECTION_HEADER_SIZE,
  SUBSYSTEM_WINDOWS_CUI,
} from './format.ts';
import type { DataDirectory } from './headers.ts';
import { alignUp, setU16, setU32, setU64 } from './little-endian.ts';

export const FILE_ALIGNMENT = 512;
/** Room for the headers and the sections that builder.ts makes. */
export const HEADER_SIZE = 1024;

/** A section of a file that is being built. */
export interface BuiltSection {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  /** File offset. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly characteristics: number;
}

interface HeaderSpec {
  readonly base: number;
  readonly entryPoint: number;
  readonly sections: readonly BuiltSection[];
  readonly exports: DataDirectory;
  readonly exceptions: DataDirectory;
  readonly relocations: DataDirectory;
}

const DIRECTORY_COUNT = 16;
const OPTIONAL_SIZE = OPTIONAL_HEADER_SIZE + DIRECTORY_COUNT * 8;
const COFF = DOS_HEADER_SIZE + 4;
const OPTIONAL = COFF + COFF_HEADER_SIZE;

/** The whole file: headers and the sections' bytes. */
export function buildHeaders(spec: HeaderSpec): Uint8Array {
  const last = spec.sections.at(-1);
  const fileSize =
    last === undefined ? HEADER_SIZE : last.offset + alignUp(last.bytes.length, FILE_ALIGNMENT);
  const bytes = new Uint8Array(fileSize);
  setU16(bytes, 0, 0x5a4d);
  // Tools take a file for one with an extended header by this offset.
  setU16(bytes, 0x18, DOS_HEADER_SIZE);
  setU32(bytes, 0x3c, DOS_HEADER_SIZE);
  setU32(bytes, DOS_HEADER_SIZE, 0x4550);
  setCoffHeader(bytes, spec);
  setOptionalHeader(bytes, spec);
  spec.sections.forEach((section, i) => {
    setSectionHeader(bytes, OPTIONAL + OPTIONAL_SIZE + i * SECTION_HEADER_SIZE, section);
    bytes.set(section.bytes, section.offset);
  });
  return bytes;
}

function setCoffHeader(bytes: Uint8Array, spec: HeaderSpec): void {
  setU16(bytes, COFF, MACHINE_AMD64);
  setU16(bytes, COFF + 2, spec.sections.length);
  setU16(bytes, COFF + 16, OPTIONAL_SIZE);
  setU16(bytes, COFF + 18, FILE_EXECUTABLE_IMAGE | FILE_LARGE_ADDRESS_AWARE | FILE_DLL);
}

function setOptionalHeader(bytes: Uint8Array, spec: HeaderSpec): void {
  const last = spec.sections.at(-1);
  const code = spec.sections.find((section) => (section.characteristics & SECTION_CODE) !== 0);
  setU16(bytes, OPTIONAL, MAGIC_PE32_PLUS);
  bytes[OPTIONAL + 2] = 14;
  setU32(bytes, OPTIONAL + 4, alignUp(code?.bytes.length ?? 0, FILE_ALIGNMENT));
  setU32(bytes, OPTIONAL + 16, spec.entryPoint);
  setU32(bytes, OPTIONAL + 20, code?.address ?? 0);
  setU64(bytes, OPTIONAL + 24, spec.base);
  setU32(bytes, OPTIONAL + 32, PAGE_SIZE);
  setU32(bytes, OPTIONAL + 36, FILE_ALIGNMENT);
  // Operating system, image and subsystem versions: those of Windows 10.
  for (const at of [40, 44, 48]) setU16(bytes, OPTIONAL + at, 10);
  setU32(bytes, OPTIONAL + 56, last === undefined ? PAGE_SIZE : last.address + alignUp(last.size, PAGE_SIZE));
  setU32(bytes, OPTIONAL + 60, HEADER_SIZE);
  setU16(bytes, OPTIONAL + 68, SUBSYSTEM_WINDOWS_CUI);
  setU16(bytes, OPTIONAL + 70, DLL_HIGH_ENTROPY_VA | DLL_DYNAMIC_BASE | DLL_NX_COMPAT);
  setU32(bytes, OPTIONAL + 72, 0x4_0000);
  setU32(bytes, OPTIONAL + 80, PAGE_SIZE);
  setU32(bytes, OPTIONAL + 88, 0x10_0000);
  setU32(bytes, OPTIONAL + 96, PAGE_SIZE);
  setU32(bytes, OPTIONAL + 108, DIRECTORY_COUNT);
  setDirectory(bytes, Directory.exports, spec.exports);
  setDirectory(bytes, Directory.exceptions, spec.exceptions);
  setDirectory(bytes, Directory.relocations, spec.relocations);
}

function setDirectory(bytes: Uint8Array, index: number, directory: DataDirectory): void {
  setU32(bytes, OPTIONAL + OPTIONAL_HEADER_SIZE + index * 8, directory.address);
  setU32(bytes, OPTIONAL + OPTIONAL_HEADER_SIZE + index * 8 + 4, directory.size);
}

function setSectionHeader(bytes: Uint8Array, at: number, section: BuiltSection): void {
  for (let i = 0; i < section.name.length; i++) bytes[at + i] = section.name.charCodeAt(i);
  const isInFile = section.bytes.length > 0;
  setU32(bytes, at + 8, section.size);
  setU32(bytes, at + 12, section.address);
  setU32(bytes, at + 16, isInFile ? alignUp(section.bytes.length, FILE_ALIGNMENT) : 0);
  setU32(bytes, at + 20, isInFile ? section.offset : 0);
  setU32(bytes, at + 36, section.characteristics);
}

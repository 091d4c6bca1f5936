import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import { refuseDos, refuseForeign, refuseMachine } from './classify.ts';
import {
  COFF_HEADER_SIZE,
  Directory,
  DOS_HEADER_SIZE,
  FILE_DLL,
  FILE_EXECUTABLE_IMAGE,
  MACHINE_AMD64,
  MAGIC_PE32,
  MAGIC_PE32_PLUS,
  OPTIONAL_HEADER_SIZE,
  SECTION_HEADER_SIZE,
  SUBSYSTEM_NATIVE,
  SUBSYSTEM_WINDOWS_CUI,
  SUBSYSTEM_WINDOWS_GUI,
} from './format.ts';
import { u16, u32, u64 } from './little-endian.ts';
import { damaged, hex, isRefusal, type Refusal, refuse } from './refusal.ts';

/** What a file is loaded as. A program must be an .exe; a library may be any image. */
export type Role = 'program' | 'library';

/** Where a table of the image is; address 0 means that there is none. */
export interface DataDirectory {
  readonly address: number;
  readonly size: number;
}

/** The fields of the headers that anybody needs, checked. Addresses are relative to the image base (RVAs). */
export interface Headers {
  /** File offset of the optional header. */
  readonly optionalHeader: number;
  readonly sectionTable: number;
  readonly sectionCount: number;
  readonly timestamp: number;
  /** IMAGE_FILE_ bits. */
  readonly characteristics: number;
  /** File offset and count of the COFF symbols. */
  readonly symbolTable: number;
  readonly symbolCount: number;
  /** 0 = none. */
  readonly entryPoint: number;
  /** Preferred base, a multiple of 64 KiB. It may be 0 or beyond user space: then the image must be moved. */
  readonly base: number;
  readonly sectionAlignment: number;
  readonly fileAlignment: number;
  /** Bytes of address space. */
  readonly size: number;
  readonly headerSize: number;
  readonly checksum: number;
  readonly subsystem: number;
  readonly subsystemVersion: { readonly major: number; readonly minor: number };
  readonly dllCharacteristics: number;
  readonly stackReserve: number;
  readonly stackCommit: number;
  readonly heapReserve: number;
  readonly heapCommit: number;
  /** Always 16 entries. */
  readonly directories: readonly DataDirectory[];
}

/** Relocations and unwind data address 31 bits. */
const LARGEST_IMAGE = 0x8000_0000;
const DIRECTORY_COUNT = 16;

/** Reads and checks the headers of a file that is to be loaded as `role`. */
export function readHeaders(bytes: Uint8Array, role: Role): Headers | Refusal {
  const coff = findCoffHeader(bytes);
  if (isRefusal(coff)) return coff;
  const optional = coff + COFF_HEADER_SIZE;
  const kind = checkKind(bytes, coff, role);
  if (kind !== undefined) return kind;
  const directories = readDirectories(bytes, optional, u16(bytes, coff + 16));
  if (isRefusal(directories)) return directories;
  const headers: Headers = {
    optionalHeader: optional,
    sectionTable: optional + u16(bytes, coff + 16),
    sectionCount: u16(bytes, coff + 2),
    timestamp: u32(bytes, coff + 4),
    symbolTable: u32(bytes, coff + 8),
    symbolCount: u32(bytes, coff + 12),
    characteristics: u16(bytes, coff + 18),
    entryPoint: u32(bytes, optional + 16),
    base: u64(bytes, optional + 24),
    sectionAlignment: u32(bytes, optional + 32),
    fileAlignment: u32(bytes, optional + 36),
    subsystemVersion: { major: u16(bytes, optional + 48), minor: u16(bytes, optional + 50) },
    size: u32(bytes, optional + 56),
    headerSize: u32(bytes, optional + 60),
    checksum: u32(bytes, optional + 64),
    subsystem: u16(bytes, optional + 68),
    dllCharacteristics: u16(bytes, optional + 70),
    stackReserve: u64(bytes, optional + 72),
    stackCommit: u64(bytes, optional + 80),
    heapReserve: u64(bytes, optional + 88),
    heapCommit: u64(bytes, optional + 96),
    directories,
  };
  return checkSizes(bytes, headers) ?? checkProgram(headers, role) ?? headers;
}

/** File offset of the COFF header, behind the "PE" signature. */
function findCoffHeader(bytes: Uint8Array): number | Refusal {
  if (u16(bytes, 0) !== 0x5a4d) return refuseForeign(bytes);
  const signature = u32(bytes, 0x3c);
  const isPe = bytes.length >= DOS_HEADER_SIZE && signature >= 4 && u32(bytes, signature) === 0x4550;
  if (!isPe || signature + 4 > bytes.length) return refuseDos(bytes);
  const end = signature + 4 + COFF_HEADER_SIZE + OPTIONAL_HEADER_SIZE;
  // A 32-bit or ARM file is named as such even when it is cut short here.
  const machine = u16(bytes, signature + 4);
  if (end > bytes.length && machine === MACHINE_AMD64) {
    return refuse(
      'truncated',
      `truncated: its headers need ${hex(end)} bytes, the file has ${hex(bytes.length)}`,
    );
  }
  return signature + 4;
}

/** Refuses what is a sound PE file of another kind. */
function checkKind(bytes: Uint8Array, coff: number, role: Role): Refusal | undefined {
  const machine = u16(bytes, coff);
  const magic = u16(bytes, coff + COFF_HEADER_SIZE);
  const characteristics = u16(bytes, coff + 18);
  if (hasDotnet(bytes, coff + COFF_HEADER_SIZE, magic)) {
    return refuse(
      'dotnet',
      '.NET program: its code is not x86-64 but for the .NET runtime, which is not here',
    );
  }
  if (machine !== MACHINE_AMD64) return refuseMachine(machine);
  if (u16(bytes, coff + 16) === 0) return refuse('object', 'object file, not a linked program');
  if (magic !== MAGIC_PE32_PLUS)
    return damaged(`its optional header has the magic number ${hex(magic)} instead of 0x20b`);
  if ((characteristics & FILE_EXECUTABLE_IMAGE) === 0) {
    return refuse('object', 'not a runnable image (the linker marked it as incomplete)');
  }
  if (role === 'program' && (characteristics & FILE_DLL) !== 0) {
    return refuse('library', 'DLL, not a program: a program that uses it can be run');
  }
  return undefined;
}

function hasDotnet(bytes: Uint8Array, optional: number, magic: number): boolean {
  if (magic !== MAGIC_PE32 && magic !== MAGIC_PE32_PLUS) return false;
  const table = optional + (magic === MAGIC_PE32 ? 96 : OPTIONAL_HEADER_SIZE);
  const entry = table + Directory.dotnet * 8;
  return u32(bytes, table - 4) > Directory.dotnet && u32(bytes, entry) !== 0 && u32(bytes, entry + 4) !== 0;
}

function readDirectories(
  bytes: Uint8Array,
  optional: number,
  optionalSize: number,
): DataDirectory[] | Refusal {
  const count = Math.min(u32(bytes, optional + 108), DIRECTORY_COUNT);
  if (OPTIONAL_HEADER_SIZE + count * 8 > optionalSize) {
    return damaged(`its optional header of ${optionalSize} bytes has no room for ${count} data directories`);
  }
  if (optional + optionalSize > bytes.length) return truncatedHeaders(bytes);
  return Array.from({ length: DIRECTORY_COUNT }, (_, i) => {
    if (i >= count) return { address: 0, size: 0 };
    const at = optional + OPTIONAL_HEADER_SIZE + i * 8;
    return { address: u32(bytes, at), size: u32(bytes, at + 4) };
  });
}

function truncatedHeaders(bytes: Uint8Array): Refusal {
  return refuse('truncated', `truncated: the file ends at ${hex(bytes.length)}, within its headers`);
}

function isPowerOfTwo(value: number): boolean {
  return value !== 0 && (value & (value - 1)) === 0;
}

function checkSizes(bytes: Uint8Array, headers: Headers): Refusal | undefined {
  const { sectionAlignment, fileAlignment, size, headerSize, base } = headers;
  const alignments = `section alignment ${hex(sectionAlignment)} and file alignment ${hex(fileAlignment)}`;
  if (!isPowerOfTwo(sectionAlignment) || !isPowerOfTwo(fileAlignment) || fileAlignment > sectionAlignment) {
    return damaged(`${alignments} cannot be`);
  }
  // "If SectionAlignment is less than the page size, then FileAlignment must match it"; otherwise 512 or more.
  if (sectionAlignment < PAGE_SIZE ? fileAlignment !== sectionAlignment : fileAlignment < 512) {
    return damaged(`${alignments} do not fit each other`);
  }
  if (size === 0 || size > LARGEST_IMAGE)
    return damaged(`its size in memory, ${hex(size)}, is not between 1 byte and 2 GiB`);
  if (base % GRANULE !== 0) return damaged(`its base ${hex(base)} is not a multiple of 64 KiB`);
  const tableEnd = headers.sectionTable + headers.sectionCount * SECTION_HEADER_SIZE;
  if (tableEnd > bytes.length) return truncatedHeaders(bytes);
  if (headerSize < tableEnd || headerSize > size) {
    return damaged(
      `its headers end at ${hex(tableEnd)}, but are said to be ${hex(headerSize)} bytes of ${hex(size)}`,
    );
  }
  if (headerSize > bytes.length) return truncatedHeaders(bytes);
  if (headers.entryPoint >= size)
    return damaged(`its entry point ${hex(headers.entryPoint)} is outside the image`);
  return undefined;
}

/** Names of the subsystems that do not run under Windows' own console and window system. */
const OTHER_SUBSYSTEMS = new Map<number, string>([
  [SUBSYSTEM_NATIVE, 'Windows driver or boot-time (native) program'],
  [5, 'OS/2 program'],
  [7, 'POSIX program'],
  [9, 'Windows CE program'],
  [10, 'EFI application'],
  [11, 'EFI driver'],
  [12, 'EFI driver'],
  [13, 'EFI ROM image'],
  [14, 'Xbox program'],
  [16, 'Windows boot application'],
]);

function checkProgram(headers: Headers, role: Role): Refusal | undefined {
  if (role === 'library') return undefined;
  const { subsystem, entryPoint } = headers;
  if (subsystem !== SUBSYSTEM_WINDOWS_CUI && subsystem !== SUBSYSTEM_WINDOWS_GUI) {
    const name = OTHER_SUBSYSTEMS.get(subsystem);
    return name === undefined
      ? damaged(`it is for the unknown subsystem ${subsystem}`)
      : refuse('subsystem', `${name}; only Windows console and window programs run here`);
  }
  return entryPoint === 0 ? damaged('it has no entry point') : undefined;
}

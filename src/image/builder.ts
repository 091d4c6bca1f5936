import { PAGE_SIZE } from '../machine/layout.ts';
import { buildExports } from './export-builder.ts';
import {
  RELOCATION_ABSOLUTE,
  RELOCATION_DIR64,
  SECTION_CODE,
  SECTION_DISCARDABLE,
  SECTION_EXECUTE,
  SECTION_INITIALIZED_DATA,
  SECTION_READ,
  SECTION_WRITE,
} from './format.ts';
import { type BuiltSection, buildHeaders, FILE_ALIGNMENT, HEADER_SIZE } from './header-builder.ts';
import { alignUp, setU16, setU32, setU64 } from './little-endian.ts';
import { encodeUnwind, setRuntimeFunction, type UnwindSpec } from './unwind.ts';

/** A place in a block that names another: a signed 32-bit distance from behind it, or a 64-bit address. */
export interface Fixup {
  readonly at: number;
  readonly kind: 'distance32' | 'address64';
  readonly to: string;
}

/** Machine code. Without `unwind` it must be a leaf that leaves the stack alone. */
export interface CodeBlock {
  readonly kind: 'code';
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly unwind?: UnwindSpec;
  readonly fixups?: readonly Fixup[];
}

/** Writable data of `size` bytes, beginning with `initial`, then zero. */
export interface DataBlock {
  readonly kind: 'data';
  readonly name: string;
  readonly size: number;
  readonly initial?: Uint8Array;
  readonly fixups?: readonly Fixup[];
}

/** An export that is another DLL's: "NTDLL.RtlAllocateHeap", "OTHER.#12". */
export interface Forward {
  readonly kind: 'forward';
  readonly name: string;
  readonly target: string;
}

/** What a DLL of ours consists of. */
export interface DllSpec {
  readonly name: string;
  /** Preferred base, a multiple of 64 KiB. */
  readonly base: number;
  readonly exports: readonly ((CodeBlock | DataBlock | Forward) & { readonly ordinal?: number })[];
  /** Blocks that have a name for fixups and handlers, but are not exported. */
  readonly internal?: readonly (CodeBlock | DataBlock)[];
  /** Name of the block that is DllMain's caller. */
  readonly entry?: string;
}

/** The bytes of a DLL file, and where its blocks are (RVAs by name). */
export interface BuiltDll {
  readonly bytes: Uint8Array;
  readonly addresses: ReadonlyMap<string, number>;
}

const CODE_ALIGNMENT = 16;
/** int3, so that a jump between blocks stops. */
const FILLER = 0xcc;

/** Builds the file of a DLL. The same spec gives the same bytes. A spec that names what it does not have is our bug. */
export function buildDll(spec: DllSpec): BuiltDll {
  const blocks = [...spec.exports, ...(spec.internal ?? [])];
  const code = blocks.filter((block) => block.kind === 'code');
  const data = blocks.filter((block) => block.kind === 'data');
  const addresses = new Map<string, number>();
  const sections: BuiltSection[] = [];
  const text = placeCode(code, PAGE_SIZE, addresses);
  addSection(sections, '.text', text, text.length, SECTION_CODE | SECTION_EXECUTE | SECTION_READ);
  const dataAddress = nextAddress(sections);
  const dataSection = placeData(data, dataAddress, addresses);
  addSection(
    sections,
    '.data',
    dataSection.bytes,
    dataSection.size,
    SECTION_INITIALIZED_DATA | SECTION_READ | SECTION_WRITE,
  );
  const rdataAddress = nextAddress(sections);
  const exported = buildExports(spec, rdataAddress, addresses);
  const unwind = buildUnwind(code, rdataAddress + exported.length, addresses);
  const readOnly = SECTION_INITIALIZED_DATA | SECTION_READ;
  addSection(
    sections,
    '.rdata',
    joined(exported, unwind.info),
    exported.length + unwind.info.length,
    readOnly,
  );
  const pdata = addSection(sections, '.pdata', unwind.functions, unwind.functions.length, readOnly);
  const pointers = [
    ...applyFixups(code, text, PAGE_SIZE, spec.base, addresses),
    ...applyFixups(data, dataSection.bytes, dataAddress, spec.base, addresses),
  ];
  const relocations = buildRelocations(pointers);
  const reloc = addSection(
    sections,
    '.reloc',
    relocations,
    relocations.length,
    readOnly | SECTION_DISCARDABLE,
  );
  const bytes = buildHeaders({
    base: spec.base,
    entryPoint: spec.entry === undefined ? 0 : addressOf(addresses, spec.entry),
    sections,
    exports: { address: rdataAddress, size: exported.length },
    exceptions: { address: pdata, size: unwind.functions.length },
    relocations: { address: reloc, size: relocations.length },
  });
  return { bytes, addresses };
}

/** Adds a section unless it is empty, and answers its RVA (0 when it is empty). */
function addSection(
  sections: BuiltSection[],
  name: string,
  bytes: Uint8Array,
  size: number,
  characteristics: number,
): number {
  if (size === 0) return 0;
  const address = nextAddress(sections);
  const last = sections.at(-1);
  const offset = last === undefined ? HEADER_SIZE : last.offset + alignUp(last.bytes.length, FILE_ALIGNMENT);
  sections.push({ name, address, size, offset, bytes, characteristics });
  return address;
}

function nextAddress(sections: readonly BuiltSection[]): number {
  const last = sections.at(-1);
  return last === undefined ? PAGE_SIZE : last.address + alignUp(last.size, PAGE_SIZE);
}

function placeCode(
  blocks: readonly CodeBlock[],
  address: number,
  addresses: Map<string, number>,
): Uint8Array {
  let end = 0;
  for (const block of blocks) {
    name(addresses, block.name, address + end);
    end = alignUp(end + block.bytes.length, CODE_ALIGNMENT);
  }
  const text = new Uint8Array(end).fill(FILLER);
  for (const block of blocks) text.set(block.bytes, addressOf(addresses, block.name) - address);
  return text;
}

/** Blocks with initial bytes come first, so that the file need not hold the zeros of the others. */
function placeData(
  blocks: readonly DataBlock[],
  address: number,
  addresses: Map<string, number>,
): { bytes: Uint8Array; size: number } {
  const hasBytes = (block: DataBlock) => block.initial !== undefined || block.fixups !== undefined;
  let size = 0;
  let fileSize = 0;
  for (const block of [...blocks.filter(hasBytes), ...blocks.filter((block) => !hasBytes(block))]) {
    name(addresses, block.name, address + size);
    size = alignUp(size + block.size, CODE_ALIGNMENT);
    if (hasBytes(block)) fileSize = size;
  }
  const bytes = new Uint8Array(fileSize);
  for (const block of blocks) {
    if (block.initial !== undefined)
      bytes.set(block.initial.subarray(0, block.size), addressOf(addresses, block.name) - address);
  }
  return { bytes, size };
}

/** UNWIND_INFOs from `address` on, and the sorted RUNTIME_FUNCTIONs. */
function buildUnwind(blocks: readonly CodeBlock[], address: number, addresses: ReadonlyMap<string, number>) {
  const framed = blocks.filter((block) => block.unwind !== undefined);
  const functions = new Uint8Array(framed.length * 12);
  const infos: Uint8Array[] = [];
  let next = address;
  framed.forEach((block, i) => {
    const spec = block.unwind!;
    const { bytes, handlerAt } = encodeUnwind(spec);
    if (spec.handler !== undefined) setU32(bytes, handlerAt, addressOf(addresses, spec.handler.name));
    const begin = addressOf(addresses, block.name);
    setRuntimeFunction(functions, i * 12, begin, begin + block.bytes.length, next);
    infos.push(bytes);
    next += bytes.length;
  });
  return { functions, info: joined(...infos) };
}

/** Writes the fixups of `blocks` into their section, and answers the RVAs of those that are addresses. */
function applyFixups(
  blocks: readonly (CodeBlock | DataBlock)[],
  section: Uint8Array,
  sectionAddress: number,
  base: number,
  addresses: ReadonlyMap<string, number>,
): number[] {
  const pointers: number[] = [];
  for (const block of blocks) {
    if (block.fixups === undefined) continue;
    for (const { at, kind, to } of block.fixups) {
      const place = addressOf(addresses, block.name) + at;
      const target = addressOf(addresses, to);
      if (kind === 'distance32') setU32(section, place - sectionAddress, target - (place + 4));
      else {
        setU64(section, place - sectionAddress, base + target);
        pointers.push(place);
      }
    }
  }
  return pointers;
}

/** The base relocation directory: a block a page, each a multiple of four bytes. */
function buildRelocations(pointers: readonly number[]): Uint8Array {
  const byPage = new Map<number, number[]>();
  for (const pointer of pointers.toSorted((a, b) => a - b)) {
    const page = Math.floor(pointer / PAGE_SIZE);
    byPage.set(page, [...(byPage.get(page) ?? []), pointer % PAGE_SIZE]);
  }
  const blocks = [...byPage].map(([page, offsets]) => {
    const block = new Uint8Array(8 + alignUp(offsets.length, 2) * 2);
    setU32(block, 0, page * PAGE_SIZE);
    setU32(block, 4, block.length);
    for (const [i, offset] of offsets.entries()) setU16(block, 8 + i * 2, (RELOCATION_DIR64 << 12) | offset);
    if (offsets.length % 2 === 1) setU16(block, block.length - 2, RELOCATION_ABSOLUTE << 12);
    return block;
  });
  return joined(...blocks);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function name(addresses: Map<string, number>, key: string, address: number): void {
  if (addresses.has(key)) throw new Error(`two blocks of a DLL are named ${key}`);
  addresses.set(key, address);
}

function addressOf(addresses: ReadonlyMap<string, number>, key: string): number {
  const address = addresses.get(key);
  if (address === undefined) throw new Error(`a DLL has no block named ${key}`);
  return address;
}

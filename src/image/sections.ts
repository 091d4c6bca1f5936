import { PAGE_SIZE } from '../machine/layout.ts';
import { SECTION_HEADER_SIZE } from './format.ts';
import type { Headers } from './headers.ts';
import { alignUp, u32 } from './little-endian.ts';
import { damaged, hex, type Refusal, refuse } from './refusal.ts';

/** A section of an image. */
export interface ImageSection {
  readonly name: string;
  /** RVA. */
  readonly address: number;
  /** Bytes in memory. */
  readonly size: number;
  /** File offset and count of the bytes that are mapped; the rest of the section's pages is zero. */
  readonly dataOffset: number;
  readonly dataSize: number;
  /** IMAGE_SCN_ bits. */
  readonly characteristics: number;
}

/**
 * Reads and checks the section table. "The VAs for sections must be assigned by the linker so that they are in ascending
 * order and adjacent, and they must be a multiple of the SectionAlignment value": so sections never overlap in memory.
 */
export function readSections(bytes: Uint8Array, headers: Headers): ImageSection[] | Refusal {
  const sections: ImageSection[] = [];
  let next = alignUp(headers.headerSize, headers.sectionAlignment);
  for (let i = 0; i < headers.sectionCount; i++) {
    const section = readSection(bytes, headers.sectionTable + i * SECTION_HEADER_SIZE);
    const refusal = checkSection(section, bytes, headers, i === 0, next);
    if (refusal !== undefined) return refusal;
    sections.push({ ...section, dataSize: Math.min(section.dataSize, alignUp(section.size, PAGE_SIZE)) });
    next = section.address + alignUp(section.size, headers.sectionAlignment);
  }
  return sections;
}

function readSection(bytes: Uint8Array, at: number): ImageSection {
  const virtualSize = u32(bytes, at + 8);
  const rawSize = u32(bytes, at + 16);
  const rawOffset = u32(bytes, at + 20);
  return {
    name: sectionName(bytes.subarray(at, at + 8)),
    size: virtualSize === 0 ? rawSize : virtualSize,
    address: u32(bytes, at + 12),
    dataOffset: rawOffset,
    dataSize: rawOffset === 0 ? 0 : rawSize,
    characteristics: u32(bytes, at + 36),
  };
}

/** Up to eight characters; anything unprintable is shown as '?', for names go into reports. */
function sectionName(field: Uint8Array): string {
  let name = '';
  for (const byte of field) {
    if (byte === 0) break;
    name += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return name;
}

function checkSection(
  section: ImageSection,
  bytes: Uint8Array,
  headers: Headers,
  isFirst: boolean,
  next: number,
): Refusal | undefined {
  const { address, size, dataOffset, dataSize } = section;
  const name = `section "${section.name}"`;
  const follows = isFirst ? address >= next : address === next;
  if (!follows || address % headers.sectionAlignment !== 0) {
    return damaged(`${name} is at ${hex(address)}, not at ${hex(next)} where the one before it ends`);
  }
  if (address + size > headers.size) {
    return damaged(`${name} ends at ${hex(address + size)}, outside the image of ${hex(headers.size)} bytes`);
  }
  if (dataSize === 0) return undefined;
  if (dataOffset % Math.min(headers.fileAlignment, 512) !== 0) {
    return damaged(`the data of ${name} is at ${hex(dataOffset)} of the file, which is not aligned`);
  }
  if (dataOffset + dataSize > bytes.length) {
    const end = hex(dataOffset + dataSize);
    return refuse(
      'truncated',
      `truncated: the data of ${name} ends at ${end}, the file at ${hex(bytes.length)}`,
    );
  }
  // Below page alignment the file is mapped as it is, so a section must lie where its data does.
  if (headers.sectionAlignment < PAGE_SIZE && dataOffset !== address) {
    return damaged(
      `the data of ${name} is at ${hex(dataOffset)} of a file that is mapped flat, not at ${hex(address)}`,
    );
  }
  return undefined;
}

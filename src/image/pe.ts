import { ExportTable } from './export-table.ts';
import {
  COFF_HEADER_SIZE,
  Directory,
  FILE_DLL,
  FILE_LARGE_ADDRESS_AWARE,
  FILE_RELOCS_STRIPPED,
  SECTION_HEADER_SIZE,
} from './format.ts';
import { FunctionTable } from './function-table.ts';
import { type Headers, type Role, readHeaders } from './headers.ts';
import { ImageBytes } from './image-bytes.ts';
import { ImageFile } from './image-file.ts';
import { type ImportedDll, readDelayedImports, readImports } from './import-table.ts';
import { u16, u32 } from './little-endian.ts';
import { isRefusal, type Refusal, unreadable } from './refusal.ts';
import { type Relocations, readRelocations } from './relocations.ts';
import { type ImageSection, readSections } from './sections.ts';
import { SymbolTable } from './symbol-table.ts';
import { readTls, type TlsDirectory } from './tls-directory.ts';

/** What readImage() answers. */
export type ReadResult =
  | { readonly image: PeImage; readonly refusal?: undefined }
  | (Refusal & { readonly image?: undefined });

/**
 * Reads an x86-64 Windows image (PE32+). Whatever the loader relies on is checked here, so that later steps cannot fail;
 * other tables are read when asked for, and are empty when broken. Reading never throws and its work is bounded.
 */
export function readImage(source: Uint8Array | ImageFile, role: Role = 'program'): ReadResult {
  const file = source instanceof Uint8Array ? new ImageFile(source) : source;
  haveHeaders(file);
  if (file.hasLost) return unreadable();
  const headers = readHeaders(file.bytes, role);
  if (isRefusal(headers)) return headers;
  const sections = readSections(file.bytes, headers);
  if (isRefusal(sections)) return sections;
  const bytes = new ImageBytes(file, headers, sections);
  const imports = readImports(bytes, headers.directories[Directory.imports].address);
  if (isRefusal(imports)) return imports;
  const tls = readTls(bytes, headers.directories[Directory.tls].address, headers.base);
  if (isRefusal(tls)) return tls;
  if (file.hasLost) return unreadable();
  return { image: new PeImage(file, { headers, sections, bytes, imports, tls }) };
}

/** More bytes than the headers before the section table have from where they begin, but for an optional header that is odd. */
const FIXED_HEADERS = 0x1000;

/** Gets what readHeaders and readSections look at, whatever it says. */
function haveHeaders(file: ImageFile): void {
  const { bytes } = file;
  file.have(0, FIXED_HEADERS);
  const signature = u32(bytes, 0x3c);
  file.have(signature, signature + FIXED_HEADERS);
  const optional = signature + 4 + COFF_HEADER_SIZE;
  const sections = optional + u16(bytes, signature + 20);
  file.have(optional, sections + u16(bytes, signature + 6) * SECTION_HEADER_SIZE);
}

interface ImageParts {
  readonly headers: Headers;
  readonly sections: readonly ImageSection[];
  readonly bytes: ImageBytes;
  readonly imports: readonly ImportedDll[];
  readonly tls: TlsDirectory | undefined;
}

/** An image file that can be loaded. All addresses are RVAs. */
export class PeImage {
  readonly file: ImageFile;
  readonly headers: Headers;
  readonly sections: readonly ImageSection[];
  /** The image's bytes in memory, before relocation. */
  readonly bytes: ImageBytes;
  readonly imports: readonly ImportedDll[];
  readonly tls: TlsDirectory | undefined;
  #exports: ExportTable | undefined;
  #functions: FunctionTable | undefined;
  #symbols: SymbolTable | undefined;
  #relocations: Relocations | Refusal | undefined;

  constructor(file: ImageFile, parts: ImageParts) {
    this.file = file;
    this.headers = parts.headers;
    this.sections = parts.sections;
    this.bytes = parts.bytes;
    this.imports = parts.imports;
    this.tls = parts.tls;
    this.#exports = undefined;
    this.#functions = undefined;
    this.#symbols = undefined;
    this.#relocations = undefined;
  }

  get isDll(): boolean {
    return (this.headers.characteristics & FILE_DLL) !== 0;
  }

  /** Whether its address space ends at 47 bits instead of 2 GiB. */
  get isLargeAddressAware(): boolean {
    return (this.headers.characteristics & FILE_LARGE_ADDRESS_AWARE) !== 0;
  }

  /** Whether it may be loaded elsewhere than at headers.base. */
  get isMovable(): boolean {
    return (this.headers.characteristics & FILE_RELOCS_STRIPPED) === 0;
  }

  get exports(): ExportTable {
    return (this.#exports ??= new ExportTable(this.bytes, this.headers.directories[Directory.exports]));
  }

  /** Functions with unwind data. */
  get functions(): FunctionTable {
    return (this.#functions ??= new FunctionTable(
      this.bytes,
      this.headers.directories[Directory.exceptions],
    ));
  }

  /** The linker's names, if they were left in. */
  get symbols(): SymbolTable {
    return (this.#symbols ??= new SymbolTable(this.file, this.headers, this.sections));
  }

  get relocations(): Relocations | Refusal {
    return (this.#relocations ??= readRelocations(
      this.bytes,
      this.headers.directories[Directory.relocations],
    ));
  }

  /** What the image loads by itself when first called; a broken table is a Refusal. */
  readDelayedImports(): readonly ImportedDll[] | Refusal {
    return readDelayedImports(this.bytes, this.headers.directories[Directory.delayedImports].address);
  }

  /** The section that `address` lies in. */
  sectionAt(address: number): ImageSection | undefined {
    return this.sections.find(
      (section) => address >= section.address && address < section.address + section.size,
    );
  }
}

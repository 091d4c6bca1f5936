import { isKnownExport } from '../dlls/known-exports/index.ts';
import { familiesOf } from '../dlls/registry.ts';
import type { ServiceTable } from '../dlls/service-table.ts';
import { hostsOfApiSet } from '../image/api-sets.ts';
import { ImageFile } from '../image/image-file.ts';
import type { FoundDll, MissingImport } from '../image/load-plan.ts';
import { type PeImage, readImage } from '../image/pe.ts';
import type { HostFiles } from '../machine/host.ts';
import type { Process } from '../process/process.ts';
import { buildOwnDll, type OwnDll, SPARE_STUB } from './dll-images.ts';
import type { ImageSource } from './loader.ts';
import type { LoadedModule } from './modules.ts';
import { initializeOwnDll, ownDlls } from './own-dlls.ts';

/** A DLL larger than this is not read. */
const LARGEST_FILE = 1024 * 1024 * 1024;
/** DLLs' files that are open at once. */
const MOST_OPEN = 256;
/** Functions that a program may import though we lack them. */
const SPARE_STUBS = 1024;
/** Name of the block of their stubs in our ntdll. */
const SPARE = '(absent functions)';
const SYSTEM32 = 'C:\\Windows\\System32\\';

/** A folder where DLLs are looked for, with its name in the guest. */
export interface DllFolder {
  readonly hostPath: string;
  readonly guestPath: string;
}

/** Finds DLLs: our own by name, the program's beside it. */
export class DllSource implements ImageSource {
  readonly #files: HostFiles;
  readonly #folders: readonly DllFolder[];
  readonly #specifications = new Map<string, OwnDll>();
  readonly #own = new Map<string, PeImage>();
  /** RVAs of the blocks of our own DLLs. */
  readonly #addresses = new Map<PeImage, ReadonlyMap<string, number>>();
  readonly #paths = new Map<string, string>();
  readonly #table: ServiceTable;
  readonly #open: ImageFile[] = [];
  readonly #firstSpare: number;
  #spareAddress = 0;
  #spareUsed = 0;

  constructor(files: HostFiles, folders: readonly DllFolder[], table: ServiceTable) {
    this.#files = files;
    this.#folders = folders;
    this.#table = table;
    this.#firstSpare = table.reserve(SPARE_STUBS);
    const spare = { name: SPARE, firstService: this.#firstSpare, count: SPARE_STUBS };
    for (const own of ownDlls(spare)) this.#specifications.set(`${own.dll}.dll`, own);
  }

  /** One of our own DLLs, made when it is first asked for. */
  #findOwn(name: string): PeImage | undefined {
    const made = this.#own.get(name);
    const own = this.#specifications.get(name);
    if (made || !own) return made;
    this.#table.add(familiesOf[own.dll]!());
    const built = buildOwnDll(own, this.#table);
    const result = readImage(built.bytes, 'library');
    if (!result.image) throw new Error(`our own ${name} is not an image: ${result.refusal}`);
    this.#own.set(name, result.image);
    this.#addresses.set(result.image, built.addresses);
    if (own.spare) this.#spareAddress = own.base + built.addresses.get(SPARE)!;
    return result.image;
  }

  find(name: string): FoundDll | undefined {
    const lower = name.toLowerCase();
    const own = this.#findOwn(lower);
    if (own) return { file: own, name: lower };
    for (const folder of this.#folders) {
      const found = this.#inFolder(folder, lower);
      if (found) return found;
    }
    return undefined;
  }

  #inFolder(folder: DllFolder, lower: string): FoundDll | undefined {
    const names = this.#files.list(folder.hostPath);
    if (typeof names === 'string') return undefined;
    const name = names.find((entry) => entry.toLowerCase() === lower);
    const file = name === undefined ? undefined : openImageFile(this.#files, `${folder.hostPath}/${name}`);
    if (name === undefined || file === undefined) return undefined;
    // A program may load and free DLLs without end: those above the limit are read whole instead.
    if (this.#open.length < MOST_OPEN) this.#open.push(file);
    else if (!file.readWhole()) return undefined;
    this.#paths.set(lower, `${folder.guestPath}${folder.guestPath.endsWith('\\') ? '' : '\\'}${name}`);
    return { file, name };
  }

  /** Closes the files of DLLs. */
  close(): void {
    for (const file of this.#open.splice(0)) file.close();
  }

  isOwn(image: PeImage): boolean {
    return this.#addresses.has(image);
  }

  mapped(process: Process, module: LoadedModule): void {
    const addresses = this.#addresses.get(module.image);
    if (!addresses) return;
    for (const { dll, name, hidden } of this.#table.functions.filter((api) => api !== undefined)) {
      if (hidden && `${dll}.dll` === module.name)
        process.hiddenFunctions.set(`${dll}!${name}`, module.base + addresses.get(name)!);
    }
    initializeOwnDll(process, module);
  }

  pathOf(name: string): string {
    return this.#paths.get(name.toLowerCase()) ?? `${SYSTEM32}${name}`;
  }

  /**
   * A stub for a function that Windows has and we do not: it stops the run when it is called. Our DLLs always lie
   * at their preferred base.
   */
  standIn(missing: MissingImport): number | undefined {
    const named = missing.dll.toLowerCase();
    const dll = (hostsOfApiSet(named) ?? [named])
      .map((name) => name.replace(/\.dll$/, ''))
      .find((name) => isKnownExport(name, missing.symbol));
    if (dll === undefined || this.#spareUsed >= SPARE_STUBS) return undefined;
    const index = this.#spareUsed++;
    this.#table.setAbsent(this.#firstSpare + index, dll, missing.symbol);
    return this.#spareAddress + index * SPARE_STUB;
  }
}

/** An image's file, open until it is closed; undefined when it cannot be read or is too large. */
export function openImageFile(files: HostFiles, path: string): ImageFile | undefined {
  const file = files.open(path, { write: false, create: false, exclusive: false, truncate: false });
  if (typeof file === 'string') return undefined;
  const size = file.size();
  const image = size > LARGEST_FILE ? undefined : new ImageFile(file, size);
  if (image?.have(0, 1)) return image;
  file.close();
  return undefined;
}

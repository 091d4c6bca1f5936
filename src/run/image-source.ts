import { isKnownExport } from '../dlls/known-exports/index.ts';
import { familiesOf } from '../dlls/registry.ts';
import { FIRST_ABSENT, type ServiceTable } from '../dlls/service-table.ts';
import { hostsOfApiSet } from '../image/api-sets.ts';
import { ImageFile } from '../image/image-file.ts';
import type { FoundDll } from '../image/load-plan.ts';
import { type PeImage, readImage } from '../image/pe.ts';
import type { HostFiles } from '../machine/host.ts';
import type { Process } from '../process/process.ts';
import { buildOwnImage, type OwnImage, STUB_SIZE } from './dll-images.ts';
import type { ImageSource } from './loader.ts';
import type { LoadedModule } from './modules.ts';
import { initializeOwnDll, ownDlls } from './own-dlls.ts';
import { ownImages } from './own-images.ts';

/** A DLL larger than this is not read. */
const LARGEST_FILE = 1024 * 1024 * 1024;
/** DLLs' files that are open at once. */
const MOST_OPEN = 256;
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
  readonly #own = new Map<string, PeImage>();
  readonly #ownImages = new Map<PeImage, OwnImage>();
  readonly #paths = new Map<string, string>();
  readonly #table: ServiceTable;
  readonly #open: ImageFile[] = [];
  /** Where the stubs of absent functions are. */
  #absentAt = 0;

  constructor(files: HostFiles, folders: readonly DllFolder[], table: ServiceTable) {
    this.#files = files;
    this.#folders = folders;
    this.#table = table;
  }

  /** One of our own DLLs, made when it is first asked for. */
  #findOwn(name: string): PeImage | undefined {
    const found = this.#own.get(name);
    const make = ownImages.get(name);
    if (found || !make) return found;
    const own = this.#observed(make());
    const { services, bytes, absent } = own;
    this.#table.add(services, familiesOf[services.dll]!());
    const { image, refusal } = readImage(bytes, 'library');
    if (!image) throw new Error(`our own ${name} is not an image: ${refusal}`);
    this.#own.set(name, image);
    this.#ownImages.set(image, own);
    if (absent !== undefined) this.#absentAt = image.headers.base + absent;
    return image;
  }

  /** Whoever observes calls is to see those, too, that our DLLs' own code does for others. */
  #observed(own: OwnImage): OwnImage {
    const { services } = own;
    return this.#table.observer
      ? buildOwnImage(ownDlls().find(({ dll }) => dll === services.dll)!, services, true)
      : own;
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
    return this.#ownImages.has(image);
  }

  mapped(process: Process, module: LoadedModule): void {
    const own = this.#ownImages.get(module.image);
    if (!own) return;
    const { services, hidden, data } = own;
    for (const name in hidden)
      process.hiddenFunctions.set(`${services.dll}!${name}`, module.base + hidden[name]!);
    initializeOwnDll(process, services.dll, (name) => module.base + data[name]!);
  }

  pathOf(name: string): string {
    return this.#paths.get(name.toLowerCase()) ?? `${SYSTEM32}${name}`;
  }

  /**
   * A stub for a function that Windows has and we do not: it stops the run when it is called. Our DLLs always lie
   * at their preferred base.
   */
  standIn(dll: string, symbol: string): number | undefined {
    const named = dll.toLowerCase();
    const host = (hostsOfApiSet(named) ?? [named])
      .map((name) => name.replace(/\.dll$/, ''))
      .find((name) => isKnownExport(name, symbol));
    const service = host === undefined ? undefined : this.#table.addAbsent(host, symbol);
    return service === undefined ? undefined : this.#absentAt + (service - FIRST_ABSENT) * STUB_SIZE;
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

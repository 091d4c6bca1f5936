import { OWN_DLLS } from '../dlls/service-table.ts';
import { layOut } from '../image/layout.ts';
import {
  type FoundDll,
  type LoadPlan,
  type PlannedModule,
  type PlanRequest,
  planLoad,
} from '../image/load-plan.ts';
import { ModuleMap } from '../image/module-map.ts';
import { PeImage, readImage } from '../image/pe.ts';
import { isRefusal } from '../image/refusal.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import {
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_NOACCESS,
  PAGE_READWRITE,
} from '../memory/constants.ts';
import { Section } from '../memory/section.ts';
import { ERROR_BAD_EXE_FORMAT, ERROR_MOD_NOT_FOUND, ERROR_NOT_ENOUGH_MEMORY } from '../process/errors.ts';
import { type GuestCallRequest, resultLow } from '../process/host-frames.ts';
import type { Loader } from '../process/loader.ts';
import type { Module, Process } from '../process/process.ts';
import { TEB } from '../process/teb.ts';
import type { Thread } from '../process/thread.ts';
import { LoaderData } from './loader-data.ts';
import { LoadedModule } from './modules.ts';

const DLL_PROCESS_DETACH = 0;
const DLL_PROCESS_ATTACH = 1;
const ERROR_DLL_INIT_FAILED = 1114;
/** lpvReserved of DllMain: non-zero for a DLL loaded with the program, and when the process ends. */
const STATIC = 1;
/** A callback array that the program made endless is read no further. */
const MOST_CALLBACKS = 4096;
const MOST_TLS_MODULES = 1088;

/** Where DLL files come from, and what stands in for functions that we do not have. */
export interface ImageSource {
  find(name: string): FoundDll | undefined;
  /** Guest path of a DLL that find() gave. */
  pathOf(name: string): string;
  isOwn(image: PeImage): boolean;
  /** An image has been mapped: gives one of our own its first values. */
  mapped(process: Process, module: LoadedModule): void;
  /** Address in the guest to bind an import to that no DLL satisfies, or undefined when the load must fail. */
  standIn(dll: string, symbol: string): number | undefined;
}

/** Why an image could not be loaded: lines for the user. */
export interface LoadFailure {
  readonly problems: readonly string[];
  readonly error: number;
}

/** Maps images into a process, binds their imports, runs their initialisers. */
export class ImageLoader implements Loader {
  readonly modules = new ModuleMap<LoadedModule>();
  readonly data: LoaderData;
  readonly #process: Process;
  readonly #source: ImageSource;
  readonly #imports: Pick<PlanRequest, 'find' | 'standIn'>;
  /** In order of initialisation. */
  readonly #order: LoadedModule[] = [];
  readonly #byPlan = new Map<PlannedModule, LoadedModule>();
  #tlsArray = 0;

  constructor(process: Process, source: ImageSource) {
    this.#process = process;
    this.#source = source;
    this.#imports = {
      find: (dll) => source.find(dll),
      standIn: (dll, symbol) => source.standIn(dll, symbol),
    };
    this.data = new LoaderData(process);
  }

  /** Maps the program and all it needs; nothing of it has run yet. */
  loadProgram(
    name: string,
    path: string,
    image: PeImage,
    always: readonly string[],
  ): LoadedModule | LoadFailure {
    const plan = planLoad({ name, image, ...this.#imports, always });
    const failure = this.#map(plan, path);
    return failure ?? this.#byPlan.get(plan.root)!;
  }

  /** Runs the initialisers of everything loaded but the program's own entry point. False: a DllMain said no. */
  *attachAll(thread: Thread): Generator<GuestCallRequest, boolean, number> {
    for (const module of this.#order) if (!(yield* attach(thread, module, STATIC))) return false;
    return true;
  }

  *detachAll(_thread: Thread): Generator<GuestCallRequest, void, number> {
    // DLLs, last initialised first; the program's own TLS callbacks come after all of them.
    const backwards = [...this.#order].reverse();
    for (const module of backwards.filter(({ image }) => image.isDll)) yield* detach(this.#process, module);
    for (const module of backwards.filter(({ image }) => !image.isDll)) yield* detach(this.#process, module);
  }

  *load(thread: Thread, name: string): Generator<GuestCallRequest, Module | number, number> {
    const file = fileNameOf(name);
    const found = this.#source.find(file);
    if (!found) return ERROR_MOD_NOT_FOUND;
    const image = found.file instanceof PeImage ? found.file : readImage(found.file, 'library').image;
    if (!image) return ERROR_BAD_EXE_FORMAT;
    const before = this.#order.length;
    const plan = planLoad({
      name: found.name ?? file,
      image,
      ...this.#imports,
      loaded: this.#byPlan.keys(),
    });
    const failure = this.#map(plan, this.#source.pathOf(file));
    if (failure) return failure.error;
    for (const module of this.#order.slice(before)) {
      if (!(yield* attach(thread, module, 0))) return ERROR_DLL_INIT_FAILED;
    }
    const loaded = this.#byPlan.get(plan.root)!;
    loaded.loads = 1;
    return loaded;
  }

  #map(plan: LoadPlan, programPath: string): LoadFailure | undefined {
    if (plan.problems.length > 0) return { problems: plan.problems, error: ERROR_MOD_NOT_FOUND };
    for (const planned of orderForMapping(plan)) {
      const problem = this.#mapOne(
        planned,
        planned === plan.root ? programPath : this.#source.pathOf(planned.name),
      );
      if (problem !== undefined) return { problems: [problem], error: ERROR_NOT_ENOUGH_MEMORY };
    }
    for (const planned of plan.modules) this.#bind(planned);
    for (const planned of plan.modules) this.#order.push(this.#byPlan.get(planned)!);
    this.#setUpTls();
    return undefined;
  }

  #mapOne(planned: PlannedModule, path: string): string | undefined {
    const base = this.#place(planned.image);
    if (base === 0) return `${planned.name} finds no address space`;
    const layout = layOut(planned.image, path, base);
    if (isRefusal(layout)) return `${planned.name} ${layout.refusal}`;
    const { section, status } = Section.image(this.#process.machine.system, layout);
    if (!section) return `${planned.name} cannot be mapped (status 0x${status.toString(16)})`;
    const mapped = this.#process.space.mapView(section, { base, protect: PAGE_EXECUTE_WRITECOPY });
    section.release();
    if (mapped >= 0x8000_0000) return `${planned.name} cannot be mapped (status 0x${mapped.toString(16)})`;
    const module = new LoadedModule(planned, path, base, layout.size, this.modules);
    this.#byPlan.set(planned, module);
    this.modules.add(module);
    this.#process.modules.push(module);
    this.data.add(module);
    this.#source.mapped(this.#process, module);
    return undefined;
  }

  /** The preferred base if the space there is free, else the first free place; 0 when there is none. */
  #place(image: PeImage): number {
    const { space } = this.#process;
    const { base, size } = image.headers;
    const taken = base === 0 || (base + size > OWN_DLLS && !this.#source.isOwn(image));
    for (const at of taken ? [0] : [base, 0]) {
      if (space.allocate(at, size, MEM_RESERVE, PAGE_NOACCESS) !== 0) continue;
      const found = space.resultBase;
      space.free(found, 0, MEM_RELEASE);
      if (at === 0 || found === base) return found;
    }
    return 0;
  }

  #bind(planned: PlannedModule): void {
    const module = this.#byPlan.get(planned)!;
    for (const binding of planned.bindings) {
      this.#writeSlot(module.base + binding.slot, this.#byPlan.get(binding.module)!.base + binding.address);
    }
    for (const { slot, standIn } of planned.missing) this.#writeSlot(module.base + slot, standIn!);
  }

  /** Import slots may lie in read-only pages. */
  #writeSlot(address: number, value: number): void {
    const { space, memory } = this.#process;
    space.protect(address, 8, PAGE_READWRITE);
    const before = space.resultProtect;
    memory.setU64(address, value);
    space.protect(address, 8, before);
  }

  /** Gives modules with thread-local storage their index, and the main thread its blocks. */
  #setUpTls(): void {
    const { memory, mainThread } = this.#process;
    if (this.#tlsArray === 0) {
      this.#tlsArray = this.#process.reserveSystem(0x10000, 0x10000);
      memory.setU64(mainThread.teb + TEB.tlsPointer, this.#tlsArray);
    }
    let next = this.#order.filter((module) => module.tlsIndex >= 0).length;
    for (const module of this.#order) {
      const tls = module.image.tls;
      if (!tls || module.tlsIndex >= 0 || next >= MOST_TLS_MODULES) continue;
      module.tlsIndex = next++;
      const size = Math.max(Math.ceil((tls.templateSize + tls.zeroFill) / PAGE_SIZE), 1) * PAGE_SIZE;
      const block = this.#process.reserveSystem(size, size);
      memory.setBytes(block, memory.bytes(module.base + tls.template, tls.templateSize));
      memory.setU64(this.#tlsArray + module.tlsIndex * 8, block);
      if (tls.index !== 0) memory.setU32(module.base + tls.index, module.tlsIndex);
    }
  }
}

/** The program first, as in Windows' load-order list. */
function orderForMapping(plan: LoadPlan): PlannedModule[] {
  return [...plan.modules].sort((a, b) => Number(b === plan.root) - Number(a === plan.root));
}

function fileNameOf(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1).toLowerCase();
  return name.includes('.') ? name : `${name}.dll`;
}

/** TLS callbacks, then the entry point of a DLL. */
function* attach(
  thread: Thread,
  module: LoadedModule,
  reserved: number,
): Generator<GuestCallRequest, boolean, number> {
  yield* callTlsCallbacks(thread.process, module, DLL_PROCESS_ATTACH, reserved);
  if (!module.image.isDll || module.entryPoint === 0) return true;
  yield { address: module.entryPoint, args: [module.base, DLL_PROCESS_ATTACH, reserved] };
  return resultLow(thread) !== 0;
}

function* detach(process: Process, module: LoadedModule): Generator<GuestCallRequest, void, number> {
  yield* callTlsCallbacks(process, module, DLL_PROCESS_DETACH, STATIC);
  if (module.image.isDll && module.entryPoint !== 0) {
    yield { address: module.entryPoint, args: [module.base, DLL_PROCESS_DETACH, STATIC] };
  }
}

function* callTlsCallbacks(
  process: Process,
  module: LoadedModule,
  reason: number,
  reserved: number,
): Generator<GuestCallRequest, void, number> {
  const tls = module.image.tls;
  if (!tls || tls.callbackArray === 0) return;
  for (let i = 0; i < MOST_CALLBACKS; i++) {
    const address = process.memory.u64(module.base + tls.callbackArray + i * 8);
    if (address === 0) return;
    yield { address, args: [module.base, reason, reserved] };
  }
}

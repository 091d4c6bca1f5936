import type { Process } from '../process/process.ts';
import {
  LDR,
  LDR_ENTRY,
  LDR_ENTRY_SIZE,
  LDR_SIZE,
  PARAMETERS,
  PARAMETERS_SIZE,
  PEB,
} from '../process/teb.ts';
import type { LoadedModule } from './modules.ts';

/**
 * What the loader keeps in the guest for programs to read: PEB_LDR_DATA with its module lists, and the process
 * parameters. Written with plain stores; a program may do with them what it likes, we never read them back.
 */
export class LoaderData {
  readonly #process: Process;
  readonly #ldr: number;
  readonly #arena: Arena;

  constructor(process: Process) {
    this.#process = process;
    this.#arena = new Arena(process);
    this.#ldr = this.#arena.take(LDR_SIZE);
    const { memory } = process;
    memory.setU32(this.#ldr + LDR.length, LDR_SIZE);
    memory.setU32(this.#ldr + LDR.initialized, 1);
    for (const list of [LDR.loadOrder, LDR.memoryOrder, LDR.initOrder]) {
      memory.setU64(this.#ldr + list, this.#ldr + list);
      memory.setU64(this.#ldr + list + 8, this.#ldr + list);
    }
    memory.setU64(process.peb + PEB.ldr, this.#ldr);
  }

  /** Appends the module to the three lists. */
  add(module: LoadedModule): void {
    const { memory } = this.#process;
    const entry = this.#arena.take(LDR_ENTRY_SIZE);
    module.ldrEntry = entry;
    memory.setU64(entry + LDR_ENTRY.dllBase, module.base);
    memory.setU64(entry + LDR_ENTRY.entryPoint, module.entryPoint);
    memory.setU32(entry + LDR_ENTRY.sizeOfImage, module.size);
    this.#unicode(entry + LDR_ENTRY.fullDllName, module.path);
    this.#unicode(entry + LDR_ENTRY.baseDllName, module.name);
    memory.setU16(entry + LDR_ENTRY.loadCount, 0xffff);
    this.#append(this.#ldr + LDR.loadOrder, entry + LDR_ENTRY.loadOrder);
    this.#append(this.#ldr + LDR.memoryOrder, entry + LDR_ENTRY.memoryOrder);
    if (module.image.isDll) this.#append(this.#ldr + LDR.initOrder, entry + LDR_ENTRY.initOrder);
  }

  #append(head: number, link: number): void {
    const { memory } = this.#process;
    const last = memory.u64(head + 8);
    memory.setU64(link, head);
    memory.setU64(link + 8, last);
    memory.setU64(last, link);
    memory.setU64(head + 8, link);
  }

  /** RTL_USER_PROCESS_PARAMETERS with command line, paths, environment and standard handles. */
  writeParameters(imagePath: string, standardHandles: readonly number[]): void {
    const { memory, peb, environment, commandLine, currentDirectory } = this.#process;
    const at = this.#arena.take(PARAMETERS_SIZE);
    memory.setU32(at + PARAMETERS.maximumLength, PARAMETERS_SIZE);
    memory.setU32(at + PARAMETERS.length, PARAMETERS_SIZE);
    memory.setU32(at + PARAMETERS.flags, 1);
    memory.setU64(at + PARAMETERS.standardInput, standardHandles[0]!);
    memory.setU64(at + PARAMETERS.standardOutput, standardHandles[1]!);
    memory.setU64(at + PARAMETERS.standardError, standardHandles[2]!);
    this.#unicode(
      at + PARAMETERS.currentDirectory,
      currentDirectory.endsWith('\\') ? currentDirectory : `${currentDirectory}\\`,
    );
    this.#unicode(at + PARAMETERS.imagePathName, imagePath);
    this.#unicode(at + PARAMETERS.commandLine, commandLine);
    const block = `${[...environment].map(([name, value]) => `${name}=${value}\0`).join('')}\0`;
    memory.setU64(at + PARAMETERS.environment, this.#text(block));
    memory.setU64(at + PARAMETERS.environmentSize, block.length * 2);
    memory.setU64(peb + PEB.processParameters, at);
  }

  #unicode(at: number, text: string): void {
    const { memory } = this.#process;
    memory.setU16(at, text.length * 2);
    memory.setU16(at + 2, text.length * 2 + 2);
    memory.setU64(at + 8, this.#text(`${text}\0`));
  }

  #text(text: string): number {
    const at = this.#arena.take(text.length * 2);
    const bytes = new Uint8Array(text.length * 2);
    for (let i = 0; i < text.length; i++) {
      bytes[i * 2] = text.charCodeAt(i) & 0xff;
      bytes[i * 2 + 1] = text.charCodeAt(i) >> 8;
    }
    this.#process.memory.setBytes(at, bytes);
    return at;
  }
}

const ARENA = 0x10000;

/** Memory for small system structures, 16-aligned, never given back. */
class Arena {
  readonly #process: Process;
  #next = 0;
  #end = 0;

  constructor(process: Process) {
    this.#process = process;
  }

  take(size: number): number {
    if (this.#next + size > this.#end) {
      const bytes = Math.max(Math.ceil(size / ARENA) * ARENA, ARENA);
      this.#next = this.#process.reserveSystem(bytes, bytes);
      this.#end = this.#next + bytes;
    }
    const at = this.#next;
    this.#next = Math.ceil((at + size) / 16) * 16;
    return at;
  }
}

import type { Process } from './process.ts';

const BLOCK = 0x10000;

/** Bytes that live in a process as long as it does, and that API functions hand out by address. */
class SystemStrings {
  readonly #addresses = new Map<string, number>();
  #next = 0;
  #end = 0;

  address(process: Process, key: string, make: () => Uint8Array): number {
    let at = this.#addresses.get(key);
    if (at !== undefined) return at;
    const bytes = make();
    at = this.#reserve(process, bytes.length);
    process.memory.setBytes(at, bytes);
    this.#addresses.set(key, at);
    return at;
  }

  #reserve(process: Process, size: number): number {
    const aligned = Math.ceil(size / 16) * 16;
    if (this.#next + aligned > this.#end) {
      const block = Math.max(BLOCK, Math.ceil(aligned / BLOCK) * BLOCK);
      this.#next = process.reserveSystem(block, block);
      this.#end = this.#next + block;
    }
    const at = this.#next;
    this.#next += aligned;
    return at;
  }
}

const strings = new WeakMap<Process, SystemStrings>();

/** The address of a constant of the process; `make` gives its bytes when it is first asked for. */
export function systemBytes(process: Process, key: string, make: () => Uint8Array): number {
  let own = strings.get(process);
  if (!own) strings.set(process, (own = new SystemStrings()));
  return own.address(process, key, make);
}

import type { KernelObject, ObjectType } from './objects.ts';

export interface HandleEntry {
  readonly object: KernelObject;
  /** Rights granted at creation (object-specific bits). */
  readonly access: number;
  inherit: boolean;
  protectFromClose: boolean;
}

/** Most handles that a process can have open (Windows' own limit is 2^24). */
const MAX_HANDLES = 1 << 20;
/** Handle values are multiples of four; the two low bits are the program's to use. */
const STEP = 4;

/** The pseudo-handles that GetCurrentProcess and GetCurrentThread return. */
export const CURRENT_PROCESS = -1;
export const CURRENT_THREAD = -2;

/** A process's handles. Freed values are used again, lowest first, so that runs repeat. */
export class HandleTable {
  readonly #entries: (HandleEntry | undefined)[] = [undefined];
  #open = 0;
  #firstFree = 1;

  get count(): number {
    return this.#open;
  }

  /** A new handle to `object`, or 0 when the table is full. */
  add(object: KernelObject, access: number, inherit = false, lastHandleClosed?: () => void): number {
    let index = this.#firstFree;
    while (index < this.#entries.length && this.#entries[index]) index++;
    if (index >= MAX_HANDLES) return 0;
    this.#entries[index] = { object, access, inherit, protectFromClose: false };
    this.#firstFree = index + 1;
    this.#open++;
    object.opened(lastHandleClosed);
    return index * STEP;
  }

  /** The entry of `handle`, or undefined when it is not an open handle. */
  get(handle: number): HandleEntry | undefined {
    const index = Math.floor(handle / STEP);
    return handle > 0 && index < this.#entries.length ? this.#entries[index] : undefined;
  }

  /** The object of `handle` if it is open and of that type. */
  object<T extends KernelObject>(handle: number, type: ObjectType): T | undefined {
    const entry = this.get(handle);
    return entry?.object.type === type ? (entry.object as T) : undefined;
  }

  /** False when it is not an open handle or is protected from closing. */
  close(handle: number): boolean {
    const entry = this.get(handle);
    if (!entry || entry.protectFromClose) return false;
    const index = Math.floor(handle / STEP);
    this.#entries[index] = undefined;
    this.#firstFree = Math.min(this.#firstFree, index);
    this.#open--;
    entry.object.closed();
    return true;
  }

  closeAll(except?: ObjectType): void {
    for (let index = 1; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (!entry || entry.object.type === except) continue;
      this.#entries[index] = undefined;
      this.#open--;
      entry.object.closed();
    }
    this.#firstFree = 1;
  }
}

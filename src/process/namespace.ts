import type { KernelObject } from './objects.ts';

/** MAX_PATH: the longest object name. */
const LONGEST_NAME = 260;

/**
 * The machine's directory of named objects. Sections, events, mutexes, semaphores, timers and jobs share it;
 * names are case-sensitive; a name goes with the last handle.
 */
export class Namespace {
  readonly #objects = new Map<string, KernelObject>();

  /**
   * The directory key of a name as Win32 takes it, or undefined when it is not a legal one.
   * No prefix means `Local\`; the prefixes are case-sensitive
   * (https://learn.microsoft.com/windows/win32/termserv/kernel-object-namespaces).
   */
  key(name: string): string | undefined {
    if (name.length === 0 || name.length > LONGEST_NAME) return undefined;
    const cut = name.indexOf('\\');
    if (cut < 0) return `Local\\${name}`;
    const prefix = name.slice(0, cut);
    const rest = name.slice(cut + 1);
    const known = prefix === 'Local' || prefix === 'Global';
    return known && rest.length > 0 && !rest.includes('\\') ? name : undefined;
  }

  find(key: string): KernelObject | undefined {
    return this.#objects.get(key);
  }

  /** Enters the object; the returned function takes it out again. */
  add(key: string, object: KernelObject): () => void {
    this.#objects.set(key, object);
    object.name = key;
    return () => {
      if (this.#objects.get(key) === object) this.#objects.delete(key);
    };
  }
}

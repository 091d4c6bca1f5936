/**
 * Kernel objects: what handles refer to and names name. An object lives while handles or the machine's own
 * references (a view, a running thread) exist.
 */
export type ObjectType =
  | 'section'
  | 'file'
  | 'process'
  | 'thread'
  | 'event'
  | 'mutex'
  | 'semaphore'
  | 'timer'
  | 'job'
  | 'find';

export abstract class KernelObject {
  abstract readonly type: ObjectType;
  /** Full name in the object directory, or undefined. */
  name: string | undefined = undefined;
  #handles = 0;
  #closed: (() => void) | undefined;

  get handleCount(): number {
    return this.#handles;
  }
  /** `lastHandleClosed` takes the name out of the directory. */
  opened(lastHandleClosed?: () => void): void {
    this.#handles++;
    if (lastHandleClosed) this.#closed = lastHandleClosed;
  }
  closed(): void {
    if (--this.#handles > 0) return;
    this.#closed?.();
    this.#closed = undefined;
    this.destroy();
  }
  /** The last handle is gone. */
  protected abstract destroy(): void;
}

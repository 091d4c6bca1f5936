import { KernelObject } from './objects.ts';
import type { Thread } from './thread.ts';

/** An object that a thread can wait for. */
export abstract class Waitable extends KernelObject {
  readonly #waiting = new Set<() => void>();

  /** Whether a wait of `thread` would end now. */
  abstract isSignaled(thread: Thread): boolean;
  /** What the end of a wait changes. */
  take(_thread: Thread): void {}

  subscribe(wake: () => void): void {
    this.#waiting.add(wake);
  }
  /** Has everybody who waits look again. */
  protected wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
  protected destroy(): void {}
}

export class EventObject extends Waitable {
  readonly type = 'event';
  readonly manualReset: boolean;
  #set: boolean;

  constructor(manualReset: boolean, set: boolean) {
    super();
    this.manualReset = manualReset;
    this.#set = set;
  }
  isSignaled(): boolean {
    return this.#set;
  }
  override take(): void {
    if (!this.manualReset) this.#set = false;
  }
  set(): void {
    this.#set = true;
    this.wakeAll();
  }
  reset(): void {
    this.#set = false;
  }
}

export class MutexObject extends Waitable {
  readonly type = 'mutex';
  #owner: Thread | undefined;
  #depth = 0;

  constructor(owner: Thread | undefined) {
    super();
    this.#owner = owner;
    this.#depth = owner ? 1 : 0;
  }
  isSignaled(thread: Thread): boolean {
    return this.#owner === undefined || this.#owner === thread;
  }
  override take(thread: Thread): void {
    this.#owner = thread;
    this.#depth++;
  }
  /** False when `thread` does not own it. */
  release(thread: Thread): boolean {
    if (this.#owner !== thread) return false;
    if (--this.#depth === 0) {
      this.#owner = undefined;
      this.wakeAll();
    }
    return true;
  }
}

export class SemaphoreObject extends Waitable {
  readonly type = 'semaphore';
  readonly maximum: number;
  count: number;

  constructor(count: number, maximum: number) {
    super();
    this.count = count;
    this.maximum = maximum;
  }
  isSignaled(): boolean {
    return this.count > 0;
  }
  override take(): void {
    this.count--;
  }
  /** False when the count would pass the maximum; nothing is changed then. */
  release(by: number): boolean {
    if (this.count + by > this.maximum) return false;
    this.count += by;
    this.wakeAll();
    return true;
  }
}

import { FrameState, Frames, NO_FRAME } from '../machine/frames.ts';
import type { Ram } from '../machine/ram.ts';
import { FileCaches } from './file-cache.ts';
import type { SharedPages } from './shared-pages.ts';
import { AddressSpace } from './space.ts';
import { STATUS_SUCCESS } from './status.ts';
import { validateSystem } from './validate.ts';

/** The memory of one machine: its frames, its commit charge, its files' pages and its address spaces. */
export class MemorySystem {
  readonly ram: Ram;
  readonly frames: Frames;
  /** Most pages that may be promised at once. There is no page file yet: as many as there are frames, unless told. */
  readonly commitLimit: number;
  /** Pages promised: the sum of what address spaces and sections are charged. */
  commitCharge = 0;
  commitPeak = 0;
  /** The page caches of open files. */
  readonly files: FileCaches;
  readonly spaces = new Set<AddressSpace>();
  readonly shared = new Map<number, SharedPages>();
  /** Why the last page could not be brought in. */
  pageInStatus = STATUS_SUCCESS;
  /** Called when translated code made from a frame is stale: its bytes changed, or a page stopped showing it. */
  onCodeChange: ((frame: number) => void) | undefined = undefined;
  #lastId = 0;

  constructor(ram: Ram, options: { readonly frames: number; readonly commitLimit?: number }) {
    this.ram = ram;
    this.frames = new Frames(ram, options.frames);
    this.commitLimit = options.commitLimit ?? options.frames;
    this.files = new FileCaches(this);
  }

  createSpace(): AddressSpace {
    const space = new AddressSpace(this, ++this.#lastId);
    this.spaces.add(space);
    return space;
  }

  /** Remembers shared pages and answers the id that their frames carry. */
  register(pages: SharedPages): number {
    const id = ++this.#lastId;
    this.shared.set(id, pages);
    return id;
  }
  unregister(pages: SharedPages): void {
    this.shared.delete(pages.id);
  }

  canCharge(pages: number): boolean {
    return pages <= this.commitLimit - this.commitCharge;
  }

  /** Promises `pages` more pages, or answers false and promises none. */
  charge(pages: number): boolean {
    if (!this.canCharge(pages)) return false;
    this.commitCharge += pages;
    if (this.commitCharge > this.commitPeak) this.commitPeak = this.commitCharge;
    return true;
  }
  uncharge(pages: number): void {
    this.commitCharge -= pages;
  }

  /**
   * A frame for a new page that guest page `shownAt` will show (or NOWHERE); where none is free, one that a file or an
   * image can do without.
   */
  takeFrame(clear: boolean, kind: number, owner: number, page: number, shownAt: number): number {
    const frame = this.frames.take(clear, kind, owner, page, shownAt);
    if (frame !== NO_FRAME || !this.#reclaim()) return frame;
    return this.frames.take(clear, kind, owner, page, shownAt);
  }

  /** Frees the frame that nobody maps and that was used longest ago. Nothing that is mapped is touched. */
  #reclaim(): boolean {
    let frame = this.frames.oldest(false);
    if (frame === NO_FRAME) {
      frame = this.frames.oldest(true);
      if (frame === NO_FRAME) return false;
      const page = this.frames.page(frame);
      // Neighbours on the disk go out with it.
      this.shared.get(this.frames.owner(frame))!.flush(page, page + 256);
      if (this.frames.state(frame) !== FrameState.standby) return false;
    }
    this.shared.get(this.frames.owner(frame))!.evict(this.frames.page(frame));
    return true;
  }

  /** Gives a frame without references back, and drops what was translated from it. */
  freeFrame(frame: number): void {
    this.codeChanged(frame);
    this.frames.free(frame);
  }

  /** Must be called when the bytes of a frame change other than by translated code, or a page stops showing it. */
  codeChanged(frame: number): void {
    if (this.frames.holdsCode(frame)) this.onCodeChange?.(frame);
  }

  /** Throws an Error with a sentence if any invariant is broken. For tests. */
  validate(): void {
    validateSystem(this);
  }
}

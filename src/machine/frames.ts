import { FRAMES, MAX_FRAMES, PAGE_SIZE } from './layout.ts';
import type { Ram } from './ram.ts';

/** What a frame is doing. */
export const FrameState = {
  /** Holds old bytes of nobody; cleared before it is used again. */
  free: 0,
  /** Holds zeros and belongs to nobody. */
  zeroed: 1,
  /** In use. */
  active: 2,
  /** Belongs to a file or an image, nobody maps it, and it can be dropped at once. */
  standby: 3,
  /** As standby, but its bytes must reach the file first. */
  modified: 4,
} as const;

/** What a frame holds, so that its owner can be found: the reverse map. */
export const FrameKind = {
  none: 0,
  /** One page of one address space: owner = space id, page = its page number. */
  private: 1,
  /** A page of a section or file: owner = id of its SharedPages, page = index in it; its views lead to the users. */
  shared: 2,
} as const;

/** "No frame." */
export const NO_FRAME = -1;

/** One of the two lists of frames that nobody maps, oldest first. */
class FrameList {
  first = NO_FRAME;
  last = NO_FRAME;
  length = 0;
}

/**
 * The frame database: what each frame of RAM holds and who refers to it.
 *
 *     references[f] = page-table entries that hold f + the section entry that holds f + locks[f]
 *     count = freeCount + zeroedCount + (active, standby and modified frames)
 */
export class Frames {
  readonly ram: Ram;
  readonly count: number;
  readonly state: Uint8Array;
  readonly kind: Uint8Array;
  readonly references: Uint32Array;
  readonly locks: Uint16Array;
  /** Id of the address space or SharedPages, see FrameKind. */
  readonly owner: Uint32Array;
  /** Page number or page index (35 bits: hence floats). */
  readonly page: Float64Array;
  /** 1 = differs from what the file holds. */
  readonly dirty: Uint8Array;
  /** 1 = translated code was made from this frame (set by the translator). */
  readonly holdsCode: Uint8Array;
  /** 1 = its bytes can be read again from where they came, so the frame may go to standby. */
  readonly refillable: Uint8Array;
  /** Frames that were never used; they begin at this number and still hold the zeros they were born with. */
  #unused = 0;
  #freeFirst = NO_FRAME;
  #freeCount = 0;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #standby = new FrameList();
  readonly #modified = new FrameList();

  constructor(ram: Ram, count: number) {
    if (!Number.isInteger(count) || count < 1 || count > MAX_FRAMES)
      throw new RangeError(`a machine has 1 to ${MAX_FRAMES} frames, not ${count}`);
    this.ram = ram;
    this.count = count;
    this.state = new Uint8Array(count).fill(FrameState.zeroed);
    this.kind = new Uint8Array(count);
    this.references = new Uint32Array(count);
    this.locks = new Uint16Array(count);
    this.owner = new Uint32Array(count);
    this.page = new Float64Array(count);
    this.dirty = new Uint8Array(count);
    this.holdsCode = new Uint8Array(count);
    this.refillable = new Uint8Array(count);
    this.#next = new Int32Array(count);
    this.#previous = new Int32Array(count);
  }

  /** Frames that hold something, standby and modified ones included. */
  get inUse(): number {
    return this.#unused - this.#freeCount;
  }
  get standbyCount(): number {
    return this.#standby.length;
  }
  get modifiedCount(): number {
    return this.#modified.length;
  }
  /** Frames that a new page can have without anything being written: zeroed + free + standby. */
  get available(): number {
    return this.count - this.inUse + this.#standby.length;
  }

  /** Byte offset of a frame in the machine's memory. */
  offset(frame: number): number {
    return FRAMES + frame * PAGE_SIZE;
  }
  /** The frame that a byte offset lies in. */
  frameAt(offset: number): number {
    return (offset >>> 12) - (FRAMES >>> 12);
  }
  bytes(frame: number): Uint8Array {
    const at = this.offset(frame);
    return this.ram.bytes.subarray(at, at + PAGE_SIZE);
  }

  /**
   * Takes a free frame, or NO_FRAME when there is none. It has no references yet. `clear` makes its bytes
   * zero; without it they are anybody's, and the caller must overwrite all of them.
   */
  take(clear: boolean, kind: number, owner: number, page: number): number {
    let frame = this.#freeFirst;
    // Freed frames first: the host never takes touched pages of a WebAssembly.Memory back.
    if (frame !== NO_FRAME) {
      this.#freeFirst = this.#next[frame]!;
      this.#freeCount--;
      if (clear) {
        const at = this.offset(frame);
        this.ram.bytes.fill(0, at, at + PAGE_SIZE);
      }
    } else {
      if (this.#unused === this.count) return NO_FRAME;
      frame = this.#unused++;
    }
    this.state[frame] = FrameState.active;
    this.kind[frame] = kind;
    this.owner[frame] = owner;
    this.page[frame] = page;
    return frame;
  }

  /** Gives a frame without references back. */
  free(frame: number): void {
    this.#unlist(frame);
    this.state[frame] = FrameState.free;
    this.kind[frame] = FrameKind.none;
    this.dirty[frame] = 0;
    this.holdsCode[frame] = 0;
    this.refillable[frame] = 0;
    this.#next[frame] = this.#freeFirst;
    this.#freeFirst = frame;
    this.#freeCount++;
  }

  addReference(frame: number): void {
    if (this.references[frame]!++ > 0 && this.state[frame] !== FrameState.active) {
      this.#unlist(frame);
      this.state[frame] = FrameState.active;
    }
  }

  /** Drops a reference and returns how many are left; at 0 the caller frees the frame or has given it on. */
  dropReference(frame: number): number {
    const left = --this.references[frame]!;
    if (left === 1 && this.refillable[frame] === 1) this.rest(frame);
    return left;
  }

  /** Puts a refillable frame that only its section holds on the list it belongs to, as its youngest. */
  rest(frame: number): void {
    if (this.references[frame] !== 1 || this.refillable[frame] === 0) return;
    this.#unlist(frame);
    const dirty = this.dirty[frame] === 1;
    this.state[frame] = dirty ? FrameState.modified : FrameState.standby;
    const list = dirty ? this.#modified : this.#standby;
    this.#next[frame] = NO_FRAME;
    this.#previous[frame] = list.last;
    if (list.last === NO_FRAME) list.first = frame;
    else this.#next[list.last] = frame;
    list.last = frame;
    list.length++;
  }

  /** The frame on standby (or, if `modified`, on the modified list) that was used longest ago, or NO_FRAME. */
  oldest(modified: boolean): number {
    return modified ? this.#modified.first : this.#standby.first;
  }

  #unlist(frame: number): void {
    const state = this.state[frame];
    if (state !== FrameState.standby && state !== FrameState.modified) return;
    const list = state === FrameState.modified ? this.#modified : this.#standby;
    const next = this.#next[frame]!;
    const previous = this.#previous[frame]!;
    if (previous === NO_FRAME) list.first = next;
    else this.#next[previous] = next;
    if (next === NO_FRAME) list.last = previous;
    else this.#previous[next] = previous;
    list.length--;
    this.state[frame] = FrameState.active;
  }

  /** Throws if the lists and states contradict each other. For tests. */
  validate(): void {
    let free = 0;
    for (let frame = this.#freeFirst; frame !== NO_FRAME; frame = this.#next[frame]!) {
      if (this.state[frame] !== FrameState.free)
        throw new Error(`frame ${frame} is on the free list but not free`);
      if (++free > this.count) throw new Error('the free list is a ring');
    }
    if (free !== this.#freeCount) throw new Error(`${free} frames are free, ${this.#freeCount} were counted`);
    this.#validateList(this.#standby, FrameState.standby);
    this.#validateList(this.#modified, FrameState.modified);
    for (let frame = 0; frame < this.#unused; frame++) this.#validateFrame(frame);
  }

  #validateFrame(frame: number): void {
    const state = this.state[frame]!;
    if (state === FrameState.zeroed) throw new Error(`frame ${frame} was used but counts as never used`);
    const used = state !== FrameState.free;
    if (used !== this.references[frame]! > 0)
      throw new Error(`frame ${frame} in state ${state} has ${this.references[frame]} references`);
    const resting = used && this.references[frame] === 1 && this.refillable[frame] === 1;
    const expected = !resting
      ? FrameState.active
      : this.dirty[frame] === 1
        ? FrameState.modified
        : FrameState.standby;
    if (used && state !== expected) throw new Error(`frame ${frame} is in state ${state}, not ${expected}`);
  }

  #validateList(list: FrameList, state: number): void {
    let length = 0;
    let previous = NO_FRAME;
    for (let frame = list.first; frame !== NO_FRAME; frame = this.#next[frame]!) {
      if (this.state[frame] !== state)
        throw new Error(`frame ${frame} is on the list of state ${state} but not in it`);
      if (this.#previous[frame] !== previous) throw new Error(`frame ${frame} is linked back wrongly`);
      if (++length > list.length) throw new Error(`the list of state ${state} is longer than ${list.length}`);
      previous = frame;
    }
    if (length !== list.length || list.last !== previous)
      throw new Error(`the list of state ${state} has ${length} frames, not ${list.length}`);
  }
}

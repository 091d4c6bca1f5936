import {
  FRAME_CODE,
  FRAME_RECORD_COUNT,
  FRAME_RECORD_SIZE,
  FRAME_RECORDS,
  FRAMES,
  FREE_FRAMES,
  MAX_FRAMES,
  PAGE_SIZE,
} from './layout.ts';
import { homeOf, MOST_SPARE, rankOf } from './placement.ts';
import type { Ram } from './ram.ts';

/** What a frame is doing. */
export const FrameState = {
  /** Was never used: holds the zeros it was born with. */
  zeroed: 0,
  /** Holds old bytes of nobody; cleared before it is used again. */
  free: 1,
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

// A frame's record, in 32-bit words: one cache line for all that happens to a frame.
const WORDS = FRAME_RECORD_SIZE / 4;
/** Index of the first word of a frame's record, in words from FRAME_RECORDS. */
export function recordOf(frame: number): number {
  return rankOf(frame) * WORDS;
}
const REFERENCES = 0;
/** State in bits 0-2, kind in bits 3-4, then marks; locks in bits 16-31. */
const STATUS = 1;
const OWNER = 2;
/** Page number: low 32 bits, then the rest. */
const PAGE_LOW = 3;
const PAGE_HIGH = 4;
const NEXT = 5;
const PREVIOUS = 6;
/** Of a free frame: its place on the stack of free ones. */
const PLACE = NEXT;

const STATE = 0x7;
const KIND_SHIFT = 3;
const KIND = 0x3 << KIND_SHIFT;
const DIRTY = 0x20;
const REFILLABLE = 0x40;
const LOCK = 0x10000;

/**
 * The frame database: what each frame of RAM holds and who refers to it.
 *
 *     references(f) = page-table entries that hold f + the section entry that holds f + locks(f)
 *     inUse = frames that are active, standby or modified, at most `count` of MAX_FRAMES
 */
export class Frames {
  readonly ram: Ram;
  /** Most frames that can be in use at once. */
  readonly count: number;
  readonly #codes: Uint8Array;
  readonly #records: Uint32Array;
  #inUse = 0;
  /** A stack of free frames. */
  readonly #free: Uint32Array;
  #freeCount = 0;
  /** All frames above were used. */
  #lastUnused = MAX_FRAMES - 1;
  readonly #standby = new FrameList();
  readonly #modified = new FrameList();

  constructor(ram: Ram, count: number) {
    if (!Number.isInteger(count) || count < 1 || count > MAX_FRAMES)
      throw new RangeError(`a machine has 1 to ${MAX_FRAMES} frames, not ${count}`);
    this.ram = ram;
    this.count = count;
    // In the machine's memory, not in arrays of their own: V8 would collect garbage each time it hears of so much.
    const { buffer } = ram.memory;
    this.#codes = new Uint8Array(buffer, FRAME_CODE, FRAME_RECORD_COUNT);
    this.#records = new Uint32Array(buffer, FRAME_RECORDS, FRAME_RECORD_COUNT * WORDS);
    this.#free = new Uint32Array(buffer, FREE_FRAMES, MAX_FRAMES);
  }

  references(frame: number): number {
    return this.#records[recordOf(frame) + REFERENCES]!;
  }
  state(frame: number): number {
    return this.#status(frame) & STATE;
  }
  kind(frame: number): number {
    return (this.#status(frame) & KIND) >>> KIND_SHIFT;
  }
  locks(frame: number): number {
    return Math.floor(this.#status(frame) / LOCK);
  }
  /** Id of the address space or SharedPages, see FrameKind. */
  owner(frame: number): number {
    return this.#records[recordOf(frame) + OWNER]!;
  }
  /** Page number or page index, see FrameKind. */
  page(frame: number): number {
    const at = recordOf(frame);
    return this.#records[at + PAGE_LOW]! + this.#records[at + PAGE_HIGH]! * 0x1_0000_0000;
  }
  /** Whether it differs from what the file holds. */
  isDirty(frame: number): boolean {
    return (this.#status(frame) & DIRTY) !== 0;
  }
  setDirty(frame: number, dirty: boolean): void {
    this.#mark(frame, DIRTY, dirty);
    this.rest(frame);
  }
  /** Whether its bytes can be read again from where they came, so that it may go to standby. */
  isRefillable(frame: number): boolean {
    return (this.#status(frame) & REFILLABLE) !== 0;
  }
  setRefillable(frame: number): void {
    this.#mark(frame, REFILLABLE, true);
    this.rest(frame);
  }

  /** Whether translated code was made from it. */
  holdsCode(frame: number): boolean {
    return this.#codes[rankOf(frame)] === 1;
  }
  /** For the translator. */
  setHoldsCode(frame: number, holds: boolean): void {
    this.#codes[rankOf(frame)] = holds ? 1 : 0;
  }

  #status(frame: number): number {
    return this.#records[recordOf(frame) + STATUS]!;
  }
  #mark(frame: number, bit: number, on: boolean): void {
    const at = recordOf(frame) + STATUS;
    this.#records[at] = on ? this.#records[at]! | bit : this.#records[at]! & ~bit;
  }
  #setState(frame: number, state: number): void {
    const at = recordOf(frame) + STATUS;
    this.#records[at] = (this.#records[at]! & ~STATE) | state;
  }
  #link(frame: number, which: number): number {
    return this.#records[recordOf(frame) + which]! | 0;
  }
  #setLink(frame: number, which: number, to: number): void {
    this.#records[recordOf(frame) + which] = to;
  }

  /** Frames that hold something, standby and modified ones included. */
  get inUse(): number {
    return this.#inUse;
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
   * Takes a free frame, with its first reference, or NO_FRAME when there is none: if it can be had, the home of guest
   * page `shownAt`. `clear` makes its bytes zero; without it they are anybody's, and the caller must overwrite all of them.
   */
  take(clear: boolean, kind: number, owner: number, page: number, shownAt: number): number {
    if (this.#inUse === this.count) return NO_FRAME;
    const records = this.#records;
    const frame = this.#choose(shownAt);
    const at = recordOf(frame);
    if ((records[at + STATUS]! & STATE) === FrameState.free) {
      this.#removeFree(frame);
      if (clear) {
        const from = FRAMES + frame * PAGE_SIZE;
        this.ram.bytes.fill(0, from, from + PAGE_SIZE);
      }
    }
    this.#inUse++;
    records[at + REFERENCES] = 1;
    records[at + STATUS] = FrameState.active | (kind << KIND_SHIFT);
    this.#setOwner(at, owner, page);
    return frame;
  }
  #setOwner(at: number, owner: number, page: number): void {
    this.#records[at + OWNER] = owner;
    this.#records[at + PAGE_LOW] = page;
    this.#records[at + PAGE_HIGH] = page / 0x1_0000_0000;
  }
  #choose(shownAt: number): number {
    const home = homeOf(shownAt);
    if (home < MAX_FRAMES) {
      const state = this.#records[recordOf(home) + STATUS]! & STATE;
      if (state === FrameState.free || (state === FrameState.zeroed && this.#freeCount < MOST_SPARE))
        return home;
    }
    return this.#freeCount > 0 ? this.#free[this.#freeCount - 1]! : this.#anyUnused();
  }
  /** There is one: fewer than `count` are in use, and none is free. */
  #anyUnused(): number {
    while (this.state(this.#lastUnused) !== FrameState.zeroed) this.#lastUnused--;
    return this.#lastUnused;
  }
  #removeFree(frame: number): void {
    const place = this.#records[recordOf(frame) + PLACE]!;
    const last = this.#free[--this.#freeCount]!;
    this.#free[place] = last;
    this.#records[recordOf(last) + PLACE] = place;
  }

  /** Makes a frame in use somebody else's. */
  reassign(frame: number, kind: number, owner: number, page: number): void {
    const at = recordOf(frame);
    this.#unlist(frame);
    this.#records[at + STATUS] =
      (this.#records[at + STATUS]! & -LOCK) | FrameState.active | (kind << KIND_SHIFT);
    this.#setOwner(at, owner, page);
  }

  /** Gives a frame back, whatever still counts as a reference to it. */
  free(frame: number): void {
    this.#unlist(frame);
    const at = recordOf(frame);
    this.#records[at + REFERENCES] = 0;
    this.#records[at + STATUS] = FrameState.free;
    this.#records[at + PLACE] = this.#freeCount;
    this.#free[this.#freeCount++] = frame;
    this.setHoldsCode(frame, false);
    this.#inUse--;
  }

  addReference(frame: number): void {
    const at = recordOf(frame);
    this.#records[at + REFERENCES] = this.#records[at + REFERENCES]! + 1;
    if ((this.#records[at + STATUS]! & STATE) !== FrameState.active) this.#unlist(frame);
  }

  /** Drops a reference and returns how many are left; at 0 the caller frees the frame. */
  dropReference(frame: number): number {
    const at = recordOf(frame);
    const left = this.#records[at + REFERENCES]! - 1;
    this.#records[at + REFERENCES] = left;
    if (left === 1) this.rest(frame);
    return left;
  }

  /** A lock is a reference that is counted as such too. */
  addLock(frame: number): void {
    const at = recordOf(frame) + STATUS;
    this.#records[at] = this.#records[at]! + LOCK;
    this.addReference(frame);
  }
  dropLock(frame: number): void {
    const at = recordOf(frame) + STATUS;
    this.#records[at] = this.#records[at]! - LOCK;
    this.dropReference(frame);
  }

  /** Puts a refillable frame that only its section holds on the list it belongs to, as its youngest. */
  rest(frame: number): void {
    if (this.references(frame) !== 1 || !this.isRefillable(frame)) return;
    this.#unlist(frame);
    const dirty = this.isDirty(frame);
    this.#setState(frame, dirty ? FrameState.modified : FrameState.standby);
    const list = dirty ? this.#modified : this.#standby;
    this.#setLink(frame, NEXT, NO_FRAME);
    this.#setLink(frame, PREVIOUS, list.last);
    if (list.last === NO_FRAME) list.first = frame;
    else this.#setLink(list.last, NEXT, frame);
    list.last = frame;
    list.length++;
  }

  /** The frame on standby (or, if `modified`, on the modified list) that was used longest ago, or NO_FRAME. */
  oldest(modified: boolean): number {
    return modified ? this.#modified.first : this.#standby.first;
  }

  /** Takes a frame off the standby or modified list, if it is on one. */
  #unlist(frame: number): void {
    const state = this.#status(frame) & STATE;
    if (state !== FrameState.standby && state !== FrameState.modified) return;
    const list = state === FrameState.modified ? this.#modified : this.#standby;
    const next = this.#link(frame, NEXT);
    const previous = this.#link(frame, PREVIOUS);
    if (previous === NO_FRAME) list.first = next;
    else this.#setLink(previous, NEXT, next);
    if (next === NO_FRAME) list.last = previous;
    else this.#setLink(next, PREVIOUS, previous);
    list.length--;
    this.#setState(frame, FrameState.active);
  }

  /** Throws if the lists and states, and what is in use, contradict each other. For tests. */
  validate(inUse: Iterable<number>): void {
    for (let place = 0; place < this.#freeCount; place++) {
      const frame = this.#free[place]!;
      if (this.state(frame) !== FrameState.free)
        throw new Error(`frame ${frame} is among the free ones but not free`);
      if (this.#records[recordOf(frame) + PLACE] !== place)
        throw new Error(`free frame ${frame} is not in the place it notes`);
    }
    this.#validateList(this.#standby, FrameState.standby);
    this.#validateList(this.#modified, FrameState.modified);
    let count = 0;
    for (const frame of inUse) {
      this.#validateFrame(frame);
      count++;
    }
    if (count !== this.#inUse) throw new Error(`${count} frames are in use, ${this.#inUse} were counted`);
  }

  #validateFrame(frame: number): void {
    const state = this.state(frame);
    if (state <= FrameState.free || this.references(frame) === 0)
      throw new Error(`frame ${frame} in state ${state} has ${this.references(frame)} references`);
    const resting = this.references(frame) === 1 && this.isRefillable(frame);
    const expected = !resting
      ? FrameState.active
      : this.isDirty(frame)
        ? FrameState.modified
        : FrameState.standby;
    if (state !== expected) throw new Error(`frame ${frame} is in state ${state}, not ${expected}`);
  }

  #validateList(list: FrameList, state: number): void {
    let length = 0;
    let previous = NO_FRAME;
    for (let frame = list.first; frame !== NO_FRAME; frame = this.#link(frame, NEXT)) {
      if (this.state(frame) !== state)
        throw new Error(`frame ${frame} is on the list of state ${state} but not in it`);
      if (this.#link(frame, PREVIOUS) !== previous) throw new Error(`frame ${frame} is linked back wrongly`);
      if (++length > list.length) throw new Error(`the list of state ${state} is longer than ${list.length}`);
      previous = frame;
    }
    if (length !== list.length || list.last !== previous)
      throw new Error(`the list of state ${state} has ${length} frames, not ${list.length}`);
  }
}

import { FrameKind, NO_FRAME } from '../machine/frames.ts';
import { PAGE_SIZE } from '../machine/layout.ts';
import { NOWHERE } from '../machine/placement.ts';
import { ENTRY_WORDS, LEAF_PAGES, PageState, PageTable, STATE_MASK, WRITTEN } from './page-table.ts';
import type { Region } from './regions.ts';
import { STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS } from './status.ts';
import type { MemorySystem } from './system.ts';

/** Where the bytes of pages come from and, for files, go to. */
export interface PageSource {
  /** Fills `into`, whole pages from page `page` on; what lies past the end becomes 0. Answers an NTSTATUS. */
  fill(page: number, into: Uint8Array): number;
  /** Writes whole pages back. Answers an NTSTATUS. */
  write?(page: number, from: Uint8Array): number;
  /** How many pages it likes to be asked for at once, up to CLUSTER_PAGES; 1 if absent. */
  readonly cluster?: number;
  /** Pages that exist; only those are read ahead. */
  pageCount?(): number;
}

/** Above every page index of an address space or a file that a table can hold. */
const MAX_INDEX = 2 ** 35;
/** Most pages that move to or from a file in one go: 64 KiB. */
export const CLUSTER_PAGES = 16;
const scratch = new Uint8Array(CLUSTER_PAGES * PAGE_SIZE);

/**
 * The pages of one shareable thing: a file, an image or a page-file-backed section. Each has an entry that
 * holds its frame while it is in RAM; all views refer to these frames, which is what makes them coherent.
 */
export class SharedPages {
  readonly id: number;
  readonly system: MemorySystem;
  readonly source: PageSource | undefined;
  /** Entries by page index: committed (SEC_RESERVE only) or shared with a frame. */
  readonly table = new PageTable();
  /** The regions that show these pages: the way from a frame to its users. */
  readonly views = new Set<Region>();
  /** Pages that differ from the file. */
  readonly dirty = new Set<number>();
  /** Pages charged to commit by these pages themselves, views aside. */
  charged = 0;

  constructor(system: MemorySystem, source: PageSource | undefined) {
    this.system = system;
    this.source = source;
    this.id = system.register(this);
  }

  /** The frame of a page that is in RAM, or NO_FRAME. */
  resident(page: number): number {
    return (this.table.flags(page) & STATE_MASK) === PageState.shared ? this.table.frame(page) : NO_FRAME;
  }

  /** For SEC_RESERVE: whether the page was committed. */
  isCommitted(page: number): boolean {
    return this.table.flags(page) !== 0;
  }

  /** For SEC_RESERVE: the page after the last one, before `end`, that is committed or not as `page` is. */
  commitEnd(page: number, end: number): number {
    const committed = this.isCommitted(page);
    const { table } = this;
    const last = Math.ceil(end / LEAF_PAGES);
    let at = page + 1;
    while (at < end) {
      const number = Math.floor(at / LEAF_PAGES);
      const leaf = table.leaf(number);
      if (leaf === 0) {
        if (committed) return at;
        at = table.nextLeaf(number + 1, last) * LEAF_PAGES;
        continue;
      }
      const shift = (leaf - number) * LEAF_PAGES;
      const stop = Math.min(end, (number + 1) * LEAF_PAGES);
      for (; at < stop; at++) if ((table.words[(at + shift) * ENTRY_WORDS] !== 0) !== committed) return at;
    }
    return end;
  }

  /** For SEC_RESERVE: commits pages [first, end), which the caller has charged. */
  commit(first: number, end: number): void {
    for (let page = first; page < end; page++) {
      if (this.isCommitted(page)) continue;
      this.table.set(page, PageState.committed, 0);
      this.charged++;
    }
  }

  /**
   * Brings a page into RAM that guest page `shownAt` will show (or NOWHERE). Answers its frame, or NO_FRAME with the
   * reason in system.pageInStatus.
   */
  bring(page: number, shownAt: number): number {
    const frame = this.resident(page);
    if (frame !== NO_FRAME) return frame;
    if (this.source === undefined) return this.#enter(page, true, shownAt);
    const count = this.#cluster(page);
    return count === 1
      ? this.#bringOne(page, this.source, shownAt)
      : this.#bringMany(page, count, this.source, shownAt);
  }

  #bringOne(page: number, source: PageSource, shownAt: number): number {
    const frame = this.#enter(page, false, shownAt);
    if (frame === NO_FRAME) return NO_FRAME;
    const status = source.fill(page, this.system.frames.bytes(frame));
    if (status === STATUS_SUCCESS) return frame;
    this.evict(page);
    this.system.pageInStatus = status;
    return NO_FRAME;
  }

  #bringMany(page: number, count: number, source: PageSource, shownAt: number): number {
    const bytes = scratch.subarray(0, count * PAGE_SIZE);
    const status = source.fill(page, bytes);
    if (status !== STATUS_SUCCESS) {
      this.system.pageInStatus = status;
      return NO_FRAME;
    }
    for (let i = 0; i < count; i++) {
      // There are frames enough (#cluster), so nothing is written back meanwhile through the same buffer.
      const frame = this.#enter(page + i, false, shownAt === NOWHERE ? NOWHERE : shownAt + i);
      this.system.frames.bytes(frame).set(bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE));
    }
    return this.resident(page);
  }

  /** How many pages from `page` on to read: absent ones that exist, and only while frames are plentiful. */
  #cluster(page: number): number {
    const wish = this.source!.cluster ?? 1;
    const { frames } = this.system;
    if (wish === 1 || frames.count - frames.inUse < 4 * CLUSTER_PAGES) return 1;
    const most = Math.min(wish, this.source!.pageCount!() - page);
    let count = 1;
    while (count < most && this.table.flags(page + count) === 0) count++;
    return count;
  }

  /** Moves a page from its frame, which only one view shows, to another. False if there is none. */
  moveAway(page: number): boolean {
    const { frames, ram } = this.system;
    const from = this.resident(page);
    const to = this.system.takeFrame(false, FrameKind.shared, this.id, page, NOWHERE);
    if (to === NO_FRAME) return false;
    ram.bytes.copyWithin(frames.offset(to), frames.offset(from), frames.offset(from) + PAGE_SIZE);
    this.table.set(page, PageState.shared, to);
    if (this.source !== undefined) frames.setRefillable(to);
    frames.setDirty(to, frames.isDirty(from));
    return true;
  }

  #enter(page: number, clear: boolean, shownAt: number): number {
    const { frames } = this.system;
    const frame = this.system.takeFrame(clear, FrameKind.shared, this.id, page, shownAt);
    if (frame === NO_FRAME) {
      this.system.pageInStatus = STATUS_INSUFFICIENT_RESOURCES;
      return NO_FRAME;
    }
    this.table.set(page, PageState.shared, frame);
    if (this.source !== undefined) frames.setRefillable(frame);
    return frame;
  }

  /** Tells that a resident page of a file was or may be written. */
  markDirty(page: number, frame: number): void {
    const { frames } = this.system;
    if (this.source?.write === undefined || frames.isDirty(frame)) return;
    frames.setDirty(frame, true);
    this.dirty.add(page);
  }

  /** Drops a page that nobody maps. Its changes, if any, are lost. */
  evict(page: number): void {
    const frame = this.resident(page);
    if (frame === NO_FRAME) return;
    this.table.set(page, 0, 0);
    this.dirty.delete(page);
    this.system.freeFrame(frame);
  }

  /** Writes dirty pages of [first, end) back. Answers the first failure; pages that failed stay dirty. */
  flush(first = 0, end = Number.POSITIVE_INFINITY): number {
    let result = STATUS_SUCCESS;
    for (const { page, count } of this.#dirtyRuns(first, end)) {
      const status = this.#writeBack(page, count);
      for (let i = 0; status === STATUS_SUCCESS && i < count; i++) this.#clean(page + i);
      if (result === STATUS_SUCCESS) result = status;
    }
    return result;
  }

  /** Writes dirty pages back as the last thing that happens to them: nobody will ask what is dirty again. */
  writeOut(): void {
    for (const { page, count } of this.#dirtyRuns(0, MAX_INDEX)) this.#writeBack(page, count);
  }

  /** The dirty pages of [first, end) in runs that one write can take. */
  *#dirtyRuns(first: number, end: number): Generator<{ page: number; count: number }> {
    if (this.dirty.size === 0) return;
    const pages = [...this.dirty].filter((page) => page >= first && page < end).sort((a, b) => a - b);
    for (let at = 0, count = 1; at < pages.length; at += count) {
      count = 1;
      while (count < CLUSTER_PAGES && pages[at + count] === pages[at]! + count) count++;
      yield { page: pages[at]!, count };
    }
  }

  #writeBack(page: number, count: number): number {
    const { frames } = this.system;
    for (let i = 0; i < count; i++) scratch.set(frames.bytes(this.resident(page + i)), i * PAGE_SIZE);
    return this.source!.write!(page, scratch.subarray(0, count * PAGE_SIZE));
  }

  /** The page equals the file again: whoever may write it must ask again, so that the next write is noticed. */
  #clean(page: number): void {
    this.dirty.delete(page);
    this.system.frames.setDirty(this.resident(page), false);
    this.forgetWriters(page);
  }

  forgetWriters(index: number): void {
    for (const view of this.views) {
      const page = view.start + index - view.sectionPage;
      if (page < view.start || page >= view.end) continue;
      const flags = view.space.table.flags(page);
      if ((flags & WRITTEN) === 0) continue;
      view.space.table.set(page, flags & ~WRITTEN, view.space.table.frame(page));
      view.space.changed(page, 1);
    }
  }

  /** Drops the pages from index `first` on, which nobody maps, and what was committed of them. */
  drop(first: number): void {
    const pages: number[] = [];
    this.table.forEachLeaf(first, MAX_INDEX, (from, at, count) => {
      for (let i = 0; i < count; i++) if (this.table.words[at + i * ENTRY_WORDS] !== 0) pages.push(from + i);
    });
    for (const page of pages) {
      if (this.resident(page) !== NO_FRAME) this.evict(page);
      else this.table.set(page, 0, 0);
    }
  }

  /** Gives everything back: no view is left. */
  destroy(): void {
    this.drop(0);
    this.system.uncharge(this.charged);
    this.charged = 0;
    this.system.unregister(this);
  }
}

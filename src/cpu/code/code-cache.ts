import type { Frames } from '../../machine/frames.ts';
import type { CodeSpan } from '../region/code-reader.ts';
import type { JumpTable } from '../region/jump-table.ts';
import { REACHED, type Reached } from '../runtime/helpers.ts';
import type { FunctionTable } from './function-table.ts';
import type { JumpCache } from './jump-cache.ts';

/** The translations of one module. They hold as long as all of its pages show the frames they were made from. */
export interface CompiledBatch {
  /** Entry (see entryKey) and table index of each function. */
  readonly functions: readonly { readonly entry: number; readonly index: number }[];
  readonly spans: readonly CodeSpan[];
  /** The address spaces that use it. */
  readonly users: Set<SpaceCode>;
}

/** Beyond all addresses of programs. */
const CAREFUL = 2 ** 48;

/**
 * What a translation is found by: its address, and for a careful one (see STACK_WINDOW) a mark. The jump cache holds none of
 * these, so that no jump of the guest's comes to one.
 */
export function entryKey(address: number, reached: Reached): number {
  return reached === REACHED.careful ? address + CAREFUL : address;
}

/** What one address space has translated: entry addresses and the pages they depend on. */
export class SpaceCode {
  /** Table index by entry (see entryKey). */
  readonly entries = new Map<number, number>();
  /** Addresses that calls name; jumps to them are tail calls. */
  readonly functions = new Set<number>();
  readonly pages = new Map<number, Set<CompiledBatch>>();
  /** Tables that jumps at these addresses were found to use, or undefined for those not worth while: guesses. */
  readonly tables = new Map<number, JumpTable | undefined>();
  /** See Surroundings. */
  readonly large = new Set<number>();
  readonly inLoops = new Set<number>();
}

/**
 * All translations, found by address (for the running space), by page (when a translation of the page tables
 * changes) and by frame (when bytes change).
 */
export class CodeCache {
  readonly #frames: Frames;
  readonly #table: FunctionTable;
  readonly #jumpCache: JumpCache;
  readonly #byFrame = new Map<number, Set<CompiledBatch>>();
  readonly #byEntry = new Map<number, Set<CompiledBatch>>();
  /** Something that may be running was dropped: wasm frames must be unwound before they go on. */
  hasDropped = false;

  constructor(frames: Frames, table: FunctionTable, jumpCache: JumpCache) {
    this.#frames = frames;
    this.#table = table;
    this.#jumpCache = jumpCache;
  }

  add(batch: CompiledBatch, space: SpaceCode): void {
    for (const span of batch.spans) {
      this.#frames.setHoldsCode(span.frame, true);
      addTo(this.#byFrame, span.frame, batch);
    }
    for (const { entry } of batch.functions) addTo(this.#byEntry, entry, batch);
    this.#attach(batch, space);
  }
  #attach(batch: CompiledBatch, space: SpaceCode): void {
    batch.users.add(space);
    for (const span of batch.spans) addTo(space.pages, span.page, batch);
    for (const { entry, index } of batch.functions)
      if (!space.entries.has(entry)) space.entries.set(entry, index);
  }

  /** Lets a space use what another (or itself, earlier) translated at an address, if `holds` says it is the same code. */
  adopt(entry: number, space: SpaceCode, holds: (span: CodeSpan) => boolean): number | undefined {
    for (const batch of this.#byEntry.get(entry) ?? []) {
      if (batch.users.has(space) || !batch.spans.every(holds)) continue;
      this.#attach(batch, space);
      return space.entries.get(entry);
    }
    return undefined;
  }

  /** Pages of a space changed their translation or rights: what depends on them is no longer used there. */
  detachPages(space: SpaceCode, firstPage: number, pageCount: number): void {
    if (space.pages.size === 0) return;
    if (pageCount <= space.pages.size) {
      for (let page = firstPage; page < firstPage + pageCount; page++) this.#detachPage(space, page);
    } else {
      for (const page of [...space.pages.keys()]) {
        if (page >= firstPage && page < firstPage + pageCount) this.#detachPage(space, page);
      }
    }
  }
  #detachPage(space: SpaceCode, page: number): void {
    for (const batch of space.pages.get(page) ?? []) this.#detach(batch, space);
  }
  #detach(batch: CompiledBatch, space: SpaceCode): void {
    batch.users.delete(space);
    this.hasDropped = true;
    for (const span of batch.spans) removeFrom(space.pages, span.page, batch);
    for (const { entry, index } of batch.functions) {
      if (space.entries.get(entry) !== index) continue;
      space.entries.delete(entry);
      this.#jumpCache.drop(entry);
    }
  }

  /** Whether a store of `size` bytes at `offset` of a frame would change translated code. */
  isCode(frame: number, offset: number, size: number): boolean {
    for (const batch of this.#byFrame.get(frame) ?? []) {
      for (const span of batch.spans) {
        if (span.frame === frame && offset < span.end && offset + size > span.start) return true;
      }
    }
    return false;
  }
  /** The bytes of a frame change: all that was made from it is worthless. */
  dropFrame(frame: number): void {
    for (const batch of [...(this.#byFrame.get(frame) ?? [])]) this.#drop(batch);
  }
  dropAll(): void {
    for (const frame of [...this.#byFrame.keys()]) this.dropFrame(frame);
  }
  #drop(batch: CompiledBatch): void {
    this.hasDropped = true;
    for (const space of [...batch.users]) this.#detach(batch, space);
    for (const { entry, index } of batch.functions) {
      removeFrom(this.#byEntry, entry, batch);
      this.#table.remove(index);
    }
    for (const { frame } of batch.spans) {
      removeFrom(this.#byFrame, frame, batch);
      if (!this.#byFrame.has(frame)) this.#frames.setHoldsCode(frame, false);
    }
  }
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
function removeFrom<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}

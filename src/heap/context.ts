import type { Frames } from '../machine/frames.ts';
import { FRAMES, GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import { WRITE } from '../memory/constants.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import type { AddressSpace } from '../memory/space.ts';
import {
  STATUS_HEAP_CORRUPTION,
  STATUS_IN_PAGE_ERROR,
  STATUS_INVALID_HANDLE,
  STATUS_SUCCESS,
} from '../memory/status.ts';
import { CACHED_PAGES, type TranslationCache } from '../memory/translation-cache.ts';
import {
  BLOCK_CHECK,
  BLOCK_PREVIOUS,
  BLOCK_STATE,
  BLOCK_UNITS,
  HEAP_COOKIE,
  HEAP_SIGNATURE,
  HEAP_SIGNATURE_AT,
} from './layout.ts';

const HIGH = 0x1_0000_0000;

/**
 * One heap call at work: which heap, how the call stands, and the words of guest memory. Word indexes that
 * `at` answers stay good for the rest of a call, because frames are taken away only between calls.
 */
export class HeapContext {
  readonly space: AddressSpace;
  readonly memory: GuestMemory;
  readonly words: Uint32Array;
  readonly cache: TranslationCache;
  readonly #frames: Frames;
  /** NTSTATUS of the call; 0 = done. */
  status: number = STATUS_SUCCESS;
  /** After STATUS_HEAP_CORRUPTION: where, and a sentence for the report. */
  corruptAddress = 0;
  corruptReason = '';
  /** Base address of the heap, the word index of its header, and its cookie. */
  heap = 0;
  header = 0;
  cookie = 0;

  constructor(space: AddressSpace, memory: GuestMemory) {
    this.space = space;
    this.memory = memory;
    this.words = space.system.ram.words;
    this.cache = space.translations;
    this.#frames = space.system.frames;
  }

  /** Word index of an address that is a multiple of 4, or 0 where the guest could not write. */
  at(address: number): number {
    const low = address | 0;
    const offset = low & (PAGE_SIZE - 1);
    const slot = (low >>> 12) & (CACHED_PAGES - 1);
    const cache = this.cache;
    if (cache.writeTags[slot] !== address - offset) return this.probe(address, slot, offset);
    return cache.writePages[slot] * (PAGE_SIZE / 4) + (offset >>> 2);
  }

  /** What is remembered here is forgotten by the address space when it changes. */
  probe(address: number, slot: number, offset: number): number {
    const home = this.cache.writableHomes.find(address);
    if (home !== 0) return home * (PAGE_SIZE / 4) + (offset >>> 2);
    const at = this.space.probe(address, WRITE);
    if (at === 0) {
      // No frame to be had is no fault of the program's.
      if (this.space.faultStatus === STATUS_IN_PAGE_ERROR) this.status = STATUS_IN_PAGE_ERROR;
      return 0;
    }
    this.cache.writeTags[slot] = address - offset;
    this.cache.writePages[slot] = at >>> 12;
    this.cache.writableHomes.add(address, at >>> 12);
    return at >>> 2;
  }

  /** Begins a call on a heap. Anything that is not the base of a heap is STATUS_INVALID_HANDLE. */
  enter(handle: number): boolean {
    this.status = STATUS_SUCCESS;
    const header = (handle & (GRANULE - 1)) === 0 ? this.at(handle) : 0;
    if (header === 0 || this.words[header + HEAP_SIGNATURE_AT / 4] !== HEAP_SIGNATURE) {
      this.status = STATUS_INVALID_HANDLE;
      return false;
    }
    this.heap = handle;
    this.header = header;
    this.cookie = this.words[header + HEAP_COOKIE / 4];
    return true;
  }

  /** Ends the call as corruption, unless it has failed already. Returns 0 so that callers can hand it on as "no block". */
  corrupt(address: number, reason: string): 0 {
    if (this.status === STATUS_SUCCESS) {
      this.status = STATUS_HEAP_CORRUPTION;
      this.corruptAddress = address;
      this.corruptReason = reason;
    }
    return 0;
  }

  /** Ends the call as corruption, for callers that answer whether they could. */
  refuse(address: number, reason: string): false {
    this.corrupt(address, reason);
    return false;
  }

  /** The pointer in two words. Forged ones are any integer up to 2^64. */
  pointer(index: number): number {
    return this.words[index + 1] * HIGH + this.words[index];
  }

  setPointer(index: number, address: number): void {
    this.words[index] = address;
    this.words[index + 1] = address / HIGH;
  }

  /** Check value of the block header in the words at `index`. */
  check(index: number, block: number): number {
    const words = this.words;
    const previous = words[index + BLOCK_PREVIOUS];
    const state = words[index + BLOCK_STATE];
    const where = this.cookie ^ (block / 16);
    return (
      (words[index + BLOCK_UNITS] ^
        ((previous << 11) | (previous >>> 21)) ^
        ((state << 22) | (state >>> 10)) ^
        where) >>>
      0
    );
  }

  /** Whether the header at `index` is one that the heap wrote for this address. */
  intact(index: number, block: number): boolean {
    return this.words[index + BLOCK_CHECK] === this.check(index, block);
  }

  /** Word index of the block's header if that is readable and intact, else corruption and 0. */
  block(block: number, reason: string): number {
    const index = (block & 15) === 0 ? this.at(block) : 0;
    if (index === 0 || !this.intact(index, block)) return this.corrupt(block, reason);
    return index;
  }

  /** Writes a block header, perhaps over what was a program's bytes. */
  write(index: number, block: number, units: number, previous: number, state: number): void {
    const words = this.words;
    this.noteCode(index);
    words[index + BLOCK_UNITS] = units;
    words[index + BLOCK_PREVIOUS] = previous;
    words[index + BLOCK_STATE] = state;
    words[index + BLOCK_CHECK] = this.check(index, block);
  }

  /** Changes an intact header's state, and its check value along with it. */
  setState(index: number, state: number): void {
    const words = this.words;
    const change = words[index + BLOCK_STATE] ^ state;
    words[index + BLOCK_STATE] = state;
    words[index + BLOCK_CHECK] ^= (change << 22) | (change >>> 10);
  }

  /** Changes an intact header's size, and its check value along with it. */
  setUnits(index: number, units: number): void {
    const words = this.words;
    words[index + BLOCK_CHECK] ^= words[index + BLOCK_UNITS] ^ units;
    words[index + BLOCK_UNITS] = units;
  }

  setPrevious(index: number, previous: number): void {
    const words = this.words;
    const change = words[index + BLOCK_PREVIOUS] ^ previous;
    words[index + BLOCK_PREVIOUS] = previous;
    words[index + BLOCK_CHECK] ^= (change << 11) | (change >>> 21);
  }

  /** Word index of a free block's links; they are in the next page when its header is the last of one. */
  links(index: number, block: number): number {
    const links = (index & 0x3ff) === 0x3fc ? this.at(block + 16) : index + 4;
    if (links === 0) return this.corrupt(block, 'a free block is not writable');
    this.noteCode(links);
    return links;
  }

  /** The heap is about to write where a program may have had code: in a heap created with ENABLE_EXECUTE. */
  noteCode(index: number): void {
    const frame = (index >>> 10) - FRAMES / PAGE_SIZE;
    if (this.#frames.holdsCode(frame)) this.space.system.codeChanged(frame);
  }
}

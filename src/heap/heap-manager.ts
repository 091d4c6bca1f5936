import type { GuestMemory } from '../memory/guest-memory.ts';
import type { AddressSpace } from '../memory/space.ts';
import { STATUS_INVALID_PARAMETER, STATUS_SUCCESS } from '../memory/status.ts';
import { takeBlock } from './blocks.ts';
import { HeapContext } from './context.ts';
import { createHeap, destroyHeap, heapsFrom } from './heaps.ts';
import { inUse, occupy, refuseBlock, sizeInUse } from './in-use.ts';
import { allocateLarge, freeLarge, largeAt } from './large.ts';
import {
  BLOCK_HEADER,
  BLOCK_STATE,
  BLOCK_UNITS,
  HEAP_CREATE_ENABLE_EXECUTE,
  HEAP_FLAGS,
  HEAP_FRONT_END,
  HEAP_GENERATE_EXCEPTIONS,
  HEAP_GROWABLE,
  HEAP_NO_SERIALIZE,
  HEAP_REALLOC_IN_PLACE_ONLY,
  HEAP_ZERO_MEMORY,
  LARGE,
  LARGEST_SIZE,
  QUICK_MAX_UNITS,
  UNIT,
  unitsFor,
} from './layout.ts';
import type { HeapListener } from './listener.ts';
import { flushQuick, giveQuick, isQuick, quickUnits, takeQuick, worthFlushing } from './quick.ts';
import { resizeInPlace } from './resize.ts';
import { freeBlock, growHeap, outOfMemory } from './segments.ts';
import { validateBlock, validateHeap } from './validate.ts';

/** Reservation of a growable heap's first segment when nothing larger is asked for. */
const DEFAULT_RESERVE = 0x40000;
/** No address space could hold more. */
const LARGEST_REQUEST = 2 ** 47;

/**
 * The heaps of one process, in its memory. A call that fails answers 0, false or -1 and leaves its NTSTATUS in
 * `status`: STATUS_NO_MEMORY, STATUS_INVALID_PARAMETER for an address that no heap call gave out,
 * STATUS_INVALID_HANDLE for a heap that is none. STATUS_HEAP_CORRUPTION is the end of the process
 * (terminate-on-corruption is on for 64-bit programs): an overwritten header or link, or a block freed twice.
 * https://learn.microsoft.com/windows/win32/api/heapapi/
 */
export class HeapManager {
  /** The heap that GetProcessHeap answers; 0 until it is made. It cannot be destroyed. */
  processHeap = 0;
  /** Check mode's ear; nothing is spent on it while it is unset. */
  listener: HeapListener | undefined = undefined;
  readonly #context: HeapContext;
  /** Where the ring of heaps is entered: the process heap, or without one the oldest heap. */
  #ring = 0;

  constructor(space: AddressSpace, memory: GuestMemory) {
    this.#context = new HeapContext(space, memory);
  }

  get status(): number {
    return this.#context.status;
  }

  /** After STATUS_HEAP_CORRUPTION or a failed validate: the address of the header or link that gave it away. */
  get corruptAddress(): number {
    return this.#context.corruptAddress;
  }

  /** After STATUS_HEAP_CORRUPTION or a failed validate: what was found there, a clause for the report. */
  get corruptReason(): string {
    return this.#context.corruptReason;
  }

  /** Makes the process heap: growable, with the sizes of the program's PE header. 0 = no memory. */
  createProcessHeap(reserve: number, commit: number): number {
    const handle = createHeap(
      this.#context,
      this.#ring,
      HEAP_GROWABLE,
      Math.max(reserve, commit, DEFAULT_RESERVE),
      commit,
    );
    if (handle !== 0) this.processHeap = this.#ring = handle;
    return handle;
  }

  /**
   * HeapCreate: maximum 0 makes a growable heap, else that is all the memory the heap will ever have. Refuses
   * an initial size above the maximum. Undefined flags are ignored.
   */
  create(flags: number, initial: number, maximum: number): number {
    const c = this.#context;
    c.status = STATUS_SUCCESS;
    if (maximum !== 0 && initial > maximum) {
      c.status = STATUS_INVALID_PARAMETER;
      return 0;
    }
    const kept = flags & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_CREATE_ENABLE_EXECUTE);
    const handle =
      maximum === 0
        ? createHeap(c, this.#ring, kept | HEAP_GROWABLE, Math.max(initial, DEFAULT_RESERVE), initial)
        : createHeap(c, this.#ring, kept, maximum, initial);
    if (this.#ring === 0) this.#ring = handle;
    return handle;
  }

  /** Frees the heap with all its blocks. The process heap is refused: STATUS_INVALID_PARAMETER. */
  destroy(handle: number): boolean {
    const c = this.#context;
    if (!c.enter(handle)) return false;
    if (handle === this.processHeap) {
      c.status = STATUS_INVALID_PARAMETER;
      return false;
    }
    const next = destroyHeap(c);
    if (c.status !== 0) return false;
    if (handle === this.#ring) this.#ring = next;
    this.listener?.destroyed(handle);
    return true;
  }

  /** Handles of all heaps, the process heap first, then by age. */
  list(): number[] {
    return heapsFrom(this.#context, this.#ring);
  }

  /** Whether a failure of a call with these flags is to be raised instead of answered. */
  generatesExceptions(handle: number, flags: number): boolean {
    if ((flags & HEAP_GENERATE_EXCEPTIONS) !== 0) return true;
    const c = this.#context;
    const status = c.status;
    const raises = c.enter(handle) && (c.words[c.header + HEAP_FLAGS / 4] & HEAP_GENERATE_EXCEPTIONS) !== 0;
    c.status = status;
    return raises;
  }

  /** HeapAlloc. Answers the address of at least `size` bytes, 16-aligned, or 0. */
  allocate(handle: number, flags: number, size: number): number {
    const c = this.#context;
    if (!c.enter(handle)) return 0;
    const address = this.#take(size);
    if (address === 0) return 0;
    // A large block is fresh memory.
    if ((flags & HEAP_ZERO_MEMORY) !== 0 && size <= LARGEST_SIZE) c.memory.fill(address, 0, size);
    if (this.listener !== undefined) this.listener.allocated(handle, address, size);
    return address;
  }

  /** Address of a new block in the context's heap. */
  #take(size: number): number {
    const c = this.#context;
    if (!(size <= LARGEST_SIZE)) return this.#takeLarge(size);
    const units = unitsFor(size);
    if (units <= QUICK_MAX_UNITS && c.words[c.header + (HEAP_FRONT_END >>> 2)] !== 0) {
      const rounded = quickUnits(units);
      const block = takeQuick(c, rounded, (rounded - 1) * UNIT - size);
      if (block !== 0) return block + BLOCK_HEADER;
      if (c.status !== 0) return 0;
    }
    return this.#takeFromBins(units, size);
  }

  #takeLarge(size: number): number {
    const c = this.#context;
    const growable = (c.words[c.header + HEAP_FLAGS / 4] & HEAP_GROWABLE) !== 0;
    if (!growable || !(size <= LARGEST_REQUEST)) return outOfMemory(c);
    const block = allocateLarge(c, size);
    return block === 0 ? 0 : block + BLOCK_HEADER;
  }

  #takeFromBins(units: number, size: number): number {
    const c = this.#context;
    let block = takeBlock(c, units);
    if (block === 0 && c.status === 0 && worthFlushing(c) && flushQuick(c)) block = takeBlock(c, units);
    if (block === 0 && c.status === 0 && growHeap(c, units)) block = takeBlock(c, units);
    if (block === 0 && c.status === 0 && flushQuick(c)) block = takeBlock(c, units);
    if (block === 0) return outOfMemory(c);
    occupy(c, c.at(block), size);
    return block + BLOCK_HEADER;
  }

  /** HeapFree. Address 0 is nothing to free, and true. */
  free(handle: number, _flags: number, address: number): boolean {
    const c = this.#context;
    if (!c.enter(handle)) return false;
    if (address === 0) return true;
    const block = address - BLOCK_HEADER;
    const index = inUse(c, block);
    if (index === 0) return refuseBlock(c, block) !== 0;
    const size = this.listener === undefined ? 0 : sizeInUse(c, block, index);
    if (!this.#give(block, index)) return false;
    if (this.listener !== undefined) this.listener.freed(handle, address, size);
    return true;
  }

  #give(block: number, index: number): boolean {
    const c = this.#context;
    if (c.words[index + BLOCK_STATE] === LARGE) return freeLarge(c, block, largeAt(c, block));
    if (c.words[c.header + (HEAP_FRONT_END >>> 2)] !== 0 && isQuick(c, c.words[index + BLOCK_UNITS])) {
      return giveQuick(c, block, index);
    }
    return freeBlock(c, block, index);
  }

  /** HeapReAlloc. Answers the block's address, moved or not; 0 leaves the block as it was. */
  reallocate(handle: number, flags: number, address: number, size: number): number {
    const c = this.#context;
    if (!c.enter(handle)) return 0;
    const block = address - BLOCK_HEADER;
    const index = address === 0 ? 0 : inUse(c, block);
    if (index === 0) return address === 0 ? this.#refuseNull() : refuseBlock(c, block);
    const oldSize = sizeInUse(c, block, index);
    let result = address;
    if (!resizeInPlace(c, block, index, size)) {
      if (c.status !== 0) return 0;
      if ((flags & HEAP_REALLOC_IN_PLACE_ONLY) !== 0) return outOfMemory(c);
      result = this.#move(block, index, oldSize, size);
      if (result === 0) return 0;
    }
    if ((flags & HEAP_ZERO_MEMORY) !== 0 && size > oldSize)
      c.memory.fill(result + oldSize, 0, size - oldSize);
    if (this.listener !== undefined) this.listener.resized(handle, address, oldSize, result, size);
    return result;
  }

  #refuseNull(): 0 {
    this.#context.status = STATUS_INVALID_PARAMETER;
    return 0;
  }

  #move(block: number, index: number, oldSize: number, size: number): number {
    const c = this.#context;
    const address = this.#take(size);
    if (address === 0) return 0;
    c.memory.copy(address, block + BLOCK_HEADER, Math.min(oldSize, size));
    return this.#give(block, index) ? address : 0;
  }

  /** HeapSize: the bytes asked for, or -1. */
  size(handle: number, _flags: number, address: number): number {
    const c = this.#context;
    if (!c.enter(handle)) return -1;
    const block = address - BLOCK_HEADER;
    const index = inUse(c, block);
    if (index !== 0) return sizeInUse(c, block, index);
    c.status = STATUS_INVALID_PARAMETER;
    return -1;
  }

  /**
   * HeapValidate: of one block in use, or with address 0 of everything in the heap. A finding is no corruption
   * status here, but corruptAddress and corruptReason tell it.
   */
  validate(handle: number, _flags: number, address: number): boolean {
    const c = this.#context;
    if (!c.enter(handle)) return false;
    const valid = address === 0 ? validateHeap(c) : validateBlock(c, address - BLOCK_HEADER);
    c.status = STATUS_SUCCESS;
    return valid;
  }
}

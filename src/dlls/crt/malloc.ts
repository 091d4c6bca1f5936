import { STATUS_HEAP_CORRUPTION } from '../../memory/status.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate, allocateZeroed, release, resize, sizeOf } from './allocation.ts';
import { EINVAL, ENOMEM, failErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { crtOf } from './state.ts';

/** No address space holds more; a product of sizes may be anything. */
const LARGEST = 2 ** 47;
const WORD = 8;

function orNoMemory(thread: Thread, address: number): number {
  if (address === 0 && !raisedCorruption(thread)) failErrno(thread, ENOMEM);
  return address;
}

/** A heap that was overwritten ends the process, whichever call notices. */
export function raisedCorruption(thread: Thread): boolean {
  if (thread.process.heaps.status !== STATUS_HEAP_CORRUPTION) return false;
  thread.raise(STATUS_HEAP_CORRUPTION, [], 1);
  return true;
}

function malloc(thread: Thread, size: number): number {
  return orNoMemory(thread, size > LARGEST ? 0 : allocate(thread.process, size));
}

function calloc(thread: Thread, count: number, size: number): number {
  const bytes = count * size;
  return orNoMemory(thread, bytes > LARGEST ? 0 : allocateZeroed(thread.process, bytes));
}

function free(thread: Thread, address: number): 0 {
  if (address !== 0 && !release(thread.process, address)) raisedCorruption(thread);
  return 0;
}

function realloc(thread: Thread, address: number, size: number): number {
  if (address === 0) return malloc(thread, size);
  if (size === 0) return free(thread, address);
  return orNoMemory(thread, size > LARGEST ? 0 : resize(thread.process, address, size));
}

/**
 * An aligned block begins inside a plain one; the word below it, at the last multiple of eight, says where the
 * plain one begins.
 */
function alignedMalloc(thread: Thread, size: number, alignment: number, offset: number): number {
  if (alignment <= 0 || (alignment & (alignment - 1)) !== 0 || (offset !== 0 && offset >= size)) {
    return failErrno(thread, EINVAL, 0);
  }
  const step = Math.max(alignment, WORD);
  const block = malloc(thread, size + step + WORD);
  if (block === 0) return 0;
  const address = Math.ceil((block + WORD + offset) / step) * step - offset;
  thread.memory.setU64(ownerSlot(address), block);
  return address;
}

function ownerSlot(address: number): number {
  return Math.floor((address - WORD) / WORD) * WORD;
}

function alignedFree(thread: Thread, address: number): 0 {
  return address === 0 ? 0 : free(thread, thread.memory.u64(ownerSlot(address)));
}

function alignedRealloc(
  thread: Thread,
  address: number,
  size: number,
  alignment: number,
  offset: number,
): number {
  if (address === 0) return alignedMalloc(thread, size, alignment, offset);
  if (size === 0) return alignedFree(thread, address);
  const old = thread.memory.u64(ownerSlot(address));
  const whole = sizeOf(thread.process, old);
  const moved = alignedMalloc(thread, size, alignment, offset);
  if (moved === 0 || whole < 0) return 0;
  thread.memory.copy(moved, address, Math.min(size, whole - (address - old)));
  free(thread, old);
  return moved;
}

/** Bytes of an aligned block that its owner's end leaves. */
function alignedSize(thread: Thread, address: number): number {
  const block = thread.memory.u64(ownerSlot(address));
  return sizeOf(thread.process, block) - (address - block);
}

function alignedRecalloc(
  thread: Thread,
  address: number,
  size: number,
  alignment: number,
  offset: number,
): number {
  const before = address === 0 ? 0 : alignedSize(thread, address);
  const moved = alignedRealloc(thread, address, size, alignment, offset);
  if (moved !== 0 && size > before) thread.memory.fill(moved + before, 0, size - before);
  return moved;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** malloc.h. Blocks come from the process heap. */
export const mallocApi = family('crt', PAGES, () => ({
  malloc: library('size: size', 'address', malloc),
  calloc: library('number: size, size: size', 'address', calloc),
  realloc: library('memblock: address, size: size', 'address', realloc),
  _recalloc: library('memblock: address, num: size, size: size', 'address', (thread, memblock, num, size) => {
    if (memblock === 0) return calloc(thread, num, size);
    const before = sizeOf(thread.process, memblock);
    const address = realloc(thread, memblock, num * size);
    if (address !== 0 && num * size > before) thread.memory.fill(address + before, 0, num * size - before);
    return address;
  }),
  free: library('memblock: address', 'void', free),
  _msize: library('memblock: address', 'size', (thread, memblock) => {
    const size = memblock === 0 ? -1 : sizeOf(thread.process, memblock);
    if (size < 0 && !raisedCorruption(thread)) failErrno(thread, EINVAL);
    return size;
  }),
  _expand: library('memblock: address, size: size', 'address', (thread, memblock, size) => {
    if (memblock === 0) return failErrno(thread, EINVAL, 0);
    const before = sizeOf(thread.process, memblock);
    return before >= 0 && size <= before ? memblock : failErrno(thread, ENOMEM, 0);
  }),
  _aligned_malloc: library('size: size, alignment: size', 'address', (thread, size, alignment) =>
    alignedMalloc(thread, size, alignment, 0),
  ),
  _aligned_offset_malloc: library('size: size, alignment: size, offset: size', 'address', alignedMalloc),
  _aligned_realloc: library(
    'memblock: address, size: size, alignment: size',
    'address',
    (thread, block, size, alignment) => alignedRealloc(thread, block, size, alignment, 0),
  ),
  _aligned_offset_realloc: library(
    'memblock: address, size: size, alignment: size, offset: size',
    'address',
    alignedRealloc,
  ),
  _aligned_msize: library(
    'memblock: address, alignment: size, offset: size',
    'size',
    (thread, memblock, _alignment, _offset) => {
      if (memblock === 0) return failInvalid(thread);
      return alignedSize(thread, memblock);
    },
  ),
  _aligned_recalloc: library(
    'memblock: address, num: size, size: size, alignment: size',
    'address',
    (thread, block, num, size, alignment) => alignedRecalloc(thread, block, num * size, alignment, 0),
  ),
  _aligned_offset_recalloc: library(
    'memblock: address, num: size, size: size, alignment: size, offset: size',
    'address',
    (thread, block, num, size, alignment, offset) =>
      alignedRecalloc(thread, block, num * size, alignment, offset),
  ),
  _malloc_base: library('size: size', 'address', malloc),
  _calloc_base: library('number: size, size: size', 'address', calloc),
  _realloc_base: library('memblock: address, size: size', 'address', realloc),
  _free_base: library('memblock: address', 'void', free),
  /** What is free goes back to the heap at once; there is nothing left to give to the system. */
  _heapmin: library('', 'int', () => 0),
  _aligned_free: library('memblock: address', 'void', alignedFree),
  _heapchk: library('', 'int', (thread) =>
    thread.process.heaps.validate(thread.process.processHeap, 0, 0) ? -2 : -4,
  ),
  _get_heap_handle: library('', 'handle', (thread) => thread.process.processHeap),
  _callnewh: library('size: size', 'int', (thread) => {
    const handler = crtOf(thread.process).hooks.newHandler;
    return handler === 0
      ? 0
      : thread.stop('msvcrt!_callnewh: calling a handler set with _set_new_handler is not built yet');
  }),
}));

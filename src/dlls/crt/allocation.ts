import type { Process } from '../../process/process.ts';

/** The C runtime allocates from the process heap. */
const HEAP_ZERO_MEMORY = 8;

/** Address of at least `size` bytes, 16-aligned, or 0. */
export function allocate(process: Process, size: number): number {
  return process.heaps.allocate(process.processHeap, 0, size);
}
export function allocateZeroed(process: Process, size: number): number {
  return process.heaps.allocate(process.processHeap, HEAP_ZERO_MEMORY, size);
}
/** New address of a block, its contents kept, or 0: the old block then still stands. */
export function resize(process: Process, address: number, size: number): number {
  return process.heaps.reallocate(process.processHeap, 0, address, size);
}
/** Bytes that were asked for, or -1 when it is no block. */
export function sizeOf(process: Process, address: number): number {
  return process.heaps.size(process.processHeap, 0, address);
}
/** False when `address` is no block; the heaps' status says what is wrong. */
export function release(process: Process, address: number): boolean {
  return process.heaps.free(process.processHeap, 0, address);
}

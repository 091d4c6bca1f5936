import { GRANULE, PAGE_SIZE } from '../machine/layout.ts';
import {
  MEM_COMMIT,
  MEM_RELEASE,
  MEM_RESERVE,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
} from '../memory/constants.ts';
import type { HeapContext } from './context.ts';
import { releaseLarge } from './large.ts';
import {
  fixedHeaderSize,
  GROWABLE_HEADER,
  HEAP_COOKIE,
  HEAP_CREATE_ENABLE_EXECUTE,
  HEAP_FLAGS,
  HEAP_FRONT_END,
  HEAP_GROWABLE,
  HEAP_NEXT,
  HEAP_PREVIOUS,
  HEAP_PROTECT,
  HEAP_SIGNATURE,
  HEAP_SIGNATURE_AT,
  MAX_HEAPS,
} from './layout.ts';
import { formatSegment, releaseSegments } from './segments.ts';

/** Makes a heap and answers its handle, or 0 with the status in the context. `ring` is any heap of the process, or 0. */
export function createHeap(
  c: HeapContext,
  ring: number,
  flags: number,
  reserve: number,
  commit: number,
): number {
  const protect = (flags & HEAP_CREATE_ENABLE_EXECUTE) === 0 ? PAGE_READWRITE : PAGE_EXECUTE_READWRITE;
  const reserved = Math.ceil(reserve / PAGE_SIZE) * PAGE_SIZE;
  const committed = Math.max(PAGE_SIZE, Math.ceil(Math.min(commit, reserve) / PAGE_SIZE) * PAGE_SIZE);
  c.status = c.space.allocate(0, reserved, MEM_RESERVE, protect);
  if (c.status !== 0) return 0;
  const base = c.space.resultBase;
  c.status = c.space.allocate(base, committed, MEM_COMMIT, protect);
  if (c.status === 0) {
    writeHeader(c, base, flags, protect);
    const headerSize = (flags & HEAP_GROWABLE) === 0 ? fixedHeaderSize(reserved) : GROWABLE_HEADER;
    if (c.status === 0 && formatSegment(c, base, headerSize, committed, reserved)) {
      linkHeap(c, ring);
      return base;
    }
  }
  c.space.free(base, 0, MEM_RELEASE);
  return 0;
}

/** The memory is fresh: what is not written here is zero. */
function writeHeader(c: HeapContext, base: number, flags: number, protect: number): void {
  const header = c.at(base);
  if (header === 0) {
    c.corrupt(base, 'a new heap is not writable');
    return;
  }
  c.heap = base;
  c.header = header;
  // The same in every run; it only has to differ between heaps and from what programs write.
  c.cookie = (Math.imul(base / GRANULE, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  c.words[header + HEAP_FLAGS / 4] = flags;
  c.words[header + HEAP_COOKIE / 4] = c.cookie;
  c.words[header + HEAP_PROTECT / 4] = protect;
  c.words[header + HEAP_FRONT_END / 4] = (flags & HEAP_GROWABLE) === 0 ? 0 : 1;
  c.words[header + HEAP_SIGNATURE_AT / 4] = HEAP_SIGNATURE;
}

/** Word index of a heap's header, 0 when there is none. */
function heapAt(c: HeapContext, heap: number): number {
  const header = (heap & (GRANULE - 1)) === 0 ? c.at(heap) : 0;
  return header !== 0 && c.words[header + HEAP_SIGNATURE_AT / 4] === HEAP_SIGNATURE ? header : 0;
}

/** Puts the context's heap at the end of the ring that `ring` begins. */
function linkHeap(c: HeapContext, ring: number): void {
  const first = ring === 0 ? 0 : heapAt(c, ring);
  const last = first === 0 ? 0 : c.pointer(first + HEAP_PREVIOUS / 4);
  const lastHeader = last === 0 ? 0 : heapAt(c, last);
  if (lastHeader === 0) {
    c.setPointer(c.header + HEAP_NEXT / 4, c.heap);
    c.setPointer(c.header + HEAP_PREVIOUS / 4, c.heap);
    return;
  }
  c.setPointer(c.header + HEAP_NEXT / 4, ring);
  c.setPointer(c.header + HEAP_PREVIOUS / 4, last);
  c.setPointer(lastHeader + HEAP_NEXT / 4, c.heap);
  c.setPointer(first + HEAP_PREVIOUS / 4, c.heap);
}

/** Releases all memory of the context's heap. Answers another heap of its ring, 0 if it was the only one. */
export function destroyHeap(c: HeapContext): number {
  const next = c.pointer(c.header + HEAP_NEXT / 4);
  const previous = c.pointer(c.header + HEAP_PREVIOUS / 4);
  const nextHeader = heapAt(c, next);
  const previousHeader = heapAt(c, previous);
  if (nextHeader === 0 || previousHeader === 0) return c.corrupt(c.heap, 'the list of heaps was changed');
  if (
    c.pointer(nextHeader + HEAP_PREVIOUS / 4) !== c.heap ||
    c.pointer(previousHeader + HEAP_NEXT / 4) !== c.heap
  ) {
    return c.corrupt(c.heap, 'the list of heaps was changed');
  }
  c.setPointer(nextHeader + HEAP_PREVIOUS / 4, previous);
  c.setPointer(previousHeader + HEAP_NEXT / 4, next);
  releaseLarge(c);
  releaseSegments(c);
  return next === c.heap ? 0 : next;
}

/** Handles of the ring's heaps from `ring` on; a link that the guest changed ends the list. */
export function heapsFrom(c: HeapContext, ring: number): number[] {
  const handles: number[] = [];
  for (let heap = ring; heap !== 0 && handles.length < MAX_HEAPS; ) {
    const header = heapAt(c, heap);
    if (header === 0) break;
    handles.push(heap);
    heap = c.pointer(header + HEAP_NEXT / 4);
    if (heap === ring) break;
  }
  return handles;
}

import {
  STATUS_HEAP_CORRUPTION,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_NOT_SUPPORTED,
} from '../memory/status.ts';
import type { HeapManager } from './heap-manager.ts';
import { HEAP_ZERO_MEMORY } from './layout.ts';

// GMEM_* and LMEM_* flags; both families have the same values for what they share.
// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-globalalloc
export const GMEM_FIXED = 0;
export const GMEM_MOVEABLE = 0x2;
export const GMEM_ZEROINIT = 0x40;
/** Flags that GlobalAlloc accepts, the 16-bit leftovers without effect included. */
export const GMEM_VALID_FLAGS = 0x7f72;
export const LMEM_FIXED = 0;
export const LMEM_MOVEABLE = 0x2;
export const LMEM_ZEROINIT = 0x40;
/** Flags that LocalAlloc accepts. */
export const LMEM_VALID_FLAGS = 0xf72;

/**
 * GlobalAlloc and LocalAlloc on the process heap, for fixed memory: the handle is the address. `status` is the
 * NTSTATUS of the last call. Movable handles are not built yet: STATUS_NOT_SUPPORTED, for the API layer to
 * stop the program by name.
 */
export class GlobalMemory {
  status = 0;
  readonly #heaps: HeapManager;

  constructor(heaps: HeapManager) {
    this.#heaps = heaps;
  }

  globalAlloc(flags: number, size: number): number {
    return this.#allocate(flags, GMEM_VALID_FLAGS, size);
  }

  localAlloc(flags: number, size: number): number {
    return this.#allocate(flags, LMEM_VALID_FLAGS, size);
  }

  #allocate(flags: number, valid: number, size: number): number {
    if ((flags & ~valid) !== 0) return this.#refuse(STATUS_INVALID_PARAMETER);
    if ((flags & GMEM_MOVEABLE) !== 0) return this.#refuse(STATUS_NOT_SUPPORTED);
    const zero = (flags & GMEM_ZEROINIT) === 0 ? 0 : HEAP_ZERO_MEMORY;
    const address = this.#heaps.allocate(this.#heaps.processHeap, zero, size);
    this.status = this.#heaps.status;
    return address;
  }

  #refuse(status: number): 0 {
    this.status = status;
    return 0;
  }

  /**
   * GlobalFree and LocalFree: 0 when freed (and for handle 0), else the handle, with STATUS_INVALID_HANDLE.
   * A block freed twice is heap corruption, as in HeapFree.
   */
  free(handle: number): number {
    this.status = 0;
    if (handle === 0 || this.#heaps.free(this.#heaps.processHeap, 0, handle)) return 0;
    const corrupt = this.#heaps.status === STATUS_HEAP_CORRUPTION;
    this.status = corrupt ? STATUS_HEAP_CORRUPTION : STATUS_INVALID_HANDLE;
    return handle;
  }

  /** GlobalSize and LocalSize: the bytes asked for; 0 with STATUS_INVALID_HANDLE for what is no such memory. */
  size(handle: number): number {
    this.status = 0;
    const size = handle === 0 ? -1 : this.#heaps.size(this.#heaps.processHeap, 0, handle);
    return size >= 0 ? size : this.#refuse(STATUS_INVALID_HANDLE);
  }
}

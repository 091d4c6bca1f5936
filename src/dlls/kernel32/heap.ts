import { STATUS_HEAP_CORRUPTION, STATUS_INVALID_HANDLE } from '../../memory/status.ts';
import { ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { heapCorrupted, heapFailed } from '../support/heap-call.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/heapapi/nf-heapapi-{}';

function allocate(thread: Thread, heap: number, flags: number, size: number): number {
  return thread.process.heaps.allocate(heap, flags, size) || heapFailed(thread, heap, flags);
}

function free(thread: Thread, heap: number, flags: number, address: number): number {
  const { heaps } = thread.process;
  if (heaps.free(heap, flags, address)) return 1;
  return heaps.status === STATUS_HEAP_CORRUPTION ? heapCorrupted(thread) : thread.failStatus(heaps.status);
}

function size(thread: Thread, heap: number, flags: number, address: number): number {
  const { heaps } = thread.process;
  const bytes = heaps.size(heap, flags, address);
  if (bytes < 0 && heaps.status === STATUS_HEAP_CORRUPTION) return heapCorrupted(thread);
  return bytes;
}

/** Every list of heaps is shorter than this, whatever the guest has made of its ring. */
function storeHeaps(thread: Thread, room: number, at: number): number {
  const handles = thread.process.heaps.list();
  for (let i = 0; i < Math.min(room, handles.length); i++) thread.memory.setU64(at + i * 8, handles[i]!);
  return handles.length;
}

/** heapapi.h. The Rtl* names of ntdll are the same functions. */
export const heapApi = family('kernel32', PAGES, () => ({
  GetProcessHeap: service('', 'handle', (thread) => thread.process.processHeap),
  HeapAlloc: service('hHeap: address, dwFlags: dword, dwBytes: size', 'address', allocate),
  HeapFree: service('hHeap: address, dwFlags: dword, lpMem: address', 'bool', free),
  HeapReAlloc: service(
    'hHeap: address, dwFlags: dword, lpMem: address, dwBytes: size',
    'address',
    (thread, heap, flags, address, bytes) =>
      thread.process.heaps.reallocate(heap, flags, address, bytes) || heapFailed(thread, heap, flags),
  ),
  HeapSize: service('hHeap: address, dwFlags: dword, lpMem: address', 'size', size),
  HeapCreate: service(
    'flOptions: dword, dwInitialSize: size, dwMaximumSize: size',
    'address',
    (thread, options, initial, maximum) => {
      const handle = thread.process.heaps.create(options, initial, maximum);
      return handle === 0 ? thread.failStatus(thread.process.heaps.status) : handle;
    },
  ),
  HeapDestroy: service('hHeap: address', 'bool', (thread, heap) => {
    const { heaps } = thread.process;
    if (heaps.destroy(heap)) return 1;
    if (heaps.status === STATUS_HEAP_CORRUPTION) return heapCorrupted(thread);
    return thread.fail(
      heaps.status === STATUS_INVALID_HANDLE ? ERROR_INVALID_HANDLE : ERROR_INVALID_PARAMETER,
    );
  }),
  HeapValidate: service(
    'hHeap: address, dwFlags: dword, lpMem: address',
    'bool',
    (thread, heap, flags, address) => (thread.process.heaps.validate(heap, flags, address) ? 1 : 0),
  ),
  GetProcessHeaps: service('NumberOfHeaps: dword, ProcessHeaps: address', 'dword', storeHeaps),
}));

const NT_PAGES = 'https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-{}';

/** The heap's native names. */
export const ntHeapApi = family('ntdll', NT_PAGES, () => ({
  RtlAllocateHeap: service('HeapHandle: address, Flags: dword, Size: size', 'address', allocate),
  RtlFreeHeap: service('HeapHandle: address, Flags: dword, BaseAddress: address', 'bool', free),
  RtlReAllocateHeap: service(
    'HeapHandle: address, Flags: dword, BaseAddress: address, Size: size',
    'address',
    (thread, heap, flags, address, bytes) =>
      thread.process.heaps.reallocate(heap, flags, address, bytes) || heapFailed(thread, heap, flags),
  ),
  RtlSizeHeap: service('HeapHandle: address, Flags: dword, BaseAddress: address', 'size', size),
  RtlDestroyHeap: service('HeapHandle: address', 'address', (thread, heap) =>
    thread.process.heaps.destroy(heap) ? 0 : heap,
  ),
}));

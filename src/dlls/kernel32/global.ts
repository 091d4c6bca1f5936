import { GlobalMemory } from '../../heap/global.ts';
import { STATUS_HEAP_CORRUPTION, STATUS_NOT_SUPPORTED } from '../../memory/status.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { heapCorrupted, heapFailed } from '../support/heap-call.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-{}';

const memories = new WeakMap<Process, GlobalMemory>();

function memoryOf(process: Process): GlobalMemory {
  let memory = memories.get(process);
  if (!memory) memories.set(process, (memory = new GlobalMemory(process.heaps)));
  return memory;
}

function allocated(thread: Thread, name: string, memory: GlobalMemory, address: number): number {
  if (address !== 0) return address;
  if (memory.status === STATUS_NOT_SUPPORTED) return thread.stop(`${name}: movable memory is not built yet`);
  if (memory.status === STATUS_HEAP_CORRUPTION) return heapCorrupted(thread);
  if (memory.status === thread.process.heaps.status) return heapFailed(thread, thread.process.processHeap, 0);
  return thread.failStatus(memory.status);
}

function free(thread: Thread, handle: number): number {
  const memory = memoryOf(thread.process);
  const left = memory.free(handle);
  if (left === 0) return 0;
  if (memory.status === STATUS_HEAP_CORRUPTION) return heapCorrupted(thread);
  thread.failStatus(memory.status);
  return left;
}

function size(thread: Thread, handle: number): number {
  const memory = memoryOf(thread.process);
  const bytes = memory.size(handle);
  return bytes === 0 && memory.status !== 0 ? thread.failStatus(memory.status) : bytes;
}

/** winbase.h: the allocators of old, on the process heap. Fixed memory only. */
export const globalApi = family('kernel32', PAGES, () => ({
  GlobalAlloc: service('uFlags: dword, dwBytes: size', 'address', (thread, flags, bytes) => {
    const memory = memoryOf(thread.process);
    return allocated(thread, 'GlobalAlloc', memory, memory.globalAlloc(flags, bytes));
  }),
  LocalAlloc: service('uFlags: dword, uBytes: size', 'address', (thread, flags, bytes) => {
    const memory = memoryOf(thread.process);
    return allocated(thread, 'LocalAlloc', memory, memory.localAlloc(flags, bytes));
  }),
  GlobalFree: service('hMem: address', 'address', free),
  LocalFree: service('hMem: address', 'address', free),
  GlobalSize: service('hMem: address', 'size', size),
  LocalSize: service('hMem: address', 'size', size),
}));

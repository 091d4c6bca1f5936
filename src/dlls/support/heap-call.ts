import { STATUS_ACCESS_VIOLATION, STATUS_HEAP_CORRUPTION, STATUS_NO_MEMORY } from '../../memory/status.ts';
import { endUnhandled } from '../../process/exception.ts';
import { parametersOf, type Thread } from '../../process/thread.ts';
import { win32Error } from '../../process/win32-error.ts';

/**
 * What a failed heap call comes to: corruption ends the process (no handler is asked), a heap that generates
 * exceptions raises, anything else sets last error
 * (https://learn.microsoft.com/windows/win32/api/heapapi/nf-heapapi-heapalloc). Returns 0.
 */
export function heapFailed(thread: Thread, heap: number, flags: number): 0 {
  const { heaps } = thread.process;
  const status = heaps.status;
  if (status === STATUS_HEAP_CORRUPTION) return heapCorrupted(thread);
  if (heaps.generatesExceptions(heap, flags)) {
    return thread.raise(status === STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_ACCESS_VIOLATION);
  }
  thread.lastError = win32Error(status);
  return 0;
}

/** Ends the process with 0xC0000374, naming the header that gave it away. */
export function heapCorrupted(thread: Thread): 0 {
  const { heaps } = thread.process;
  const address = heaps.corruptAddress;
  thread.unhandledNote = `heap block header at 0x${address.toString(16)}: ${heaps.corruptReason}`;
  endUnhandled(thread, {
    code: STATUS_HEAP_CORRUPTION,
    flags: 1,
    address: thread.cpu.rip,
    parameters: parametersOf(address),
  });
  return 0;
}

import { PAGE_SIZE } from '../../machine/layout.ts';
import { ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import { LEAST_STACK_GUARANTEE, TEB } from '../../process/teb.ts';
import { family, library, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-{}';

/** processthreadsapi.h: a thread's stack. */
export const stackApi = family('kernel32', PAGES, () => ({
  GetCurrentThreadStackLimits: library(
    'LowLimit: address, HighLimit: address',
    'void',
    (thread, low, high) => {
      thread.memory.setU64(low, thread.stack.low);
      thread.memory.setU64(high, thread.stack.high);
      return 0;
    },
  ),
  SetThreadStackGuarantee: service('StackSizeInBytes: address', 'bool', (thread, at) => {
    const wanted = thread.memory.u32(at);
    const stack = thread.space.runningStack;
    const before = thread.memory.u32(thread.teb + TEB.guaranteedStackBytes);
    const bytes = Math.ceil(wanted / PAGE_SIZE) * PAGE_SIZE;
    if (bytes > thread.stack.high - thread.stack.low - 4 * PAGE_SIZE)
      return thread.fail(ERROR_INVALID_PARAMETER);
    thread.memory.setU32(at, before);
    if (stack && bytes > before) {
      stack.guarantee = Math.max(bytes, LEAST_STACK_GUARANTEE);
      thread.memory.setU32(thread.teb + TEB.guaranteedStackBytes, bytes);
    }
    return 1;
  }),
}));

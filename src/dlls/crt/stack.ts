import { RSP } from '../../machine/cpu-state.ts';
import { PAGE_SIZE } from '../../machine/layout.ts';
import { MEM_COMMIT, PAGE_GUARD, PAGE_READWRITE } from '../../memory/constants.ts';
import type { MemoryInfo } from '../../memory/space.ts';
import { TEB } from '../../process/teb.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';

/**
 * _resetstkoflw: after a stack overflow that was handled, the lowest pages are guards again, so that the next one
 * is heard of. 1 when a guard is there, 0 when the stack pointer is too near.
 */
function resetOverflow(thread: Thread): number {
  const { space, memory, teb } = thread;
  const stack = space.runningStack;
  if (stack === undefined) return 0;
  const lowest = stack.low + PAGE_SIZE;
  const info: MemoryInfo = {
    baseAddress: 0,
    allocationBase: 0,
    allocationProtect: 0,
    regionSize: 0,
    state: 0,
    protect: 0,
    type: 0,
  };
  if (space.query(lowest, info) !== 0) return 0;
  // A lowest page that is not in use, or is the guard, means that no overflow took it.
  if (info.state !== MEM_COMMIT || (info.protect & PAGE_GUARD) !== 0) return 1;
  const size = PAGE_SIZE + Math.ceil(stack.guarantee / PAGE_SIZE) * PAGE_SIZE;
  if (thread.cpu.gpr(RSP) < lowest + size + PAGE_SIZE) return 0;
  if (space.protect(lowest, size, PAGE_READWRITE | PAGE_GUARD) !== 0) return 0;
  memory.setU64(teb + TEB.stackLimit, lowest + size);
  return 1;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** malloc.h: the stack. */
export const stackApi = family('crt', PAGES, () => ({
  _resetstkoflw: library('', 'int', resetOverflow),
}));

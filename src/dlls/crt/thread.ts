import { endProcess } from '../../process/end.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, library } from '../api.ts';
import { EINVAL } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { crtOf } from './state.ts';

const BEGIN = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/beginthread-beginthreadex';
const END = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/endthread-endthreadex';

/** Refuses to begin a thread without a function, with `refused`; any other is one too many for now. */
function begin(thread: Thread, name: string, start: number, refused: number): number {
  if (start === 0) return failInvalid(thread, EINVAL, refused);
  return thread.stop(`${crtOf(thread.process).runtime}!${name}: a second thread is not built yet`);
}

/** process.h: how threads begin. */
export const threadBeginApi = family('crt', BEGIN, () => ({
  _beginthread: library(
    'start_address: address, stack_size: dword, arglist: address',
    'size',
    (thread, start) => begin(thread, '_beginthread', start, -1),
  ),
  _beginthreadex: library(
    'security: address, stack_size: dword, start_address: address, arglist: address, initflag: dword, thrdaddr: address',
    'size',
    (thread, _security, _size, start) => begin(thread, '_beginthreadex', start, 0),
  ),
}));

/**
 * How they end. With the last thread, the only one for now, the process ends: buffers are written, functions registered
 * with atexit are not called.
 */
export const threadEndApi = family('crt', END, () => ({
  _endthread: calling('', 'void', (thread) => endProcess(thread, 0)),
  _endthreadex: calling('retval: dword', 'void', endProcess),
}));

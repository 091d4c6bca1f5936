import { RAX } from '../../machine/cpu-state.ts';
import { loadJump, saveJump } from '../../process/jump-buffer.ts';
import { Pending, type Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';

/** setjmp: the registers as its caller has them when it returns; the answer is 0. */
function setJump(thread: Thread, env: number, frameLow: number, frameHigh: number): 0 {
  saveJump(thread, env, frameLow, frameHigh);
  return 0;
}

/** longjmp: setjmp returns again, with `value` or 1. Handlers of the frames in between are not run. */
function longJump(thread: Thread, env: number, value: number): 0 {
  loadJump(thread, env);
  thread.cpu.setGprHalves(RAX, value === 0 ? 1 : value >>> 0, 0);
  thread.pending = Pending.jumped;
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** setjmp.h. */
export const jumpApi = family('crt', PAGES, {
  _setjmp: library('env: address, frame: opaque64', 'int', setJump),
  _setjmpex: library('env: address, frame: opaque64', 'int', setJump),
  longjmp: library('env: address, value: int', 'void', longJump),
});

import { RAX, RSP } from '../../machine/cpu-state.ts';
import { STATUS_LONGJUMP } from '../../memory/status.ts';
import { RECORD_SIZE, writeRecord } from '../../process/exception-record.ts';
import { JUMP_BUFFER, loadJump, saveJump } from '../../process/jump-buffer.ts';
import { Pending, type Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { ntdllFunction } from '../support/c-specific-handler.ts';

/** setjmp: the registers as its caller has them when it returns; the answer is 0. */
function setJump(thread: Thread, env: number, frameLow: number, frameHigh: number): 0 {
  saveJump(thread, env, frameLow, frameHigh);
  return 0;
}

/** The stub's frame: arguments of RtlUnwind, then an exception record. */
const RECORD = 0x30;
const FRAME = { size: RECORD + RECORD_SIZE };

/**
 * longjmp: setjmp returns again, with `value` or 1. A buffer that knows its frame is reached by unwinding, so that
 * the termination handlers of the frames in between run; another one at once.
 */
function* longJump(thread: Thread, env: number, value: number): Generator<GuestCall, number, number> {
  const { cpu, memory } = thread;
  const frame = memory.u64(env + JUMP_BUFFER.frame);
  const result = value === 0 ? 1 : value >>> 0;
  if (frame !== 0) {
    const record = cpu.gpr(RSP) + RECORD;
    const address = memory.u64(env + JUMP_BUFFER.rip);
    writeRecord(memory, record, {
      code: STATUS_LONGJUMP,
      flags: 0,
      address,
      parameters: [env >>> 0, Math.floor(env / 0x1_0000_0000)],
    });
    yield { address: ntdllFunction(thread, 'RtlUnwind'), args: [frame, address, record, result] };
  }
  loadJump(thread, env);
  cpu.setGprHalves(RAX, result, 0);
  thread.pending = Pending.jumped;
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** setjmp.h. */
export const jumpApi = family('crt', PAGES, () => {
  const SETJMP = library('env: address, frame: opaque64', 'int', setJump);
  return {
    _setjmp: SETJMP,
    _setjmpex: SETJMP,
    __intrinsic_setjmp: SETJMP,
    __intrinsic_setjmpex: SETJMP,
    longjmp: calling('env: address, value: int', 'void', longJump, FRAME),
  };
});

import { readContext } from './context.ts';
import { Disposition, EXCEPTION_UNWIND } from './dispatcher-context.ts';
import { endUnhandled } from './exception.ts';
import { RECORD, readRecord } from './exception-record.ts';
import { type GuestCallRequest, resultLow } from './host-frames.ts';
import type { Thread } from './thread.ts';

const EXCEPTION_EXECUTE_HANDLER = 1;
/** Where the stub of the handler keeps EXCEPTION_POINTERS: above the arguments of what it calls. */
export const UNHANDLED_POINTERS = 0x30;

type Calls = Generator<GuestCallRequest, number, number>;

/**
 * UnhandledExceptionFilter: asks the program's top-level filter. Without one the answer is "execute the handler",
 * which is the end of the process
 * (https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-unhandledexceptionfilter).
 */
export function* filterUnhandled(thread: Thread, pointers: number): Calls {
  const { unhandledFilter } = thread.process;
  if (unhandledFilter === 0) return EXCEPTION_EXECUTE_HANDLER;
  yield { address: unhandledFilter, args: [pointers] };
  return resultLow(thread);
}

/** The language handler of a thread's first frame: exceptions that come this far go to the top-level filter. */
export function* handleInThreadStart(
  thread: Thread,
  record: number,
  context: number,
  pointers: number,
): Calls {
  const { memory } = thread;
  if ((memory.u32(record + RECORD.flags) & EXCEPTION_UNWIND) !== 0) return Disposition.continueSearch;
  memory.setU64(pointers, record);
  memory.setU64(pointers + 8, context);
  const answer = yield* filterUnhandled(thread, pointers);
  if (answer < 0) return Disposition.continueExecution;
  if (answer === 0) return Disposition.continueSearch;
  readContext(memory, thread.cpu, context);
  endUnhandled(thread, readRecord(memory, record));
  return 0;
}

import { endProcess } from '../../process/end.ts';
import { CALLING_FRAME, resultLow } from '../../process/host-frames.ts';
import { handleInThreadStart, UNHANDLED_POINTERS } from '../../process/unhandled.ts';
import { calling, callingFrameHandler, family } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/procthread/processes-and-threads';
const STATUS_DLL_INIT_FAILED = 0xc0000142;
const THREAD_HANDLER = 'RtlpThreadStartHandler';

/** Where a program's first thread begins. */
export const ntStartApi = family('ntdll', PAGES, () => ({
  RtlUserThreadStart: calling(
    'StartAddress: address, Parameter: address',
    'void',
    function* (thread, start, argument) {
      const { loader } = thread.process;
      if (loader && !(yield* loader.attachAll(thread))) return thread.exitProcess(STATUS_DLL_INIT_FAILED);
      yield { address: start, args: [argument] };
      return yield* endProcess(thread, resultLow(thread) >>> 0);
    },
    { size: CALLING_FRAME, handler: THREAD_HANDLER },
  ),
  [THREAD_HANDLER]: callingFrameHandler((thread, record, _frame, context) =>
    handleInThreadStart(thread, record, context, thread.cpu.rsp + UNHANDLED_POINTERS),
  ),
}));

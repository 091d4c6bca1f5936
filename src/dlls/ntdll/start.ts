import { endProcess } from '../../process/end.ts';
import { resultLow } from '../../process/host-frames.ts';
import { calling, family } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/procthread/processes-and-threads';
const STATUS_DLL_INIT_FAILED = 0xc0000142;

/** Where a program's first thread begins. */
export const ntStartApi = family('ntdll', PAGES, {
  RtlUserThreadStart: calling(
    'StartAddress: address, Parameter: address',
    'void',
    function* (thread, start, argument) {
      const { loader } = thread.process;
      if (loader && !(yield* loader.attachAll(thread))) return thread.exitProcess(STATUS_DLL_INIT_FAILED);
      yield { address: start, args: [argument] };
      return yield* endProcess(thread, resultLow(thread) >>> 0);
    },
  ),
});

import { currentCatch, cxxOf } from '../../process/cxx-catches.ts';
import { readFuncInfo } from '../../process/cxx-func-info.ts';
import { readFuncInfo4 } from '../../process/cxx-func-info4.ts';
import {
  CXX_FRAME_SIZE,
  type CxxRuntime,
  callCatch,
  guardCxxFrame,
  handleCxxFrame,
  leaveCatch,
  type TableReader,
} from '../../process/cxx-handler.ts';
import { CXX_EXCEPTION, CXX_MAGIC } from '../../process/cxx-tables.ts';
import { EXCEPTION_NONCONTINUABLE } from '../../process/dispatcher-context.ts';
import { readRecord } from '../../process/exception-record.ts';
import { parametersOf, type Thread } from '../../process/thread.ts';
import {
  calling,
  callingFrameHandler,
  family,
  type GuestCall,
  hidden,
  languageHandler,
  library,
} from '../api.ts';
import { ntdllFunction } from '../support/c-specific-handler.ts';
import { abort } from './exit.ts';
import { crtOf, THREAD_DATA, threadData } from './state.ts';

/** std::terminate: the program's handler, which must not return, then abort. */
export function* terminate(thread: Thread): Generator<GuestCall, number, number> {
  const { process } = thread;
  const { hooks } = crtOf(process);
  if (hooks.terminate !== 0) yield { address: hooks.terminate, args: [] };
  return yield* abort(thread);
}

/** `throw object;`, or `throw;` with neither object nor ThrowInfo. */
function* throwException(thread: Thread, object: number, info: number): Generator<GuestCall, number, number> {
  const current = info === 0 ? currentCatch(thread) : undefined;
  if (info === 0 && !current) return yield* terminate(thread);
  if (!current) return raiseObject(thread, object, info, thread.process.moduleAt(info)?.base ?? 0);
  cxxOf(thread).uncaught++;
  const { code, parameters } = readRecord(thread.memory, current.record);
  return thread.raise(code, parameters, EXCEPTION_NONCONTINUABLE);
}

/** Raises the exception of a `throw`: the address of its ThrowInfo, and the image that its RVAs are of. */
export function raiseObject(thread: Thread, object: number, info: number, imageBase: number): 0 {
  cxxOf(thread).uncaught++;
  const parameters = parametersOf(CXX_MAGIC, object, info, imageBase);
  return thread.raise(CXX_EXCEPTION, parameters, EXCEPTION_NONCONTINUABLE);
}

const CALL_CATCH = '_CallCatchBlock';
const LEAVE_CATCH = '_LeaveCatchBlock';
const GUARD = '_GuardFrameHandler';

function runtimeOf(thread: Thread): CxxRuntime {
  const { process } = thread;
  const callCatch = process.hiddenFunctions.get(`${process.serving}!${CALL_CATCH}`) ?? 0;
  return { unwindEx: ntdllFunction(thread, 'RtlUnwindEx'), callCatch, terminate };
}

const frameHandlerOf = (readTable: TableReader) =>
  languageHandler(
    (thread, record, frame, context, dispatcher) =>
      handleCxxFrame(thread, runtimeOf(thread), readTable, record, frame, context, dispatcher),
    { size: CXX_FRAME_SIZE, handler: GUARD },
  );

/** The thread's slot, with what it is to hold now. */
function slot(thread: Thread, offset: number, value: number): number {
  const at = threadData(thread).address + offset;
  thread.memory.setU64(at, value);
  return at;
}

const PAGES = 'https://learn.microsoft.com/cpp/cpp/exceptions-and-stack-unwinding-in-cpp';

/** What the code of throw expressions, try blocks and functions with objects to destroy calls. */
export const cxxExceptionApi = family('crt', PAGES, () => ({
  _CxxThrowException: calling('pExceptionObject: address, pThrowInfo: address', 'void', throwException),
  __CxxFrameHandler: frameHandlerOf(readFuncInfo),
  __CxxFrameHandler2: frameHandlerOf(readFuncInfo),
  __CxxFrameHandler3: frameHandlerOf(readFuncInfo),
  __CxxFrameHandler4: frameHandlerOf(readFuncInfo4),
  [CALL_CATCH]: hidden(
    calling('record: address', 'address', (thread, record) => callCatch(thread, runtimeOf(thread), record), {
      size: CXX_FRAME_SIZE,
      handler: LEAVE_CATCH,
    }),
  ),
  [LEAVE_CATCH]: callingFrameHandler((thread, record, frame) => leaveCatch(thread, record, frame)),
  [GUARD]: callingFrameHandler((thread, record, frame) =>
    guardCxxFrame(thread, runtimeOf(thread), record, frame),
  ),
  __std_terminate: calling('', 'void', terminate),
  terminate: calling('', 'void', terminate),
  __uncaught_exception: library('', 'byte', (thread) => (cxxOf(thread).uncaught > 0 ? 1 : 0)),
  __uncaught_exceptions: library('', 'int', (thread) => cxxOf(thread).uncaught),
  __current_exception: library('', 'address', (thread) =>
    slot(thread, THREAD_DATA.exception, currentCatch(thread)?.record ?? 0),
  ),
  __current_exception_context: library('', 'address', (thread) =>
    slot(thread, THREAD_DATA.exceptionContext, currentCatch(thread)?.context ?? 0),
  ),
}));

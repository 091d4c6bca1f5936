import { UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER } from '../../machine/unwind-codes.ts';
import { captureBackTrace } from '../../process/back-trace.ts';
import { findFunction } from '../../process/frame-walk.ts';
import { UNWIND_FRAME } from '../../process/stub-frames.ts';
import type { Thread } from '../../process/thread.ts';
import { captureCaller, handleInUnwind, unwindFrames } from '../../process/unwind.ts';
import { calling, family, frameHandler, type GuestCall, library } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-{}';
const UNWIND_HANDLER = 'RtlpUnwindHandler';
const FRAME = { size: UNWIND_FRAME.size, handler: UNWIND_HANDLER };

function pcToFileHeader(thread: Thread, pc: number, baseOfImage: number): number {
  const base = thread.process.moduleAt(pc)?.base ?? 0;
  thread.memory.setU64(baseOfImage, base);
  return base;
}

/** Frame 0 is the caller of the function. The hash is the sum of the addresses. */
function* backTrace(
  thread: Thread,
  skip: number,
  count: number,
  into: number,
  hash: number,
): Generator<GuestCall, number, number> {
  const { memory } = thread;
  const context = thread.cpu.rsp + UNWIND_FRAME.ownContext;
  captureCaller(thread, context, UNWIND_FRAME.size);
  const captured = yield* captureBackTrace(thread, context, skip, Math.min(count, 0xffff), into);
  if (hash !== 0) {
    let sum = 0;
    for (let i = 0; i < captured; i++) sum = (sum + memory.u32(into + i * 8)) >>> 0;
    memory.setU32(hash, sum);
  }
  return captured;
}

/** winnt.h: finding functions, and leaving them. */
export const ntUnwindApi = family('ntdll', PAGES, () => ({
  RtlLookupFunctionEntry: calling(
    'ControlPc: address, ImageBase: address, HistoryTable: address',
    'address',
    function* (thread, controlPc, imageBase) {
      const entry = yield* findFunction(thread, controlPc);
      if (entry !== 0) thread.memory.setU64(imageBase, thread.process.functionTables.imageBase);
      return entry;
    },
  ),
  RtlVirtualUnwind: library(
    'HandlerType: dword, ImageBase: address, ControlPc: address, FunctionEntry: address, ContextRecord: address, HandlerData: address, EstablisherFrame: address, ContextPointers: address',
    'address',
    (thread, type, base, pc, entry, context, data, establisher, pointers) => {
      const { unwinder } = thread.process;
      const handlers = type & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER);
      if (entry === 0) unwinder.unwindLeaf(context);
      else unwinder.unwind(handlers, base, pc, entry, context, pointers);
      thread.memory.setU64(establisher, unwinder.establisher);
      if (unwinder.handler !== 0) thread.memory.setU64(data, unwinder.handlerData);
      return unwinder.handler;
    },
  ),
  RtlUnwindEx: calling(
    'TargetFrame: address, TargetIp: address, ExceptionRecord: address, ReturnValue: opaque64, ContextRecord: address, HistoryTable: address',
    'void',
    (thread, frame, ip, record, valueLow, valueHigh, context, history) =>
      unwindFrames(thread, { frame, ip, record, valueLow, valueHigh, context, history }),
    FRAME,
  ),
  RtlUnwind: calling(
    'TargetFrame: address, TargetIp: address, ExceptionRecord: address, ReturnValue: opaque64',
    'void',
    (thread, frame, ip, record, valueLow, valueHigh) =>
      unwindFrames(thread, { frame, ip, record, valueLow, valueHigh, context: 0, history: 0 }),
    FRAME,
  ),
  [UNWIND_HANDLER]: frameHandler((thread, _record, frame, _context, dispatcher) =>
    handleInUnwind(thread, frame, dispatcher),
  ),
  RtlCaptureStackBackTrace: calling(
    'FramesToSkip: dword, FramesToCapture: dword, BackTrace: address, BackTraceHash: address',
    'word',
    backTrace,
    { size: UNWIND_FRAME.size },
  ),
  RtlPcToFileHeader: library('PcValue: address, BaseOfImage: address', 'address', pcToFileHeader),
}));

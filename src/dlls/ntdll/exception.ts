import { dispatchException, handleInDispatcher } from '../../process/dispatch.ts';
import { EXCEPTION_NONCONTINUABLE } from '../../process/dispatcher-context.ts';
import { CONSOLIDATE, consolidate, restore } from '../../process/exception.ts';
import { readRecord } from '../../process/exception-record.ts';
import { DISPATCH_FRAME } from '../../process/stub-frames.ts';
import { captureCaller } from '../../process/unwind.ts';
import { win32Error } from '../../process/win32-error.ts';
import { calling, family, frameHandler, hidden, library, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-{}';

const DISPATCH_HANDLER = 'RtlpExceptionHandler';

/** Where the kernel enters user mode for an exception, and what goes back. */
export const ntExceptionApi = family('ntdll', PAGES, () => ({
  KiUserExceptionDispatcher: calling('', 'void', (thread) => dispatchException(thread), {
    size: DISPATCH_FRAME.size,
    interrupt: true,
    handler: DISPATCH_HANDLER,
  }),
  [DISPATCH_HANDLER]: frameHandler((thread, record, frame, _context, dispatcher) =>
    handleInDispatcher(thread, record, frame, dispatcher),
  ),
  [CONSOLIDATE]: hidden(
    calling('', 'void', (thread) => consolidate(thread), { size: DISPATCH_FRAME.size, interrupt: true }),
  ),
  NtContinue: service('ContextRecord: address, TestAlert: byte', 'status', (thread, context) =>
    restore(thread, context),
  ),
  ZwContinue: service('ContextRecord: address, TestAlert: byte', 'status', (thread, context) =>
    restore(thread, context),
  ),
  RtlRestoreContext: library(
    'ContextRecord: address, ExceptionRecord: address',
    'void',
    (thread, context, record) => restore(thread, context, record),
  ),
  RtlCaptureContext: library('ContextRecord: address', 'void', (thread, at) => {
    captureCaller(thread, at, 0);
    return 0;
  }),
  RtlRaiseException: library('ExceptionRecord: address', 'void', (thread, at) => {
    const { code, flags, parameters, nested } = readRecord(thread.memory, at);
    thread.raise(code, parameters, flags);
    thread.exception = { ...thread.exception!, nested };
    return 0;
  }),
  RtlRaiseStatus: library('Status: status', 'void', (thread, status) =>
    thread.raise(status, [], EXCEPTION_NONCONTINUABLE),
  ),
  RtlNtStatusToDosError: library('Status: dword', 'dword', (_thread, status) => win32Error(status)),
}));

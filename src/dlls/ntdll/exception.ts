import { dispatchException, handleInDispatcher } from '../../process/dispatch.ts';
import { restore } from '../../process/exception.ts';
import { DISPATCH_FRAME } from '../../process/stub-frames.ts';
import { captureCaller } from '../../process/unwind.ts';
import { win32Error } from '../../process/win32-error.ts';
import { calling, family, frameHandler, library, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-{}';

const DISPATCH_HANDLER = 'RtlpExceptionHandler';

/** Where the kernel enters user mode for an exception, and what goes back. */
export const ntExceptionApi = family('ntdll', PAGES, {
  KiUserExceptionDispatcher: calling('', 'void', (thread) => dispatchException(thread), {
    size: DISPATCH_FRAME.size,
    interrupt: true,
    handler: DISPATCH_HANDLER,
  }),
  [DISPATCH_HANDLER]: frameHandler((thread, record, frame, _context, dispatcher) =>
    handleInDispatcher(thread, record, frame, dispatcher),
  ),
  NtContinue: service('ContextRecord: address, TestAlert: byte', 'status', (thread, context) =>
    restore(thread, context),
  ),
  ZwContinue: service('ContextRecord: address, TestAlert: byte', 'status', (thread, context) =>
    restore(thread, context),
  ),
  RtlRestoreContext: library('ContextRecord: address, ExceptionRecord: address', 'void', (thread, context) =>
    restore(thread, context),
  ),
  RtlCaptureContext: library('ContextRecord: address', 'void', (thread, at) => {
    captureCaller(thread, at, 0);
    return 0;
  }),
  RtlNtStatusToDosError: library('Status: dword', 'dword', (_thread, status) => win32Error(status)),
});

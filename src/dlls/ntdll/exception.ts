import { RSP } from '../../machine/cpu-state.ts';
import { writeContext } from '../../process/context.ts';
import { dispatchException, restore } from '../../process/exception.ts';
import { win32Error } from '../../process/win32-error.ts';
import { calling, family, library, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winnt/nf-winnt-{}';

/** Where the kernel enters user mode for an exception, and what goes back. */
export const ntExceptionApi = family('ntdll', PAGES, {
  KiUserExceptionDispatcher: calling('', 'void', (thread) => dispatchException(thread)),
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
    const { cpu, memory } = thread;
    // The caller's state: as if this function had returned.
    const rsp = cpu.gpr(RSP);
    const rip = cpu.rip;
    const returnAddress = memory.u64(rsp);
    cpu.rip = returnAddress;
    cpu.rsp = rsp + 8;
    try {
      writeContext(memory, cpu, at);
    } finally {
      cpu.rip = rip;
      cpu.rsp = rsp;
    }
    return 0;
  }),
  RtlNtStatusToDosError: library('Status: dword', 'dword', (_thread, status) => win32Error(status)),
});

import { EXCEPTION_NONCONTINUABLE } from '../../process/dispatcher-context.ts';
import { endUnhandled } from '../../process/exception.ts';
import { EXCEPTION_MAXIMUM_PARAMETERS, readRecord } from '../../process/exception-record.ts';
import type { VectoredHandler } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { filterUnhandled } from '../../process/unhandled.ts';
import { calling, family, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-{}';
/** Bit 28 is the system's own and is cleared. */
const RESERVED_BIT = 0x1000_0000;
/** Tokens look like pointers to blocks. */
const TOKEN_STEP = 0x10;

function add(thread: Thread, list: VectoredHandler[], first: number, address: number): number {
  const token = (thread.process.nextHandlerToken += TOKEN_STEP);
  const handler = { token, address };
  if (first !== 0) list.unshift(handler);
  else list.push(handler);
  return token;
}

function remove(list: VectoredHandler[], token: number): number {
  const index = list.findIndex((handler) => handler.token === token);
  if (index < 0) return 0;
  list.splice(index, 1);
  return 1;
}

function raiseException(thread: Thread, code: number, flags: number, count: number, args: number): number {
  const parameters: number[] = [];
  const used = args === 0 ? 0 : Math.min(count, EXCEPTION_MAXIMUM_PARAMETERS);
  for (let i = 0; i < used * 2; i++) parameters.push(thread.memory.u32(args + i * 4));
  return thread.raise((code & ~RESERVED_BIT) >>> 0, parameters, flags & EXCEPTION_NONCONTINUABLE);
}

const STATUS_FAIL_FAST_EXCEPTION = 0xc0000602;

/** No handler hears of it. */
function failFast(thread: Thread, record: number): number {
  const { memory, cpu } = thread;
  const own = {
    code: STATUS_FAIL_FAST_EXCEPTION,
    flags: EXCEPTION_NONCONTINUABLE,
    address: cpu.rip,
    parameters: [],
  };
  endUnhandled(thread, record === 0 ? own : readRecord(memory, record));
  return 0;
}

/** errhandlingapi.h: raising exceptions and handling them. */
export const exceptionApi = family('kernel32', PAGES, () => ({
  AddVectoredExceptionHandler: service(
    'First: dword, Handler: address',
    'address',
    (thread, first, handler) => add(thread, thread.process.exceptionHandlers, first, handler),
  ),
  RemoveVectoredExceptionHandler: service('Handle: address', 'dword', (thread, token) =>
    remove(thread.process.exceptionHandlers, token),
  ),
  AddVectoredContinueHandler: service('First: dword, Handler: address', 'address', (thread, first, handler) =>
    add(thread, thread.process.continueHandlers, first, handler),
  ),
  RemoveVectoredContinueHandler: service('Handle: address', 'dword', (thread, token) =>
    remove(thread.process.continueHandlers, token),
  ),
  SetUnhandledExceptionFilter: service('lpTopLevelExceptionFilter: address', 'address', (thread, filter) => {
    const previous = thread.process.unhandledFilter;
    thread.process.unhandledFilter = filter;
    return previous;
  }),
  UnhandledExceptionFilter: calling('ExceptionInfo: address', 'int', filterUnhandled),
  RaiseFailFastException: service(
    'pExceptionRecord: address, pContextRecord: address, dwFlags: dword',
    'void',
    failFast,
  ),
  RaiseException: service(
    'dwExceptionCode: dword, dwExceptionFlags: dword, nNumberOfArguments: dword, lpArguments: address',
    'void',
    raiseException,
  ),
}));

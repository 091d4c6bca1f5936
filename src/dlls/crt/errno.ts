import {
  ERROR_ACCESS_DENIED,
  ERROR_ALREADY_EXISTS,
  ERROR_BAD_EXE_FORMAT,
  ERROR_BAD_FORMAT,
  ERROR_BAD_PATHNAME,
  ERROR_BROKEN_PIPE,
  ERROR_DIR_NOT_EMPTY,
  ERROR_DIRECTORY,
  ERROR_DISK_FULL,
  ERROR_FILE_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_FILENAME_EXCED_RANGE,
  ERROR_INVALID_HANDLE,
  ERROR_NOT_ENOUGH_MEMORY,
  ERROR_PATH_NOT_FOUND,
  ERROR_SHARING_VIOLATION,
  ERROR_TOO_MANY_OPEN_FILES,
  ERROR_WRITE_PROTECT,
} from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { crtOf, keptBlock, THREAD_DATA, threadData } from './state.ts';
import { narrowBytes, readNarrow, readWide, writeBytes, writeTerminated } from './text.ts';

/** https://learn.microsoft.com/cpp/c-runtime-library/errno-constants */
export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const E2BIG = 7;
export const ENOEXEC = 8;
export const EBADF = 9;
export const ECHILD = 10;
export const ENOMEM = 12;
export const EACCES = 13;
export const EEXIST = 17;
export const EINVAL = 22;
export const EMFILE = 24;
export const ENOSPC = 28;
export const ESPIPE = 29;
export const EPIPE = 32;
export const EDOM = 33;
export const ERANGE = 34;
export const ENOTEMPTY = 41;
export const EILSEQ = 42;

const ERRNO_OF_ERROR = new Map<number, number>([
  [ERROR_FILE_NOT_FOUND, ENOENT],
  [ERROR_PATH_NOT_FOUND, ENOENT],
  [ERROR_BAD_PATHNAME, ENOENT],
  [ERROR_FILENAME_EXCED_RANGE, ENOENT],
  [ERROR_TOO_MANY_OPEN_FILES, EMFILE],
  [ERROR_ACCESS_DENIED, EACCES],
  [ERROR_SHARING_VIOLATION, EACCES],
  [ERROR_WRITE_PROTECT, EACCES],
  [ERROR_INVALID_HANDLE, EBADF],
  [ERROR_NOT_ENOUGH_MEMORY, ENOMEM],
  [ERROR_BAD_FORMAT, ENOEXEC],
  [ERROR_BAD_EXE_FORMAT, ENOEXEC],
  [ERROR_FILE_EXISTS, EEXIST],
  [ERROR_ALREADY_EXISTS, EEXIST],
  [ERROR_BROKEN_PIPE, EPIPE],
  [ERROR_DISK_FULL, ENOSPC],
  [ERROR_DIR_NOT_EMPTY, ENOTEMPTY],
  [ERROR_DIRECTORY, EINVAL],
]);

const NAMED: readonly (readonly [number, string])[] = [
  [0, 'No error'],
  [1, 'Operation not permitted'],
  [2, 'No such file or directory'],
  [3, 'No such process'],
  [4, 'Interrupted function call'],
  [5, 'Input/output error'],
  [6, 'No such device or address'],
  [7, 'Arg list too long'],
  [8, 'Exec format error'],
  [9, 'Bad file descriptor'],
  [10, 'No child processes'],
  [11, 'Resource temporarily unavailable'],
  [12, 'Not enough space'],
  [13, 'Permission denied'],
  [14, 'Bad address'],
  [16, 'Resource device'],
  [17, 'File exists'],
  [18, 'Improper link'],
  [19, 'No such device'],
  [20, 'Not a directory'],
  [21, 'Is a directory'],
  [22, 'Invalid argument'],
  [23, 'Too many open files in system'],
  [24, 'Too many open files'],
  [25, 'Inappropriate I/O control operation'],
  [27, 'File too large'],
  [28, 'No space left on device'],
  [29, 'Invalid seek'],
  [30, 'Read-only file system'],
  [31, 'Too many links'],
  [32, 'Broken pipe'],
  [33, 'Domain error'],
  [34, 'Result too large'],
  [36, 'Resource deadlock avoided'],
  [38, 'Filename too long'],
  [39, 'No locks available'],
  [40, 'Function not implemented'],
  [41, 'Directory not empty'],
  [42, 'Illegal byte sequence'],
];
const UNKNOWN = 'Unknown error';
const MESSAGES = new Map(NAMED);

/** _sys_nerr: messages 0 to this one less; the last is "Unknown error". */
export const MESSAGE_COUNT = 43;

export function messageOf(code: number): string {
  return MESSAGES.get(code) ?? UNKNOWN;
}

export function setErrno(thread: Thread, code: number): void {
  thread.memory.setU32(threadData(thread).address + THREAD_DATA.errno, code);
}
export function getErrno(thread: Thread): number {
  return thread.memory.i32(threadData(thread).address + THREAD_DATA.errno);
}

/** Sets errno and _doserrno from a Win32 error and returns -1. */
export function failWith(thread: Thread, error: number): -1 {
  const { address } = threadData(thread);
  thread.memory.setU32(address + THREAD_DATA.errno, ERRNO_OF_ERROR.get(error) ?? EINVAL);
  thread.memory.setU32(address + THREAD_DATA.doserrno, error);
  return -1;
}
/** Sets errno and returns `result`. */
export function failErrno(thread: Thread, code: number, result = -1): number {
  setErrno(thread, code);
  return result;
}

/** Space of strerror's text, terminator included. */
const MESSAGE_SIZE = 256;

function narrowMessage(thread: Thread, text: string): number {
  const at = threadData(thread).address + THREAD_DATA.message;
  writeTerminated(thread.memory, at, text.slice(0, MESSAGE_SIZE - 1), false);
  return at;
}
function wideMessage(thread: Thread, text: string): number {
  const at = threadData(thread).address + THREAD_DATA.wideMessage;
  writeTerminated(thread.memory, at, text.slice(0, MESSAGE_SIZE - 1), true);
  return at;
}
function prefixed(thread: Thread, prefix: string): string {
  return `${prefix === '' ? '' : `${prefix}: `}${messageOf(getErrno(thread))}\n`;
}

/** The _s forms: a message that is too long is cut. */
function storeMessage(thread: Thread, buffer: number, size: number, text: string, wide: boolean): number {
  if (buffer === 0 || size === 0) return failErrno(thread, EINVAL, EINVAL);
  writeTerminated(thread.memory, buffer, text.slice(0, size - 1), wide);
  return 0;
}

/** The message of errno behind one of the caller's. */
function ownMessage(wide: boolean) {
  return library('buffer: address, size: size, message: address', 'int', (thread, buffer, size, prefix) => {
    const read = wide ? readWide : readNarrow;
    const text = prefixed(thread, prefix === 0 ? '' : read(thread.memory, prefix));
    return storeMessage(thread, buffer, size, text, wide);
  });
}

/** Address of the table of messages (_sys_errlist's contents): made once, texts and pointers in one block. */
export function messageTable(thread: Thread): number {
  const { memory } = thread;
  return keptBlock(crtOf(thread.process), 'messages', MESSAGE_COUNT * (8 + 64), (table) => {
    for (let code = 0; code < MESSAGE_COUNT; code++) {
      const text = table + MESSAGE_COUNT * 8 + code * 64;
      writeBytes(memory, text, narrowBytes(messageOf(code)));
      memory.setU64(table + code * 8, text);
    }
  });
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** errno.h and the texts of errors. perror is in stdio-text.ts. */
export const errnoApi = family('crt', PAGES, () => ({
  _errno: library('', 'address', (thread) => threadData(thread).address + THREAD_DATA.errno),
  __doserrno: library('', 'address', (thread) => threadData(thread).address + THREAD_DATA.doserrno),
  _get_errno: library('pValue: address', 'int', (thread, pValue) => {
    if (pValue === 0) return EINVAL;
    thread.memory.setU32(pValue, getErrno(thread));
    return 0;
  }),
  _set_errno: library('value: int', 'int', (thread, value) => {
    setErrno(thread, value);
    return 0;
  }),
  _get_doserrno: library('pValue: address', 'int', (thread, pValue) => {
    if (pValue === 0) return EINVAL;
    thread.memory.setU32(pValue, thread.memory.u32(threadData(thread).address + THREAD_DATA.doserrno));
    return 0;
  }),
  _set_doserrno: library('value: dword', 'int', (thread, value) => {
    thread.memory.setU32(threadData(thread).address + THREAD_DATA.doserrno, value);
    return 0;
  }),
  strerror: library('errnum: int', 'address', (thread, errnum) => narrowMessage(thread, messageOf(errnum))),
  _wcserror: library('errnum: int', 'address', (thread, errnum) => wideMessage(thread, messageOf(errnum))),
  _strerror: library('strErrMsg: address', 'address', (thread, prefix) =>
    narrowMessage(thread, prefixed(thread, prefix === 0 ? '' : readNarrow(thread.memory, prefix))),
  ),
  __wcserror: library('strErrMsg: address', 'address', (thread, prefix) =>
    wideMessage(thread, prefixed(thread, prefix === 0 ? '' : readWide(thread.memory, prefix))),
  ),
  strerror_s: library('buffer: address, size: size, errnum: int', 'int', (thread, buffer, size, errnum) =>
    storeMessage(thread, buffer, size, messageOf(errnum), false),
  ),
  _wcserror_s: library('buffer: address, size: size, errnum: int', 'int', (thread, buffer, size, errnum) =>
    storeMessage(thread, buffer, size, messageOf(errnum), true),
  ),
  _strerror_s: ownMessage(false),
  __wcserror_s: ownMessage(true),
  __sys_nerr: library('', 'address', (thread) =>
    keptBlock(crtOf(thread.process), 'sys_nerr', 4, (at) => thread.memory.setU32(at, MESSAGE_COUNT)),
  ),
  __sys_errlist: library('', 'address', (thread) => messageTable(thread)),
}));

import { WRITE } from '../../memory/constants.ts';
import {
  ERROR_INVALID_HANDLE,
  ERROR_INVALID_PARAMETER,
  ERROR_NO_MORE_FILES,
  ERROR_NOT_ENOUGH_MEMORY,
} from '../../process/errors.ts';
import { FindObject, findFiles } from '../../process/find-object.ts';
import { MAX_PATH } from '../../process/paths.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ANSI, readPath, type TextForm, WIDE, writeText } from '../guest-text.ts';
import { drivesOf, writeFileData } from './file-info.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-{}';
const INVALID_HANDLE_VALUE = -1;

/** WIN32_FIND_DATA. https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-win32_find_dataw */
const FILE_NAME = 44;
const SHORT_NAME_UNITS = 14;
const sizeOf = (form: TextForm) => Math.ceil((FILE_NAME + (MAX_PATH + SHORT_NAME_UNITS) * form.unit) / 4) * 4;

function writeFound(thread: Thread, form: TextForm, search: FindObject, into: number): number {
  const found = search.peek();
  if (!found) return thread.fail(ERROR_NO_MORE_FILES);
  thread.memory.touch(into, sizeOf(form), WRITE);
  thread.memory.fill(into, 0, sizeOf(form));
  writeFileData(thread, into, search.drives, found.status);
  writeText(thread, form, into + FILE_NAME, found.name.slice(0, MAX_PATH - 1));
  search.advance();
  return 1;
}

function findFirst(form: TextForm) {
  return (thread: Thread, address: number, into: number): number => {
    const path = readPath(thread, form, address);
    const drives = drivesOf(thread);
    if (path === undefined || !drives) return INVALID_HANDLE_VALUE;
    const search = findFiles(drives, thread.process, path);
    if (typeof search === 'number') {
      thread.fail(search);
      return INVALID_HANDLE_VALUE;
    }
    if (writeFound(thread, form, search, into) === 0) return INVALID_HANDLE_VALUE;
    const handle = thread.process.handles.add(search, 0);
    if (handle !== 0) return handle;
    thread.fail(ERROR_NOT_ENOUGH_MEMORY);
    return INVALID_HANDLE_VALUE;
  };
}

const FindExInfoBasic = 1;
const FindExSearchLimitToDirectories = 1;
const FIND_FIRST_EX_CASE_SENSITIVE = 0x1;

/** The search for folders alone is only advice to the file system, as documented: it may be left out. */
function findFirstEx(first: ReturnType<typeof findFirst>, name: string) {
  return (
    thread: Thread,
    path: number,
    level: number,
    into: number,
    search: number,
    filter: number,
    flags: number,
  ): number => {
    if (level > FindExInfoBasic || search > FindExSearchLimitToDirectories || filter !== 0) {
      thread.fail(ERROR_INVALID_PARAMETER);
      return INVALID_HANDLE_VALUE;
    }
    if ((flags & FIND_FIRST_EX_CASE_SENSITIVE) !== 0) {
      return thread.stop(`kernel32!${name}: FIND_FIRST_EX_CASE_SENSITIVE is not built yet`);
    }
    return first(thread, path, into);
  };
}

function searchOf(thread: Thread, handle: number): FindObject | undefined {
  const object = thread.process.handles.object(handle, 'find');
  if (object instanceof FindObject) return object;
  thread.fail(ERROR_INVALID_HANDLE);
  return undefined;
}

function findNext(form: TextForm) {
  return (thread: Thread, handle: number, into: number): number => {
    const search = searchOf(thread, handle);
    return search ? writeFound(thread, form, search, into) : 0;
  };
}

const FIRST = 'lpFileName: address, lpFindFileData: address';
const FIRST_EX =
  'lpFileName: address, fInfoLevelId: dword, lpFindFileData: address, fSearchOp: dword, lpSearchFilter: address, dwAdditionalFlags: dword';
const NEXT = 'hFindFile: handle, lpFindFileData: address';

/** fileapi.h: searching folders. */
export const findApi = family('kernel32', PAGES, () => {
  const firstA = findFirst(ANSI);
  const firstW = findFirst(WIDE);
  return {
    FindFirstFileA: library(FIRST, 'handle', firstA),
    FindFirstFileW: library(FIRST, 'handle', firstW),
    FindFirstFileExA: library(FIRST_EX, 'handle', findFirstEx(firstA, 'FindFirstFileExA')),
    FindFirstFileExW: library(FIRST_EX, 'handle', findFirstEx(firstW, 'FindFirstFileExW')),
    FindNextFileA: library(NEXT, 'bool', findNext(ANSI)),
    FindNextFileW: library(NEXT, 'bool', findNext(WIDE)),
    FindClose: library('hFindFile: handle', 'bool', (thread, handle) => {
      if (!searchOf(thread, handle)) return 0;
      thread.process.handles.close(handle);
      return 1;
    }),
  };
});

import { ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import { CURRENT_PROCESS, CURRENT_THREAD, type HandleEntry } from '../../process/handles.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { SECURITY_ATTRIBUTES } from '../structs/memory.ts';
import { processOf } from './process.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-{}';

const DUPLICATE_CLOSE_SOURCE = 0x1;
const DUPLICATE_SAME_ACCESS = 0x2;
const HANDLE_FLAG_INHERIT = 0x1;
const HANDLE_FLAG_PROTECT_FROM_CLOSE = 0x2;
const ALL_ACCESS = 0x1fffff;

/** bInheritHandle of an optional SECURITY_ATTRIBUTES. Security descriptors have nobody to keep out. */
export function inherits(thread: Thread, security: number): boolean {
  return security !== 0 && thread.memory.u32(security + SECURITY_ATTRIBUTES.bInheritHandle) !== 0;
}

function isPseudo(handle: number): boolean {
  return handle === CURRENT_PROCESS || handle === CURRENT_THREAD;
}

/** An open handle that kernel functions take: search handles are of another kind. */
function entryOf(thread: Thread, process: Process, handle: number): HandleEntry | undefined {
  const entry = process.handles.get(handle);
  if (entry && entry.object.type !== 'find') return entry;
  thread.fail(ERROR_INVALID_HANDLE);
  return undefined;
}

function closeHandle(thread: Thread, handle: number): number {
  if (isPseudo(handle)) return 1;
  const entry = entryOf(thread, thread.process, handle);
  if (!entry) return 0;
  return thread.process.handles.close(handle) ? 1 : thread.fail(ERROR_INVALID_HANDLE);
}

/** What a source handle stands for, with the pseudo-handles made real. */
function sourceOf(
  thread: Thread,
  process: Process,
  handle: number,
): Pick<HandleEntry, 'object' | 'access'> | undefined {
  if (handle === CURRENT_PROCESS) return { object: process, access: ALL_ACCESS };
  if (handle === CURRENT_THREAD) return { object: thread, access: ALL_ACCESS };
  return entryOf(thread, process, handle);
}

function duplicateHandle(
  thread: Thread,
  sourceProcess: number,
  handle: number,
  targetProcess: number,
  into: number,
  access: number,
  inherit: number,
  options: number,
): number {
  // A failure leaves NULL, not what was there.
  if (into !== 0) thread.memory.setU64(into, 0);
  const from = processOf(thread, sourceProcess);
  if (!from) return 0;
  if ((options & ~(DUPLICATE_CLOSE_SOURCE | DUPLICATE_SAME_ACCESS)) !== 0)
    return thread.fail(ERROR_INVALID_PARAMETER);
  const source = sourceOf(thread, from, handle);
  if (!source) return 0;
  if (targetProcess !== 0 || into !== 0) {
    const to = processOf(thread, targetProcess);
    if (!to) return 0;
    const same = (options & DUPLICATE_SAME_ACCESS) !== 0;
    const wanted = same ? source.access : access & ALL_ACCESS;
    // Nobody gets more than the source has.
    if ((wanted & ~source.access) !== 0) return thread.fail(ERROR_ACCESS_DENIED);
    const made = to.handles.add(source.object, wanted, inherit !== 0);
    if (into !== 0) thread.memory.setU64(into, made);
  }
  if ((options & DUPLICATE_CLOSE_SOURCE) !== 0 && !isPseudo(handle)) from.handles.close(handle);
  return 1;
}

function getInformation(thread: Thread, handle: number, into: number): number {
  const entry = entryOf(thread, thread.process, handle);
  if (!entry) return 0;
  const protect = entry.protectFromClose ? HANDLE_FLAG_PROTECT_FROM_CLOSE : 0;
  thread.memory.setU32(into, (entry.inherit ? HANDLE_FLAG_INHERIT : 0) | protect);
  return 1;
}

function setInformation(thread: Thread, handle: number, mask: number, flags: number): number {
  const entry = entryOf(thread, thread.process, handle);
  if (!entry) return 0;
  if ((mask & ~(HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE)) !== 0)
    return thread.fail(ERROR_INVALID_PARAMETER);
  if ((mask & HANDLE_FLAG_INHERIT) !== 0) entry.inherit = (flags & HANDLE_FLAG_INHERIT) !== 0;
  if ((mask & HANDLE_FLAG_PROTECT_FROM_CLOSE) !== 0) {
    entry.protectFromClose = (flags & HANDLE_FLAG_PROTECT_FROM_CLOSE) !== 0;
  }
  return 1;
}

/** handleapi.h */
export const handleApi = family('kernel32', PAGES, () => ({
  CloseHandle: service('hObject: handle', 'bool', closeHandle),
  DuplicateHandle: service(
    'hSourceProcessHandle: handle, hSourceHandle: handle, hTargetProcessHandle: handle, lpTargetHandle: address, dwDesiredAccess: dword, bInheritHandle: bool, dwOptions: dword',
    'bool',
    duplicateHandle,
  ),
  GetHandleInformation: service('hObject: handle, lpdwFlags: address', 'bool', getInformation),
  SetHandleInformation: service('hObject: handle, dwMask: dword, dwFlags: dword', 'bool', setInformation),
}));

import {
  FILE_MAP_COPY,
  FILE_MAP_EXECUTE,
  FILE_MAP_LARGE_PAGES,
  FILE_MAP_READ,
  FILE_MAP_RESERVE,
  FILE_MAP_TARGETS_INVALID,
  FILE_MAP_WRITE,
  MEM_RESERVE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  SEC_LARGE_PAGES,
  SECTION_MAP_EXECUTE,
  SECTION_MAP_EXECUTE_EXPLICIT,
  SECTION_MAP_READ,
  SECTION_MAP_WRITE,
  SECTION_QUERY,
} from '../../memory/constants.ts';
import {
  ERROR_ACCESS_DENIED,
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_HANDLE,
  ERROR_INVALID_NAME,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_ENOUGH_MEMORY,
} from '../../process/errors.ts';
import type { SectionObject } from '../../process/section-object.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { SECURITY_ATTRIBUTES } from '../structs/memory.ts';
import { createSection } from '../support/create-section.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-{}';
const TWO_32 = 0x1_0000_0000;
const SECTION_FLAGS = 0xffff_f000;
/** Protections that CreateFileMapping takes, with the access its handle gets. */
const HANDLE_ACCESS = new Map<number, number>([
  [PAGE_READONLY, SECTION_QUERY | SECTION_MAP_READ],
  [PAGE_WRITECOPY, SECTION_QUERY | SECTION_MAP_READ],
  [PAGE_READWRITE, SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE],
  [PAGE_EXECUTE_READ, SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_EXECUTE],
  [PAGE_EXECUTE_WRITECOPY, SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_EXECUTE],
  [PAGE_EXECUTE_READWRITE, SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE | SECTION_MAP_EXECUTE],
]);

function createFileMapping(
  thread: Thread,
  file: number,
  attributes: number,
  protection: number,
  sizeHigh: number,
  sizeLow: number,
  name: string | undefined,
): number {
  const { handles, machine } = thread.process;
  const inherit =
    attributes !== 0 && thread.memory.u32(attributes + SECURITY_ATTRIBUTES.bInheritHandle) !== 0;
  const base = protection & 0xfff;
  const access = HANDLE_ACCESS.get(base);
  if (access === undefined) return thread.fail(ERROR_INVALID_PARAMETER);
  if ((protection & SEC_LARGE_PAGES) !== 0)
    return thread.stop('CreateFileMapping: SEC_LARGE_PAGES is not built yet');
  const key = name === undefined ? undefined : machine.namespace.key(name);
  if (name !== undefined && key === undefined) return thread.fail(ERROR_INVALID_NAME);
  const existing = key === undefined ? undefined : machine.namespace.find(key);
  if (existing) {
    if (existing.type !== 'section') return thread.fail(ERROR_INVALID_HANDLE);
    const handle = handles.add(existing, access, inherit);
    thread.lastError = ERROR_ALREADY_EXISTS;
    return handle === 0 ? thread.fail(ERROR_NOT_ENOUGH_MEMORY) : handle;
  }
  const flags = (protection & SECTION_FLAGS) >>> 0;
  const created = createSection(thread, file, sizeHigh * TWO_32 + sizeLow, base, flags);
  if (typeof created === 'number') return thread.failStatus(created);
  const handle = handles.add(
    created,
    access,
    inherit,
    key === undefined ? undefined : machine.namespace.add(key, created),
  );
  thread.lastError = 0;
  return handle === 0 ? thread.fail(ERROR_NOT_ENOUGH_MEMORY) : handle;
}

function openFileMapping(thread: Thread, access: number, inherit: number, name: string): number {
  const { handles, machine } = thread.process;
  const key = machine.namespace.key(name);
  if (key === undefined) return thread.fail(name === '' ? ERROR_INVALID_PARAMETER : ERROR_INVALID_NAME);
  const object = machine.namespace.find(key);
  if (!object) return thread.fail(ERROR_FILE_NOT_FOUND);
  if (object.type !== 'section') return thread.fail(ERROR_INVALID_HANDLE);
  // FILE_MAP_COPY is treated as FILE_MAP_READ when it stands alone.
  const wanted = access === FILE_MAP_COPY ? FILE_MAP_READ : access;
  const granted = (wanted & FILE_MAP_EXECUTE) !== 0 ? wanted | SECTION_MAP_EXECUTE : wanted;
  const handle = handles.add(object, granted | SECTION_QUERY, inherit !== 0);
  return handle === 0 ? thread.fail(ERROR_NOT_ENOUGH_MEMORY) : handle;
}

/** The page protection of a view, and the handle rights it needs. WRITE counts before COPY: ALL_ACCESS has both. */
function viewProtection(access: number): { protect: number; needs: number } {
  const execute = (access & FILE_MAP_EXECUTE) !== 0;
  const more = execute ? SECTION_MAP_EXECUTE : 0;
  if ((access & FILE_MAP_WRITE) !== 0) {
    return { protect: execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE, needs: SECTION_MAP_WRITE | more };
  }
  if ((access & (FILE_MAP_COPY | FILE_MAP_READ)) === FILE_MAP_COPY) {
    return { protect: execute ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY, needs: SECTION_MAP_READ | more };
  }
  return { protect: execute ? PAGE_EXECUTE_READ : PAGE_READONLY, needs: SECTION_MAP_READ | more };
}

function mapView(
  thread: Thread,
  handle: number,
  access: number,
  high: number,
  low: number,
  size: number,
  base: number,
): number {
  const entry = thread.process.handles.get(handle);
  if (entry?.object.type !== 'section') return thread.fail(ERROR_INVALID_HANDLE);
  if ((access & FILE_MAP_LARGE_PAGES) !== 0)
    return thread.stop('MapViewOfFile: FILE_MAP_LARGE_PAGES is not built yet');
  if ((access & FILE_MAP_TARGETS_INVALID) !== 0)
    return thread.stop('MapViewOfFile: FILE_MAP_TARGETS_INVALID is not built yet');
  const { protect, needs } = viewProtection(access);
  const rights =
    (entry.access & SECTION_MAP_EXECUTE_EXPLICIT) !== 0 ? entry.access | SECTION_MAP_EXECUTE : entry.access;
  if ((rights & needs) !== needs) return thread.fail(ERROR_ACCESS_DENIED);
  const status = thread.space.mapView((entry.object as SectionObject).section, {
    base,
    offset: high * TWO_32 + low,
    size,
    protect,
    type: (access & FILE_MAP_RESERVE) !== 0 ? MEM_RESERVE : 0,
  });
  return status === 0 ? thread.space.resultBase : thread.failStatus(status);
}

/** memoryapi.h and winbase.h: file mappings and their views. */
export const mappingApi = family('kernel32', PAGES, () => ({
  CreateFileMappingW: service(
    'hFile: handle, lpFileMappingAttributes: address, flProtect: dword, dwMaximumSizeHigh: dword, dwMaximumSizeLow: dword, lpName: address',
    'handle',
    (thread, file, attributes, protection, high, low, name) =>
      createFileMapping(
        thread,
        file,
        attributes,
        protection,
        high,
        low,
        name === 0 ? undefined : thread.memory.utf16z(name),
      ),
  ),
  CreateFileMappingA: service(
    'hFile: handle, lpFileMappingAttributes: address, flProtect: dword, dwMaximumSizeHigh: dword, dwMaximumSizeLow: dword, lpName: address',
    'handle',
    (thread, file, attributes, protection, high, low, name) =>
      createFileMapping(
        thread,
        file,
        attributes,
        protection,
        high,
        low,
        name === 0 ? undefined : thread.memory.asciiz(name),
      ),
  ),
  OpenFileMappingW: service(
    'dwDesiredAccess: dword, bInheritHandle: bool, lpName: address',
    'handle',
    (thread, access, inherit, name) =>
      openFileMapping(thread, access, inherit, name === 0 ? '' : thread.memory.utf16z(name)),
  ),
  OpenFileMappingA: service(
    'dwDesiredAccess: dword, bInheritHandle: bool, lpName: address',
    'handle',
    (thread, access, inherit, name) =>
      openFileMapping(thread, access, inherit, name === 0 ? '' : thread.memory.asciiz(name)),
  ),
  MapViewOfFile: service(
    'hFileMappingObject: handle, dwDesiredAccess: dword, dwFileOffsetHigh: dword, dwFileOffsetLow: dword, dwNumberOfBytesToMap: size',
    'address',
    (thread, handle, access, high, low, size) => mapView(thread, handle, access, high, low, size, 0),
  ),
  MapViewOfFileEx: service(
    'hFileMappingObject: handle, dwDesiredAccess: dword, dwFileOffsetHigh: dword, dwFileOffsetLow: dword, dwNumberOfBytesToMap: size, lpBaseAddress: address',
    'address',
    mapView,
  ),
  UnmapViewOfFile: service('lpBaseAddress: address', 'bool', (thread, base) =>
    thread.succeed(thread.space.unmapView(base)),
  ),
  FlushViewOfFile: service(
    'lpBaseAddress: address, dwNumberOfBytesToFlush: size',
    'bool',
    (thread, base, size) => thread.succeed(thread.space.flushView(base, size)),
  ),
}));

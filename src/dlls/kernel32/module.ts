import {
  ERROR_INSUFFICIENT_BUFFER,
  ERROR_MOD_NOT_FOUND,
  ERROR_PROC_NOT_FOUND,
} from '../../process/errors.ts';
import type { GuestCallRequest } from '../../process/host-frames.ts';
import type { Module } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/libloaderapi/nf-libloaderapi-{}';
/** GetProcAddress takes an ordinal where a pointer would have its high bits zero. */
const FIRST_POINTER = 0x10000;
const GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS = 4;
const LOAD_LIBRARY_FLAGS_BUILT = 0x0;

/** File name of a module as the loader compares it: lower case, ".dll" added when there is no extension. */
function fileName(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf('\\'), name.lastIndexOf('/')) + 1).toLowerCase();
  if (last.endsWith('.')) return last.slice(0, -1);
  return last.includes('.') ? last : `${last}.dll`;
}

function find(thread: Thread, name: string): Module | undefined {
  const wanted = fileName(name);
  return thread.process.modules.find((module) => module.name.toLowerCase() === wanted);
}

function moduleHandle(thread: Thread, name: string | undefined): number {
  const module = name === undefined ? thread.process.modules[0] : find(thread, name);
  return module ? module.base : thread.fail(ERROR_MOD_NOT_FOUND);
}

function moduleOf(thread: Thread, handle: number): Module | undefined {
  return handle === 0
    ? thread.process.modules[0]
    : thread.process.modules.find((module) => module.base === handle);
}

function moduleHandleEx(
  thread: Thread,
  flags: number,
  name: string | undefined,
  address: number,
  out: number,
): number {
  const byAddress = (flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) !== 0;
  const base = byAddress ? (thread.process.moduleAt(address)?.base ?? 0) : moduleHandle(thread, name);
  thread.memory.setU64(out, base);
  if (base !== 0) return 1;
  return thread.fail(ERROR_MOD_NOT_FOUND);
}

/** Copies a path as GetModuleFileName does: cut off, terminated, 122 when the buffer is too small. */
function copyPath(thread: Thread, handle: number, buffer: number, chars: number, wide: boolean): number {
  const module = moduleOf(thread, handle);
  if (!module) return thread.fail(ERROR_MOD_NOT_FOUND);
  if (chars === 0) return thread.fail(ERROR_INSUFFICIENT_BUFFER);
  const fits = module.path.length < chars;
  const text = fits ? module.path : module.path.slice(0, chars - 1);
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0;
    if (wide) thread.memory.setU16(buffer + i * 2, code);
    else thread.memory.setU8(buffer + i, code > 0xff ? 0x3f : code);
  }
  if (fits) {
    thread.lastError = 0;
    return text.length;
  }
  thread.lastError = ERROR_INSUFFICIENT_BUFFER;
  return chars;
}

function* load(thread: Thread, name: string, flags: number): Generator<GuestCallRequest, number, number> {
  if (flags !== LOAD_LIBRARY_FLAGS_BUILT)
    return thread.stop(`LoadLibraryEx: flags 0x${flags.toString(16)} are not built yet`);
  const present = find(thread, name);
  if (present) {
    present.loads++;
    return present.base;
  }
  const loader = thread.process.loader;
  if (!loader) return thread.fail(ERROR_MOD_NOT_FOUND);
  const loaded = yield* loader.load(thread, name);
  return typeof loaded === 'number' ? thread.fail(loaded) : loaded.base;
}

/** libloaderapi.h: modules and their exports. */
export const moduleApi = family('kernel32', PAGES, () => ({
  GetModuleHandleA: service('lpModuleName: address', 'address', (thread, name) =>
    moduleHandle(thread, name === 0 ? undefined : thread.memory.asciiz(name)),
  ),
  GetModuleHandleW: service('lpModuleName: address', 'address', (thread, name) =>
    moduleHandle(thread, name === 0 ? undefined : thread.memory.utf16z(name)),
  ),
  GetModuleHandleExA: service(
    'dwFlags: dword, lpModuleName: address, phModule: address',
    'bool',
    (thread, flags, name, out) =>
      moduleHandleEx(
        thread,
        flags,
        name === 0 || (flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) !== 0
          ? undefined
          : thread.memory.asciiz(name),
        name,
        out,
      ),
  ),
  GetModuleHandleExW: service(
    'dwFlags: dword, lpModuleName: address, phModule: address',
    'bool',
    (thread, flags, name, out) =>
      moduleHandleEx(
        thread,
        flags,
        name === 0 || (flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) !== 0
          ? undefined
          : thread.memory.utf16z(name),
        name,
        out,
      ),
  ),
  GetProcAddress: service('hModule: address, lpProcName: address', 'address', (thread, handle, name) => {
    const module = moduleOf(thread, handle);
    if (!module) return thread.fail(ERROR_MOD_NOT_FOUND);
    const address = module.resolve(name < FIRST_POINTER ? name : thread.memory.asciiz(name));
    return address === 0 ? thread.fail(ERROR_PROC_NOT_FOUND) : address;
  }),
  GetModuleFileNameA: service(
    'hModule: address, lpFilename: address, nSize: dword',
    'dword',
    (thread, handle, buffer, chars) => copyPath(thread, handle, buffer, chars, false),
  ),
  GetModuleFileNameW: service(
    'hModule: address, lpFilename: address, nSize: dword',
    'dword',
    (thread, handle, buffer, chars) => copyPath(thread, handle, buffer, chars, true),
  ),
  LoadLibraryA: calling('lpLibFileName: address', 'address', (thread, name) =>
    load(thread, thread.memory.asciiz(name), 0),
  ),
  LoadLibraryW: calling('lpLibFileName: address', 'address', (thread, name) =>
    load(thread, thread.memory.utf16z(name), 0),
  ),
  LoadLibraryExA: calling(
    'lpLibFileName: address, hFile: handle, dwFlags: dword',
    'address',
    (thread, name, _file, flags) => load(thread, thread.memory.asciiz(name), flags),
  ),
  LoadLibraryExW: calling(
    'lpLibFileName: address, hFile: handle, dwFlags: dword',
    'address',
    (thread, name, _file, flags) => load(thread, thread.memory.utf16z(name), flags),
  ),
  FreeLibrary: service('hLibModule: address', 'bool', (thread, handle) => {
    const module = handle === 0 ? undefined : moduleOf(thread, handle);
    if (!module) return thread.fail(ERROR_MOD_NOT_FOUND);
    if (module.loads === 1) return thread.stop(`FreeLibrary: unloading ${module.name} is not built yet`);
    module.loads--;
    return 1;
  }),
  DisableThreadLibraryCalls: service('hLibModule: address', 'bool', (thread, handle) =>
    moduleOf(thread, handle) ? 1 : thread.fail(ERROR_MOD_NOT_FOUND),
  ),
}));

import {
  MEM_LARGE_PAGES,
  MEM_PHYSICAL,
  MEM_REPLACE_PLACEHOLDER,
  MEM_RESERVE_PLACEHOLDER,
  MEM_WRITE_WATCH,
} from '../../memory/constants.ts';
import type { MemoryInfo } from '../../memory/space.ts';
import { STATUS_NOT_SUPPORTED } from '../../memory/status.ts';
import { ERROR_BAD_LENGTH } from '../../process/errors.ts';
import { CURRENT_PROCESS } from '../../process/handles.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { MEMORY_BASIC_INFORMATION } from '../structs/memory.ts';
import { PROCESS_QUERY_INFORMATION, PROCESS_VM_OPERATION, processOf } from '../support/process-handle.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-{}';

/** Allocation types whose part of the memory manager comes in a later slice. */
const NOT_BUILT_TYPES: readonly [number, string][] = [
  [MEM_WRITE_WATCH, 'MEM_WRITE_WATCH'],
  [MEM_PHYSICAL, 'MEM_PHYSICAL'],
  [MEM_LARGE_PAGES, 'MEM_LARGE_PAGES'],
  [MEM_RESERVE_PLACEHOLDER, 'MEM_RESERVE_PLACEHOLDER'],
  [MEM_REPLACE_PLACEHOLDER, 'MEM_REPLACE_PLACEHOLDER'],
];

/** The memory manager said "not supported": stops the run and names the flag. */
export function stopForType(thread: Thread, name: string, type: number): 0 {
  const flag = NOT_BUILT_TYPES.find(([bit]) => (type & bit) !== 0)?.[1] ?? `type 0x${type.toString(16)}`;
  return thread.stop(`${name}: ${flag} is not built yet`);
}

function allocate(
  thread: Thread,
  name: string,
  handle: number,
  base: number,
  size: number,
  type: number,
  protect: number,
): number {
  const process = processOf(thread, handle, PROCESS_VM_OPERATION);
  if (typeof process === 'number') return thread.failStatus(process);
  const status = process.space.allocate(base, size, type, protect);
  if (status === STATUS_NOT_SUPPORTED) return stopForType(thread, name, type);
  return status === 0 ? process.space.resultBase : thread.failStatus(status);
}

function free(
  thread: Thread,
  name: string,
  handle: number,
  base: number,
  size: number,
  type: number,
): number {
  const process = processOf(thread, handle, PROCESS_VM_OPERATION);
  if (typeof process === 'number') return thread.failStatus(process);
  const status = process.space.free(base, size, type);
  if (status === STATUS_NOT_SUPPORTED)
    return thread.stop(`${name}: placeholders (type 0x${type.toString(16)}) are not built yet`);
  return thread.succeed(status);
}

function protect(
  thread: Thread,
  handle: number,
  base: number,
  size: number,
  protection: number,
  old: number,
): number {
  const process = processOf(thread, handle, PROCESS_VM_OPERATION);
  if (typeof process === 'number') return thread.failStatus(process);
  // The old value's place is probed first: a call that fails changes nothing.
  thread.memory.setU32(old, thread.memory.u32(old));
  const status = process.space.protect(base, size, protection);
  if (status !== 0) return thread.failStatus(status);
  thread.memory.setU32(old, process.space.resultProtect);
  return 1;
}

const info: MemoryInfo = {
  baseAddress: 0,
  allocationBase: 0,
  allocationProtect: 0,
  regionSize: 0,
  state: 0,
  protect: 0,
  type: 0,
};

const F = MEMORY_BASIC_INFORMATION;
const TWO_32 = 0x1_0000_0000;

/** Writes a MEMORY_BASIC_INFORMATION; its padding and PartitionId are zero. */
export function writeMemoryInfo(thread: Thread, at: number, from: MemoryInfo): void {
  const memory = thread.memory;
  const word = memory.wordsTo(at, F.size);
  if (word >= 0) {
    const { words } = memory.space.system.ram;
    setPair(words, word + F.BaseAddress / 4, from.baseAddress);
    setPair(words, word + F.AllocationBase / 4, from.allocationBase);
    setPair(words, word + F.AllocationProtect / 4, from.allocationProtect);
    setPair(words, word + F.RegionSize / 4, from.regionSize);
    words[word + F.State / 4] = from.state;
    words[word + F.Protect / 4] = from.protect;
    setPair(words, word + F.Type / 4, from.type);
    return;
  }
  memory.setU64(at + F.BaseAddress, from.baseAddress);
  memory.setU64(at + F.AllocationBase, from.allocationBase);
  memory.setU64(at + F.AllocationProtect, from.allocationProtect);
  memory.setU64(at + F.RegionSize, from.regionSize);
  memory.setU32(at + F.State, from.state);
  memory.setU32(at + F.Protect, from.protect);
  memory.setU64(at + F.Type, from.type);
}

function setPair(words: Uint32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = value / TWO_32;
}

function query(thread: Thread, handle: number, address: number, buffer: number, length: number): number {
  const process = processOf(thread, handle, PROCESS_QUERY_INFORMATION);
  if (typeof process === 'number') return thread.failStatus(process);
  if (length < MEMORY_BASIC_INFORMATION.size) return thread.fail(ERROR_BAD_LENGTH);
  const status = process.space.query(address, info);
  if (status !== 0) return thread.failStatus(status);
  writeMemoryInfo(thread, buffer, info);
  return MEMORY_BASIC_INFORMATION.size;
}

/** memoryapi.h: reserving, committing, protecting, asking. */
export const virtualApi = family('kernel32', PAGES, () => ({
  VirtualAlloc: service(
    'lpAddress: address, dwSize: size, flAllocationType: dword, flProtect: dword',
    'address',
    (thread, base, size, type, protection) =>
      allocate(thread, 'VirtualAlloc', CURRENT_PROCESS, base, size, type, protection),
  ),
  VirtualAllocEx: service(
    'hProcess: handle, lpAddress: address, dwSize: size, flAllocationType: dword, flProtect: dword',
    'address',
    (thread, handle, base, size, type, protection) =>
      allocate(thread, 'VirtualAllocEx', handle, base, size, type, protection),
  ),
  VirtualFree: service(
    'lpAddress: address, dwSize: size, dwFreeType: dword',
    'bool',
    (thread, base, size, type) => free(thread, 'VirtualFree', CURRENT_PROCESS, base, size, type),
  ),
  VirtualFreeEx: service(
    'hProcess: handle, lpAddress: address, dwSize: size, dwFreeType: dword',
    'bool',
    (thread, handle, base, size, type) => free(thread, 'VirtualFreeEx', handle, base, size, type),
  ),
  VirtualProtect: service(
    'lpAddress: address, dwSize: size, flNewProtect: dword, lpflOldProtect: address',
    'bool',
    (thread, base, size, protection, old) => protect(thread, CURRENT_PROCESS, base, size, protection, old),
  ),
  VirtualProtectEx: service(
    'hProcess: handle, lpAddress: address, dwSize: size, flNewProtect: dword, lpflOldProtect: address',
    'bool',
    protect,
  ),
  VirtualQuery: service(
    'lpAddress: address, lpBuffer: address, dwLength: size',
    'size',
    (thread, address, buffer, length) => query(thread, CURRENT_PROCESS, address, buffer, length),
  ),
  VirtualQueryEx: service(
    'hProcess: handle, lpAddress: address, lpBuffer: address, dwLength: size',
    'size',
    query,
  ),
}));

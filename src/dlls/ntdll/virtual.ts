import type { MemoryInfo } from '../../memory/space.ts';
import {
  STATUS_INFO_LENGTH_MISMATCH,
  STATUS_INVALID_INFO_CLASS,
  STATUS_INVALID_PARAMETER_3,
  STATUS_NOT_SUPPORTED,
} from '../../memory/status.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { family, service } from '../api.ts';
import { stopForType, writeMemoryInfo } from '../kernel32/virtual.ts';
import { MEMORY_BASIC_INFORMATION } from '../structs/memory.ts';
import { PROCESS_QUERY_INFORMATION, PROCESS_VM_OPERATION, processOf } from '../support/process-handle.ts';

const PAGES = 'https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-{}';
const MEMORY_BASIC_INFORMATION_CLASS = 0;
/** ZeroBits up to this is a count of high bits that must be zero, above it a mask. */
const MOST_ZERO_BITS = 32;
const ADDRESS_BITS = 64;

/** Highest address that ZeroBits allows; undefined when the value is not a legal one. */
function highestFor(zeroBits: number): number | undefined {
  if (zeroBits === 0) return Number.MAX_SAFE_INTEGER;
  if (zeroBits <= MOST_ZERO_BITS) return 2 ** (ADDRESS_BITS - zeroBits) - 1;
  return 2 ** Math.ceil(Math.log2(zeroBits + 1)) - 1;
}

/** Reads *BaseAddress and *RegionSize, runs, writes both back as rounded; a refused call writes nothing. */
function inOut(
  thread: Thread,
  handle: number,
  baseAt: number,
  sizeAt: number,
  run: (process: Process, base: number, size: number) => number,
): number {
  const process = processOf(thread, handle, PROCESS_VM_OPERATION);
  if (typeof process === 'number') return process;
  const memory = thread.memory;
  const base = memory.u64(baseAt);
  const size = memory.u64(sizeAt);
  // Both must take a value before anything changes.
  memory.setHalves(baseAt, memory.u32(baseAt), memory.u32(baseAt + 4));
  memory.setHalves(sizeAt, memory.u32(sizeAt), memory.u32(sizeAt + 4));
  const status = run(process, base, size);
  if (status >= 0x8000_0000) return status;
  memory.setU64(baseAt, process.space.resultBase);
  memory.setU64(sizeAt, process.space.resultSize);
  return status;
}

function allocate(
  thread: Thread,
  handle: number,
  baseAt: number,
  zeroBits: number,
  sizeAt: number,
  type: number,
  protect: number,
): number {
  const highest = highestFor(zeroBits);
  if (highest === undefined) return STATUS_INVALID_PARAMETER_3;
  return inOut(thread, handle, baseAt, sizeAt, (process, base, size) => {
    const limit = base === 0 && highest < process.space.highest ? highest : undefined;
    const status = process.space.allocate(base, size, type, protect, limit);
    if (status === STATUS_NOT_SUPPORTED) stopForType(thread, 'NtAllocateVirtualMemory', type);
    return status;
  });
}

function protect(
  thread: Thread,
  handle: number,
  baseAt: number,
  sizeAt: number,
  protection: number,
  old: number,
): number {
  thread.memory.setU32(old, thread.memory.u32(old));
  return inOut(thread, handle, baseAt, sizeAt, (process, base, size) => {
    const status = process.space.protect(base, size, protection);
    if (status === 0) thread.memory.setU32(old, process.space.resultProtect);
    return status;
  });
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

function query(
  thread: Thread,
  handle: number,
  address: number,
  kind: number,
  buffer: number,
  length: number,
  returned: number,
): number {
  const process = processOf(thread, handle, PROCESS_QUERY_INFORMATION);
  if (typeof process === 'number') return process;
  if (kind !== MEMORY_BASIC_INFORMATION_CLASS) {
    if (kind > 10) return STATUS_INVALID_INFO_CLASS;
    thread.stop(`NtQueryVirtualMemory: information class ${kind} is not built yet`);
    return STATUS_INVALID_INFO_CLASS;
  }
  if (length < MEMORY_BASIC_INFORMATION.size) return STATUS_INFO_LENGTH_MISMATCH;
  const status = process.space.query(address, info);
  if (status !== 0) return status;
  writeMemoryInfo(thread, buffer, info);
  if (returned !== 0) thread.memory.setU64(returned, MEMORY_BASIC_INFORMATION.size);
  return 0;
}

const ALLOCATE =
  'ProcessHandle: handle, BaseAddress: address, ZeroBits: size, RegionSize: address, AllocationType: dword, Protect: dword';
const FREE = 'ProcessHandle: handle, BaseAddress: address, RegionSize: address, FreeType: dword';
const PROTECT =
  'ProcessHandle: handle, BaseAddress: address, RegionSize: address, NewProtect: dword, OldProtect: address';
const QUERY =
  'ProcessHandle: handle, BaseAddress: address, MemoryInformationClass: dword, MemoryInformation: address, MemoryInformationLength: size, ReturnLength: address';
const LOCK = 'ProcessHandle: handle, BaseAddress: address, RegionSize: address, MapType: dword';

const free = (thread: Thread, handle: number, baseAt: number, sizeAt: number, type: number): number =>
  inOut(thread, handle, baseAt, sizeAt, (process, base, size) => {
    const status = process.space.free(base, size, type);
    if (status === STATUS_NOT_SUPPORTED)
      thread.stop(`NtFreeVirtualMemory: placeholders (type 0x${type.toString(16)}) are not built yet`);
    return status;
  });
const lock = (thread: Thread, handle: number, baseAt: number, sizeAt: number): number =>
  inOut(thread, handle, baseAt, sizeAt, (process, base, size) => process.space.lock(base, size));
const unlock = (thread: Thread, handle: number, baseAt: number, sizeAt: number): number =>
  inOut(thread, handle, baseAt, sizeAt, (process, base, size) => process.space.unlock(base, size));

/** The native calls under the Virtual* functions; Zw* names are the same user-mode entry points. */
export const ntVirtualApi = family('ntdll', PAGES, () => ({
  NtAllocateVirtualMemory: service(ALLOCATE, 'status', allocate),
  ZwAllocateVirtualMemory: service(ALLOCATE, 'status', allocate),
  NtFreeVirtualMemory: service(FREE, 'status', free),
  ZwFreeVirtualMemory: service(FREE, 'status', free),
  NtProtectVirtualMemory: service(PROTECT, 'status', protect),
  ZwProtectVirtualMemory: service(PROTECT, 'status', protect),
  NtQueryVirtualMemory: service(QUERY, 'status', query),
  ZwQueryVirtualMemory: service(QUERY, 'status', query),
  NtLockVirtualMemory: service(LOCK, 'status', lock),
  ZwLockVirtualMemory: service(LOCK, 'status', lock),
  NtUnlockVirtualMemory: service(LOCK, 'status', unlock),
  ZwUnlockVirtualMemory: service(LOCK, 'status', unlock),
}));

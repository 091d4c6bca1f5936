import { beforeEach, describe, expect, test } from 'vitest';
import {
  FILE_MAP_ALL_ACCESS,
  FILE_MAP_COPY,
  FILE_MAP_EXECUTE,
  FILE_MAP_READ,
  FILE_MAP_WRITE,
  Machine,
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_FREE,
  MEM_IMAGE,
  MEM_LARGE_PAGES,
  MEM_PRIVATE,
  MEM_RELEASE,
  MEM_RESERVE,
  type MemoryApi,
  memoryApi,
  PAGE_EXECUTE_READ,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  type Process,
  parameter,
  type Thread,
} from '../../src/memory.ts';

const INVALID_HANDLE_VALUE = -1;
let process: Process;
let thread: Thread;
let api: MemoryApi;
/** A committed page for results. */
let out: number;

beforeEach(() => {
  process = new Machine({ ram: 16 * 1024 * 1024 }).createProcess();
  thread = process.mainThread;
  api = memoryApi(thread);
  out = api.VirtualAlloc(0, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
});

/** What a call that must fail leaves in last error. */
function errorOf(call: () => number): number {
  thread.lastError = 0;
  expect(call()).toBe(0);
  return thread.lastError;
}
function query(address: number) {
  expect(api.VirtualQuery(address, out, 48)).toBe(48);
  const m = process.memory;
  return {
    base: m.u64(out),
    allocationBase: m.u64(out + 8),
    allocationProtect: m.u32(out + 16),
    partition: m.u32(out + 20),
    size: m.u64(out + 24),
    state: m.u32(out + 32),
    protect: m.u32(out + 36),
    type: m.u32(out + 40),
  };
}
const reserve = (size: number) => api.VirtualAlloc(0, size, MEM_RESERVE, PAGE_READWRITE);

describe('VirtualAlloc and its family', () => {
  test('GetSystemInfo tells the documented constants', () => {
    api.GetSystemInfo(out);
    const m = process.memory;
    expect([
      m.u16(out),
      m.u32(out + 4),
      m.u64(out + 8),
      m.u64(out + 16),
      m.u32(out + 32),
      m.u32(out + 36),
      m.u32(out + 40),
    ]).toEqual([9, 4096, 0x10000, 0x7fff_fffe_ffff, 1, 8664, 65536]);
  });

  test('a reservation rounds its base down to 64 KiB and its end up to a page', () => {
    const free = reserve(0x100000);
    expect(api.VirtualFree(free, 0, MEM_RELEASE)).toBe(1);
    expect(api.VirtualAlloc(free + 0x11234, 0x1000, MEM_RESERVE, PAGE_READWRITE)).toBe(free + 0x10000);
    expect(query(free + 0x10000).size).toBe(0x3000);
  });

  test('refusals have the documented errors', () => {
    const base = reserve(0x20000);
    expect(errorOf(() => api.VirtualAlloc(0, 0, MEM_RESERVE, PAGE_READWRITE))).toBe(87);
    expect(errorOf(() => api.VirtualAlloc(0, 4096, MEM_RESERVE, 0))).toBe(87);
    expect(errorOf(() => api.VirtualAlloc(0, 4096, MEM_RESERVE, PAGE_WRITECOPY))).toBe(87);
    expect(errorOf(() => api.VirtualAlloc(base, 4096, MEM_RESERVE, PAGE_READWRITE))).toBe(487);
    expect(errorOf(() => api.VirtualAlloc(base + 0x1f000, 0x2000, MEM_COMMIT, PAGE_READWRITE))).toBe(487);
    expect(errorOf(() => api.VirtualAlloc(0, 2 ** 60, MEM_RESERVE, PAGE_READWRITE))).toBe(87);
    expect(
      errorOf(() => api.VirtualAlloc(0, 64 * 1024 * 1024, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)),
    ).toBe(1455);
    expect(errorOf(() => api.VirtualFree(base, 4096, MEM_RELEASE))).toBe(87);
    expect(errorOf(() => api.VirtualFree(base + 4096, 0, MEM_RELEASE))).toBe(487);
    expect(errorOf(() => api.VirtualFree(base, 0, MEM_RELEASE | MEM_DECOMMIT))).toBe(87);
    expect(query(base)).toMatchObject({ state: MEM_RESERVE, size: 0x20000 });
  });

  test("VirtualProtect answers the first page's old protection, and needs a place for it", () => {
    const base = api.VirtualAlloc(0, 0x2000, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    expect(errorOf(() => api.VirtualProtect(base, 0x2000, PAGE_READWRITE, 0))).toBe(998);
    expect(query(base).protect).toBe(PAGE_READONLY);
    expect(api.VirtualProtect(base, 1, PAGE_EXECUTE_READ, out)).toBe(1);
    expect(process.memory.u32(out)).toBe(PAGE_READONLY);
    expect(query(base)).toMatchObject({ protect: PAGE_EXECUTE_READ, size: 0x1000, type: MEM_PRIVATE });
    expect(errorOf(() => api.VirtualProtect(base, 0x3000, PAGE_READWRITE, out))).toBe(487);
  });

  test('VirtualQuery wants a large enough buffer, and ends beyond user space with 87', () => {
    expect(errorOf(() => api.VirtualQuery(out, out, 47))).toBe(24);
    expect(errorOf(() => api.VirtualQuery(0x7fff_ffff_0000, out, 48))).toBe(87);
    expect(errorOf(() => api.VirtualQuery(out, 8, 48))).toBe(998);
    expect(query(0x10000 - 1).state).toBe(MEM_FREE);
  });

  test('a guard page met inside a call makes the call fail and is used up', () => {
    const base = api.VirtualAlloc(0, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    expect(errorOf(() => api.VirtualQuery(out, base, 48))).toBe(0x80000001);
    expect(query(base).protect).toBe(PAGE_READWRITE);
  });

  test('what is not built stops by name instead of failing like Windows', () => {
    expect(() =>
      api.VirtualAlloc(0, 0x200000, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE),
    ).toThrow(/MEM_LARGE_PAGES is not built yet/);
  });

  test('a store to read-only memory is an access violation with kind and address, as data', () => {
    const base = api.VirtualAlloc(0, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    const exception = process.write(base + 5, new Uint8Array([1]));
    expect(exception?.code).toBe(0xc0000005);
    expect([parameter(exception!, 0), parameter(exception!, 1)]).toEqual([1, base + 5]);
  });

  test('VirtualLock stops at the quota with 1453; VirtualUnlock of unlocked pages is 158', () => {
    const base = api.VirtualAlloc(0, 0x80000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    expect(api.VirtualLock(base, 0x4000)).toBe(1);
    expect(errorOf(() => api.VirtualLock(base, 0x80000))).toBe(1453);
    expect(api.VirtualUnlock(base, 0x4000)).toBe(1);
    expect(errorOf(() => api.VirtualUnlock(base, 0x4000))).toBe(158);
  });

  test('a process handle that is none, or that lacks the right, is refused', () => {
    expect(errorOf(() => api.VirtualAllocEx(0x1234, 0, 4096, MEM_RESERVE, PAGE_NOACCESS))).toBe(6);
    const limited = process.handles.add(process, 0x400);
    expect(errorOf(() => api.VirtualAllocEx(limited, 0, 4096, MEM_RESERVE, PAGE_NOACCESS))).toBe(5);
    expect(api.VirtualQueryEx(limited, out, out, 48)).toBe(48);
  });
});

describe('file mappings', () => {
  const create = (protect: number, name: number | string = 0) =>
    api.CreateFileMappingW(INVALID_HANDLE_VALUE, 0, protect, 0, 0x20000, name);

  test('a second creation of a name gives the same section and 183, a first one 0', () => {
    const first = create(PAGE_READWRITE, 'twice');
    expect([first !== 0, thread.lastError]).toEqual([true, 0]);
    const second = create(PAGE_READWRITE, 'Local\\twice');
    expect(thread.lastError).toBe(183);
    const a = api.MapViewOfFile(first, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    const b = api.MapViewOfFile(second, FILE_MAP_READ, 0, 0, 0);
    process.memory.setU32(a, 0x1234);
    expect(process.memory.u32(b)).toBe(0x1234);
  });

  test('a name goes with its last handle, the memory with its last view', () => {
    const mapping = create(PAGE_READWRITE, 'gone');
    const view = api.MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    expect(process.handles.close(mapping)).toBe(true);
    expect(errorOf(() => api.OpenFileMappingW(FILE_MAP_READ, 0, 'gone'))).toBe(2);
    process.memory.setU32(view, 5);
    expect(process.memory.u32(view)).toBe(5);
    expect(api.UnmapViewOfFile(view)).toBe(1);
    expect(process.read(view, 1)).toMatchObject({ code: 0xc0000005 });
  });

  test('views are limited by what the section and its handle allow', () => {
    const readOnly = create(PAGE_READONLY);
    expect(errorOf(() => api.MapViewOfFile(readOnly, FILE_MAP_WRITE, 0, 0, 0))).toBe(5);
    expect(errorOf(() => api.MapViewOfFile(readOnly, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0))).toBe(5);
    expect(api.MapViewOfFile(readOnly, FILE_MAP_COPY, 0, 0, 0)).not.toBe(0);
    expect(errorOf(() => api.MapViewOfFile(0x7770, FILE_MAP_READ, 0, 0, 0))).toBe(6);
  });

  test('offset, size and base have their own errors', () => {
    const mapping = create(PAGE_READWRITE);
    expect(errorOf(() => api.MapViewOfFile(mapping, FILE_MAP_READ, 0, 0x1000, 0))).toBe(1132);
    expect(errorOf(() => api.MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0x20001))).toBe(5);
    expect(errorOf(() => api.MapViewOfFileEx(mapping, FILE_MAP_READ, 0, 0, 0, out))).toBe(487);
    expect(errorOf(() => api.UnmapViewOfFile(out))).toBe(487);
    expect(errorOf(() => api.FlushViewOfFile(out, 0))).toBe(487);
  });

  test('creation refuses a size of zero, bad protections and illegal names', () => {
    expect(errorOf(() => api.CreateFileMappingW(INVALID_HANDLE_VALUE, 0, PAGE_READWRITE, 0, 0, 0))).toBe(87);
    expect(errorOf(() => create(PAGE_NOACCESS))).toBe(87);
    expect(errorOf(() => create(PAGE_READWRITE, 'a\\b\\c'))).toBe(123);
    expect(errorOf(() => api.OpenFileMappingW(FILE_MAP_READ, 0, 0))).toBe(87);
  });

  test('a copy-on-write view keeps its changes to itself', () => {
    const mapping = create(PAGE_READWRITE);
    const shared = api.MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    const copy = api.MapViewOfFile(mapping, FILE_MAP_COPY, 0, 0, 0);
    process.memory.setU32(shared, 1);
    expect(process.memory.u32(copy)).toBe(1);
    process.memory.setU32(copy, 2);
    expect([process.memory.u32(shared), process.memory.u32(copy)]).toEqual([1, 2]);
    expect(query(copy)).toMatchObject({ protect: PAGE_READWRITE, size: 0x1000 });
    expect(query(copy).type).not.toBe(MEM_IMAGE);
  });
});

describe('heaps', () => {
  test('the process heap is in the PEB', () => {
    expect(process.memory.u64(process.peb + 0x30)).toBe(api.GetProcessHeap());
  });

  test('HeapSize answers the requested size, HeapAlloc failure leaves 8', () => {
    const heap = api.GetProcessHeap();
    const block = api.HeapAlloc(heap, 0, 1021);
    expect([block % 16, api.HeapSize(heap, 0, block)]).toEqual([0, 1021]);
    expect(errorOf(() => api.HeapAlloc(heap, 0, 2 ** 40))).toBe(8);
    expect(api.HeapFree(heap, 0, block)).toBe(1);
  });

  test('a heap that generates exceptions raises STATUS_NO_MEMORY', () => {
    const heap = api.HeapCreate(4, 0, 0x10000);
    expect(api.HeapAlloc(heap, 0, 0x80000)).toBe(0);
    expect(thread.exception?.code).toBe(0xc0000017);
    expect(api.HeapDestroy(heap)).toBe(1);
  });

  test('an overrun found at HeapFree ends the process with 0xC0000374', () => {
    const heap = api.GetProcessHeap();
    const block = api.HeapAlloc(heap, 0, 32);
    process.write(block - 16, new Uint8Array(16).fill(0x41));
    api.HeapFree(heap, 0, block);
    expect(process.exitCode).toBe(0xc0000374);
    expect(thread.unhandledNote).toContain('0x');
  });
});

test('the same address holds different contents in two processes', () => {
  const { machine } = process;
  const other = machine.createProcess();
  const mine = api.VirtualAlloc(0x5000_0000, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  const theirs = memoryApi(other.mainThread).VirtualAlloc(
    0x5000_0000,
    4096,
    MEM_RESERVE | MEM_COMMIT,
    PAGE_READWRITE,
  );
  expect(mine).toBe(theirs);
  process.memory.setU32(mine, 1);
  other.memory.setU32(theirs, 2);
  expect([process.memory.u32(mine), other.memory.u32(theirs)]).toEqual([1, 2]);
  machine.system.validate();
});

import { beforeEach, describe, expect, it } from 'vitest';
import {
  GlobalMemory,
  GMEM_MOVEABLE,
  GMEM_ZEROINIT,
  LMEM_MOVEABLE,
  LMEM_ZEROINIT,
} from '../../src/heap/global.ts';
import {
  STATUS_HEAP_CORRUPTION,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_NO_MEMORY,
  STATUS_NOT_SUPPORTED,
} from '../../src/memory/status.ts';
import { type Machine, machine } from './support.ts';

let m: Machine;
let heap: number;
let global: GlobalMemory;

beforeEach(() => {
  m = machine();
  heap = m.heaps.createProcessHeap(0x100000, 0x1000);
  global = new GlobalMemory(m.heaps);
});

describe('fixed GlobalAlloc and LocalAlloc (row 58)', () => {
  it('answer a pointer to memory of the process heap', () => {
    for (const block of [global.globalAlloc(0, 33), global.localAlloc(0, 33)]) {
      expect(block % 16).toBe(0);
      expect(m.heaps.size(heap, 0, block)).toBe(33);
      expect(global.size(block)).toBe(33);
    }
  });

  it('answer a pointer for size 0', () => {
    const block = global.localAlloc(0, 0);
    expect(block).not.toBe(0);
    expect(global.size(block)).toBe(0);
    expect(global.status).toBe(0);
  });

  it('zero the memory with ZEROINIT', () => {
    const dirty = global.globalAlloc(0, 500);
    m.memory.fill(dirty, 0xee, 500);
    global.free(dirty);
    expect(m.memory.bytes(global.globalAlloc(GMEM_ZEROINIT, 500), 500).every((b) => b === 0)).toBe(true);
    expect(m.memory.bytes(global.localAlloc(LMEM_ZEROINIT, 500), 500).every((b) => b === 0)).toBe(true);
  });

  it('ignore the 16-bit flags and refuse undefined ones', () => {
    expect(global.globalAlloc(0x2000 | 0x1000 | 0x10 | 0x100, 10)).not.toBe(0);
    expect(global.localAlloc(0xf00, 10)).not.toBe(0);
    for (const block of [
      global.globalAlloc(0x8, 10),
      global.localAlloc(0x1000, 10),
      global.localAlloc(-1, 10),
    ]) {
      expect(block).toBe(0);
      expect(global.status).toBe(STATUS_INVALID_PARAMETER);
    }
  });

  it('answer STATUS_NO_MEMORY when there is none', () => {
    expect(global.globalAlloc(0, 2 ** 53)).toBe(0);
    expect(global.status).toBe(STATUS_NO_MEMORY);
  });

  it('refuse movable memory by a status of its own: it is not built yet', () => {
    for (const block of [global.globalAlloc(GMEM_MOVEABLE, 10), global.localAlloc(LMEM_MOVEABLE, 10)]) {
      expect(block).toBe(0);
      expect(global.status).toBe(STATUS_NOT_SUPPORTED);
    }
  });
});

describe('GlobalFree and LocalFree (row 61)', () => {
  it('answer 0 when they have freed, and for handle 0', () => {
    expect(global.free(global.globalAlloc(0, 10))).toBe(0);
    expect(global.free(0)).toBe(0);
    expect(global.status).toBe(0);
  });

  it('answer the handle with STATUS_INVALID_HANDLE for what is none', () => {
    for (const handle of [0x123450, 0x123456, global.globalAlloc(0, 100) + 1]) {
      expect(global.free(handle)).toBe(handle);
      expect(global.status).toBe(STATUS_INVALID_HANDLE);
      expect(global.size(handle)).toBe(0);
      expect(global.status).toBe(STATUS_INVALID_HANDLE);
    }
    expect(global.size(0)).toBe(0);
    expect(global.status).toBe(STATUS_INVALID_HANDLE);
  });

  it('free what HeapAlloc gave out of the process heap', () => {
    const block = m.heaps.allocate(heap, 0, 100);
    expect(global.free(block)).toBe(0);
    expect(m.heaps.validate(heap, 0, block)).toBe(false);
  });

  it('take a second free for heap corruption, but a size query not', () => {
    const block = global.localAlloc(0, 100);
    global.free(block);
    expect(global.size(block)).toBe(0);
    expect(global.status).toBe(STATUS_INVALID_HANDLE);
    expect(global.free(block)).toBe(block);
    expect(global.status).toBe(STATUS_HEAP_CORRUPTION);
  });
});

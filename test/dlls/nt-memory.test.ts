import { beforeEach, expect, test } from 'vitest';
import { ntMemoryApi } from '../../src/dlls/ntdll/memory.ts';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../../src/memory/constants.ts';
import { Machine } from '../../src/process/machine.ts';
import type { Process } from '../../src/process/process.ts';

const { RtlCompareMemory, RtlMoveMemory, RtlZeroMemory } = ntMemoryApi.functions;
let process: Process;
let base: number;

beforeEach(() => {
  process = new Machine({ ram: 16 * 1024 * 1024 }).createProcess();
  process.machine.cpu.setGpr(0, 0);
  process.space.allocate(0, 0x40000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  base = process.space.resultBase;
});

test('RtlCompareMemory counts equal bytes across steps and pages that do not line up', () => {
  const bytes = Uint8Array.from({ length: 0x18000 }, (_, i) => (i * 7) & 0xff);
  process.memory.setBytes(base, bytes);
  process.memory.setBytes(base + 0x20123 - 0x8000, bytes);
  const other = base + 0x20123 - 0x8000;
  expect(RtlCompareMemory.plain!(process.mainThread, base, other, 0x18000)).toBe(0x18000);
  process.machine.cpu.setGpr(0, 0);
  process.memory.setU8(other + 0x10042, bytes[0x10042]! ^ 1);
  expect(RtlCompareMemory.plain!(process.mainThread, base, other, 0x18000)).toBe(0x10042);
});

test('RtlCompareMemory reads nothing beyond the page of the first difference', () => {
  const end = base + 0x40000;
  process.memory.setU8(end - 1, 1);
  process.memory.setU8(base + 0xfff, 2);
  expect(RtlCompareMemory.plain!(process.mainThread, end - 2, base + 0xffe, 0x2000)).toBe(1);
});

test('RtlMoveMemory copes with overlap, RtlZeroMemory clears', () => {
  process.memory.setBytes(base, Uint8Array.of(1, 2, 3, 4));
  RtlMoveMemory.plain!(process.mainThread, base + 1, base, 4);
  expect([...process.memory.bytes(base, 5)]).toEqual([1, 1, 2, 3, 4]);
  RtlZeroMemory.plain!(process.mainThread, base, 3);
  expect([...process.memory.bytes(base, 5)]).toEqual([0, 0, 0, 3, 4]);
});

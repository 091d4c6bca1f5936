import { beforeEach, expect, test } from 'vitest';
import { moduleApi } from '../../src/dlls/kernel32/module.ts';
import { Machine } from '../../src/process/machine.ts';
import type { Module, Process } from '../../src/process/process.ts';
import { Pending } from '../../src/process/thread.ts';

const { FreeLibrary } = moduleApi.functions;
let process: Process;

function moduleWith(loads: number): Module {
  return {
    name: 'some.dll',
    path: 'D:\\some.dll',
    base: 0x1800_0000,
    size: 0x1000,
    entryPoint: 0,
    resolve: () => 0,
    describe: () => undefined,
    ldrEntry: 0,
    tlsIndex: -1,
    loads,
    functionTable: { address: 0, count: 0 },
  };
}

beforeEach(() => {
  process = new Machine({ ram: 16 * 1024 * 1024 }).createProcess();
});

test('FreeLibrary undoes one of several loads, and never unloads what came with the program', () => {
  const loaded = moduleWith(2);
  process.modules.push(loaded);
  expect(FreeLibrary.plain!(process.mainThread, loaded.base)).toBe(1);
  expect(loaded.loads).toBe(1);
  loaded.loads = Number.POSITIVE_INFINITY;
  expect(FreeLibrary.plain!(process.mainThread, loaded.base)).toBe(1);
  expect(loaded.loads).toBe(Number.POSITIVE_INFINITY);
});

test('FreeLibrary of the last load stops by name: unloading is not built', () => {
  process.modules.push(moduleWith(1));
  const thread = process.mainThread;
  FreeLibrary.plain!(thread, 0x1800_0000);
  expect([thread.pending, thread.stopReason]).toEqual([
    Pending.stop,
    'FreeLibrary: unloading some.dll is not built yet',
  ]);
});

test('FreeLibrary of what is no module fails with 126', () => {
  expect(FreeLibrary.plain!(process.mainThread, 0x1234_0000)).toBe(0);
  expect(process.mainThread.lastError).toBe(126);
});

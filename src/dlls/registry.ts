import type { Family } from './api.ts';
import { exceptionApi } from './kernel32/exception.ts';
import { ntHeapApi } from './kernel32/heap.ts';
import { kernel32FilesFamilies } from './kernel32/index-files.ts';
import { moduleApi } from './kernel32/module.ts';
import { stackApi } from './kernel32/stack.ts';
import { msvcrtFamilies } from './msvcrt/index.ts';
import { ntExceptionApi } from './ntdll/exception.ts';
import { ntFunctionTableApi } from './ntdll/function-table.ts';
import { ntMemoryApi } from './ntdll/memory.ts';
import { ntStartApi } from './ntdll/start.ts';
import { ntUnwindApi } from './ntdll/unwind.ts';
import { ntVirtualApi } from './ntdll/virtual.ts';
import { memoryFamilies } from './registry-memory.ts';
import { cHandlerApi } from './support/c-specific-handler.ts';
import { ucrtbaseFamilies } from './ucrtbase/index.ts';
import { vcruntimeFamilies } from './vcruntime140/index.ts';
import { vcruntime1Families } from './vcruntime140_1/index.ts';

const kernelFamilies: readonly Family[] = [
  ...memoryFamilies,
  exceptionApi,
  moduleApi,
  stackApi,
  ...kernel32FilesFamilies,
  ntVirtualApi,
  ntHeapApi,
  ntMemoryApi,
  ntExceptionApi,
  ntUnwindApi,
  ntFunctionTableApi,
  cHandlerApi('ntdll'),
  ntStartApi,
];

/** The functions of each of our DLLs; those of one that no program asks for are never put together. */
export const familiesOf: Readonly<Record<string, () => readonly Family[]>> = {
  ntdll: () => kernelFamilies.filter(({ dll }) => dll === 'ntdll'),
  kernel32: () => kernelFamilies.filter(({ dll }) => dll === 'kernel32'),
  msvcrt: msvcrtFamilies,
  ucrtbase: ucrtbaseFamilies,
  vcruntime140: vcruntimeFamilies,
  vcruntime140_1: vcruntime1Families,
};

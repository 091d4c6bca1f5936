import type { Family } from './api.ts';
import { exceptionApi } from './kernel32/exception.ts';
import { ntHeapApi } from './kernel32/heap.ts';
import { kernel32FilesFamilies } from './kernel32/index-files.ts';
import { moduleApi } from './kernel32/module.ts';
import { stackApi } from './kernel32/stack.ts';
import { msvcrtFamilies } from './msvcrt/index.ts';
import { ntExceptionApi } from './ntdll/exception.ts';
import { ntMemoryApi } from './ntdll/memory.ts';
import { ntStartApi } from './ntdll/start.ts';
import { ntVirtualApi } from './ntdll/virtual.ts';
import { memoryFamilies } from './registry-memory.ts';

/** Every API function that there is. */
export const allFamilies: readonly Family[] = [
  ...memoryFamilies,
  exceptionApi,
  moduleApi,
  stackApi,
  ...kernel32FilesFamilies,
  ntVirtualApi,
  ntHeapApi,
  ntMemoryApi,
  ntExceptionApi,
  ntStartApi,
  ...msvcrtFamilies,
];

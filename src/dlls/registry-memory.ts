import { errorApi } from './kernel32/error.ts';
import { globalApi } from './kernel32/global.ts';
import { heapApi } from './kernel32/heap.ts';
import { mappingApi } from './kernel32/mapping.ts';
import { sysinfoApi } from './kernel32/sysinfo.ts';
import { virtualApi } from './kernel32/virtual.ts';
import { workingSetApi } from './kernel32/workingset.ts';

/** The families of the memory API: what `winmem/memory` offers to TypeScript callers. */
export const memoryFamilies = [
  virtualApi,
  workingSetApi,
  heapApi,
  globalApi,
  mappingApi,
  sysinfoApi,
  errorApi,
] as const;

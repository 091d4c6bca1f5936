import type { Family } from '../api.ts';
import { errnoApi } from './errno.ts';
import { exitApi } from './exit.ts';
import { localeApi } from './locale.ts';
import { lockApi } from './lock.ts';
import { mallocApi } from './malloc.ts';
import { memoryBlockApi } from './memory-block.ts';
import { printfApi } from './printf.ts';
import { startupApi } from './startup.ts';
import { stdioBytesApi } from './stdio-bytes.ts';
import { stdioFilesApi } from './stdio-files.ts';
import { stringApi } from './string.ts';

export { type DataExport, msvcrtData } from './data.ts';

/** All functions of msvcrt.dll. */
export const msvcrtFamilies: readonly Family[] = [
  startupApi,
  exitApi,
  lockApi,
  localeApi,
  errnoApi,
  mallocApi,
  memoryBlockApi,
  stringApi,
  stdioBytesApi,
  stdioFilesApi,
  printfApi,
];

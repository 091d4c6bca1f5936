import { consoleApi } from './console.ts';
import { criticalSectionApi, slimLockApi } from './critical-section.ts';
import { directoryApi, directoryBaseApi } from './directory.ts';
import { environmentApi } from './environment.ts';
import { fileApi } from './file.ts';
import { fileInfoApi, fileInfoClassApi } from './file-info.ts';
import { findApi } from './find.ts';
import { handleApi } from './handle.ts';
import { commandLineApi, processApi } from './process.ts';
import { codePageApi, stringApi } from './string.ts';
import { clockApi, counterApi, sleepApi, timeApi } from './time.ts';
import { flsApi, tlsApi } from './tls.ts';

/** kernel32's families that are not the memory API's. */
export const kernel32FilesFamilies = [
  processApi,
  commandLineApi,
  handleApi,
  criticalSectionApi,
  slimLockApi,
  tlsApi,
  flsApi,
  consoleApi,
  fileApi,
  fileInfoApi,
  fileInfoClassApi,
  directoryApi,
  directoryBaseApi,
  findApi,
  environmentApi,
  clockApi,
  timeApi,
  counterApi,
  sleepApi,
  stringApi,
  codePageApi,
] as const;

import { consoleApi } from './console.ts';
import { criticalSectionApi, slimLockApi } from './critical-section.ts';
import { directoryApi, directoryBaseApi, searchPathApi, systemFolderApi } from './directory.ts';
import { environmentApi } from './environment.ts';
import { fileApi } from './file.ts';
import { fileInfoApi, fileInfoClassApi } from './file-info.ts';
import { fileLockApi } from './file-lock.ts';
import { findApi } from './find.ts';
import { handleApi } from './handle.ts';
import { localeApi } from './locale.ts';
import { lstrApi } from './lstr.ts';
import { messageApi } from './message.ts';
import { listApi, onceApi } from './once.ts';
import { commandLineApi, processApi } from './process.ts';
import { codePageApi, stringApi } from './string.ts';
import { syncApi } from './sync.ts';
import {
  debugApi,
  errorModeApi,
  handleCountApi,
  pointerApi,
  utilityApi,
  versionApi,
  wow64Api,
} from './system.ts';
import { clockApi, counterApi, fileTimeApi, sleepApi, timeApi } from './time.ts';
import { flsApi, tlsApi } from './tls.ts';

/** kernel32's families that are not the memory API's. */
export const kernel32FilesFamilies = [
  processApi,
  commandLineApi,
  handleApi,
  criticalSectionApi,
  slimLockApi,
  onceApi,
  listApi,
  syncApi,
  tlsApi,
  flsApi,
  consoleApi,
  fileApi,
  fileLockApi,
  fileInfoApi,
  fileInfoClassApi,
  directoryApi,
  directoryBaseApi,
  searchPathApi,
  systemFolderApi,
  findApi,
  environmentApi,
  clockApi,
  timeApi,
  fileTimeApi,
  counterApi,
  sleepApi,
  stringApi,
  codePageApi,
  localeApi,
  lstrApi,
  messageApi,
  versionApi,
  debugApi,
  errorModeApi,
  utilityApi,
  pointerApi,
  handleCountApi,
  wow64Api,
] as const;

import { fullPathOf } from './drives.ts';
import { environmentValue, WINDOWS_DIRECTORY } from './environment.ts';
import type { Process } from './process.ts';

/**
 * TMP, TEMP, USERPROFILE, then the Windows folder: in that order, whether or not the folder is there. A backslash
 * stands at its end. https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-gettemppathw
 */
export function temporaryFolder(process: Process): string {
  const named = ['TMP', 'TEMP', 'USERPROFILE']
    .map((name) => environmentValue(process, name))
    .find((value) => value);
  const folder = fullPathOf(process, named ?? WINDOWS_DIRECTORY);
  return folder.endsWith('\\') ? folder : `${folder}\\`;
}

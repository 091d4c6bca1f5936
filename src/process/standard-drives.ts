import type { HostFiles } from '../machine/host.ts';
import { Drives } from './drives.ts';
import { SYSTEM_DIRECTORY, standardEnvironment, TEMP_DIRECTORY } from './environment.ts';

export interface StandardDriveOptions {
  /** An empty host folder that becomes C: and is thrown away after the run, or what makes one when C: is first used. */
  readonly scratch: string | (() => string);
  /** Host folder the program is started in: D:, read-write. */
  readonly current: string;
  /** Host folder of the program: E:, read-only, unless it lies in `current`. */
  readonly program?: string | undefined;
  /** Names that System32 lists: our own DLLs. The files are empty; the DLLs themselves are made in memory. */
  readonly systemFiles?: readonly string[];
}

/**
 * The drives of a run: C: with Windows' folders and Temp, D: the current directory, E: the program's folder.
 * RangeError when a folder is not there or C: cannot be filled (later, if C: is made later).
 */
export function standardDrives(files: HostFiles, options: StandardDriveOptions): Drives {
  const { scratch, systemFiles = [] } = options;
  const drives = new Drives(files);
  if (typeof scratch === 'string') fillSystemDrive(files, drives.add('C', scratch, true).root, systemFiles);
  else {
    drives.promise('C', () => {
      const folder = scratch();
      fillSystemDrive(files, folder, systemFiles);
      return folder;
    });
  }
  drives.add('D', options.current, true);
  if (options.program !== undefined && drives.guestPath(options.program) === undefined) {
    drives.add('E', options.program, false);
  }
  return drives;
}

function fillSystemDrive(files: HostFiles, root: string, systemFiles: readonly string[]): void {
  const named = [...standardEnvironment().values()].filter((value) => /^C:\\[^.;]*$/.test(value));
  for (const path of new Set([SYSTEM_DIRECTORY, TEMP_DIRECTORY, ...named])) makeFolders(files, root, path);
  for (const name of systemFiles) {
    const path = `${root}${SYSTEM_DIRECTORY.slice(2).replaceAll('\\', '/')}/${name}`;
    const file = files.open(path, { write: true, create: true, exclusive: false, truncate: false });
    if (typeof file === 'string') throw new RangeError(`${path} cannot be made: ${file}`);
    file.close();
  }
}

function makeFolders(files: HostFiles, root: string, guestPath: string): void {
  let path = root;
  for (const part of guestPath.slice(3).split('\\')) {
    path += `/${part}`;
    const error = files.makeDirectory(path);
    if (error !== undefined && error !== 'EEXIST') throw new RangeError(`${path} cannot be made: ${error}`);
  }
}

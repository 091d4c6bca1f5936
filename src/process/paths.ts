/**
 * Path names as Win32 reads them: pure text, no disk.
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file and
 * https://learn.microsoft.com/dotnet/standard/io/file-path-formats say the rules.
 */

/** Longest path without the `\\?\` prefix, its NUL included. */
export const MAX_PATH = 260;
/** Longest path at all, its NUL not included. */
export const LONGEST_PATH = 32767;
/** Longest name of one file or folder. */
export const LONGEST_NAME = 255;

const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])$/i;
const DRIVE = /^[a-z]:/i;

/** The device that a path names by its last part (`nul`, `C:\x\NUL.txt`, `con:`), spelled as there, or undefined. */
export function deviceName(path: string): string | undefined {
  const last = path.slice(lastSeparator(path) + 1).replace(DRIVE, '');
  const base = /^[^.:]*/.exec(last)![0].trimEnd();
  return RESERVED.test(base) ? base : undefined;
}

export function isSeparator(character: string | undefined): boolean {
  return character === '\\' || character === '/';
}

function lastSeparator(path: string): number {
  return Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/'));
}

/** What begins a path. */
export type PathForm =
  | 'empty'
  | 'literal'
  | 'device'
  | 'network'
  | 'drive'
  | 'driveRelative'
  | 'rooted'
  | 'relative';

export function pathForm(path: string): PathForm {
  if (path === '') return 'empty';
  // Only this exact spelling switches normalization off; with a forward slash it is an ordinary device path.
  if (path.startsWith('\\\\?\\')) return 'literal';
  if (isSeparator(path[0])) {
    if (!isSeparator(path[1])) return 'rooted';
    return (path[2] === '.' || path[2] === '?') && (path.length === 3 || isSeparator(path[3]))
      ? 'device'
      : 'network';
  }
  if (!DRIVE.test(path)) return 'relative';
  return isSeparator(path[2]) ? 'drive' : 'driveRelative';
}

/**
 * The full path that GetFullPathName computes: `currentDirectory` is absolute, `directoryOf` answers the
 * current directory of another drive (undefined: its root). Nothing is looked up and nothing is validated.
 */
export function fullPath(
  path: string,
  currentDirectory: string,
  directoryOf: (letter: string) => string | undefined,
): string {
  const form = pathForm(path);
  if (form !== 'literal' && form !== 'device' && form !== 'network') {
    const device = deviceName(path);
    if (device) return `\\\\.\\${device}`;
  }
  switch (form) {
    case 'empty':
      return '';
    case 'literal':
    case 'device': {
      const prefix = path.slice(0, 4).replaceAll('/', '\\').padEnd(4, '\\');
      const rest = path.slice(4);
      const keep = DRIVE.test(rest) ? rest.slice(0, 2) : '';
      return keep ? `${prefix}${keep}${collapse(rest.slice(2))}` : prefix + collapse(rest).slice(1);
    }
    case 'network':
      return networkPath(path);
    case 'drive':
      return path.slice(0, 2) + collapse(path.slice(2));
    case 'driveRelative': {
      const drive = path.slice(0, 2);
      const own = currentDirectory.slice(0, 2).toUpperCase() === drive.toUpperCase();
      const base = own ? currentDirectory : (directoryOf(drive[0]!.toUpperCase()) ?? `${drive}\\`);
      return drive + collapse(`${base.slice(2)}\\${path.slice(2)}`);
    }
    case 'rooted':
      return currentDirectory.slice(0, 2) + collapse(path);
    case 'relative':
      return currentDirectory.slice(0, 2) + collapse(`${currentDirectory.slice(2)}\\${path}`);
  }
}

/** `\\server\share\…`: `..` never climbs above the share. */
function networkPath(path: string): string {
  const parts = path.slice(2).split(/[\\/]/);
  const root = `\\\\${parts.slice(0, 2).join('\\')}`;
  return parts.length > 2 ? root + collapse(parts.slice(2).join('\\')) : root;
}

/**
 * A path below a root, with one backslash in front of each part: `.` and `..` are worked out (never above the
 * root), dots and spaces at the end go, and so does one dot at the end of an inner part. A backslash at the
 * end stays.
 */
function collapse(path: string): string {
  const trimmed = path.replace(/[. ]+$/, (tail) => dotsAtEnd(path, tail));
  const parts = trimmed.split(/[\\/]+/);
  const kept: string[] = [];
  parts.forEach((part, index) => {
    if (part === '' || part === '.') return;
    if (part === '..') kept.pop();
    else kept.push(index < parts.length - 1 ? part.replace(/([^.])\.$/, '$1') : part);
  });
  const ending = isSeparator(trimmed.at(-1)) && kept.length > 0 ? '\\' : '';
  return `\\${kept.join('\\')}${ending}`;
}

/** `\.` and `\..` at the end are steps, not dots to cut off. */
function dotsAtEnd(path: string, tail: string): string {
  const before = path[path.length - tail.length - 1];
  const step = before === undefined || isSeparator(before);
  return step && (tail === '.' || tail === '..') ? tail : '';
}

/** The parent of an absolute path with no backslash at its end, and the name below it. */
export function splitPath(path: string): { folder: string; name: string } {
  const cut = lastSeparator(path);
  return { folder: path.slice(0, cut), name: path.slice(cut + 1) };
}

const FORBIDDEN = /[<>:"/\\|?*]/;

/** Characters below the space stand in no name. */
export function hasControls(text: string): boolean {
  return text.split('').some((character) => character < ' ');
}

/**
 * Whether a file or folder on a drive can have this name. Narrower than Windows in two ways, so that no name
 * means something else to the host: no alternate streams (`:`), no lone surrogates.
 */
export function isValidName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > LONGEST_NAME) return false;
  if (FORBIDDEN.test(name) || hasControls(name) || /[. ]$/.test(name) || /\p{Surrogate}/u.test(name))
    return false;
  return deviceName(name) === undefined;
}

/** Equality of names as NTFS has it: code unit by code unit, in upper case. */
export function foldName(name: string): string {
  let folded = '';
  for (let i = 0; i < name.length; i++) {
    const upper = name[i]!.toUpperCase();
    folded += upper.length === 1 ? upper : name[i];
  }
  return folded;
}

import { foldName } from './paths.ts';
import type { Process } from './process.ts';

/** The stored spelling of an environment variable's name, which is found in any case. */
function keyOf(process: Process, name: string): string | undefined {
  if (process.environment.has(name)) return name;
  const folded = foldName(name);
  for (const key of process.environment.keys()) if (foldName(key) === folded) return key;
  return undefined;
}

export function environmentValue(process: Process, name: string): string | undefined {
  const key = keyOf(process, name);
  return key === undefined ? undefined : process.environment.get(key);
}

/** Sets a variable, or with undefined removes it. False when there was none to remove. */
export function setEnvironmentValue(process: Process, name: string, value: string | undefined): boolean {
  const key = keyOf(process, name);
  if (value === undefined) return key !== undefined && process.environment.delete(key);
  process.environment.set(key ?? name, value);
  return true;
}

/** All variables as `NAME=value`, by name in any case: the order of an environment block. */
export function environmentStrings(process: Process): string[] {
  const pairs = [...process.environment].map(([name, value]) => ({
    folded: foldName(name),
    text: `${name}=${value}`,
  }));
  return pairs
    .sort((a, b) => (a.folded < b.folded ? -1 : a.folded > b.folded ? 1 : 0))
    .map((pair) => pair.text);
}

/** `%NAME%` replaced by its value; what is not a variable stays as it is. */
export function expandEnvironment(process: Process, text: string): string {
  let expanded = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('%', at);
    const close = open < 0 ? -1 : text.indexOf('%', open + 1);
    if (close < 0) return expanded + text.slice(at);
    const value = environmentValue(process, text.slice(open + 1, close));
    expanded += text.slice(at, open) + (value ?? text.slice(open, close));
    at = value === undefined ? close : close + 1;
  }
  return expanded;
}

/** Folders on C: that every Windows has; the last one is Temp. */
export const USER_NAME = 'user';
export const COMPUTER_NAME = 'WINMEM';
export const WINDOWS_DIRECTORY = 'C:\\Windows';
export const SYSTEM_DIRECTORY = 'C:\\Windows\\System32';
const PROFILE = `C:\\Users\\${USER_NAME}`;
export const TEMP_DIRECTORY = `${PROFILE}\\AppData\\Local\\Temp`;

/** The variables that a Windows program can count on. */
export function standardEnvironment(): Map<string, string> {
  return new Map([
    ['ALLUSERSPROFILE', 'C:\\ProgramData'],
    ['APPDATA', `${PROFILE}\\AppData\\Roaming`],
    ['COMPUTERNAME', COMPUTER_NAME],
    ['ComSpec', `${SYSTEM_DIRECTORY}\\cmd.exe`],
    ['HOMEDRIVE', 'C:'],
    ['HOMEPATH', `\\Users\\${USER_NAME}`],
    ['LOCALAPPDATA', `${PROFILE}\\AppData\\Local`],
    ['NUMBER_OF_PROCESSORS', '1'],
    ['OS', 'Windows_NT'],
    ['Path', `${SYSTEM_DIRECTORY};${WINDOWS_DIRECTORY}`],
    ['PATHEXT', '.COM;.EXE;.BAT;.CMD'],
    ['PROCESSOR_ARCHITECTURE', 'AMD64'],
    ['ProgramData', 'C:\\ProgramData'],
    ['ProgramFiles', 'C:\\Program Files'],
    ['PUBLIC', 'C:\\Users\\Public'],
    ['SystemDrive', 'C:'],
    ['SystemRoot', WINDOWS_DIRECTORY],
    ['TEMP', TEMP_DIRECTORY],
    ['TMP', TEMP_DIRECTORY],
    ['USERNAME', USER_NAME],
    ['USERPROFILE', PROFILE],
    ['windir', WINDOWS_DIRECTORY],
  ]);
}

/** The standard environment with variables added or, in whatever case they are named, replaced. */
export function environmentWith(extra: Iterable<readonly [string, string]>): Map<string, string> {
  const all = standardEnvironment();
  for (const [name, value] of extra) {
    for (const key of [...all.keys()]) if (foldName(key) === foldName(name)) all.delete(key);
    all.set(name, value);
  }
  return all;
}

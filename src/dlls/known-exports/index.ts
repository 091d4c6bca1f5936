import { kernel32Names } from './kernel32.ts';
import { msvcrtNames } from './msvcrt.ts';
import { ntdllNames } from './ntdll.ts';

const NAMES: Record<string, string> = { kernel32: kernel32Names, ntdll: ntdllNames, msvcrt: msvcrtNames };
const sets = new Map<string, Set<string>>();

/** Whether Windows' DLL exports that name. A program that imports one we lack may still run, if it never calls it. */
export function isKnownExport(dll: string, name: string): boolean {
  let set = sets.get(dll);
  if (!set) {
    set = new Set((NAMES[dll] ?? '').split(' '));
    sets.set(dll, set);
  }
  return set.has(name);
}

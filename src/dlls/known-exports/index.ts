import { kernel32Names } from './kernel32.ts';
import { msvcrtNames } from './msvcrt.ts';
import { ntdllNames } from './ntdll.ts';
import { ucrtbaseNames } from './ucrtbase.ts';
import { vcruntime140Names } from './vcruntime140.ts';

/** What msvcrt.dll of today's Windows exports beyond mingw-w64's library, which is for older ones as well. */
const NEWER_MSVCRT =
  ' _ctime32 _get_doserrno _get_environ _get_errno _get_fmode _get_osver _get_pgmptr _get_wenviron _get_winmajor ' +
  '_get_winminor _get_wpgmptr _initterm_e _mktime32 _set_doserrno _set_errno _set_fmode _time32 _wctime32 btowc ' +
  'mbrlen mbrtowc mbsrtowcs strnlen tanhf wcrtomb wcsrtombs wctob';

/** mingw-w64 has no library of this one. */
const VCRUNTIME140_1 = '__CxxFrameHandler4 __NLG_Dispatch2 __NLG_Return2';

const NAMES: Record<string, string> = {
  kernel32: kernel32Names,
  ntdll: ntdllNames,
  msvcrt: msvcrtNames + NEWER_MSVCRT,
  ucrtbase: ucrtbaseNames,
  vcruntime140: vcruntime140Names,
  vcruntime140_1: VCRUNTIME140_1,
};
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

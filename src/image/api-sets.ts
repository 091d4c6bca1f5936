/**
 * API sets: DLL names that are no files but contracts ("api-ms-win-core-heap-l1-1-0.dll"). Which DLLs serve a contract, best
 * first. Versions at the end do not matter: a program asking for a lower one is satisfied by a higher one.
 * https://learn.microsoft.com/windows/win32/apiindex/windows-apisets
 */
const HOSTS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^api-ms-win-crt-/, ['ucrtbase.dll']],
  [/^api-ms-win-core-crt-/, ['msvcrt.dll', 'ntdll.dll']],
  [/^api-ms-win-core-(rtlsupport|ums)-/, ['ntdll.dll', 'kernel32.dll']],
  [/^api-ms-win-core-kernel32-/, ['kernel32.dll']],
  [/^api-ms-win-core-psapi-/, ['kernelbase.dll', 'kernel32.dll', 'psapi.dll']],
  [/^api-ms-win-core-winrt-/, ['combase.dll']],
  [/^api-ms-win-core-com-/, ['combase.dll', 'ole32.dll']],
  [/^api-ms-win-core-registry-/, ['kernelbase.dll', 'advapi32.dll']],
  [/^api-ms-win-core-/, ['kernelbase.dll', 'kernel32.dll', 'ntdll.dll']],
  [/^api-ms-win-(security|service|eventing|shutdown)-/, ['kernelbase.dll', 'advapi32.dll']],
  [/^ext-ms-win-kernel32-/, ['kernel32.dll']],
];

const CONTRACT = /^(api|ext)-.*-l\d+-\d+-\d+(\.dll)?$/;

/** The DLLs that serve an API set, best first; undefined for a name that is no API set. Lower case in and out. */
export function hostsOfApiSet(name: string): readonly string[] | undefined {
  if (!CONTRACT.test(name)) return undefined;
  return HOSTS.find(([pattern]) => pattern.test(name))?.[1] ?? [];
}

/** A DLL's name as it is looked up: lower case, and ".dll" where there is no extension ("name." asks for none). */
export function normalizeDllName(name: string): string {
  const lower = name.toLowerCase();
  if (lower.endsWith('.')) return lower.slice(0, -1);
  return lower.includes('.') ? lower : `${lower}.dll`;
}

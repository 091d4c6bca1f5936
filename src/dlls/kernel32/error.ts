import { family, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-{}';

/** errhandlingapi.h: last error and error mode. Exceptions are in exception.ts. */
export const errorApi = family('kernel32', PAGES, () => ({
  GetLastError: service('', 'dword', (thread) => thread.lastError),
  SetLastError: service('dwErrCode: dword', 'void', (thread, code) => {
    thread.lastError = code;
    return 0;
  }),
}));

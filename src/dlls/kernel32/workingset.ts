import { family, service } from '../api.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-{}';

/** memoryapi.h: keeping pages resident. */
export const workingSetApi = family('kernel32', PAGES, () => ({
  VirtualLock: service('lpAddress: address, dwSize: size', 'bool', (thread, base, size) =>
    thread.succeed(thread.space.lock(base, size)),
  ),
  VirtualUnlock: service('lpAddress: address, dwSize: size', 'bool', (thread, base, size) =>
    thread.succeed(thread.space.unlock(base, size)),
  ),
}));

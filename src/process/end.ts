import type { GuestCallRequest } from './host-frames.ts';
import { shutDown } from './shutdown.ts';
import type { Thread } from './thread.ts';

/**
 * Ends the process as ExitProcess does: every DLL's entry point and TLS callbacks hear DLL_PROCESS_DETACH, last
 * loaded first, then the process is gone. For calling functions: `return yield* endProcess(thread, code)`.
 */
export function* endProcess(thread: Thread, code: number): Generator<GuestCallRequest, number, number> {
  const { process } = thread;
  if (!process.ending) {
    process.ending = true;
    yield* shutDown(thread);
    if (process.loader) yield* process.loader.detachAll(thread);
  }
  return thread.exitProcess(code);
}

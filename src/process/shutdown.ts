import type { GuestCallRequest } from './host-frames.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** Calls into the guest that an orderly end makes before the DLLs hear of it: fiber-local callbacks. */
export type Shutdown = (thread: Thread) => Generator<GuestCallRequest, void, number>;

const steps = new WeakMap<Process, Shutdown[]>();

/** Adds a step to the orderly end of a process. */
export function addShutdown(process: Process, step: Shutdown): void {
  const own = steps.get(process);
  if (own) own.push(step);
  else steps.set(process, [step]);
}

/** Makes the steps, last added first, each once: a step that ends the process does not start over. */
export function* shutDown(thread: Thread): Generator<GuestCallRequest, void, number> {
  const own = steps.get(thread.process) ?? [];
  for (let step = own.pop(); step; step = own.pop()) yield* step(thread);
}

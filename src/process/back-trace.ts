import { CONTEXT } from './context.ts';
import { findFunction, isFrame, ripOf, rspOf, stackBounds } from './frame-walk.ts';
import type { GuestCallRequest } from './host-frames.ts';
import type { Thread } from './thread.ts';

/** Frames that are looked at before a walk gives up: as many as a deep recursion has. */
const MOST_FRAMES = 1_000_000;

/**
 * Unwinds the CONTEXT at `context` and stores the return addresses from the `skip`-th on, at most `count`, at `into`;
 * answers how many. A frame that cannot be unwound ends it.
 */
export function* captureBackTrace(
  thread: Thread,
  context: number,
  skip: number,
  count: number,
  into: number,
): Generator<GuestCallRequest, number, number> {
  const { memory, process } = thread;
  const bounds = stackBounds(thread);
  let below = 0;
  for (let frame = 0; frame < MOST_FRAMES; frame++) {
    const stored = frame - skip;
    const pc = ripOf(memory, context);
    const rsp = rspOf(memory, context);
    if (pc === 0 || stored >= count || !isFrame(bounds, rsp) || rsp <= below) return Math.max(stored, 0);
    below = rsp;
    if (stored >= 0) memory.copy(into + stored * 8, context + CONTEXT.rip, 8);
    const entry = yield* findFunction(thread, pc);
    if (entry === 0) process.unwinder.unwindLeaf(context);
    else process.unwinder.unwind(0, process.functionTables.imageBase, pc, entry, context);
  }
  return 0;
}

import type { HostFrame } from './host-frames.ts';
import type { Thread } from './thread.ts';

/** A catch block that is running, or that an unwind has just left. */
export interface ActiveCatch {
  /** The host function that called the funclet. */
  readonly caller: HostFrame;
  /** The frame that contains the try block: it stands as it was, in `state`. */
  readonly frame: number;
  readonly state: number;
  /** EXCEPTION_RECORD and CONTEXT, on the stack below. */
  readonly record: number;
  readonly context: number;
  readonly object: number;
  /** The unwind that left it. */
  leftBy: HostFrame | undefined;
}

/** What the C++ runtime knows of a thread. */
export interface CxxThread {
  /** Innermost last. */
  catches: ActiveCatch[];
  /** Exceptions thrown and not yet caught. */
  uncaught: number;
}

const threads = new WeakMap<Thread, CxxThread>();

/** The catch blocks of a thread, without those that a jump has left: their callers' frames are gone. */
export function cxxOf(thread: Thread): CxxThread {
  let own = threads.get(thread);
  if (!own) threads.set(thread, (own = { catches: [], uncaught: 0 }));
  const frames = thread.hostFrames;
  if (own.catches.length > 0)
    own.catches = own.catches.filter(
      ({ caller, leftBy }) => frames.includes(caller) && (!leftBy || frames.includes(leftBy)),
    );
  return own;
}

/** The catch block whose exception `throw;` means. */
export function currentCatch(thread: Thread): ActiveCatch | undefined {
  return cxxOf(thread).catches.findLast(({ leftBy }) => !leftBy);
}

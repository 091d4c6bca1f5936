import type { Thread } from './thread.ts';

/** A timeout that never comes. */
export const INFINITE = 0xffff_ffff;
/** Longest that a host timer runs (2^31 - 1 ms); longer waits take several. */
const LONGEST_TIMER = 0x7fff_ffff;

/** How a wait stands; with `parked` the caller must return at once and is called again. */
export const Wait = { done: 0, timeout: 1, parked: 2 } as const;
export type WaitState = (typeof Wait)[keyof typeof Wait];

/** When the wait that a parked thread is in ends, in milliseconds of its machine's uptime. */
const deadlines = new WeakMap<Thread, number>();

/**
 * Waits until `ready` answers true or `milliseconds` have passed, by parking the thread. `subscribe` registers
 * a callback for when to look again; the answer to give up is left to the caller.
 */
export function waitUntil(
  thread: Thread,
  milliseconds: number,
  ready: () => boolean,
  subscribe: (wake: () => void) => void,
): WaitState {
  if (ready()) return ended(thread, Wait.done);
  if (milliseconds === 0) return ended(thread, Wait.timeout);
  const { clock } = thread.process.machine;
  const left = timeLeft(thread, milliseconds);
  if (left <= 0) return ended(thread, Wait.timeout);
  if (clock.isVirtual && left !== Number.POSITIVE_INFINITY) {
    // Nothing else runs meanwhile on a virtual clock, so the end of the wait is now.
    clock.advance(left);
    return ended(thread, Wait.timeout);
  }
  thread.park((wake) => parkUntil(wake, left, subscribe));
  return Wait.parked;
}

function ended(thread: Thread, state: WaitState): WaitState {
  deadlines.delete(thread);
  return state;
}

function timeLeft(thread: Thread, milliseconds: number): number {
  const now = thread.process.machine.clock.uptime();
  let deadline = deadlines.get(thread);
  if (deadline === undefined) {
    deadline = milliseconds === INFINITE ? Number.POSITIVE_INFINITY : now + milliseconds;
    deadlines.set(thread, deadline);
  }
  return deadline - now;
}

/** A timer runs even for a wait without an end: it keeps the host from ending under a waiting guest. */
function parkUntil(wake: () => void, left: number, subscribe: (wake: () => void) => void): void {
  let woken = false;
  const once = () => {
    if (woken) return;
    woken = true;
    clearTimeout(timer);
    wake();
  };
  const timer = setTimeout(once, Math.min(Math.ceil(left), LONGEST_TIMER));
  subscribe(once);
}

/** Sleep: Wait.timeout when the time is over. */
export function sleep(thread: Thread, milliseconds: number): WaitState {
  return waitUntil(thread, milliseconds, never, noSource);
}
const never = () => false;
const noSource = () => {};

import { resultLow } from '../../process/host-frames.ts';
import type { Thread } from '../../process/thread.ts';
import type { GuestCall } from '../api.ts';

/**
 * Calls a guest function that returns an int. What a call hands back is a number, rounded where the upper half
 * of the register holds anything (a sign-extended -1); the register is exact.
 */
export function* callInt(thread: Thread, call: GuestCall): Generator<GuestCall, number, number> {
  yield call;
  return resultLow(thread);
}

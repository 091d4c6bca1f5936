import { CONTEXT_SIZE } from './context.ts';
import { DISPATCHER_SIZE } from './dispatcher-context.ts';

/**
 * What the stubs of the functions that dispatch and unwind keep on the guest's stack, from rsp. Both begin with
 * the shadow space and stack arguments of what they call.
 */

const ARGUMENTS = 0x30;
const FRAME_CONTEXT = 0x40;
const AFTER_FRAME_CONTEXT = FRAME_CONTEXT + DISPATCHER_SIZE;

/** KiUserExceptionDispatcher: the kernel fills in context, record and machine frame. */
export const DISPATCH_FRAME = {
  /** EXCEPTION_POINTERS. */
  pointers: 0x20,
  /** Not 0 while a language handler runs. */
  busy: ARGUMENTS,
  dispatcher: FRAME_CONTEXT,
  /** The registers of the frame that is being looked at. */
  search: AFTER_FRAME_CONTEXT,
  context: AFTER_FRAME_CONTEXT + CONTEXT_SIZE,
  record: AFTER_FRAME_CONTEXT + CONTEXT_SIZE + 0x4f0,
  /** rip, cs, rflags, rsp, ss: where the exception was. */
  machine: AFTER_FRAME_CONTEXT + CONTEXT_SIZE + 0x590,
  size: AFTER_FRAME_CONTEXT + CONTEXT_SIZE + 0x5c0,
} as const;

/** RtlUnwindEx and RtlUnwind. */
export const UNWIND_FRAME = {
  busy: ARGUMENTS,
  dispatcher: FRAME_CONTEXT,
  record: AFTER_FRAME_CONTEXT,
  /** Two CONTEXTs: the second is used by those who bring none. */
  context: AFTER_FRAME_CONTEXT + 0xa0,
  ownContext: AFTER_FRAME_CONTEXT + 0xa0 + CONTEXT_SIZE,
  size: AFTER_FRAME_CONTEXT + 0xa0 + 2 * CONTEXT_SIZE + 8,
} as const;

import type { GuestMemory } from '../memory/guest-memory.ts';

/**
 * DISPATCHER_CONTEXT, what a language handler gets to know about its frame
 * (https://learn.microsoft.com/cpp/build/exception-handling-x64#language-specific-handler).
 */
export const DISPATCHER = {
  controlPc: 0x00,
  imageBase: 0x08,
  functionEntry: 0x10,
  establisherFrame: 0x18,
  targetIp: 0x20,
  contextRecord: 0x28,
  languageHandler: 0x30,
  handlerData: 0x38,
  historyTable: 0x40,
  scopeIndex: 0x48,
} as const;
export const DISPATCHER_SIZE = 0x50;

/** EXCEPTION_DISPOSITION: what a language handler answers. */
export const Disposition = {
  continueExecution: 0,
  continueSearch: 1,
  nestedException: 2,
  collidedUnwind: 3,
} as const;

/** ExceptionFlags of an exception record. */
export const EXCEPTION_NONCONTINUABLE = 0x01;
export const EXCEPTION_UNWINDING = 0x02;
export const EXCEPTION_EXIT_UNWIND = 0x04;
export const EXCEPTION_STACK_INVALID = 0x08;
export const EXCEPTION_NESTED_CALL = 0x10;
export const EXCEPTION_TARGET_UNWIND = 0x20;
export const EXCEPTION_COLLIDED_UNWIND = 0x40;
/** Any of those that say that frames are being left. */
export const EXCEPTION_UNWIND = 0x66;

/** A frame with a handler, as it stands in a DISPATCHER_CONTEXT. */
export interface HandlerFrame {
  controlPc: number;
  imageBase: number;
  entry: number;
  establisher: number;
  handler: number;
  handlerData: number;
  scopeIndex: number;
}

export function newHandlerFrame(): HandlerFrame {
  return { controlPc: 0, imageBase: 0, entry: 0, establisher: 0, handler: 0, handlerData: 0, scopeIndex: 0 };
}

export function writeDispatcher(
  memory: GuestMemory,
  at: number,
  frame: HandlerFrame,
  targetIp: number,
  context: number,
  history: number,
): void {
  memory.setU64(at + DISPATCHER.controlPc, frame.controlPc);
  memory.setU64(at + DISPATCHER.imageBase, frame.imageBase);
  memory.setU64(at + DISPATCHER.functionEntry, frame.entry);
  memory.setU64(at + DISPATCHER.establisherFrame, frame.establisher);
  memory.setU64(at + DISPATCHER.targetIp, targetIp);
  memory.setU64(at + DISPATCHER.contextRecord, context);
  memory.setU64(at + DISPATCHER.languageHandler, frame.handler);
  memory.setU64(at + DISPATCHER.handlerData, frame.handlerData);
  memory.setU64(at + DISPATCHER.historyTable, history);
  memory.setU64(at + DISPATCHER.scopeIndex, frame.scopeIndex);
}

/** The frame that a handler of ours put into a DISPATCHER_CONTEXT: an unwind that was going on collided with this one. */
export function readDispatcher(memory: GuestMemory, at: number, frame: HandlerFrame): void {
  frame.controlPc = memory.u64(at + DISPATCHER.controlPc);
  frame.imageBase = memory.u64(at + DISPATCHER.imageBase);
  frame.entry = memory.u64(at + DISPATCHER.functionEntry);
  frame.establisher = memory.u64(at + DISPATCHER.establisherFrame);
  frame.handler = memory.u64(at + DISPATCHER.languageHandler);
  frame.handlerData = memory.u64(at + DISPATCHER.handlerData);
  frame.scopeIndex = memory.u32(at + DISPATCHER.scopeIndex);
}

/** Copies all but the target, which is the newer unwind's own. */
export function copyDispatcher(memory: GuestMemory, to: number, from: number): void {
  const target = memory.u64(to + DISPATCHER.targetIp);
  memory.copy(to, from, DISPATCHER_SIZE);
  memory.setU64(to + DISPATCHER.targetIp, target);
}

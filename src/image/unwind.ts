import { UNWIND_OP } from '../machine/unwind-codes.ts';
import { alignUp, setU16, setU32 } from './little-endian.ts';

/**
 * A step of a function's prologue, for unwinding. `at` is the offset of the end of its instruction; registers have x86 numbers.
 * https://learn.microsoft.com/cpp/build/exception-handling-x64#struct-unwind_code
 */
export type UnwindStep =
  | { readonly at: number; readonly op: 'push'; readonly register: number }
  | { readonly at: number; readonly op: 'allocate'; readonly size: number }
  | { readonly at: number; readonly op: 'setFrame' }
  | {
      readonly at: number;
      readonly op: 'save' | 'saveXmm';
      readonly register: number;
      readonly offset: number;
    }
  | { readonly at: number; readonly op: 'machineFrame'; readonly hasErrorCode: boolean };

/** How to unwind a function that has a frame. */
export interface UnwindSpec {
  readonly prologSize: number;
  /** In the order of the instructions. */
  readonly steps: readonly UnwindStep[];
  /** The register that 'setFrame' sets to rsp + offset (a multiple of 16 below 256). */
  readonly frame?: { readonly register: number; readonly offset: number };
  /** Name of the block that handles exceptions (EHANDLER 1, UHANDLER 2 in flags), and the data behind its address. */
  readonly handler?: { readonly flags: 1 | 2 | 3; readonly name: string; readonly data?: Uint8Array };
}

/** The bytes of an UNWIND_INFO; with a handler its address (an RVA) is at `handlerAt`, to be filled in. */
export function encodeUnwind(spec: UnwindSpec): { bytes: Uint8Array; handlerAt: number } {
  // "The unwind codes are sorted by descending order of offset in the prolog."
  const slots = spec.steps.toReversed().flatMap((step) => encodeStep(step, spec));
  const codesEnd = 4 + alignUp(slots.length, 2) * 2;
  const data = spec.handler?.data ?? new Uint8Array();
  const bytes = new Uint8Array(alignUp(codesEnd + (spec.handler === undefined ? 0 : 4 + data.length), 4));
  bytes[0] = 1 | ((spec.handler?.flags ?? 0) << 3);
  bytes[1] = spec.prologSize;
  bytes[2] = slots.length;
  bytes[3] = (spec.frame?.register ?? 0) | (spec.frame?.offset ?? 0);
  for (const [i, slot] of slots.entries()) setU16(bytes, 4 + i * 2, slot);
  if (spec.handler !== undefined) bytes.set(data, codesEnd + 4);
  return { bytes, handlerAt: codesEnd };
}

/** The 16-bit slots of a step. */
function encodeStep(step: UnwindStep, spec: UnwindSpec): number[] {
  switch (step.op) {
    case 'push':
      return [slot(step.at, UNWIND_OP.push, step.register)];
    case 'allocate':
      return encodeAllocation(step.at, step.size);
    case 'setFrame':
      return [slot(step.at, UNWIND_OP.setFrame, (spec.frame?.offset ?? 0) >> 4)];
    case 'save':
      return encodeSave(step.at, step.register, step.offset, 8, UNWIND_OP.save, UNWIND_OP.saveFar);
    case 'saveXmm':
      return encodeSave(step.at, step.register, step.offset, 16, UNWIND_OP.saveXmm, UNWIND_OP.saveXmmFar);
    case 'machineFrame':
      return [slot(step.at, UNWIND_OP.machineFrame, step.hasErrorCode ? 1 : 0)];
  }
}

function slot(at: number, operation: number, info: number): number {
  return at | (operation << 8) | (info << 12);
}

function encodeAllocation(at: number, size: number): number[] {
  if (size <= 128) return [slot(at, UNWIND_OP.allocateSmall, size / 8 - 1)];
  if (size <= 0xffff * 8) return [slot(at, UNWIND_OP.allocateLarge, 0), size / 8];
  return [slot(at, UNWIND_OP.allocateLarge, 1), ...halves(size)];
}

function encodeSave(
  at: number,
  register: number,
  offset: number,
  scale: number,
  near: number,
  far: number,
): number[] {
  if (offset <= 0xffff * scale) return [slot(at, near, register), offset / scale];
  return [slot(at, far, register), ...halves(offset)];
}

function halves(value: number): number[] {
  return [value & 0xffff, value >>> 16];
}

/** Writes a RUNTIME_FUNCTION. */
export function setRuntimeFunction(
  bytes: Uint8Array,
  at: number,
  begin: number,
  end: number,
  unwind: number,
): void {
  setU32(bytes, at, begin);
  setU32(bytes, at + 4, end);
  setU32(bytes, at + 8, unwind);
}

/**
 * Operations of UNWIND_CODE, bits 8 to 11 of its 16-bit slot.
 * https://learn.microsoft.com/cpp/build/exception-handling-x64#unwind-operation-code
 */
export const UNWIND_OP = {
  push: 0,
  allocateLarge: 1,
  allocateSmall: 2,
  setFrame: 3,
  save: 4,
  saveFar: 5,
  /** Describes an epilogue, in version 2; without effect on unwinding. */
  epilog: 6,
  spare: 7,
  saveXmm: 8,
  saveXmmFar: 9,
  machineFrame: 10,
} as const;

/** Flags of UNWIND_INFO. */
export const UNW_FLAG_EHANDLER = 1;
export const UNW_FLAG_UHANDLER = 2;
export const UNW_FLAG_CHAININFO = 4;
/** Bytes of a RUNTIME_FUNCTION: RVAs of begin, end (exclusive) and unwind info. */
export const RUNTIME_FUNCTION_SIZE = 12;

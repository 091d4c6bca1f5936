/** Offsets of the TEB fields that programs read (x64; WIN32-MEMORY 4.1). */
export const TEB = {
  stackBase: 0x08,
  stackLimit: 0x10,
  self: 0x30,
  processId: 0x40,
  threadId: 0x48,
  tlsPointer: 0x58,
  peb: 0x60,
  lastError: 0x68,
  deallocationStack: 0x1478,
  tlsSlots: 0x1480,
  guaranteedStackBytes: 0x1748,
  tlsExpansionSlots: 0x1780,
} as const;
export const TEB_SIZE = 0x2000;
/**
 * Bytes of stack kept for the handling of an overflow when a thread has asked for none: room for the system's own
 * frames while an exception is dispatched and the stack unwound.
 */
export const LEAST_STACK_GUARANTEE = 0x2000;
/** Slots that TlsAlloc hands out of the TEB itself. */
export const TLS_SLOTS = 64;

/** Offsets of the PEB fields that programs read (x64). */
export const PEB = {
  beingDebugged: 0x02,
  imageBase: 0x10,
  ldr: 0x18,
  processParameters: 0x20,
  processHeap: 0x30,
  numberOfProcessors: 0xb8,
  ntGlobalFlag: 0xbc,
  heapSegmentReserve: 0xc8,
  heapSegmentCommit: 0xd0,
  heapDeCommitTotalFree: 0xd8,
  heapDeCommitFreeBlock: 0xe0,
  numberOfHeaps: 0xe8,
  maximumNumberOfHeaps: 0xec,
  processHeaps: 0xf0,
  osMajorVersion: 0x118,
  osMinorVersion: 0x11c,
  osBuildNumber: 0x120,
  osPlatformId: 0x124,
  imageSubsystem: 0x128,
} as const;
export const PEB_SIZE = 0x1000;

/** RTL_USER_PROCESS_PARAMETERS (x64). */
export const PARAMETERS = {
  maximumLength: 0x00,
  length: 0x04,
  flags: 0x08,
  standardInput: 0x20,
  standardOutput: 0x28,
  standardError: 0x30,
  currentDirectory: 0x38,
  dllPath: 0x50,
  imagePathName: 0x60,
  commandLine: 0x70,
  environment: 0x80,
  environmentSize: 0x3f0,
} as const;
export const PARAMETERS_SIZE = 0x400;

/** PEB_LDR_DATA and LDR_DATA_TABLE_ENTRY (x64). */
export const LDR = {
  length: 0x00,
  initialized: 0x04,
  loadOrder: 0x10,
  memoryOrder: 0x20,
  initOrder: 0x30,
} as const;
export const LDR_SIZE = 0x58;
export const LDR_ENTRY = {
  loadOrder: 0x00,
  memoryOrder: 0x10,
  initOrder: 0x20,
  dllBase: 0x30,
  entryPoint: 0x38,
  sizeOfImage: 0x40,
  fullDllName: 0x48,
  baseDllName: 0x58,
  flags: 0x68,
  loadCount: 0x6c,
  tlsIndex: 0x6e,
} as const;
export const LDR_ENTRY_SIZE = 0x98;

/** KUSER_SHARED_DATA: one read-only page at the same address in every process. */
export const KUSER = {
  address: 0x7ffe0000,
  tickCountMultiplier: 0x004,
  interruptTime: 0x008,
  systemTime: 0x014,
  timeZoneBias: 0x020,
  ntSystemRoot: 0x030,
  largePageMinimum: 0x244,
  ntBuildNumber: 0x260,
  ntProductType: 0x264,
  ntMajorVersion: 0x26c,
  ntMinorVersion: 0x270,
  numberOfPhysicalPages: 0x2e8,
  tickCount: 0x320,
  cookie: 0x330,
  activeProcessorCount: 0x3c0,
} as const;

/** The Windows that the guest sees: 10.0 build 19045 (22H2). */
export const WINDOWS = { major: 10, minor: 0, build: 19045, platform: 2 } as const;

/** winmem/memory: machines, processes, address spaces, heaps, sections and the memory API; no CPU, no programs. */
export { type MemoryApi, memoryApi } from './dlls/memory-api.ts';
export type { Host } from './machine/host.ts';
export * from './memory/constants.ts';
export { GuestFault, GuestMemory } from './memory/guest-memory.ts';
export { Section } from './memory/section.ts';
export type { AddressSpace, MemoryInfo, RegionView } from './memory/space.ts';
export * from './memory/status.ts';
export { MemorySystem } from './memory/system.ts';
export * from './process/errors.ts';
export { Machine, type MachineOptions } from './process/machine.ts';
export type { Process } from './process/process.ts';
export { type ExceptionRecord, parameter, type Thread } from './process/thread.ts';

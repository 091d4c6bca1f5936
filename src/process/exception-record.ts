import type { GuestMemory } from '../memory/guest-memory.ts';
import type { ExceptionRecord } from './thread.ts';

/** Offsets in EXCEPTION_RECORD (https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-exception_record). */
export const RECORD = {
  code: 0x00,
  flags: 0x04,
  nested: 0x08,
  address: 0x10,
  count: 0x18,
  parameters: 0x20,
} as const;
export const RECORD_SIZE = 0x98;
export const EXCEPTION_MAXIMUM_PARAMETERS = 15;

export function writeRecord(memory: GuestMemory, at: number, record: ExceptionRecord): void {
  memory.fill(at, 0, RECORD_SIZE);
  memory.setU32(at, record.code);
  memory.setU32(at + RECORD.flags, record.flags);
  memory.setU64(at + RECORD.nested, record.nested ?? 0);
  memory.setU64(at + RECORD.address, record.address);
  memory.setU32(at + RECORD.count, record.parameters.length / 2);
  record.parameters.forEach((half, i) => {
    memory.setU32(at + RECORD.parameters + i * 4, half);
  });
}

/** The exception record at a guest address, its parameter count bounded. */
export function readRecord(memory: GuestMemory, at: number): ExceptionRecord {
  const count = Math.min(memory.u32(at + RECORD.count), EXCEPTION_MAXIMUM_PARAMETERS);
  const parameters = Array.from({ length: count * 2 }, (_, i) => memory.u32(at + RECORD.parameters + i * 4));
  return {
    code: memory.u32(at),
    flags: memory.u32(at + RECORD.flags),
    address: memory.u64(at + RECORD.address),
    parameters,
    nested: memory.u64(at + RECORD.nested),
  };
}

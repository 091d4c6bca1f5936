import {
  STATUS_ACCESS_DENIED,
  STATUS_INVALID_HANDLE,
  STATUS_OBJECT_TYPE_MISMATCH,
} from '../../memory/status.ts';
import { CURRENT_PROCESS } from '../../process/handles.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';

/** Rights to a process that the memory API asks for. */
export const PROCESS_VM_OPERATION = 0x8;
export const PROCESS_VM_READ = 0x10;
export const PROCESS_VM_WRITE = 0x20;
export const PROCESS_QUERY_INFORMATION = 0x400;

/** The process behind a handle if it grants `access`, else an NTSTATUS. */
export function processOf(thread: Thread, handle: number, access: number): Process | number {
  if (handle === CURRENT_PROCESS) return thread.process;
  const entry = thread.process.handles.get(handle);
  if (!entry) return STATUS_INVALID_HANDLE;
  if (entry.object.type !== 'process') return STATUS_OBJECT_TYPE_MISMATCH;
  if ((entry.access & access) !== access) return STATUS_ACCESS_DENIED;
  return entry.object as Process;
}

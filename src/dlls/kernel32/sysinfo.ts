import { GRANULE, LOWEST_ADDRESS, PAGE_SIZE } from '../../machine/layout.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { SYSTEM_INFO } from '../structs/memory.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-{}';
const PROCESSOR_ARCHITECTURE_AMD64 = 9;
const PROCESSOR_AMD_X8664 = 8664;
/** Family 6; model and stepping as CPUID tells them. */
const PROCESSOR_LEVEL = 6;
const PROCESSOR_REVISION = 0x0f01;

function systemInfo(thread: Thread, at: number): number {
  const F = SYSTEM_INFO;
  const memory = thread.memory;
  memory.fill(at, 0, F.size);
  memory.setU16(at + F.wProcessorArchitecture, PROCESSOR_ARCHITECTURE_AMD64);
  memory.setU32(at + F.dwPageSize, PAGE_SIZE);
  memory.setU64(at + F.lpMinimumApplicationAddress, LOWEST_ADDRESS);
  memory.setU64(at + F.lpMaximumApplicationAddress, thread.space.highest);
  memory.setU64(at + F.dwActiveProcessorMask, 1);
  memory.setU32(at + F.dwNumberOfProcessors, 1);
  memory.setU32(at + F.dwProcessorType, PROCESSOR_AMD_X8664);
  memory.setU32(at + F.dwAllocationGranularity, GRANULE);
  memory.setU16(at + F.wProcessorLevel, PROCESSOR_LEVEL);
  memory.setU16(at + F.wProcessorRevision, PROCESSOR_REVISION);
  return 0;
}

/** sysinfoapi.h: the machine's constants. */
export const sysinfoApi = family('kernel32', PAGES, () => ({
  GetSystemInfo: library('lpSystemInfo: address', 'void', systemInfo),
  GetNativeSystemInfo: library('lpSystemInfo: address', 'void', systemInfo),
}));

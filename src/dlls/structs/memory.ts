import { struct } from './layout.ts';

/** https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information */
export const MEMORY_BASIC_INFORMATION = struct({
  BaseAddress: 'u64',
  AllocationBase: 'u64',
  AllocationProtect: 'u32',
  PartitionId: 'u16',
  RegionSize: 'u64',
  State: 'u32',
  Protect: 'u32',
  Type: 'u32',
});

/** https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-system_info */
export const SYSTEM_INFO = struct({
  wProcessorArchitecture: 'u16',
  wReserved: 'u16',
  dwPageSize: 'u32',
  lpMinimumApplicationAddress: 'u64',
  lpMaximumApplicationAddress: 'u64',
  dwActiveProcessorMask: 'u64',
  dwNumberOfProcessors: 'u32',
  dwProcessorType: 'u32',
  dwAllocationGranularity: 'u32',
  wProcessorLevel: 'u16',
  wProcessorRevision: 'u16',
});

/** https://learn.microsoft.com/windows/win32/api/wtypesbase/ns-wtypesbase-security_attributes */
export const SECURITY_ATTRIBUTES = struct({
  nLength: 'u32',
  lpSecurityDescriptor: 'u64',
  bInheritHandle: 'u32',
});

/** https://learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_object_attributes */
export const OBJECT_ATTRIBUTES = struct({
  Length: 'u32',
  RootDirectory: 'u64',
  ObjectName: 'u64',
  Attributes: 'u32',
  SecurityDescriptor: 'u64',
  SecurityQualityOfService: 'u64',
});

/** https://learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_unicode_string */
export const UNICODE_STRING = struct({ Length: 'u16', MaximumLength: 'u16', Buffer: 'u64' });

/** https://learn.microsoft.com/windows/win32/api/sysinfoapi/ns-sysinfoapi-memorystatusex */
export const MEMORYSTATUSEX = struct({
  dwLength: 'u32',
  dwMemoryLoad: 'u32',
  ullTotalPhys: 'u64',
  ullAvailPhys: 'u64',
  ullTotalPageFile: 'u64',
  ullAvailPageFile: 'u64',
  ullTotalVirtual: 'u64',
  ullAvailVirtual: 'u64',
  ullAvailExtendedVirtual: 'u64',
});

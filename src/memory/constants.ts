/**
 * Windows' numbers of the memory API, under Windows' own names. Several values are shared on purpose
 * (MEM_DECOMMIT = MEM_REPLACE_PLACEHOLDER, MEM_IMAGE = MEM_RESET_UNDO): the parameter decides what is meant.
 */

// Kinds of access, as EXCEPTION_RECORD.ExceptionInformation[0] has them.
// https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-exception_record
export const READ = 0;
export const WRITE = 1;
export const EXECUTE = 8;

// Allocation types. https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc
export const MEM_COMMIT = 0x1000;
export const MEM_RESERVE = 0x2000;
export const MEM_REPLACE_PLACEHOLDER = 0x4000;
export const MEM_RESERVE_PLACEHOLDER = 0x40000;
export const MEM_RESET = 0x80000;
export const MEM_TOP_DOWN = 0x100000;
export const MEM_WRITE_WATCH = 0x200000;
export const MEM_PHYSICAL = 0x400000;
export const MEM_ROTATE = 0x800000;
export const MEM_DIFFERENT_IMAGE_BASE_OK = 0x800000;
export const MEM_RESET_UNDO = 0x1000000;
export const MEM_LARGE_PAGES = 0x20000000;
export const MEM_4MB_PAGES = 0x80000000;

// Free types. https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-virtualfree
export const MEM_COALESCE_PLACEHOLDERS = 0x1;
export const MEM_PRESERVE_PLACEHOLDER = 0x2;
export const MEM_DECOMMIT = 0x4000;
export const MEM_RELEASE = 0x8000;
export const MEM_UNMAP_WITH_TRANSIENT_BOOST = 0x1;

// States and types of MEMORY_BASIC_INFORMATION.
// https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information
export const MEM_FREE = 0x10000;
export const MEM_PRIVATE = 0x20000;
export const MEM_MAPPED = 0x40000;
export const MEM_IMAGE = 0x1000000;

// Protections. https://learn.microsoft.com/windows/win32/memory/memory-protection-constants
export const PAGE_NOACCESS = 0x01;
export const PAGE_READONLY = 0x02;
export const PAGE_READWRITE = 0x04;
export const PAGE_WRITECOPY = 0x08;
export const PAGE_EXECUTE = 0x10;
export const PAGE_EXECUTE_READ = 0x20;
export const PAGE_EXECUTE_READWRITE = 0x40;
export const PAGE_EXECUTE_WRITECOPY = 0x80;
export const PAGE_GUARD = 0x100;
export const PAGE_NOCACHE = 0x200;
export const PAGE_WRITECOMBINE = 0x400;
export const PAGE_TARGETS_INVALID = 0x40000000;
export const PAGE_TARGETS_NO_UPDATE = 0x40000000;
export const PAGE_REVERT_TO_FILE_MAP = 0x80000000;

// Section attributes. https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-createfilemappinga
export const SEC_HUGE_PAGES = 0x20000;
export const SEC_PARTITION_OWNER_HANDLE = 0x40000;
export const SEC_64K_PAGES = 0x80000;
export const SEC_BASED = 0x200000;
export const SEC_FILE = 0x800000;
export const SEC_IMAGE = 0x1000000;
export const SEC_PROTECTED_IMAGE = 0x2000000;
export const SEC_RESERVE = 0x4000000;
export const SEC_COMMIT = 0x8000000;
export const SEC_NOCACHE = 0x10000000;
export const SEC_IMAGE_NO_EXECUTE = 0x11000000;
export const SEC_WRITECOMBINE = 0x40000000;
export const SEC_LARGE_PAGES = 0x80000000;

// Access rights of a section object.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntcreatesection
export const SECTION_QUERY = 0x1;
export const SECTION_MAP_WRITE = 0x2;
export const SECTION_MAP_READ = 0x4;
export const SECTION_MAP_EXECUTE = 0x8;
export const SECTION_EXTEND_SIZE = 0x10;
export const SECTION_MAP_EXECUTE_EXPLICIT = 0x20;
export const SECTION_ALL_ACCESS = 0xf001f;

// MapViewOfFile access. https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile
export const FILE_MAP_COPY = 0x1;
export const FILE_MAP_WRITE = 0x2;
export const FILE_MAP_READ = 0x4;
export const FILE_MAP_EXECUTE = 0x20;
export const FILE_MAP_ALL_ACCESS = 0xf001f;
export const FILE_MAP_LARGE_PAGES = 0x20000000;
export const FILE_MAP_TARGETS_INVALID = 0x40000000;
export const FILE_MAP_RESERVE = 0x80000000;

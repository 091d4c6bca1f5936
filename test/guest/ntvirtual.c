/*
 * NtAllocateVirtualMemory, NtFreeVirtualMemory, NtProtectVirtualMemory, NtQueryVirtualMemory: the statuses, and
 * how base and size come back rounded.
 * https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntallocatevirtualmemory
 */
#include "show.h"

typedef LONG NTSTATUS;
NTSYSAPI NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, PVOID *, ULONG_PTR, PSIZE_T, ULONG, ULONG);
NTSYSAPI NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG);
NTSYSAPI NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
NTSYSAPI NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE, PVOID, int, PVOID, SIZE_T, PSIZE_T);

#define BASE 0x30000000u
#define SELF GetCurrentProcess()

static void result(const char *label, NTSTATUS status, PVOID base, SIZE_T size)
{
    printf("%s: %s", label, status_text(status));
    if (status >= 0)
        printf(" base %llx size %llx", (unsigned long long)(ULONG_PTR)base, (unsigned long long)size);
    printf("\n");
}

static void allocate(const char *label, ULONG_PTR at, SIZE_T size, ULONG type, ULONG protect)
{
    PVOID base = address(at);
    NTSTATUS status = NtAllocateVirtualMemory(SELF, &base, 0, &size, type, protect);
    result(label, status, base, size);
}

static void release(const char *label, ULONG_PTR at, SIZE_T size, ULONG type)
{
    PVOID base = address(at);
    NTSTATUS status = NtFreeVirtualMemory(SELF, &base, &size, type);
    result(label, status, base, size);
}

static void protect(const char *label, ULONG_PTR at, SIZE_T size, ULONG to)
{
    PVOID base = address(at);
    ULONG old = 0;
    NTSTATUS status = NtProtectVirtualMemory(SELF, &base, &size, to, &old);
    result(label, status, base, size);
    if (status >= 0)
        printf("  old %lx\n", old);
}

int main(void)
{
    puts("-- NtAllocateVirtualMemory");
    allocate("reserve 0x12345 at +0x1234", BASE + 0x1234, 0x12345, MEM_RESERVE, PAGE_READWRITE);
    allocate("reserve over it", BASE, PAGE, MEM_RESERVE, PAGE_READWRITE);
    allocate("commit 2 bytes across pages", BASE + 0x1fff, 2, MEM_COMMIT, PAGE_READWRITE);
    allocate("commit past its end", BASE + 0x13000, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    allocate("commit free space", BASE + 0x100000, PAGE, MEM_COMMIT, PAGE_READWRITE);
    allocate("protection 0", BASE + 0x100000, PAGE, MEM_RESERVE, 0);
    allocate("PAGE_WRITECOPY", BASE + 0x100000, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_WRITECOPY);
    PVOID base = NULL;
    SIZE_T size = PAGE;
    SHOW_STATUS("bad handle", NtAllocateVirtualMemory((HANDLE)0x1234, &base, 0, &size, MEM_RESERVE, PAGE_READWRITE));

    puts("-- NtProtectVirtualMemory");
    protect("2 bytes across pages", BASE + 0x1fff, 2, PAGE_READONLY);
    protect("into the reserved pages", BASE + 0x2000, 2 * PAGE, PAGE_READONLY);
    protect("of free space", BASE + 0x100000, PAGE, PAGE_READONLY);
    protect("to protection 0", BASE + 0x1000, PAGE, 0);
    protect("to PAGE_WRITECOPY", BASE + 0x1000, PAGE, PAGE_WRITECOPY);

    puts("-- NtQueryVirtualMemory");
    MEMORY_BASIC_INFORMATION info;
    SIZE_T length = 0;
    SHOW_STATUS("basic information", NtQueryVirtualMemory(SELF, address(BASE + 0x1fff), 0, &info, sizeof info, &length));
    printf("length %u base %llx size %llx state %lx protect %lx of %lx\n", (unsigned)length,
           (unsigned long long)(ULONG_PTR)info.BaseAddress, (unsigned long long)info.RegionSize, info.State,
           info.Protect, info.AllocationProtect);
    SHOW_STATUS("too small a buffer", NtQueryVirtualMemory(SELF, address(BASE), 0, &info, sizeof info - 1, NULL));
    SHOW_STATUS("above the highest address", NtQueryVirtualMemory(SELF, address(0x7fffffff0000), 0, &info, sizeof info, NULL));
    SHOW_STATUS("into reserved memory", NtQueryVirtualMemory(SELF, address(BASE), 0, address(BASE + 0x5000), sizeof info, NULL));

    puts("-- NtFreeVirtualMemory");
    release("decommit 2 bytes across pages", BASE + 0x1fff, 2, MEM_DECOMMIT);
    release("type 0", BASE, 0, 0);
    release("release inside", BASE + 0x1000, 0, MEM_RELEASE);
    release("decommit size 0 inside", BASE + 0x1000, 0, MEM_DECOMMIT);
    release("decommit past the end", BASE + 0x10000, 0x8000, MEM_DECOMMIT);
    PVOID whole = address(BASE);
    size = 0;
    SHOW_STATUS("decommit all", NtFreeVirtualMemory(SELF, &whole, &size, MEM_DECOMMIT));
    release("free space", BASE + 0x100000, 0, MEM_RELEASE);
    release("release", BASE, 0, MEM_RELEASE);
    release("release again", BASE, 0, MEM_RELEASE);
    return 0;
}

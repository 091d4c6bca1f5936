/*
 * VirtualAlloc, VirtualFree, VirtualProtect, VirtualQuery: results, errors and what they leave behind.
 * https://learn.microsoft.com/en-us/windows/win32/api/memoryapi/nf-memoryapi-virtualalloc
 */
#include "show.h"

#define BASE 0x30000000u

static void reserve_and_commit(void)
{
    puts("-- reserve and commit");
    SHOW_POINTER("reserve 0x12345 bytes at +0x1234", VirtualAlloc(address(BASE + 0x1234), 0x12345, MEM_RESERVE, PAGE_NOACCESS));
    show_query("the reservation", address(BASE), address(BASE));
    show_query("from its second page", address(BASE + 0x1fff), address(BASE));
    SHOW_POINTER("commit 2 bytes across pages at +0x3fff", VirtualAlloc(address(BASE + 0x3fff), 2, MEM_COMMIT, PAGE_READONLY));
    show_query("before them", address(BASE), address(BASE));
    show_query("the two pages", address(BASE + 0x3000), address(BASE));
    show_query("behind them", address(BASE + 0x5000), address(BASE));
    SHOW_POINTER("commit again read-write", VirtualAlloc(address(BASE + 0x4000), PAGE, MEM_COMMIT, PAGE_READWRITE));
    *(char *)address(BASE + 0x4000) = 7;
    SHOW_POINTER("and once more", VirtualAlloc(address(BASE + 0x4000), PAGE, MEM_COMMIT, PAGE_READWRITE));
    SHOW_NUMBER("its contents are kept", *(char *)address(BASE + 0x4000));
    SHOW_POINTER("commit past the end", VirtualAlloc(address(BASE + 0x13000), 2 * PAGE, MEM_COMMIT, PAGE_READWRITE));
    SHOW_POINTER("commit of free space", VirtualAlloc(address(BASE + 0x100000), PAGE, MEM_COMMIT, PAGE_READWRITE));
    SHOW_POINTER("reserve over it", VirtualAlloc(address(BASE), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("reserve+commit over it", VirtualAlloc(address(BASE), PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    SHOW_POINTER("reserve in its last granule", VirtualAlloc(address(BASE + 0x14000), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("reserve in the next granule", VirtualAlloc(address(BASE + 0x20000), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("commit across the two", VirtualAlloc(address(BASE + 0x13000), 0xe000, MEM_COMMIT, PAGE_READWRITE));
    show_query("nothing was committed", address(BASE + 0x13000), address(BASE));
    show_query("the space between them", address(BASE + 0x14000), address(BASE));
    SHOW_BOOL("release the second", VirtualFree(address(BASE + 0x20000), 0, MEM_RELEASE));
    SHOW_BOOL("release the first", VirtualFree(address(BASE), 0, MEM_RELEASE));
    show_query("afterwards", address(BASE), address(BASE));
}

/* A call that is to fail; if it does not, its memory is given back. */
static void refused(const char *label, DWORD type, DWORD protect)
{
    SHOW_POINTER(label, VirtualAlloc(address(BASE), PAGE, type, protect));
    VirtualFree(address(BASE), 0, MEM_RELEASE);
}

static void bad_arguments(void)
{
    puts("-- bad arguments to VirtualAlloc");
    SHOW_POINTER("size 0", VirtualAlloc(NULL, 0, MEM_RESERVE, PAGE_READWRITE));
    refused("type 0", 0, PAGE_READWRITE);
    refused("type MEM_TOP_DOWN alone", MEM_TOP_DOWN, PAGE_READWRITE);
    refused("type with an unknown bit", MEM_RESERVE | 0x10, PAGE_READWRITE);
    refused("type MEM_RELEASE", MEM_RELEASE, PAGE_READWRITE);
    refused("protection 0", MEM_RESERVE, 0);
    refused("two protections", MEM_RESERVE, PAGE_READONLY | PAGE_READWRITE);
    refused("PAGE_WRITECOPY", MEM_RESERVE | MEM_COMMIT, PAGE_WRITECOPY);
    refused("PAGE_EXECUTE_WRITECOPY", MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_WRITECOPY);
    refused("PAGE_GUARD alone", MEM_RESERVE, PAGE_GUARD);
    refused("PAGE_NOACCESS with PAGE_GUARD", MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS | PAGE_GUARD);
    refused("PAGE_NOACCESS with PAGE_NOCACHE", MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS | PAGE_NOCACHE);
    refused("PAGE_GUARD with PAGE_NOCACHE", MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE);
    refused("PAGE_NOCACHE with PAGE_WRITECOMBINE", MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE);
    refused("an unknown protection bit", MEM_RESERVE, PAGE_READWRITE | 0x8000000);
    SHOW_POINTER("address below 64 KiB", VirtualAlloc(address(0x1000), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("address of the kernel", VirtualAlloc(address(0xffff800000000000), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("address above the highest", VirtualAlloc(address(0x7fffffff0000), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("address + size wraps around", VirtualAlloc(address(BASE), ~(SIZE_T)0 - PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("size beyond the address space", VirtualAlloc(NULL, (SIZE_T)1 << 62, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("size of all of the address space", VirtualAlloc(NULL, (SIZE_T)1 << 47, MEM_RESERVE, PAGE_READWRITE));
    refused("MEM_PHYSICAL without MEM_RESERVE", MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE);
    SHOW_POINTER("VirtualAllocEx on a bad handle", VirtualAllocEx((HANDLE)0x1234, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_POINTER("VirtualAllocEx on this process", VirtualAllocEx(GetCurrentProcess(), address(BASE), PAGE, MEM_RESERVE, PAGE_READWRITE));
    SHOW_BOOL("VirtualFreeEx on this process", VirtualFreeEx(GetCurrentProcess(), address(BASE), 0, MEM_RELEASE));
}

static void anywhere(void)
{
    puts("-- anywhere");
    unsigned char *a = VirtualAlloc(NULL, 1, MEM_COMMIT, PAGE_READWRITE);
    SHOW_NUMBER("MEM_COMMIT alone gives memory", a != NULL);
    show_query("one byte of it", a, a);
    SHOW_NUMBER("64 KiB aligned", ((ULONG_PTR)a & 0xffff) == 0);
    unsigned char *b = VirtualAlloc(NULL, 3 * PAGE, MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN, PAGE_READWRITE);
    SHOW_NUMBER("MEM_TOP_DOWN gives memory", b != NULL);
    SHOW_NUMBER("above the other", b > a);
    SHOW_BOOL("release", VirtualFree(a, 0, MEM_RELEASE));
    SHOW_BOOL("release", VirtualFree(b, 0, MEM_RELEASE));
    unsigned char *huge = VirtualAlloc(NULL, (SIZE_T)1 << 40, MEM_RESERVE, PAGE_NOACCESS);
    SHOW_NUMBER("a TiB reserved", huge != NULL);
    SHOW_POINTER("a page committed in its middle, relative", (ULONG_PTR)VirtualAlloc(huge + ((SIZE_T)1 << 39), 1, MEM_COMMIT, PAGE_READWRITE) - (ULONG_PTR)huge);
    show_query("the first half", huge, huge);
    SHOW_BOOL("release", VirtualFree(huge, 0, MEM_RELEASE));
}

static void freeing(void)
{
    puts("-- VirtualFree");
    VirtualAlloc(address(BASE), 8 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    VirtualAlloc(address(BASE + 2 * PAGE), 4 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    *(int *)address(BASE + 3 * PAGE) = 42;
    SHOW_BOOL("type 0", VirtualFree(address(BASE), 0, 0));
    SHOW_BOOL("MEM_DECOMMIT | MEM_RELEASE", VirtualFree(address(BASE), 0, MEM_DECOMMIT | MEM_RELEASE));
    SHOW_BOOL("an unknown type", VirtualFree(address(BASE), 0, 0x100));
    SHOW_BOOL("MEM_RELEASE with a size", VirtualFree(address(BASE), 8 * PAGE, MEM_RELEASE));
    SHOW_BOOL("MEM_RELEASE inside", VirtualFree(address(BASE + PAGE), 0, MEM_RELEASE));
    SHOW_BOOL("MEM_RELEASE of free space", VirtualFree(address(BASE + 0x100000), 0, MEM_RELEASE));
    SHOW_BOOL("MEM_RELEASE of NULL", VirtualFree(NULL, 0, MEM_RELEASE));
    SHOW_BOOL("MEM_DECOMMIT of free space", VirtualFree(address(BASE + 0x100000), PAGE, MEM_DECOMMIT));
    SHOW_BOOL("MEM_DECOMMIT size 0 inside", VirtualFree(address(BASE + PAGE), 0, MEM_DECOMMIT));
    SHOW_BOOL("MEM_DECOMMIT past the end", VirtualFree(address(BASE + 6 * PAGE), 4 * PAGE, MEM_DECOMMIT));
    show_query("untouched by all that", address(BASE + 2 * PAGE), address(BASE));
    SHOW_NUMBER("and what is in it", *(int *)address(BASE + 3 * PAGE));
    SHOW_BOOL("MEM_DECOMMIT of 2 bytes across pages", VirtualFree(address(BASE + 4 * PAGE - 1), 2, MEM_DECOMMIT));
    show_query("before the hole", address(BASE + 2 * PAGE), address(BASE));
    show_query("the hole", address(BASE + 3 * PAGE), address(BASE));
    show_query("behind the hole", address(BASE + 5 * PAGE), address(BASE));
    SHOW_BOOL("MEM_DECOMMIT of reserved pages", VirtualFree(address(BASE), 8 * PAGE, MEM_DECOMMIT));
    show_query("all reserved", address(BASE), address(BASE));
    VirtualAlloc(address(BASE), 8 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    SHOW_NUMBER("committed again it is zero", *(int *)address(BASE + 3 * PAGE));
    SHOW_BOOL("MEM_DECOMMIT size 0 at the base", VirtualFree(address(BASE), 0, MEM_DECOMMIT));
    show_query("all reserved", address(BASE), address(BASE));
    SHOW_BOOL("MEM_RELEASE", VirtualFree(address(BASE), 0, MEM_RELEASE));
    SHOW_BOOL("of an image, MEM_RELEASE", VirtualFree(GetModuleHandleA(NULL), 0, MEM_RELEASE));
}

static void protecting(void)
{
    DWORD old = 0x1234;
    puts("-- VirtualProtect");
    VirtualAlloc(address(BASE), 8 * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(address(BASE), 6 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    SHOW_BOOL("one page of three, by two bytes", VirtualProtect(address(BASE + 2 * PAGE - 1), 2, PAGE_READONLY, &old));
    printf("old %lx\n", old);
    show_query("before", address(BASE), address(BASE));
    show_query("changed", address(BASE + PAGE), address(BASE));
    show_query("behind", address(BASE + 3 * PAGE), address(BASE));
    SHOW_BOOL("over different protections", VirtualProtect(address(BASE), 6 * PAGE, PAGE_EXECUTE_READ, &old));
    printf("old %lx\n", old);
    SHOW_BOOL("again", VirtualProtect(address(BASE + PAGE), PAGE, PAGE_READWRITE | PAGE_GUARD, &old));
    printf("old %lx\n", old);
    SHOW_BOOL("and back", VirtualProtect(address(BASE + PAGE), PAGE, PAGE_READWRITE, &old));
    printf("old %lx\n", old);
    for (DWORD protect = PAGE_NOACCESS; protect <= PAGE_EXECUTE_WRITECOPY; protect <<= 1) {
        SetLastError(KNOWN_ERROR);
        old = 0;
        BOOL done = VirtualProtect(address(BASE), PAGE, protect, &old);
        printf("to %lx: %d, error %lu, old %lx\n", protect, done != 0, done ? 0 : GetLastError(), old);
    }
    old = 0x1234;
    SHOW_BOOL("protection 0", VirtualProtect(address(BASE), PAGE, 0, &old));
    SHOW_BOOL("two protections", VirtualProtect(address(BASE), PAGE, PAGE_READONLY | PAGE_READWRITE, &old));
    SHOW_BOOL("PAGE_NOACCESS with PAGE_GUARD", VirtualProtect(address(BASE), PAGE, PAGE_NOACCESS | PAGE_GUARD, &old));
    SHOW_BOOL("size 0", VirtualProtect(address(BASE), 0, PAGE_READONLY, &old));
    SHOW_BOOL("into the reserved pages", VirtualProtect(address(BASE + 5 * PAGE), 2 * PAGE, PAGE_READONLY, &old));
    show_query("which changed nothing", address(BASE + 5 * PAGE), address(BASE));
    SHOW_BOOL("past the end of the region", VirtualProtect(address(BASE), 0x100000, PAGE_READONLY, &old));
    SHOW_BOOL("of free space", VirtualProtect(address(BASE + 0x100000), PAGE, PAGE_READONLY, &old));
    SHOW_BOOL("of page zero", VirtualProtect(NULL, PAGE, PAGE_READONLY, &old));
    SHOW_BOOL("without a place for the old one", VirtualProtect(address(BASE + 4 * PAGE), PAGE, PAGE_READONLY, NULL));
    show_query("which changed nothing", address(BASE + 4 * PAGE), address(BASE));
    SHOW_BOOL("VirtualProtectEx on this process", VirtualProtectEx(GetCurrentProcess(), address(BASE), PAGE, PAGE_READONLY, &old));
    VirtualFree(address(BASE), 0, MEM_RELEASE);

    VirtualAlloc(address(BASE), 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    VirtualAlloc(address(BASE + 0x10000), 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    SHOW_BOOL("across two regions", VirtualProtect(address(BASE + 0xf000), 2 * PAGE, PAGE_READONLY, &old));
    show_query("which changed nothing", address(BASE + 0xf000), address(BASE));
    VirtualFree(address(BASE), 0, MEM_RELEASE);
    VirtualFree(address(BASE + 0x10000), 0, MEM_RELEASE);
}

static void querying(void)
{
    MEMORY_BASIC_INFORMATION info;
    puts("-- VirtualQuery");
    VirtualAlloc(address(BASE), 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    VirtualAlloc(address(BASE + 0x10000), 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    show_query("two regions side by side", address(BASE), address(BASE));
    SHOW_NUMBER("VirtualQueryEx", VirtualQueryEx(GetCurrentProcess(), address(BASE), &info, sizeof info));
    SHOW_NUMBER("its size", info.RegionSize);
    SHOW_BOOL("above the highest address", VirtualQuery(address(0x7fffffff0000), &info, sizeof info));
    SHOW_BOOL("of the kernel", VirtualQuery(address(0xffff800000000000), &info, sizeof info));
    SHOW_BOOL("into too small a buffer", VirtualQuery(address(BASE), &info, sizeof info - 1));
    SHOW_BOOL("into no buffer", VirtualQuery(address(BASE), NULL, sizeof info));
    SHOW_NUMBER("into a larger buffer", VirtualQuery(address(BASE), &info, sizeof info + 8));
    SHOW_NUMBER("page zero", VirtualQuery(NULL, &info, sizeof info));
    printf("is free: base %llx state %lx protect %lx type %lx\n", (unsigned long long)(ULONG_PTR)info.BaseAddress, info.State, info.Protect, info.Type);
    VirtualQuery(address(BASE + 0x20000), &info, sizeof info);
    printf("free space: allocation %llx of %lx\n", (unsigned long long)(ULONG_PTR)info.AllocationBase, info.AllocationProtect);
    unsigned regions = 0;
    ULONG_PTR at = 0;
    while (VirtualQuery(address(at), &info, sizeof info)) {
        if ((ULONG_PTR)info.BaseAddress != at || info.RegionSize == 0 || (info.RegionSize & (PAGE - 1)))
            printf("a gap in the walk\n");
        at += info.RegionSize;
        regions++;
    }
    SHOW_NUMBER("the walk ends with error", GetLastError());
    SHOW_NUMBER("more than ten regions", regions > 10);
    VirtualQuery(GetModuleHandleA(NULL), &info, sizeof info);
    printf("the program: protect %lx of %lx type %lx\n", info.Protect, info.AllocationProtect, info.Type);
    VirtualFree(address(BASE), 0, MEM_RELEASE);
    VirtualFree(address(BASE + 0x10000), 0, MEM_RELEASE);
}

static void resetting(void)
{
    puts("-- MEM_RESET");
    VirtualAlloc(address(BASE), 0x10000, MEM_RESERVE, PAGE_READWRITE);
    VirtualAlloc(address(BASE), 4 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    SHOW_POINTER("of committed pages", VirtualAlloc(address(BASE), 2 * PAGE, MEM_RESET, PAGE_READWRITE));
    show_query("still committed", address(BASE), address(BASE));
    SHOW_POINTER("with MEM_COMMIT", VirtualAlloc(address(BASE), PAGE, MEM_RESET | MEM_COMMIT, PAGE_READWRITE));
    SHOW_POINTER("with a bad protection", VirtualAlloc(address(BASE), PAGE, MEM_RESET, 0));
    SHOW_BOOL("release", VirtualFree(address(BASE), 0, MEM_RELEASE));
}

static void locking(void)
{
    DWORD old;
    puts("-- VirtualLock");
    VirtualAlloc(address(BASE), 0x10000, MEM_RESERVE, PAGE_READWRITE);
    VirtualAlloc(address(BASE), 8 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    SHOW_BOOL("a page by its last byte", VirtualLock(address(BASE + PAGE - 1), 1));
    SHOW_BOOL("unlock", VirtualUnlock(address(BASE), PAGE));
    SHOW_BOOL("unlock what is not locked", VirtualUnlock(address(BASE), PAGE));
    SHOW_BOOL("lock into the reserved pages", VirtualLock(address(BASE + 7 * PAGE), 2 * PAGE));
    SHOW_BOOL("lock of free space", VirtualLock(address(BASE + 0x100000), PAGE));
    VirtualProtect(address(BASE), PAGE, PAGE_NOACCESS, &old);
    SHOW_BOOL("lock of a page without access", VirtualLock(address(BASE), PAGE));
    VirtualProtect(address(BASE), PAGE, PAGE_READONLY, &old);
    SHOW_BOOL("lock of a read-only page", VirtualLock(address(BASE), PAGE));
    VirtualProtect(address(BASE + PAGE), PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    SHOW_BOOL("lock of a guard page", VirtualLock(address(BASE + PAGE), PAGE));
    show_query("whose guard is gone", address(BASE + PAGE), address(BASE));
    SHOW_BOOL("lock again", VirtualLock(address(BASE + PAGE), PAGE));
    SHOW_BOOL("release with locked pages", VirtualFree(address(BASE), 0, MEM_RELEASE));
}

static void system_information(void)
{
    SYSTEM_INFO info;
    puts("-- GetSystemInfo");
    GetSystemInfo(&info);
    printf("architecture %u page %lu granularity %lu type %lu\n", info.wProcessorArchitecture, info.dwPageSize, info.dwAllocationGranularity, info.dwProcessorType);
    printf("addresses %llx to %llx\n", (unsigned long long)(ULONG_PTR)info.lpMinimumApplicationAddress, (unsigned long long)(ULONG_PTR)info.lpMaximumApplicationAddress);
}

int main(void)
{
    reserve_and_commit();
    bad_arguments();
    anywhere();
    freeing();
    protecting();
    querying();
    resetting();
    locking();
    system_information();
    return 0;
}

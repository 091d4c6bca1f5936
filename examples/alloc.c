/*
 * alloc: what VirtualAlloc gives.
 *
 * One page is reserved and committed in one call. It comes 64 KiB aligned and full of zeroes; VirtualQuery
 * tells its state, protection and type; VirtualFree with MEM_RELEASE gives the address space back.
 */
#include <stdio.h>
#include <windows.h>

static const char *yes(int truth)
{
    return truth ? "yes" : "no";
}

static void describe(const char *when, const void *p)
{
    MEMORY_BASIC_INFORMATION info;
    SIZE_T got = VirtualQuery(p, &info, sizeof info);
    printf("VirtualQuery %s: %u bytes\n", when, (unsigned)got);
    printf("  BaseAddress is the page: %s\n", yes(info.BaseAddress == p));
    printf("  State 0x%lx\n", info.State);
    if (info.State == MEM_FREE)
        return;
    printf("  AllocationBase is the page: %s\n", yes(info.AllocationBase == p));
    printf("  AllocationProtect 0x%lx\n", info.AllocationProtect);
    printf("  RegionSize %u\n", (unsigned)info.RegionSize);
    printf("  Protect 0x%lx\n", info.Protect);
    printf("  Type 0x%lx\n", info.Type);
}

int main(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    printf("page size %lu, allocation granularity %lu\n", system.dwPageSize, system.dwAllocationGranularity);

    unsigned char *p = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (!p) {
        printf("VirtualAlloc failed: %lu\n", GetLastError());
        return 1;
    }
    printf("VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE)\n");
    printf("  an address inside the application's range: %s\n",
           yes((void *)p >= system.lpMinimumApplicationAddress && (void *)p <= system.lpMaximumApplicationAddress));
    printf("  64 KiB aligned: %s\n", yes(((ULONG_PTR)p & 0xffff) == 0));
    describe("of the committed page", p);

    unsigned nonzero = 0;
    for (unsigned i = 0; i < 4096; i++)
        nonzero += p[i] != 0;
    printf("bytes that are not zero: %u\n", nonzero);
    for (unsigned i = 0; i < 4096; i++)
        p[i] = (unsigned char)(i * 7);
    unsigned sum = 0;
    for (unsigned i = 0; i < 4096; i++)
        sum += p[i];
    printf("sum of the bytes written: %u\n", sum);

    printf("VirtualFree(p, 0, MEM_RELEASE): %d\n", VirtualFree(p, 0, MEM_RELEASE) != 0);
    describe("after it", p);
    return 0;
}

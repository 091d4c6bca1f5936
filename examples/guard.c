/*
 * guard: a page that tells of its first touch.
 *
 * PAGE_GUARD makes the first access raise STATUS_GUARD_PAGE_VIOLATION and is gone with it: the handler only
 * has to continue. VirtualProtect arms the page again. A guard page that may not be written raises the guard
 * violation first and the access violation when the instruction runs again.
 */
#include <stdio.h>
#include <windows.h>

static unsigned char *page;

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    if (record->ExceptionCode != STATUS_GUARD_PAGE_VIOLATION && record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    printf("  exception 0x%lx, %lu parameters: access %u at page + %u\n", record->ExceptionCode,
           record->NumberParameters, (unsigned)record->ExceptionInformation[0],
           (unsigned)(record->ExceptionInformation[1] - (ULONG_PTR)page));
    if (record->ExceptionCode == EXCEPTION_ACCESS_VIOLATION) {
        DWORD old;
        VirtualProtect(page, 4096, PAGE_READWRITE, &old);
        printf("  made writable, was 0x%lx\n", old);
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

static DWORD protection(void)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(page, &info, sizeof info) ? info.Protect : 0;
}

int main(void)
{
    DWORD old;
    page = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    PVOID handler = AddVectoredExceptionHandler(1, on_exception);
    if (!page || !handler)
        return 1;
    volatile unsigned char *byte = page;

    printf("protection 0x%lx, reading:\n", protection());
    unsigned value = byte[100];
    printf("read %u, protection now 0x%lx\n", value, protection());
    printf("reading again:\n");
    value = byte[100];
    printf("read %u\n", value);

    VirtualProtect(page, 4096, PAGE_READWRITE | PAGE_GUARD, &old);
    printf("armed again (was 0x%lx), writing:\n", old);
    byte[4095] = 7;
    printf("wrote %u, protection now 0x%lx\n", byte[4095], protection());

    VirtualProtect(page, 4096, PAGE_READONLY | PAGE_GUARD, &old);
    printf("armed and read-only, writing:\n");
    byte[1] = 8;
    printf("wrote %u, protection now 0x%lx\n", byte[1], protection());

    RemoveVectoredExceptionHandler(handler);
    VirtualFree(page, 0, MEM_RELEASE);
    return 0;
}

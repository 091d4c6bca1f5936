/*
 * jit: code that is written while the program runs.
 *
 * First in private memory: written, made executable, run, rewritten, run again. Then in memory that is
 * writable and executable at once, where the x86 promises that a changed instruction is the one that runs
 * next, with no call in between. Last through two mappings of one section: written through a view that can
 * be written and run through one that can be executed, the way a careful compiler does it.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

typedef int (*function)(void);

/* mov eax, value; ret */
static void emit_constant(unsigned char *at, int value)
{
    at[0] = 0xb8;
    memcpy(at + 1, &value, 4);
    at[5] = 0xc3;
}

/* xor eax, eax; lea ecx, [value]; L: add eax, ecx; dec ecx; jnz L; ret  (the sum of 1 to value) */
static void emit_sum(unsigned char *at, int value)
{
    static const unsigned char code[] = {0x31, 0xc0, 0xb9, 0, 0, 0, 0, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa, 0xc3};
    memcpy(at, code, sizeof code);
    memcpy(at + 3, &value, 4);
}

static int run(const void *code)
{
    function f;
    memcpy(&f, &code, sizeof f);
    return f();
}

static int private_pages(void)
{
    DWORD old;
    unsigned char *code = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!code)
        return 1;
    emit_constant(code, 42);
    VirtualProtect(code, 4096, PAGE_EXECUTE_READ, &old);
    FlushInstructionCache(GetCurrentProcess(), code, 4096);
    printf("made executable (was 0x%lx): %d\n", old, run(code));

    VirtualProtect(code, 4096, PAGE_READWRITE, &old);
    emit_sum(code, 1000);
    VirtualProtect(code, 4096, PAGE_EXECUTE_READ, &old);
    FlushInstructionCache(GetCurrentProcess(), code, 4096);
    printf("rewritten: %d\n", run(code));

    VirtualProtect(code, 4096, PAGE_EXECUTE_READWRITE, &old);
    unsigned sum = 0;
    for (int i = 0; i < 1000; i++) {
        emit_constant(code, i);
        sum += (unsigned)run(code);
    }
    printf("rewritten a thousand times in place: %u\n", sum);
    return !VirtualFree(code, 0, MEM_RELEASE);
}

static int two_views(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE, 0, 65536, NULL);
    if (!section)
        return 1;
    unsigned char *writable = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    unsigned char *executable = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0);
    if (!writable || !executable)
        return 1;
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(writable, &info, sizeof info);
    printf("two views of one section: protection 0x%lx", info.Protect);
    VirtualQuery(executable, &info, sizeof info);
    printf(" and 0x%lx, different addresses: %s\n", info.Protect, writable != executable ? "yes" : "no");

    emit_constant(writable + 100, 7);
    printf("written here, run there: %d\n", run(executable + 100));
    emit_sum(writable + 100, 100);
    printf("rewritten: %d\n", run(executable + 100));
    unsigned sum = 0;
    for (int i = 0; i < 1000; i++) {
        emit_constant(writable + 4090, i);
        sum += (unsigned)run(executable + 4090);
    }
    printf("rewritten a thousand times: %u\n", sum);
    return !(UnmapViewOfFile(writable) && UnmapViewOfFile(executable) && CloseHandle(section));
}

int main(void)
{
    int failed = private_pages() || two_views();
    if (failed)
        printf("failed, error %lu\n", GetLastError());
    return failed;
}

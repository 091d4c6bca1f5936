/*
 * Never ends by itself; for tests of Ctrl-C and of time limits. Prints a line when it is at it.
 * endless loop | recursion | stosb | api
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static volatile unsigned sink;

/* Calls itself without any loop, as deep as 60, for longer than anyone waits. */
static __attribute__((noinline, optimize("no-inline", "no-optimize-sibling-calls"))) unsigned recursion(unsigned n)
{
    sink++;
    return n < 2 ? n : recursion(n - 1) + recursion(n - 2);
}

/* One string instruction over 64 GiB of addresses: a section of 64 MiB, mapped a thousand times in a row. */
static void stosb(void)
{
    const SIZE_T size = 64 << 20, views = 1024;
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, NULL);
    char *base = VirtualAlloc(NULL, size * views, MEM_RESERVE, PAGE_NOACCESS);
    VirtualFree(base, 0, MEM_RELEASE);
    for (SIZE_T i = 0; i < views; i++)
        if (!MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0, 0, base + i * size)) {
            printf("MapViewOfFileEx failed: %lu\n", GetLastError());
            return;
        }
    puts("endless");
    fflush(stdout);
    for (;;) {
        void *to = base;
        SIZE_T count = size * views;
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(7) : "memory");
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "loop";
    if (!strcmp(how, "stosb"))
        stosb();
    puts("endless");
    fflush(stdout);
    if (!strcmp(how, "recursion"))
        return (int)recursion(90);
    if (!strcmp(how, "api"))
        for (;;)
            sink += (unsigned)(ULONG_PTR)GetProcessHeap();
    for (;;)
        sink++;
}

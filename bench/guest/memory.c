/*
 * Times the memory functions from inside: one line each, "name nanoseconds" for one operation, the best of
 * several rounds (the first one warms up).
 */
#include "clock.h"
#include <stdio.h>

enum { PAGE = 4096, PAGES = 4096, ROUNDS = 15, CALLS = 20000, BLOCKS = 1000 };

typedef unsigned long long (*benchmark)(void);

/* First touch of each page of 16 MiB, committed but untouched; the time of the calls around it is not counted. */
static unsigned long long demand_zero(void)
{
    volatile unsigned char *memory = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    unsigned long long start = clock_ns();
    for (unsigned i = 0; i < PAGES; i++)
        memory[i * PAGE] = 1;
    unsigned long long time = clock_ns() - start;
    VirtualFree((void *)memory, 0, MEM_RELEASE);
    return time * 10 / PAGES;
}

static unsigned long long query(void)
{
    MEMORY_BASIC_INFORMATION info;
    unsigned char *memory = VirtualAlloc(NULL, 64 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    unsigned long long start = clock_ns();
    for (unsigned i = 0; i < CALLS; i++)
        VirtualQuery(memory + (i % 64) * PAGE, &info, sizeof info);
    unsigned long long time = clock_ns() - start;
    VirtualFree(memory, 0, MEM_RELEASE);
    return time * 10 / CALLS;
}

/* Of one page in the middle of sixteen, to and fro, with the page touched before. */
static unsigned long long protect(void)
{
    DWORD old;
    unsigned char *memory = VirtualAlloc(NULL, 16 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    for (unsigned i = 0; i < 16; i++)
        memory[i * PAGE] = 1;
    unsigned long long start = clock_ns();
    for (unsigned i = 0; i < CALLS; i++)
        VirtualProtect(memory + 8 * PAGE, PAGE, i & 1 ? PAGE_READWRITE : PAGE_READONLY, &old);
    unsigned long long time = clock_ns() - start;
    VirtualFree(memory, 0, MEM_RELEASE);
    return time * 10 / CALLS;
}

static unsigned long long alloc_touch_free(void)
{
    unsigned long long start = clock_ns();
    for (unsigned i = 0; i < CALLS; i++) {
        volatile unsigned char *memory = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        memory[0] = 1;
        VirtualFree((void *)memory, 0, MEM_RELEASE);
    }
    return (clock_ns() - start) * 10 / CALLS;
}

/* HeapAlloc and HeapFree of 16 to 256 bytes, freed in another order than allocated. */
static unsigned long long heap_pair(void)
{
    static void *blocks[BLOCKS];
    HANDLE heap = GetProcessHeap();
    unsigned long long start = clock_ns();
    for (unsigned round = 0; round < CALLS / BLOCKS; round++) {
        for (unsigned i = 0; i < BLOCKS; i++)
            blocks[i] = HeapAlloc(heap, 0, 16 + (i * 7 + round) % 241);
        for (unsigned i = 0; i < BLOCKS; i++)
            HeapFree(heap, 0, blocks[i * 7 % BLOCKS]);
    }
    return (clock_ns() - start) * 10 / CALLS;
}

/* One block at a time, the kindest case. */
static unsigned long long heap_single(void)
{
    HANDLE heap = GetProcessHeap();
    unsigned long long start = clock_ns();
    for (unsigned i = 0; i < CALLS; i++)
        HeapFree(heap, 0, HeapAlloc(heap, 0, 16 + i % 241));
    return (clock_ns() - start) * 10 / CALLS;
}

static void measure(const char *name, benchmark run)
{
    unsigned long long best = ~0ull;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned long long tenths = run();
        if (round && tenths < best)
            best = tenths;
    }
    printf("%s %llu.%llu\n", name, best / 10, best % 10);
}

int main(void)
{
    measure("demand-zero-fault", demand_zero);
    measure("VirtualQuery", query);
    measure("VirtualProtect", protect);
    measure("VirtualAlloc+touch+VirtualFree", alloc_touch_free);
    measure("HeapAlloc+HeapFree", heap_pair);
    measure("HeapAlloc+HeapFree-one", heap_single);
    return 0;
}

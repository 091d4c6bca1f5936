/*
 * Times memory functions with few and with many regions or blocks, in random order: one line each,
 * "name few many nanoseconds". A region is two committed pages, the first of which was touched.
 */
#include "clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, CALLS = 5000, ROUNDS = 60, MOST_REGIONS = 100000, MOST_BLOCKS = 1000000 };

static unsigned noise = 88172645;
static unsigned random_number(void)
{
    noise ^= noise << 13;
    noise ^= noise >> 17;
    return noise ^= noise << 5;
}

static void shuffle(unsigned char **items, unsigned count)
{
    for (unsigned i = count - 1; i > 0; i--) {
        unsigned other = random_number() % (i + 1);
        unsigned char *item = items[i];
        items[i] = items[other];
        items[other] = item;
    }
}

static unsigned char *items[MOST_BLOCKS];

static unsigned char *new_region(void)
{
    return VirtualAlloc(NULL, 2 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

/*
 * Each action is done to a group of regions before the next one is: with many regions the groups are so large that
 * each call finds nothing in the processor's nearer caches.
 */
typedef void (*action)(unsigned char **region);

static void query(unsigned char **region)
{
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(*region, &info, sizeof info);
}
static void protect(unsigned char **region)
{
    DWORD old;
    VirtualProtect(*region, PAGE, PAGE_READONLY, &old);
}
static void unprotect(unsigned char **region)
{
    DWORD old;
    VirtualProtect(*region, PAGE, PAGE_READWRITE, &old);
}
static void protect_all(unsigned char **region)
{
    DWORD old;
    VirtualProtect(*region, 2 * PAGE, PAGE_READONLY, &old);
}
static void release(unsigned char **region)
{
    VirtualFree(*region, 0, MEM_RELEASE);
}
static void allocate(unsigned char **region)
{
    *region = new_region();
}
static void touch(unsigned char **region)
{
    **region = 1;
}

static const struct {
    const char *name;
    action act;
} actions[] = {
    { "VirtualQuery", query },
    { "VirtualProtect", protect },
    { "VirtualProtect-back", unprotect },
    { "VirtualProtect-whole", protect_all },
    { "VirtualFree", release },
    { "VirtualAlloc", allocate },
    { "touch", touch },
};
enum { ACTIONS = sizeof actions / sizeof *actions };

static void time_regions(unsigned count, unsigned long long *best)
{
    for (unsigned i = 0; i < count; i++) {
        items[i] = new_region();
        items[i][0] = 1;
    }
    shuffle(items, count);
    unsigned group = count < CALLS ? count : CALLS, from = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned long long times[ACTIONS] = { 0 };
        for (unsigned done = 0; done < CALLS; done += group, from = (from + group) % count)
            for (unsigned a = 0; a < ACTIONS; a++) {
                unsigned long long start = clock_ns();
                for (unsigned i = 0; i < group; i++)
                    actions[a].act(&items[(from + i) % count]);
                times[a] += clock_ns() - start;
            }
        for (unsigned a = 0; a < ACTIONS; a++)
            if (times[a] < best[a])
                best[a] = times[a];
    }
    for (unsigned i = 0; i < count; i++)
        VirtualFree(items[i], 0, MEM_RELEASE);
}

static unsigned size_between(unsigned smallest, unsigned largest)
{
    return smallest + random_number() % (largest - smallest + 1);
}

/* A random block is freed and another one takes its place. */
static unsigned long long time_blocks(unsigned count, unsigned smallest, unsigned largest)
{
    HANDLE heap = GetProcessHeap();
    unsigned long long best = ~0ull;
    for (unsigned i = 0; i < count; i++)
        items[i] = HeapAlloc(heap, 0, size_between(smallest, largest));
    shuffle(items, count);
    unsigned from = 0;
    for (unsigned round = 0; round < 6 * ROUNDS; round++) {
        unsigned long long start = clock_ns();
        for (unsigned i = 0; i < CALLS; i++, from = from + 1 == count ? 0 : from + 1) {
            HeapFree(heap, 0, items[from]);
            items[from] = HeapAlloc(heap, 0, size_between(smallest, largest));
        }
        unsigned long long time = clock_ns() - start;
        if (time < best)
            best = time;
    }
    for (unsigned i = 0; i < count; i++)
        HeapFree(heap, 0, items[i]);
    return best;
}

static void show(const char *name, unsigned long long few, unsigned long long many)
{
    printf("%s %llu %llu %llu.%02llu\n", name, few / CALLS, many / CALLS, many / few, many * 100 / few % 100);
}

static int show_regions(unsigned count)
{
    unsigned long long few[ACTIONS], many[ACTIONS];
    for (unsigned a = 0; a < ACTIONS; a++)
        few[a] = many[a] = ~0ull;
    /* Once to warm up, as in the other benchmarks. */
    time_regions(100, few);
    time_regions(100, few);
    time_regions(count, many);
    for (unsigned a = 0; a < ACTIONS; a++)
        show(actions[a].name, few[a], many[a]);
    return 0;
}

static int show_blocks(unsigned smallest, unsigned largest)
{
    char name[60];
    sprintf(name, "HeapFree+HeapAlloc-%u-%u", smallest, largest);
    time_blocks(100, smallest, largest);
    unsigned long long few = time_blocks(100, smallest, largest);
    show(name, few, time_blocks(MOST_BLOCKS, smallest, largest));
    return 0;
}

/* Each in a process of its own: where a heap's pages are depends on what was freed before. */
int main(int argc, char **argv)
{
    int first = argc > 2 ? atoi(argv[2]) : MOST_REGIONS, second = argc > 3 ? atoi(argv[3]) : 0;
    if (argc > 1 && !strcmp(argv[1], "regions") && first > 0 && first <= MOST_REGIONS)
        return show_regions(first);
    if (argc > 3 && !strcmp(argv[1], "blocks") && first >= 0 && second >= first)
        return show_blocks(first, second);
    fputs("scale regions [COUNT] | scale blocks SMALLEST LARGEST\n", stderr);
    return 1;
}

/*
 * Four integer kernels, each timed from inside: one line each, "name microseconds checksum". Every kernel is run
 * once to warm up and then often enough to take a tenth of a second natively; the time is that of one run, the
 * best of three.
 */
#include "clock.h"
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static unsigned char flags[1000001];

/* The number of primes up to a million. */
static NOINLINE unsigned sieve(void)
{
    memset(flags, 1, sizeof flags);
    unsigned count = 0;
    for (unsigned i = 2; i <= 1000000; i++) {
        if (!flags[i])
            continue;
        count++;
        for (unsigned long long j = (unsigned long long)i * i; j <= 1000000; j += i)
            flags[j] = 0;
    }
    return count;
}

struct item {
    struct item *next;
    unsigned value;
};
static struct item items[50000];

static void link_items(void)
{
    /* 7919 is prime to 50,000, so that the list visits every item, far apart. */
    unsigned at = 0;
    for (unsigned i = 0; i < 50000; i++) {
        unsigned next = (at + 7919) % 50000;
        items[at].value = i * 2654435761u;
        items[at].next = i == 49999 ? NULL : &items[next];
        at = next;
    }
}

static NOINLINE unsigned list_walk(void)
{
    unsigned sum = 0;
    for (unsigned round = 0; round < 20; round++)
        for (const struct item *item = items; item; item = item->next)
            sum = sum * 3 + item->value;
    return sum;
}

static NOINLINE unsigned fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static NOINLINE unsigned fib_30(void)
{
    return fib(30);
}

static unsigned crc_table[256];

static void make_crc_table(void)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned value = i;
        for (unsigned bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        crc_table[i] = value;
    }
}

static NOINLINE unsigned crc(void)
{
    unsigned value = 0xffffffffu;
    for (unsigned i = 0; i < sizeof flags; i++)
        value = value >> 8 ^ crc_table[(value ^ flags[i]) & 0xff];
    return ~value;
}

static void measure(const char *name, unsigned (*kernel)(void), unsigned repeats)
{
    unsigned checksum = kernel();
    unsigned long long best = ~0ull;
    for (unsigned round = 0; round < 3; round++) {
        unsigned long long start = clock_ns();
        for (unsigned i = 0; i < repeats; i++)
            checksum = checksum * 31 + kernel();
        unsigned long long time = clock_ns() - start;
        if (time < best)
            best = time;
    }
    printf("%s %llu %08x\n", name, best / repeats / 1000, checksum);
}

int main(void)
{
    link_items();
    make_crc_table();
    measure("sieve", sieve, 60);
    measure("list-walk", list_walk, 40);
    measure("fib", fib_30, 30);
    measure("crc", crc, 40);
    return 0;
}

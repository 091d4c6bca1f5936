/* Runs kernels and prints a line for each: "name microseconds checksum". */
#ifndef MEASURE_H
#define MEASURE_H
#include "clock.h"
#include <stdio.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

typedef unsigned kernel_function(void);

struct kernel {
    const char *name;
    kernel_function *run;
    /* Runs in one measurement: about a tenth of a second natively. */
    unsigned repeats;
};

/*
 * Every kernel runs `repeats` times to warm up and then three times as often; the time is that of one run, of the best
 * of the three.
 */
static inline void measure(const struct kernel *kernel)
{
    unsigned checksum = 0;
    unsigned long long best = ~0ull;
    for (unsigned round = 0; round < 4; round++) {
        unsigned long long start = clock_ns();
        for (unsigned i = 0; i < kernel->repeats; i++)
            checksum = checksum * 31 + kernel->run();
        unsigned long long time = clock_ns() - start;
        if (round > 0 && time < best)
            best = time;
    }
    printf("%s %llu %08x\n", kernel->name, best / kernel->repeats / 1000, checksum);
    fflush(stdout);
}

/* All kernels, or those that the arguments name. */
static inline void measure_all(const struct kernel *kernels, unsigned count, int argc, char **argv)
{
    for (unsigned k = 0; k < count; k++) {
        int wanted = argc < 2;
        for (int i = 1; i < argc; i++)
            wanted |= strcmp(argv[i], kernels[k].name) == 0;
        if (wanted)
            measure(&kernels[k]);
    }
}
#endif

/* Time inside the program, in whole nanoseconds. */
#ifndef CLOCK_H
#define CLOCK_H
#ifdef _WIN32
#include <windows.h>

static inline unsigned long long clock_ns(void)
{
    static LARGE_INTEGER frequency;
    LARGE_INTEGER now;
    if (!frequency.QuadPart)
        QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    unsigned long long seconds = (unsigned long long)(now.QuadPart / frequency.QuadPart);
    unsigned long long rest = (unsigned long long)(now.QuadPart % frequency.QuadPart);
    return seconds * 1000000000ull + rest * 1000000000ull / (unsigned long long)frequency.QuadPart;
}
#else
/* For qemu-user, which runs the same kernels as a Linux program. */
#include <time.h>

static inline unsigned long long clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec;
}
#endif
#endif

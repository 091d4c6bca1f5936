/*
 * Much of one thing: a loop of 2^33 iterations, 100,000 frames, 10,000 exceptions through twenty frames, a million longjmps.
 * Prints a checksum for each that the arguments name; with `time` before them also how long it took, in microseconds.
 * Linked with 64 MB of stack.
 */
#include "../../bench/guest/clock.h"
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstring>

#define NOINLINE __attribute__((noinline))

namespace {

/* The barrier keeps the compiler from computing the sum. */
NOINLINE uint64_t add_up(uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += i;
        __asm__ volatile("" : "+r"(sum));
    }
    return sum;
}
uint64_t loop() { return add_up(1ull << 33); }
/* A second call of the same function, by then compiled with all optimizations. */
uint64_t loop_again() { return add_up(1ull << 30); }

/* Every frame has an array that it reads after its call has returned. */
NOINLINE uint64_t descend(unsigned depth)
{
    volatile unsigned here[32];
    here[depth & 31] = depth;
    if (depth == 0)
        return 1;
    uint64_t below = descend(depth - 1);
    return below * 31 + here[depth & 31];
}
uint64_t recursion() { return descend(100000); }

uint64_t destroyed;
struct counted {
    unsigned depth;
    ~counted() { destroyed = destroyed * 3 + depth; }
};
/* Every other frame has something to destroy. */
NOINLINE unsigned fall(unsigned depth, unsigned value);
NOINLINE unsigned fall_with_object(unsigned depth, unsigned value)
{
    counted object = {depth};
    return fall(depth - 1, value) + object.depth;
}
unsigned fall(unsigned depth, unsigned value)
{
    if (depth == 1)
        throw value;
    return fall_with_object(depth - 1, value) + 1;
}
uint64_t exceptions()
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < 10000; i++) {
        try {
            sum += fall_with_object(20, i);
        } catch (unsigned value) {
            sum = sum * 7 + value;
        }
    }
    return sum ^ destroyed;
}

std::jmp_buf back;
template <int frames> NOINLINE void jump(int value)
{
    volatile int here = value;
    jump<frames - 1>(here);
    here = 0;
}
template <> NOINLINE void jump<0>(int value) { std::longjmp(back, value); }
uint64_t longjmps()
{
    volatile uint64_t sum = 0;
    for (volatile int i = 1; i <= 1000000; i = i + 1) {
        int value = setjmp(back);
        if (value == 0)
            jump<3>(i);
        sum = sum * 5 + (uint64_t)value;
    }
    return sum;
}

const struct {
    const char *name;
    uint64_t (*run)();
} runs[] = {
    {"loop", loop},
    {"loop-again", loop_again},
    {"recursion", recursion},
    {"exceptions", exceptions},
    {"longjmps", longjmps},
};

} // namespace

int main(int argc, char **argv)
{
    bool timed = argc > 1 && std::strcmp(argv[1], "time") == 0;
    for (int i = timed ? 2 : 1; i < argc; i++)
        for (const auto &each : runs) {
            if (std::strcmp(argv[i], each.name) != 0)
                continue;
            unsigned long long start = clock_ns();
            uint64_t sum = each.run();
            unsigned long long time = (clock_ns() - start) / 1000;
            if (timed)
                std::printf("%s %llu %08x%08x\n", each.name, time, (unsigned)(sum >> 32), (unsigned)sum);
            else
                std::printf("%s %08x%08x\n", each.name, (unsigned)(sum >> 32), (unsigned)sum);
        }
    return 0;
}

/*
 * C++ exceptions of mingw's g++: through frames with destructors, out of call-backs of the C runtime, from destructors'
 * frames, again and again. Prints the order in which things happen.
 */
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <windows.h>

namespace {

struct Noisy {
    const char *name;
    explicit Noisy(const char *name) : name(name) {}
    ~Noisy() { std::printf("  ~%s\n", name); }
};

volatile int sink;

__attribute__((noinline)) int third(int x)
{
    Noisy here("third");
    if (x > 2)
        throw std::runtime_error("boom");
    return x;
}
__attribute__((noinline)) int second(int x)
{
    Noisy here("second");
    return third(x) + 1;
}
__attribute__((noinline)) int first(int x)
{
    Noisy here("first");
    return second(x) + 1;
}

void frames()
{
    std::puts("-- through three frames");
    try {
        std::printf("%d\n", first(1));
        std::printf("%d\n", first(3));
    } catch (const std::exception &e) {
        std::printf("caught %s\n", e.what());
    }
}

void kinds()
{
    std::puts("-- which handler takes it");
    for (int i = 0; i < 5; i++) {
        try {
            Noisy here("thrower");
            switch (i) {
            case 0: throw 42;
            case 1: throw "text";
            case 2: throw std::out_of_range("range");
            case 3: throw 2.5;
            default: throw std::string("string");
            }
        } catch (int value) {
            std::printf("int %d\n", value);
        } catch (const char *text) {
            std::printf("text %s\n", text);
        } catch (const std::logic_error &e) {
            std::printf("logic_error %s\n", e.what());
        } catch (double value) {
            std::printf("%d halves\n", (int)(value * 2));
        } catch (...) {
            std::puts("something else");
        }
    }
}

__attribute__((noinline)) void rethrower(int level)
{
    Noisy here("rethrower");
    try {
        if (level == 0)
            throw std::runtime_error("deep");
        rethrower(level - 1);
    } catch (std::exception &e) {
        std::printf("level %d sees %s\n", level, e.what());
        throw;
    }
}

void again()
{
    std::puts("-- thrown again, and another one while one is handled");
    try {
        rethrower(2);
    } catch (const std::exception &e) {
        std::printf("out: %s\n", e.what());
    }
    try {
        try {
            throw 1;
        } catch (int) {
            Noisy here("inside the handler");
            throw std::runtime_error("from the handler");
        }
    } catch (const std::exception &e) {
        std::printf("out: %s, %d uncaught\n", e.what(), std::uncaught_exceptions());
    }
    std::exception_ptr kept;
    try {
        throw std::runtime_error("kept");
    } catch (...) {
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const std::exception &e) {
        std::printf("rethrown: %s\n", e.what());
    }
}

/* Throws while an exception is on its way, and catches that before it gets out of the destructor. */
struct Careful {
    ~Careful()
    {
        try {
            Noisy here("careful");
            throw 7;
        } catch (int value) {
            std::printf("  in the destructor: %d, %d uncaught\n", value, std::uncaught_exceptions());
        }
    }
};

void cleanup()
{
    std::puts("-- an exception in a destructor during unwinding");
    try {
        Careful a;
        Noisy here("before");
        throw std::runtime_error("outer");
    } catch (const std::exception &e) {
        std::printf("caught %s\n", e.what());
    }
}

int comparisons;
int compare(const void *a, const void *b)
{
    Noisy here("compare");
    if (++comparisons == 5)
        throw std::runtime_error("compared enough");
    return *(const int *)a - *(const int *)b;
}
int never(const void *a, const void *b)
{
    int first[4] = {4, 3, 2, 1};
    (void)b;
    try {
        comparisons = 3;
        qsort(first, 4, sizeof *first, compare);
    } catch (const std::exception &e) {
        std::printf("  inner: %s\n", e.what());
        throw *(const int *)a;
    }
    return 0;
}

void callbacks()
{
    std::puts("-- out of qsort and bsearch");
    int values[8] = {5, 3, 8, 1, 9, 2, 7, 4};
    try {
        Noisy here("caller");
        qsort(values, 8, sizeof *values, compare);
        std::puts("sorted");
    } catch (const std::exception &e) {
        std::printf("caught %s after %d\n", e.what(), comparisons);
    }
    try {
        int key = 77;
        bsearch(&key, values, 8, sizeof *values, never);
    } catch (int value) {
        std::printf("caught %d\n", value);
    }
    comparisons = 100;
    qsort(values, 3, sizeof *values, [](const void *a, const void *b) { return *(const int *)a - *(const int *)b; });
    std::puts("and sorted after all");
}

__attribute__((noinline)) int deep(int n)
{
    volatile char space[64];
    space[0] = (char)n;
    if (n == 0)
        throw n;
    return deep(n - 1) + space[0];
}

void many()
{
    std::puts("-- many");
    int caught = 0;
    for (int i = 0; i < 300; i++) {
        try {
            deep(20);
        } catch (int) {
            caught++;
        }
    }
    std::printf("%d\n", caught);
    try {
        deep(5000);
    } catch (int) {
        std::puts("from 5,000 frames down");
    }
}

void noexcept_function() noexcept
{
    Noisy here("noexcept");
    deep(sink);
}

} // namespace

int main()
{
    setvbuf(stdout, nullptr, _IONBF, 0);
    frames();
    kinds();
    again();
    cleanup();
    callbacks();
    many();
    std::puts("-- out of a function that must not throw");
    std::set_terminate([] {
        std::puts("terminated");
        std::exit(9);
    });
    noexcept_function();
    return 0;
}

/*
 * What the tables of __CxxFrameHandler4 tell apart, as scripts/fh4-tables.mjs --varied writes them: objects that are
 * pointed to, catch blocks that go on in two places, catch blocks in catch blocks with objects in each.
 * https://devblogs.microsoft.com/cppblog/making-cpp-exception-handling-smaller-x64/
 */
extern "C" {
__declspec(dllimport) int printf(const char *, ...);
__declspec(dllimport) __declspec(noreturn) void exit(int);
__declspec(dllimport) int __uncaught_exceptions(void);
int _fltused = 1;
void start(void);
}
/* The vtable of type_info, which every type descriptor names. */
extern "C" const void *const type_info_vtable __asm__("??_7type_info@@6B@");
const void *const type_info_vtable = 0;
#define NOINLINE __declspec(noinline)

struct Noisy {
    const char *name;
    NOINLINE explicit Noisy(const char *n) : name(n) { printf("  +%s\n", name); }
    NOINLINE Noisy(const Noisy &from) : name(from.name) { printf("  copy of %s\n", name); }
    NOINLINE ~Noisy() { printf("  -%s\n", name); }
};

static volatile int zero = 0;

NOINLINE static void throw_int(int n) { throw n; }
NOINLINE static void throw_noisy(const char *name) { throw Noisy(name); }

/* The function destroys a parameter by value, which its caller has in memory. */
NOINLINE static void takes(Noisy one, int n) {
    if (n == 0) throw_int(1);
    printf("took %s\n", one.name);
}
NOINLINE static void parameters() {
    takes(Noisy("taken"), 1);
    try {
        Noisy own("own");
        takes(Noisy("parameter"), zero);
    } catch (int n) {
        printf("caught %d\n", n);
    }
}

/* A returned object is where the caller says: what is made of it is destroyed when the function does not return. */
NOINLINE static Noisy returned(int n) {
    Noisy result("result");
    if (n == 0) throw_int(2);
    return result;
}
NOINLINE static void results() {
    try {
        Noisy one = returned(1);
        Noisy other = returned(zero);
        printf("not reached %s %s\n", one.name, other.name);
    } catch (int n) {
        printf("caught %d\n", n);
    }
}

NOINLINE static int two_ways(int n) {
    int rounds = 0;
again:
    try {
        Noisy inside("inside");
        throw_int(n + rounds);
    } catch (int k) {
        printf("way of %d\n", k);
        if (k < 3) {
            rounds++;
            goto again;
        }
        if (k > 5) return -k;
    }
    return rounds;
}

NOINLINE static void by_value(const char *name) {
    Noisy around("around");
    try {
        throw_noisy(name);
    } catch (Noisy outer) {
        Noisy kept("kept");
        try {
            Noisy lost("lost");
            throw_noisy("second");
        } catch (Noisy inner) {
            printf("%s in %s\n", inner.name, outer.name);
            try {
                throw;
            } catch (Noisy &again) {
                printf("again %s\n", again.name);
            }
        }
        printf("kept %s of %s\n", kept.name, outer.name);
    }
    printf("after, uncaught %d\n", __uncaught_exceptions());
}

/* What a catch block throws leaves its own objects, its variable, the exception it has, then what is around it. */
NOINLINE static void leaves_catch() {
    try {
        Noisy around("around");
        try {
            throw_noisy("first");
        } catch (Noisy variable) {
            Noisy own("own");
            try {
                throw_int(3);
            } catch (int n) {
                Noisy innermost("innermost");
                takes(Noisy("parameter"), n - 3);
            }
        }
    } catch (char) {
        printf("wrong\n");
    } catch (int n) {
        printf("out of two catch blocks: %d\n", n);
    }
}

NOINLINE static void out_of_catch(int n) {
    Noisy here("here");
    try {
        throw_int(n);
    } catch (int k) {
        Noisy inside("inside");
        if (k > 0) out_of_catch(k - 1);
        throw;
    }
}
NOINLINE static void recursive() {
    try {
        out_of_catch(3);
    } catch (...) {
        printf("out of all, uncaught %d\n", __uncaught_exceptions());
    }
}

/* Long enough for distances and states of more than seven bits. */
#define THREE(n)                                                                                                       \
    {                                                                                                                  \
        Noisy a(#n " a");                                                                                              \
        Noisy b(#n " b");                                                                                              \
        try {                                                                                                          \
            Noisy c(#n " c");                                                                                          \
            if (which == n) throw_int(n);                                                                              \
            if (which == 100 + n) throw_noisy(#n " thrown");                                                           \
        } catch (const Noisy &thrown) {                                                                                \
            printf("%s at " #n "\n", thrown.name);                                                                     \
        }                                                                                                              \
    }
NOINLINE static void many_states(int which) {
    Noisy first("first");
    THREE(1) THREE(2) THREE(3) THREE(4) THREE(5) THREE(6) THREE(7) THREE(8) THREE(9) THREE(10)
    THREE(11) THREE(12) THREE(13) THREE(14) THREE(15) THREE(16) THREE(17) THREE(18) THREE(19) THREE(20)
    THREE(21) THREE(22) THREE(23) THREE(24) THREE(25) THREE(26) THREE(27) THREE(28) THREE(29) THREE(30)
}
NOINLINE static void far() {
    const int all[] = {1, 101, 14, 117, 30, 130};
    for (int which : all) {
        try {
            many_states(which);
        } catch (int n) {
            printf("far %d\n", n);
        }
    }
}

void start(void) {
    parameters();
    results();
    printf("%d\n", two_ways(0));
    printf("%d\n", two_ways(4));
    printf("%d\n", two_ways(7));
    by_value("value");
    leaves_catch();
    recursive();
    far();
    exit(zero);
}

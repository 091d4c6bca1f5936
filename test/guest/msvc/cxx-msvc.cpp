/*
 * C++ exceptions of MSVC's ABI: throw and catch through vcruntime140.dll's __CxxFrameHandler3, with the tables that the
 * compiler emits for x86_64-pc-windows-msvc. No headers and no C++ library.
 * https://learn.microsoft.com/en-us/cpp/cpp/exceptions-and-stack-unwinding-in-cpp
 * https://learn.microsoft.com/en-us/cpp/build/reference/eh-exception-handling-model
 */
typedef unsigned long DWORD;
typedef unsigned long long QWORD;
extern "C" {
__declspec(dllimport) int printf(const char *, ...);
__declspec(dllimport) int fflush(void *);
__declspec(dllimport) const char *GetCommandLineA(void);
__declspec(dllimport) __declspec(noreturn) void exit(int);
__declspec(dllimport) void RaiseException(DWORD, DWORD, DWORD, const QWORD *);
__declspec(dllimport) int __uncaught_exceptions(void);
__declspec(dllimport) void **__current_exception(void);
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
    NOINLINE ~Noisy() { printf("  -%s\n", name); }
};

struct Value {
    int number, copies;
    NOINLINE explicit Value(int n) : number(n), copies(0) { printf("  Value(%d)\n", n); }
    NOINLINE Value(const Value &from) : number(from.number), copies(from.copies + 1) { printf("  copy %d of %d\n", copies, number); }
    NOINLINE ~Value() { printf("  ~Value(%d) copy %d\n", number, copies); }
};

struct First { int a; };
struct Second { int b; };
struct Both : First, Second { int c; };
struct Root { int root; virtual NOINLINE int which() { return root; } };
struct Left : virtual Root { int left; };
struct Right : virtual Root { int right; };
struct Diamond : Left, Right {
    int own;
    NOINLINE Diamond() { root = 1; left = 2; right = 3; own = 4; }
    NOINLINE int which() override { return root * 1000 + own; }
};

static volatile int zero = 0;

NOINLINE static void throw_int(int n) { throw n; }

NOINLINE static void simple() {
    try {
        throw_int(42);
        printf("not reached\n");
    } catch (int n) {
        printf("int %d\n", n);
    }
    try {
        throw "text";
    } catch (const char *text) {
        printf("text %s\n", text);
    }
    try {
        throw 0x123456789abcdef0LL;
    } catch (int) {
        printf("wrong\n");
    } catch (long long n) {
        printf("long long %llx\n", n);
    }
    try {
        throw 1.5;
    } catch (int) {
        printf("wrong\n");
    } catch (...) {
        printf("anything\n");
    }
    try {
        throw 'c';
    } catch (const char &c) {
        printf("char %c\n", c);
    }
}

NOINLINE static void unwinds() {
    Noisy outer("outer");
    try {
        Noisy a("a");
        {
            Noisy b("b");
        }
        Noisy c("c");
        throw_int(1);
    } catch (int n) {
        Noisy d("d");
        printf("caught %d\n", n);
    }
    printf("after\n");
}

NOINLINE static void through(int depth) {
    Noisy here(depth & 1 ? "odd" : "even");
    if (depth == 0) throw Value(9);
    through(depth - 1);
}

NOINLINE static void values() {
    try {
        throw Value(5);
    } catch (Value v) {
        printf("by value %d, copies %d\n", v.number, v.copies);
    }
    try {
        throw Value(6);
    } catch (Value &v) {
        v.number = 66;
        printf("by reference %d\n", v.number);
    }
    try {
        through(3);
    } catch (const Value &v) {
        printf("through %d\n", v.number);
    }
}

NOINLINE static void bases() {
    Both both;
    both.a = 1;
    both.b = 2;
    both.c = 3;
    try {
        throw both;
    } catch (Second s) {
        printf("Second %d\n", s.b);
    }
    try {
        throw both;
    } catch (Second &s) {
        printf("Second& %d\n", s.b);
    }
    try {
        throw &both;
    } catch (Second *s) {
        printf("Second* %d, %d bytes on\n", s->b, (int)((char *)s - (char *)&both));
    }
    try {
        throw(Both *) 0;
    } catch (Second *s) {
        printf("null %d\n", s == 0);
    }
    try {
        throw(const Both *) & both;
    } catch (Both *) {
        printf("wrong\n");
    } catch (const First *f) {
        printf("const First* %d\n", f->a);
    }
    try {
        throw Diamond();
    } catch (Root &r) {
        printf("virtual base by reference: %d\n", r.which());
    }
    try {
        throw Diamond();
    } catch (Diamond d) {
        printf("by value: %d %d %d %d\n", d.root, d.left, d.right, d.which());
    }
    Diamond diamond;
    try {
        throw &diamond;
    } catch (Root *r) {
        printf("virtual base by pointer: %d\n", r->which());
    }
    try {
        throw &diamond;
    } catch (void *p) {
        printf("void* %d\n", p == &diamond);
    }
}

NOINLINE static void rethrow_it() { throw; }

NOINLINE static void rethrows() {
    try {
        try {
            throw Value(7);
        } catch (Value &v) {
            v.number++;
            printf("first %d\n", v.number);
            throw;
        }
    } catch (Value &v) {
        printf("again %d, copies %d\n", v.number, v.copies);
    }
    try {
        Noisy guard("guard");
        try {
            throw_int(3);
        } catch (...) {
            Noisy inner("inner");
            rethrow_it();
        }
    } catch (int n) {
        printf("rethrown %d\n", n);
    }
}

NOINLINE static void nested() {
    try {
        try {
            throw Value(10);
        } catch (Value &outer) {
            Noisy n("in catch");
            try {
                throw Value(11);
            } catch (Value &inner) {
                printf("inner %d outer %d\n", inner.number, outer.number);
            }
            printf("outer still %d\n", outer.number);
            throw Value(12);
        }
    } catch (Value &v) {
        printf("replaced by %d\n", v.number);
    }
    try {
        throw 1;
    } catch (int a) {
        try {
            throw 2;
        } catch (int b) {
            try {
                throw a + b;
            } catch (int c) {
                printf("three deep %d %d %d\n", a, b, c);
            }
        }
        try {
            throw;
        } catch (int again) {
            printf("the outer one again %d\n", again);
        }
    }
}

NOINLINE static int returns(int how) {
    for (int i = 0; i < 5; i++) {
        Noisy n("loop");
        try {
            throw_int(i);
        } catch (int k) {
            if (k == 0) continue;
            if (k == how) return k * 100;
            if (k == 3) break;
        }
    }
    return -1;
}

struct Counts {
    NOINLINE ~Counts() { printf("  uncaught %d\n", __uncaught_exceptions()); }
};
struct Catches {
    NOINLINE ~Catches() {
        try {
            throw_int(77);
        } catch (int n) {
            printf("  in a destructor %d\n", n);
        }
    }
};

NOINLINE static void in_destructors() {
    printf("uncaught %d\n", __uncaught_exceptions());
    try {
        Counts counts;
        Catches catches;
        throw Value(13);
    } catch (Value &v) {
        printf("and then %d, uncaught %d, current %d\n", v.number, __uncaught_exceptions(), *__current_exception() != 0);
    }
    printf("current %d\n", *__current_exception() != 0);
}

NOINLINE static void raise_through() {
    Noisy n("in a frame that a structured exception leaves");
    try {
        RaiseException(0xE0001234, 0, 0, 0);
    } catch (...) {
        printf("caught a structured exception\n");
    }
}
NOINLINE static void finally_inside() {
    __try {
        throw_int(21);
    } __finally {
        printf("__finally\n");
    }
}

NOINLINE static void structured() {
    __try {
        raise_through();
    } __except (1) {
        printf("__except\n");
    }
    __try {
        through(1);
    } __except (1) {
        printf("__except of a C++ exception\n");
    }
}
NOINLINE static void mixed() {
    try {
        finally_inside();
    } catch (int n) {
        printf("through __finally %d\n", n);
    }
}

NOINLINE static int many(int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) {
        try {
            try {
                throw_int(i);
            } catch (char) {
                sum += 1000;
            }
        } catch (int k) {
            sum += k;
        }
    }
    return sum;
}

struct Throws {
    NOINLINE ~Throws() noexcept(false) { throw_int(5); }
};
struct ThrowingCopy {
    NOINLINE ThrowingCopy() {}
    NOINLINE ThrowingCopy(const ThrowingCopy &) { throw_int(6); }
    NOINLINE ~ThrowingCopy() {}
};
NOINLINE static void promises() noexcept { throw_int(4); }
/* Its callers may not know that it promises. */
static void (*volatile promise)() = promises;

/* What ends the program, by the last letter of the command line. */
NOINLINE static void end_by(char how) {
    Noisy n("end");
    fflush(0);
    try {
        if (how == 'n') promise();
        if (how == 'd') {
            Throws throws;
            throw Value(1);
        }
        if (how == 'c') throw ThrowingCopy();
        if (how == 'r') throw;
    } catch (ThrowingCopy copy) {
        printf("not reached: copied to %p\n", (void *)&copy);
    } catch (const Value &) {
        printf("not reached: caught what was thrown before\n");
    } catch (int) {
        printf("not reached: caught\n");
    }
    if (how == 'u') throw_int(3);
}

void start(void) {
    const char *line = GetCommandLineA();
    while (line[1] != 0) line++;
    if (line[0] >= 'a' && line[0] <= 'z' && line[-1] == '-') end_by(line[0]);
    simple();
    unwinds();
    values();
    bases();
    rethrows();
    nested();
    printf("%d\n", returns(2));
    printf("%d\n", returns(9));
    in_destructors();
    structured();
    mixed();
    printf("sum %d\n", many(1000));
    exit(zero);
}

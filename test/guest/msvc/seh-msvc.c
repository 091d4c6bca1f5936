/*
 * Structured exception handling in the shapes of MSVC's targets: outlined filters and __finally blocks that reach the
 * locals of their function, functions with alloca, large frames and saved xmm registers. No headers and no C runtime
 * start: clang for x86_64-pc-windows-msvc, -nostdlib, lld.
 * https://learn.microsoft.com/en-us/cpp/build/exception-handling-x64
 */
typedef unsigned long DWORD;
typedef unsigned long long QWORD;
typedef struct record {
    DWORD code, flags;
    struct record *next;
    void *address;
    DWORD count;
    QWORD information[15];
} RECORD;
typedef struct {
    RECORD *record;
    void *context;
} POINTERS;

__declspec(dllimport) int printf(const char *, ...);
__declspec(dllimport) __declspec(noreturn) void exit(int);
__declspec(dllimport) void RaiseException(DWORD, DWORD, DWORD, const QWORD *);
#define CODE _exception_code()
#define INFORMATION ((POINTERS *)_exception_info())
#define NOINLINE __declspec(noinline)
enum { EXECUTE_HANDLER = 1, CONTINUE_SEARCH = 0, CONTINUE_EXECUTION = -1 };

int _fltused = 1;
/* What the compiler calls before it makes a frame of rax bytes: touches each of its pages, keeps all registers. */
__asm__(".globl __chkstk\n"
        "__chkstk:\n"
        "  push %rax\n"
        "  push %rcx\n"
        "  lea 24(%rsp), %rcx\n"
        "1: cmp $4096, %rax\n"
        "  jb 2f\n"
        "  sub $4096, %rcx\n"
        "  testl %eax, (%rcx)\n"
        "  sub $4096, %rax\n"
        "  jmp 1b\n"
        "2: sub %rax, %rcx\n"
        "  testl %eax, (%rcx)\n"
        "  pop %rcx\n"
        "  pop %rax\n"
        "  ret\n");
static volatile int zero;
static volatile int sink;

static NOINLINE void raise_code(DWORD code, QWORD value)
{
    RaiseException(code, 0, 1, &value);
    sink++;
}
static NOINLINE int read_from(const volatile int *at)
{
    return *at;
}
static NOINLINE int divide(int by)
{
    return 100 / by;
}

/* The filter sees and changes locals of the function that it is outlined from. */
static NOINLINE int captured(int argument)
{
    int seen = argument, filters = 0;
    DWORD code = 0;
    __try {
        seen += 10;
        raise_code(0xe0000001, 7);
        seen += 1000;
    } __except (filters++, code = CODE, seen += (int)INFORMATION->record->information[0],
                code == 0xe0000001 ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        printf("captured: %08lx, seen %d, filters %d\n", code, seen, filters);
        seen *= 2;
    }
    return seen;
}

/* Each __finally runs on the way out, innermost first, and says whether it was left abnormally. */
static NOINLINE int finally_order(int how)
{
    int order = 0;
    __try {
        __try {
            __try {
                if (how == 0)
                    order = 1;
                else if (how == 1)
                    raise_code(0xe0000002, 0);
                else if (how == 2)
                    return 77;
                else
                    order += divide(zero);
            } __finally {
                printf("  inner finally, abnormal %d\n", _abnormal_termination());
                order = order * 10 + 2;
            }
        } __finally {
            printf("  outer finally, abnormal %d\n", _abnormal_termination());
            order = order * 10 + 3;
        }
    } __except (CODE == 0xc0000094 || CODE == 0xe0000002 ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        printf("  handler\n");
        order = order * 10 + 4;
    }
    return order;
}

/* An exception in a __finally that runs for another one replaces it: a collided unwind. */
static NOINLINE void replace(void)
{
    __try {
        raise_code(0xe0000003, 0);
    } __finally {
        printf("  replacing, abnormal %d\n", _abnormal_termination());
        raise_code(0xe0000004, 0);
    }
}
static NOINLINE void collided(void)
{
    __try {
        replace();
    } __except (printf("  filter %08lx\n", CODE), CODE == 0xe0000004 ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        printf("  second one handled\n");
    }
}
static NOINLINE void collided_outside(void)
{
    __try {
        collided();
    } __except (EXECUTE_HANDLER) {
        printf("  handled outside\n");
    }
}

/* A frame of variable size: its registers are found by the frame pointer alone. */
static NOINLINE int with_alloca(int size)
{
    volatile int *room = __builtin_alloca(size * sizeof *room);
    int sum = 0;
    for (int i = 0; i < size; i++)
        room[i] = i;
    __try {
        sum = read_from((int *)(QWORD)(zero + 8));
    } __except (CODE == 0xc0000005 ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        for (int i = 0; i < size; i++)
            sum += room[i];
    }
    return sum;
}

/* A frame of more than a page, which is probed, with locals far from the stack pointer. */
static NOINLINE int large_frame(int seed)
{
    volatile int room[5000];
    for (int i = 0; i < 5000; i++)
        room[i] = seed + i;
    __try {
        divide(zero);
    } __except (room[4999] == seed + 4999 ? EXECUTE_HANDLER : CONTINUE_SEARCH) {
        return room[0] + room[2500] + room[4999];
    }
    return -1;
}

/* xmm6 and up belong to the caller: unwinding brings them back. */
static NOINLINE double clobber(double a, double b)
{
    double c = a * b, d = a / b, e = a + b, f = a - b;
    raise_code(0xe0000005, (QWORD)(c + d + e + f));
    return c * d * e * f;
}
static NOINLINE double saved_xmm(double x)
{
    double a = x * 1.5, b = x * 2.5, c = x * 3.5, d = x * 4.5;
    for (int i = 0; i < 3; i++) {
        __try {
            a += clobber(b, c);
        } __except (EXECUTE_HANDLER) {
            d += 1;
        }
        b += c * d;
        c += b - a;
    }
    return a + b + c + d;
}

/* Continues after the filter has mended what was wrong. */
static NOINLINE int mended(void)
{
    int tries = 0;
    __try {
        raise_code(0xe0000006, 5);
        tries += 100;
    } __except (tries++, CONTINUE_EXECUTION) {
        tries = -1;
    }
    return tries;
}

/* Through frames without handlers, and a filter that looks further twice. */
static NOINLINE int deep(int levels)
{
    if (levels == 0)
        return divide(zero);
    int below = deep(levels - 1);
    return below + levels;
}
static NOINLINE int nested(void)
{
    int passed = 0;
    __try {
        __try {
            __try {
                deep(40);
            } __except (passed++, CONTINUE_SEARCH) {
                passed = -1000;
            }
        } __except (passed++, CONTINUE_SEARCH) {
            passed = -2000;
        }
    } __except (passed++, EXECUTE_HANDLER) {
        passed += 100;
    }
    return passed;
}

/* Leaves a loop and a __try by goto, break and continue. */
static NOINLINE int leaving(void)
{
    int count = 0;
    for (int i = 0; i < 10; i++) {
        __try {
            if (i == 2)
                continue;
            if (i == 6)
                break;
            if (i == 4)
                __leave;
            count += 1;
        } __finally {
            count += 100;
        }
    }
    return count;
}

void start(void)
{
    printf("captured answers %d\n", captured(5));
    for (int how = 0; how < 4; how++)
        printf("finally_order(%d) answers %d\n", how, finally_order(how));
    collided_outside();
    printf("with_alloca answers %d\n", with_alloca(100));
    printf("large_frame answers %d\n", large_frame(3));
    printf("saved_xmm answers %.6f\n", saved_xmm(1.25));
    printf("mended answers %d\n", mended());
    printf("nested answers %d\n", nested());
    printf("leaving answers %d\n", leaving());
    exit(0);
}

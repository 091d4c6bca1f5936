/*
 * Structured exception handling as a C compiler makes it (__try, __except, __finally, by clang), and what the
 * functions of its API answer. Faults are in functions of their own, because clang guards calls only.
 * https://learn.microsoft.com/en-us/cpp/cpp/structured-exception-handling-c-cpp
 */
#include "../show.h"
#include <excpt.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static volatile int sink;

static NOINLINE int read_from(volatile int *at)
{
    return *at;
}
static NOINLINE void write_to(volatile int *at)
{
    *at = 1;
}
static NOINLINE int divide(int a, volatile int *b)
{
    return a / *b;
}
/* Code follows the call, so that its return address lies in the innermost __try block and in no other. */
#define RAISE(code)       \
    do {                  \
        raise_code(code); \
        sink = 0;         \
    } while (0)

static NOINLINE void raise_code(DWORD code)
{
    RaiseException(code, 0, 0, NULL);
}

static int filter(const char *name, int answer, EXCEPTION_POINTERS *p)
{
    const EXCEPTION_RECORD *record = p->ExceptionRecord;
    printf("  filter %s: %08lx flags %lx parameters %lu, answers %d\n", name, record->ExceptionCode,
           record->ExceptionFlags, record->NumberParameters, answer);
    return answer;
}

static NOINLINE void basics(void)
{
    puts("-- __except");
    __try {
        puts("no exception");
    } __except (filter("never", 1, GetExceptionInformation())) {
        puts("not reached");
    }
    __try {
        read_from((int *)16);
        puts("not reached");
    } __except (filter("read", EXCEPTION_EXECUTE_HANDLER, GetExceptionInformation())) {
        printf("handled %08lx\n", GetExceptionCode());
    }
    __try {
        sink = divide(1, &sink);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        printf("handled %08lx\n", GetExceptionCode());
    }
    __try {
        __try {
            write_to((int *)16);
        } __except (filter("inner", EXCEPTION_CONTINUE_SEARCH, GetExceptionInformation())) {
            puts("not reached");
        }
    } __except (filter("outer", EXCEPTION_EXECUTE_HANDLER, GetExceptionInformation())) {
        puts("handled by the outer one");
    }
}

/* A stack slot that the filter changes, and a register that goes on as it was. */
static int fix(EXCEPTION_POINTERS *p, int **pointer, int *good)
{
    printf("  fix: %08lx\n", p->ExceptionRecord->ExceptionCode);
    *pointer = good;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static int commit(EXCEPTION_POINTERS *p)
{
    void *at = (void *)p->ExceptionRecord->ExceptionInformation[1];
    printf("  commit\n");
    return VirtualAlloc(at, 1, MEM_COMMIT, PAGE_READWRITE) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

static NOINLINE void continuing(void)
{
    puts("-- EXCEPTION_CONTINUE_EXECUTION");
    char *memory = VirtualAlloc(NULL, 4 * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    __try {
        write_to((int *)memory);
        write_to((int *)(memory + 2 * PAGE));
        printf("stored %d %d\n", *(int *)memory, *(int *)(memory + 2 * PAGE));
    } __except (commit(GetExceptionInformation())) {
        puts("not reached");
    }
    int good = 5;
    int *pointer = &good;
    __try {
        RAISE(0x20001234);
        printf("behind RaiseException, %d\n", *pointer);
    } __except (fix(GetExceptionInformation(), &pointer, &good)) {
        puts("not reached");
    }
    VirtualFree(memory, 0, MEM_RELEASE);
}

static NOINLINE void finally_order(void)
{
    puts("-- __finally");
    __try {
        puts("body");
    } __finally {
        printf("finally, abnormal %d\n", AbnormalTermination());
    }
    __try {
        __try {
            __try {
                RAISE(0xE0000001);
            } __finally {
                printf("  inner finally, abnormal %d\n", AbnormalTermination());
            }
        } __finally {
            printf("  outer finally, abnormal %d\n", AbnormalTermination());
        }
    } __except (filter("around", 1, GetExceptionInformation())) {
        puts("handler");
    }
}

static NOINLINE void level(int n)
{
    __try {
        if (n == 0)
            RAISE(0xE0000002);
        level(n - 1);
        puts("not reached");
    } __finally {
        printf("  leaving level %d, abnormal %d\n", n, AbnormalTermination());
    }
}

static int at_level(int n, DWORD code)
{
    printf("  level %d is asked\n", n);
    return code == (DWORD)(0xE0000010 + n) ? 1 : 0;
}

static NOINLINE void nest(int n, DWORD code)
{
    __try {
        if (n == 0)
            RAISE(code);
        else
            nest(n - 1, code);
    } __except (at_level(n, GetExceptionCode())) {
        printf("level %d takes it\n", n);
    }
}

static NOINLINE void levels(void)
{
    puts("-- through frames");
    __try {
        level(3);
    } __except (1) {
        puts("handler");
    }
    nest(4, 0xE0000012);
    nest(4, 0xE0000014);
}

static NOINLINE int returns_from_try(int how)
{
    for (int i = 0; i < 3; i++) {
        __try {
            __try {
                if (how == 0)
                    return 10 + i;
                if (how == 1)
                    break;
                if (how == 2 && i < 2)
                    continue;
                if (how == 3)
                    goto out;
                printf("  body %d\n", i);
            } __finally {
                printf("  finally %d, abnormal %d\n", i, AbnormalTermination() != 0);
            }
        } __finally {
            printf("  outer finally %d, abnormal %d\n", i, AbnormalTermination() != 0);
        }
    }
out:
    return how;
}

static NOINLINE void leaving(void)
{
    puts("-- return, break, continue, goto and __leave");
    for (int how = 0; how < 4; how++)
        printf("returned %d\n", returns_from_try(how));
    __try {
        if (sink == 0)
            __leave;
        puts("not reached");
    } __finally {
        printf("after __leave, abnormal %d\n", AbnormalTermination());
    }
}

static NOINLINE int filter_that_faults(EXCEPTION_POINTERS *p)
{
    printf("  faulting filter: %08lx flags %lx\n", p->ExceptionRecord->ExceptionCode, p->ExceptionRecord->ExceptionFlags);
    if (p->ExceptionRecord->ExceptionCode == 0xE0000020)
        RAISE(0xE0000021);
    return 1;
}

static NOINLINE int filter_that_handles(void)
{
    __try {
        RAISE(0xE0000031);
    } __except (filter("inside the filter", 1, GetExceptionInformation())) {
        puts("  handled inside the filter");
    }
    return 1;
}

static int nested_record(EXCEPTION_POINTERS *p)
{
    for (EXCEPTION_RECORD *record = p->ExceptionRecord; record; record = record->ExceptionRecord)
        printf("  record %08lx flags %lx\n", record->ExceptionCode, record->ExceptionFlags);
    return 1;
}

static NOINLINE void three_deep(int n)
{
    __try {
        if (n == 0)
            RAISE(0xE0000040);
        else
            three_deep(n - 1);
    } __except (printf("  filter of level %d: %08lx\n", n, GetExceptionCode()),
                n < 3 && GetExceptionCode() == (DWORD)(0xE0000040 + n) ? (raise_code(0xE0000041 + n), 0) : 0) {
        puts("not reached");
    }
}

static NOINLINE void nested(void)
{
    puts("-- an exception in a filter");
    __try {
        __try {
            RAISE(0xE0000020);
        } __except (filter_that_faults(GetExceptionInformation())) {
            printf("inner handler %08lx\n", GetExceptionCode());
        }
    } __except (filter("outer", 1, GetExceptionInformation())) {
        printf("outer handler %08lx\n", GetExceptionCode());
    }
    puts("-- handled inside the filter");
    __try {
        RAISE(0xE0000030);
    } __except (filter_that_handles()) {
        printf("handler %08lx\n", GetExceptionCode());
    }
    puts("-- three deep");
    __try {
        three_deep(3);
    } __except (nested_record(GetExceptionInformation())) {
        printf("handler %08lx\n", GetExceptionCode());
    }
}

static NOINLINE void collided(void)
{
    puts("-- an exception in a __finally that is caught outside");
    __try {
        __try {
            __try {
                __try {
                    RAISE(0xE0000050);
                } __finally {
                    printf("  first finally\n");
                }
            } __finally {
                printf("  second finally raises\n");
                RAISE(0xE0000051);
            }
        } __finally {
            printf("  third finally, abnormal %d\n", AbnormalTermination());
        }
    } __except (filter("outermost", 1, GetExceptionInformation())) {
        printf("handler %08lx\n", GetExceptionCode());
    }
    puts("-- and between");
    __try {
        __try {
            __try {
                RAISE(0xE0000052);
            } __finally {
                puts("  finally raises");
                RAISE(0xE0000053);
            }
        } __except (filter("between", GetExceptionCode() == 0xE0000053, GetExceptionInformation())) {
            printf("handler between: %08lx\n", GetExceptionCode());
        }
        puts("goes on");
    } __except (filter("outermost", 1, GetExceptionInformation())) {
        printf("handler %08lx\n", GetExceptionCode());
    }
    puts("-- handled inside the __finally");
    __try {
        __try {
            RAISE(0xE0000054);
        } __finally {
            __try {
                RAISE(0xE0000055);
            } __except (filter("inside", 1, GetExceptionInformation())) {
                puts("  handled inside");
            }
        }
    } __except (filter("outermost", 1, GetExceptionInformation())) {
        printf("handler %08lx\n", GetExceptionCode());
    }
}

static int show_arguments(EXCEPTION_POINTERS *p)
{
    const EXCEPTION_RECORD *record = p->ExceptionRecord;
    printf("  %lu arguments: %llx %llx %llx\n", record->NumberParameters, record->ExceptionInformation[0],
           record->ExceptionInformation[1], record->ExceptionInformation[2]);
    return 1;
}

static NOINLINE void raising(void)
{
    ULONG_PTR arguments[20];
    puts("-- RaiseException");
    for (int i = 0; i < 20; i++)
        arguments[i] = 0x1111111111111111u * (unsigned)i;
    __try {
        RaiseException(0xE1234567, 0, 3, arguments);
    } __except (show_arguments(GetExceptionInformation())) {
    }
    __try {
        RaiseException(0xE1234567, 0, 20, arguments);
    } __except (filter("twenty", 1, GetExceptionInformation())) {
    }
    __try {
        RaiseException(0xF1234567, 0, 2, NULL);
    } __except (filter("no array, reserved bit", 1, GetExceptionInformation())) {
        printf("%08lx\n", GetExceptionCode());
    }
    puts("-- a noncontinuable exception");
    __try {
        __try {
            RaiseException(0xE0000060, EXCEPTION_NONCONTINUABLE, 0, NULL);
        } __except (filter("continues", GetExceptionCode() == 0xE0000060 ? EXCEPTION_CONTINUE_EXECUTION : 0,
                           GetExceptionInformation())) {
            puts("not reached");
        }
    } __except (nested_record(GetExceptionInformation())) {
        printf("handler %08lx\n", GetExceptionCode());
    }
}

static int by_value(const void *a, const void *b)
{
    if (*(const int *)a == 13 || *(const int *)b == 13)
        RAISE(0xE0000070);
    return *(const int *)a - *(const int *)b;
}

static int by_fault(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return read_from((int *)32);
}

static NOINLINE void callbacks(void)
{
    int values[6] = {4, 9, 13, 2, 7, 1};
    puts("-- out of qsort and bsearch");
    __try {
        __try {
            qsort(values, 6, sizeof *values, by_value);
        } __finally {
            printf("  finally around qsort, abnormal %d\n", AbnormalTermination());
        }
    } __except (filter("qsort", 1, GetExceptionInformation())) {
        puts("handler");
    }
    __try {
        int key = 3;
        bsearch(&key, values, 6, sizeof *values, by_fault);
    } __except (filter("bsearch", 1, GetExceptionInformation())) {
        puts("handler");
    }
}

static jmp_buf buffer;

static NOINLINE void jumper(int n)
{
    __try {
        if (n == 0)
            longjmp(buffer, 7);
        jumper(n - 1);
    } __finally {
        printf("  finally %d, abnormal %d\n", n, AbnormalTermination());
    }
}

static NOINLINE void jumps(void)
{
    puts("-- longjmp");
    volatile int before = 1;
    int came = setjmp(buffer);
    if (came == 0) {
        before = 2;
        jumper(2);
    }
    printf("setjmp gave %d, %d\n", came, before);
}

static NOINLINE int endless(volatile char *above)
{
    volatile char locals[500];
    locals[0] = above[0];
    if (sink)
        return 0;
    return endless(locals) + locals[0];
}

static NOINLINE void overflow(void)
{
    puts("-- stack overflow");
    for (int i = 0; i < 3; i++) {
        __try {
            endless((volatile char *)"");
        } __except (GetExceptionCode() == EXCEPTION_STACK_OVERFLOW) {
            printf("handled %08lx\n", GetExceptionCode());
        }
        printf("_resetstkoflw: %d\n", _resetstkoflw());
    }
    ULONG size = 0;
    printf("SetThreadStackGuarantee: %d, before %lu\n", SetThreadStackGuarantee(&size), size);
}

static LONG CALLBACK vectored(EXCEPTION_POINTERS *p)
{
    printf("  vectored handler: %08lx\n", p->ExceptionRecord->ExceptionCode);
    return EXCEPTION_CONTINUE_SEARCH;
}
static LONG CALLBACK vectored_continue(EXCEPTION_POINTERS *p)
{
    printf("  continue handler: %08lx\n", p->ExceptionRecord->ExceptionCode);
    return EXCEPTION_CONTINUE_SEARCH;
}

static NOINLINE void order(void)
{
    puts("-- vectored handlers come first");
    PVOID a = AddVectoredExceptionHandler(0, vectored);
    PVOID b = AddVectoredContinueHandler(0, vectored_continue);
    __try {
        RAISE(0xE0000080);
    } __except (filter("frame", 1, GetExceptionInformation())) {
        puts("handler");
    }
    __try {
        RAISE(0xE0000081);
        puts("continued");
    } __except (filter("frame", -1, GetExceptionInformation())) {
        puts("not reached");
    }
    RemoveVectoredExceptionHandler(a);
    RemoveVectoredContinueHandler(b);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc > 1 && !strcmp(argv[1], "overflow")) {
        overflow();
        return 0;
    }
    basics();
    continuing();
    finally_order();
    levels();
    leaving();
    nested();
    collided();
    raising();
    callbacks();
    jumps();
    order();
    return 0;
}

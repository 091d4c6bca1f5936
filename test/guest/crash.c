/*
 * Ends as its argument says: by an exception that nobody handles, or with an exit code.
 * What is on standard output by then, and the 32 bits of the exit code, are the result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static volatile int sink;

static __attribute__((noinline)) int endless(volatile char *above)
{
    volatile char locals[200];
    locals[0] = above[0];
    if (sink)
        return 0;
    return endless(locals) + locals[0];
}

static LONG CALLBACK not_mine(EXCEPTION_POINTERS *exception)
{
    printf("handler: %08lx\n", exception->ExceptionRecord->ExceptionCode);
    fflush(stdout);
    return EXCEPTION_CONTINUE_SEARCH;
}

static void at_exit(void)
{
    puts("atexit");
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    printf("crash by %s\n", how);
    fflush(stdout);
    if (!strcmp(how, "read"))
        return *(volatile char *)0x10;
    if (!strcmp(how, "write"))
        *(volatile char *)main = 1;
    if (!strcmp(how, "execute"))
        ((void (*)(void))(ULONG_PTR)malloc(16))();
    if (!strcmp(how, "guard"))
        return *(volatile char *)VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    if (!strcmp(how, "divide"))
        return 100 / sink;
    if (!strcmp(how, "breakpoint"))
        __asm__ volatile("int3");
    if (!strcmp(how, "illegal"))
        __asm__ volatile("ud2");
    if (!strcmp(how, "privileged"))
        __asm__ volatile("hlt");
    if (!strcmp(how, "fastfail")) {
        AddVectoredExceptionHandler(1, not_mine);
        __asm__ volatile("int $0x29" : : "c"(7));
    }
    if (!strcmp(how, "stack"))
        return endless((volatile char *)how);
    if (!strcmp(how, "handled")) {
        AddVectoredExceptionHandler(1, not_mine);
        return *(volatile char *)0x10;
    }
    if (!strcmp(how, "exit")) {
        atexit(at_exit);
        printf("not yet written, ");
        exit(0x12345678);
    }
    if (!strcmp(how, "return")) {
        printf("not yet written, ");
        return -1;
    }
    if (!strcmp(how, "process")) {
        printf("not yet written, ");
        ExitProcess(300);
    }
    if (!strcmp(how, "abort"))
        abort();
    return 0;
}

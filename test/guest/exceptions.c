/*
 * Exceptions as vectored handlers see them: records, contexts, changed contexts, several handlers, nesting.
 * https://learn.microsoft.com/en-us/windows/win32/debug/vectored-exception-handling
 *
 * Each trap is a small assembly function whose faulting instruction and next instruction are labelled, so that
 * the handler can say where it happened and step over it.
 */
#include "show.h"
#include <stdint.h>

#define TRAP(name, before, instruction)                                   \
    void name(uint64_t, uint64_t);                                        \
    extern const char name##_at[], name##_next[];                         \
    __asm__(".text\n.globl " #name ", " #name "_at, " #name "_next\n"     \
            #name ":\n" before "\n" #name "_at:\n" instruction "\n"       \
            #name "_next:\nret\n")

TRAP(trap_read, "", "mov (%rcx), %al");
TRAP(trap_write, "", "mov %al, (%rcx)");
TRAP(trap_add, "", "addl $1, (%rcx)");
TRAP(trap_divide, "mov %rcx, %rax\nmov %rdx, %r8\ncqo", "idiv %r8");
TRAP(trap_divide32, "mov %ecx, %eax\nmov %edx, %r8d\ncltd", "idivl %r8d");
TRAP(trap_breakpoint, "", "int3");
TRAP(trap_undefined, "", "ud2");
TRAP(trap_privileged, "", "hlt");
TRAP(trap_interrupt_flag, "", "cli");
TRAP(trap_aligned, "", "movaps (%rcx), %xmm0");
TRAP(trap_call, "", "call *%rcx");

static const char *expected_at, *expected_next;
static ULONG_PTR relative_to;
static volatile int handled;

static const char *place(ULONG_PTR rip)
{
    if (rip == (ULONG_PTR)expected_at)
        return "the instruction";
    if (rip == (ULONG_PTR)expected_next)
        return "the next one";
    return rip == relative_to ? "the address" : "elsewhere";
}

static void describe(const EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    printf("  %08lx flags %lx parameters %lu", record->ExceptionCode, record->ExceptionFlags, record->NumberParameters);
    if (record->NumberParameters >= 2) {
        ULONG_PTR at = record->ExceptionInformation[1];
        printf(": %u ", (unsigned)record->ExceptionInformation[0]);
        if (at == ~(ULONG_PTR)0)
            printf("nowhere");
        else
            printf("+%llx", (unsigned long long)(at - relative_to));
    } else if (record->NumberParameters == 1) {
        printf(": %llx", (unsigned long long)record->ExceptionInformation[0]);
    }
    printf(", ExceptionAddress %s, Rip %s, nested record %d\n", place((ULONG_PTR)record->ExceptionAddress),
           place(exception->ContextRecord->Rip), record->ExceptionRecord != NULL);
}

/* Describes the exception and goes on behind the instruction. */
static LONG CALLBACK step_over(EXCEPTION_POINTERS *exception)
{
    describe(exception);
    handled++;
    /* A fault of the called function's first byte: the return address is on the stack. */
    if (exception->ContextRecord->Rip == relative_to)
        exception->ContextRecord->Rsp += 8;
    exception->ContextRecord->Rip = (DWORD64)expected_next;
    return EXCEPTION_CONTINUE_EXECUTION;
}

#define TRY(label, trap, first, second)             \
    do {                                            \
        printf("%s\n", label);                      \
        expected_at = trap##_at;                    \
        expected_next = trap##_next;                \
        relative_to = (ULONG_PTR)(first);           \
        trap((uint64_t)(first), (uint64_t)(second)); \
    } while (0)

static void records(void)
{
    DWORD old;
    puts("-- records");
    PVOID handler = AddVectoredExceptionHandler(1, step_over);
    unsigned char *memory = VirtualAlloc(NULL, 16 * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(memory, 8 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    VirtualProtect(memory + PAGE, PAGE, PAGE_READONLY, &old);
    VirtualProtect(memory + 2 * PAGE, PAGE, PAGE_NOACCESS, &old);
    VirtualProtect(memory + 3 * PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    VirtualProtect(memory + 4 * PAGE, PAGE, PAGE_EXECUTE_READ, &old);
    VirtualProtect(memory + 5 * PAGE, PAGE, PAGE_READONLY | PAGE_GUARD, &old);
    TRY("read reserved memory", trap_read, memory + 12 * PAGE, 0);
    TRY("write reserved memory", trap_write, memory + 12 * PAGE, 0);
    TRY("read page zero", trap_read, 0, 0);
    TRY("write to read-only memory", trap_write, memory + PAGE + 5, 0);
    TRY("add to read-only memory", trap_add, memory + PAGE + 5, 0);
    TRY("read memory without access", trap_read, memory + 2 * PAGE, 0);
    TRY("write to executable memory", trap_write, memory + 4 * PAGE, 0);
    TRY("read a guard page", trap_read, memory + 3 * PAGE + 7, 0);
    TRY("read it again", trap_read, memory + 3 * PAGE + 7, 0);
    TRY("write to a read-only guard page", trap_write, memory + 5 * PAGE, 0);
    TRY("write again", trap_write, memory + 5 * PAGE, 0);
    TRY("read an address that is not canonical", trap_read, 0x8000000000000000, 0);
    TRY("write to one", trap_write, 0x1234567812345678, 0);
    TRY("read an address of the kernel", trap_read, 0xffff800000000000, 0);
    TRY("16 bytes that are not aligned", trap_aligned, memory + 8, 0);
    TRY("execute data", trap_call, memory, 0);
    TRY("execute reserved memory", trap_call, memory + 12 * PAGE, 0);
    TRY("execute page zero", trap_call, 0, 0);
    TRY("divide by zero", trap_divide, 100, 0);
    TRY("quotient too large", trap_divide, 0x8000000000000000, -1);
    TRY("divide by zero, 32 bits", trap_divide32, 100, 0);
    TRY("quotient too large, 32 bits", trap_divide32, 0x80000000, 0xffffffff);
    TRY("int3", trap_breakpoint, 0, 0);
    TRY("ud2", trap_undefined, 0, 0);
    TRY("hlt", trap_privileged, 0, 0);
    TRY("cli", trap_interrupt_flag, 0, 0);
    SHOW_NUMBER("handled", handled);
    SHOW_NUMBER("RemoveVectoredExceptionHandler", RemoveVectoredExceptionHandler(handler) != 0);
    SHOW_NUMBER("again", RemoveVectoredExceptionHandler(handler) != 0);
    VirtualFree(memory, 0, MEM_RELEASE);
}

/* Loads all of the registers it may change, faults, and stores them: rcx = where to store. */
void all_registers(uint64_t *into);
extern const char all_registers_at[];
__asm__(".text\n"
        ".globl all_registers, all_registers_at\n"
        "all_registers:\n"
        "    push %rbx\n push %rbp\n push %rsi\n push %rdi\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "    sub $40, %rsp\n movups %xmm6, (%rsp)\n movups %xmm7, 16(%rsp)\n"
        "    mov $1, %eax\n mov $2, %edx\n mov $3, %ebx\n mov $5, %ebp\n mov $6, %esi\n mov $7, %edi\n"
        "    mov $8, %r8d\n mov $9, %r9d\n mov $10, %r10d\n mov $11, %r11d\n mov $12, %r12d\n mov $13, %r13d\n"
        "    mov $14, %r14d\n mov $15, %r15d\n movq %rax, %xmm0\n movq %rdx, %xmm7\n"
        "    cmp %rax, %rax\n"
        "all_registers_at:\n"
        "    ud2\n"
        "    mov %rax, 0(%rcx)\n mov %rdx, 8(%rcx)\n mov %rbx, 16(%rcx)\n mov %rbp, 24(%rcx)\n mov %rsi, 32(%rcx)\n"
        "    mov %rdi, 40(%rcx)\n mov %r8, 48(%rcx)\n mov %r9, 56(%rcx)\n mov %r10, 64(%rcx)\n mov %r11, 72(%rcx)\n"
        "    mov %r12, 80(%rcx)\n mov %r13, 88(%rcx)\n mov %r14, 96(%rcx)\n mov %r15, 104(%rcx)\n"
        "    movups %xmm0, 112(%rcx)\n movups %xmm7, 128(%rcx)\n"
        "    pushfq\n pop %rax\n mov %rax, 144(%rcx)\n"
        "    movups (%rsp), %xmm6\n movups 16(%rsp), %xmm7\n add $40, %rsp\n"
        "    pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rdi\n pop %rsi\n pop %rbp\n pop %rbx\n ret\n");

static LONG CALLBACK change_all(EXCEPTION_POINTERS *exception)
{
    CONTEXT *c = exception->ContextRecord;
    if (c->Rip != (DWORD64)all_registers_at)
        return EXCEPTION_CONTINUE_SEARCH;
    printf("given: %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu, flags %lx, xmm0 %llu xmm7 %llu\n",
           c->Rax, c->Rdx, c->Rbx, c->Rbp, c->Rsi, c->Rdi, c->R8, c->R9, c->R10, c->R11, c->R12, c->R13, c->R14, c->R15,
           c->EFlags & 0xcd5, c->Xmm0.Low, c->Xmm7.Low);
    printf("cs %x ss %x, mxcsr %lx, flags include the integer and control parts: %d\n", c->SegCs, c->SegSs, c->MxCsr,
           (c->ContextFlags & CONTEXT_FULL) == CONTEXT_FULL);
    c->Rax = 0x1111111111111111;
    c->Rdx = 102;
    c->Rbx = 103;
    c->Rbp = 105;
    c->Rsi = 106;
    c->Rdi = 107;
    c->R8 = 108;
    c->R9 = 109;
    c->R10 = 110;
    c->R11 = 111;
    c->R12 = 112;
    c->R13 = 113;
    c->R14 = 114;
    c->R15 = 115;
    c->Xmm0.Low = 0x123456789abcdef0;
    c->Xmm0.High = 116;
    c->Xmm7.Low = 117;
    c->Xmm7.High = -118;
    c->EFlags |= 0x8d5;
    c->Rip += 2;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void contexts(void)
{
    uint64_t found[19];
    puts("-- a changed context");
    PVOID handler = AddVectoredExceptionHandler(1, change_all);
    all_registers(found);
    printf("found:");
    for (unsigned i = 0; i < 18; i++)
        printf(" %llx", (unsigned long long)found[i]);
    printf(", flags %llx\n", (unsigned long long)(found[18] & 0xcd5));
    RemoveVectoredExceptionHandler(handler);
}

static LONG CALLBACK first(EXCEPTION_POINTERS *exception)
{
    (void)exception;
    puts("  first: not mine");
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK second(EXCEPTION_POINTERS *exception)
{
    puts("  second: not mine, but rax is 7 now");
    exception->ContextRecord->Rax = 7;
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG CALLBACK last(EXCEPTION_POINTERS *exception)
{
    printf("  last: rax is %llu\n", exception->ContextRecord->Rax);
    exception->ContextRecord->Rip = (DWORD64)expected_next;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void several(void)
{
    puts("-- several handlers");
    PVOID c = AddVectoredExceptionHandler(0, last);
    PVOID b = AddVectoredExceptionHandler(1, second);
    PVOID a = AddVectoredExceptionHandler(1, first);
    TRY("three handlers", trap_undefined, 0, 0);
    RemoveVectoredExceptionHandler(a);
    TRY("two handlers", trap_undefined, 0, 0);
    RemoveVectoredExceptionHandler(b);
    RemoveVectoredExceptionHandler(c);
}

static unsigned char *lazy;
static volatile unsigned depth, deepest, commits;

/* Commits a page; on its way it touches the page below, which is not there either. */
static LONG CALLBACK commit_nested(EXCEPTION_POINTERS *exception)
{
    unsigned char *at = (unsigned char *)exception->ExceptionRecord->ExceptionInformation[1];
    if (exception->ExceptionRecord->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || at < lazy || at >= lazy + 64 * PAGE)
        return EXCEPTION_CONTINUE_SEARCH;
    if (++depth > deepest)
        deepest = depth;
    if (at >= lazy + PAGE && depth < 10)
        *(volatile unsigned char *)(at - PAGE) = (unsigned char)depth;
    depth--;
    commits++;
    return VirtualAlloc(at, 1, MEM_COMMIT, PAGE_READWRITE) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

static void nested(void)
{
    puts("-- faults inside the handler");
    lazy = VirtualAlloc(NULL, 64 * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    PVOID handler = AddVectoredExceptionHandler(1, commit_nested);
    *(volatile unsigned char *)(lazy + 40 * PAGE) = 77;
    printf("deepest %u, commits %u, value %u, below it %u %u\n", deepest, commits, lazy[40 * PAGE], lazy[39 * PAGE],
           lazy[31 * PAGE]);

    puts("-- a library function over pages that are not there");
    commits = deepest = 0;
    depth = 10;
    memset(lazy + 48 * PAGE + 100, 0x33, 10 * PAGE);
    unsigned sum = 0;
    for (unsigned i = 48 * PAGE; i < 59 * PAGE; i++)
        sum += lazy[i];
    printf("memset: commits %u, sum %u\n", commits, sum);
    commits = 0;
    memcpy(lazy + 5, lazy + 50 * PAGE, 3 * PAGE);
    printf("memcpy: commits %u, equal %d\n", commits, memcmp(lazy + 5, lazy + 50 * PAGE, 3 * PAGE) == 0);
    RemoveVectoredExceptionHandler(handler);
    VirtualFree(lazy, 0, MEM_RELEASE);
}

static unsigned char *straddled;

static LONG CALLBACK make_executable(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    DWORD old;
    printf("  %08lx: %u at page + %lld, ExceptionAddress page + %lld, Rip page + %lld\n", record->ExceptionCode,
           (unsigned)record->ExceptionInformation[0],
           (long long)(record->ExceptionInformation[1] - (ULONG_PTR)straddled),
           (long long)((ULONG_PTR)record->ExceptionAddress - (ULONG_PTR)straddled),
           (long long)(exception->ContextRecord->Rip - (ULONG_PTR)straddled));
    return VirtualProtect(straddled, PAGE, PAGE_EXECUTE_READWRITE, &old) ? EXCEPTION_CONTINUE_EXECUTION
                                                                        : EXCEPTION_CONTINUE_SEARCH;
}

/* mov eax, 42; ret, with its last bytes in a page that may not be executed. */
static void straddling(void)
{
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
    DWORD old;
    puts("-- an instruction across pages");
    unsigned char *memory = VirtualAlloc(NULL, 2 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    straddled = memory + PAGE;
    VirtualProtect(memory, PAGE, PAGE_EXECUTE_READWRITE, &old);
    PVOID handler = AddVectoredExceptionHandler(1, make_executable);
    for (int inside = 1; inside <= 5; inside += 2) {
        VirtualProtect(straddled, PAGE, PAGE_READWRITE, &old);
        memcpy(straddled - inside, code, sizeof code);
        int (*function)(void) = (int (*)(void))(ULONG_PTR)(straddled - inside);
        printf("  gave %d\n", function());
    }
    RemoveVectoredExceptionHandler(handler);
    VirtualFree(memory, 0, MEM_RELEASE);
}

int main(void)
{
    records();
    contexts();
    several();
    nested();
    straddling();
    return 0;
}

/*
 * The trap flag: a single-step exception behind each instruction, as long as the handler sets the flag again.
 * https://learn.microsoft.com/en-us/windows/win32/api/winnt/ns-winnt-exception_record
 */
#include "show.h"
#include <stdint.h>

uint64_t stepped(uint64_t, uint64_t *);
extern const char step_start[], step_end[];
__asm__(".text\n"
        ".globl stepped, step_start, step_end\n"
        "stepped:\n"
        "    pushfq\n"
        "    orq $0x100, (%rsp)\n"
        "    popfq\n"
        "step_start:\n"
        "    mov %rcx, %rax\n"
        "    add $5, %rax\n"
        "    mov %rax, (%rdx)\n"
        "    call 1f\n"
        "    sub $1, %rax\n"
        "    jnz 2f\n"
        "    nop\n"
        "2:  mov $3, %ecx\n"
        "3:  dec %ecx\n"
        "    jnz 3b\n"
        "step_end:\n"
        "    ret\n"
        "1:  xor %ecx, %ecx\n"
        "    ret\n");

static volatile unsigned steps;

static LONG CALLBACK on_step(EXCEPTION_POINTERS *exception)
{
    CONTEXT *c = exception->ContextRecord;
    if (exception->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    steps++;
    printf("  step %u: +%llx, ExceptionAddress is Rip: %d, rax %llx ecx %lx\n", steps, c->Rip - (DWORD64)step_start,
           (DWORD64)exception->ExceptionRecord->ExceptionAddress == c->Rip, c->Rax, (unsigned long)c->Rcx);
    if (c->Rip == (DWORD64)step_end)
        c->EFlags &= ~0x100u;
    else
        c->EFlags |= 0x100;
    return EXCEPTION_CONTINUE_EXECUTION;
}

int main(void)
{
    uint64_t stored = 0;
    PVOID handler = AddVectoredExceptionHandler(1, on_step);
    uint64_t result = stepped(10, &stored);
    RemoveVectoredExceptionHandler(handler);
    printf("%u steps, result %u, stored %u\n", steps, (unsigned)result, (unsigned)stored);
    return 0;
}

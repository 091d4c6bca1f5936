/*
 * Software interrupts, and floating-point exceptions that MXCSR does not mask, as a vectored handler sees them.
 * https://learn.microsoft.com/en-us/cpp/build/x64-software-conventions#fpcsr
 */
#include "show.h"
#include <stdint.h>

/* rcx: two doubles or four singles; edx: MXCSR. The handler goes on at the label _next. */
#define TRAP(name, instruction)                                                                  \
    void name(const void *, uint32_t);                                                           \
    extern const char name##_at[], name##_next[];                                                \
    __asm__(".text\n.globl " #name ", " #name "_at, " #name "_next\n"                            \
            #name ":\n"                                                                          \
            "push %rdx\n movups (%rcx), %xmm0\n movups 16(%rcx), %xmm1\n ldmxcsr (%rsp)\n"       \
            #name "_at:\n" instruction "\n" #name "_next:\n"                                     \
            "movl $0x1f80, (%rsp)\n ldmxcsr (%rsp)\n pop %rdx\n ret\n")

TRAP(trap_int_1, ".byte 0xcd, 0x01");
TRAP(trap_int_3, ".byte 0xcd, 0x03");
TRAP(trap_int_4, ".byte 0xcd, 0x04");
TRAP(trap_int_20, ".byte 0xcd, 0x20");
TRAP(trap_int_2c, ".byte 0xcd, 0x2c");
TRAP(trap_read_cr, "mov %cr0, %rax");
TRAP(trap_write_dr, "mov %rax, %dr0");
TRAP(trap_rdpmc, "rdpmc");
TRAP(trap_clflush, "xor %eax, %eax\n clflush (%rax)");
TRAP(trap_mxcsr, "movl $0x12345, -8(%rsp)\n ldmxcsr -8(%rsp)");

TRAP(trap_addsd, "addsd %xmm1, %xmm0");
TRAP(trap_mulsd, "mulsd %xmm1, %xmm0");
TRAP(trap_divsd, "divsd %xmm1, %xmm0");
TRAP(trap_sqrtsd, "sqrtsd %xmm1, %xmm0");
TRAP(trap_divpd, "divpd %xmm1, %xmm0");
TRAP(trap_divps, "divps %xmm1, %xmm0");
TRAP(trap_comisd, "comisd %xmm1, %xmm0");
TRAP(trap_cvttsd2si, "cvttsd2si %xmm1, %eax");
TRAP(trap_cvtsd2ss, "cvtsd2ss %xmm1, %xmm0");
TRAP(trap_maxsd, "maxsd %xmm1, %xmm0");

static const char *expected_at, *expected_next;
static int handled;

static LONG CALLBACK step_over(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    CONTEXT *context = exception->ContextRecord;
    uint64_t lanes[4];
    memcpy(lanes, &context->Xmm0, 16);
    memcpy(lanes + 2, &context->Xmm1, 16);
    printf("  %08lx flags %lx address +%d Rip +%d, parameters %lu:", record->ExceptionCode, record->ExceptionFlags,
           (int)((const char *)record->ExceptionAddress - expected_at), (int)((const char *)context->Rip - expected_at),
           record->NumberParameters);
    for (DWORD i = 0; i < record->NumberParameters; i++)
        printf(" %llx", (unsigned long long)record->ExceptionInformation[i]);
    printf("\n  MXCSR %lx, xmm0 %016llx:%016llx, xmm1 %016llx:%016llx\n", context->MxCsr,
           (unsigned long long)lanes[1], (unsigned long long)lanes[0], (unsigned long long)lanes[3],
           (unsigned long long)lanes[2]);
    handled++;
    context->Rip = (DWORD64)expected_next;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void attempt(const char *label, void (*trap)(const void *, uint32_t), const char *at, const char *next,
                    const void *lanes, uint32_t mxcsr)
{
    printf("%s\n", label);
    expected_at = at;
    expected_next = next;
    int before = handled;
    trap(lanes, mxcsr);
    if (handled == before)
        puts("  nothing");
}
#define TRY(label, trap, lanes, mxcsr) attempt(label, trap, trap##_at, trap##_next, lanes, mxcsr)

static void interrupts(void)
{
    static const double ones[4] = {1, 1, 1, 1};
    puts("-- interrupts and privileges");
    TRY("int 1", trap_int_1, ones, 0x1f80);
    TRY("int 3", trap_int_3, ones, 0x1f80);
    TRY("int 4", trap_int_4, ones, 0x1f80);
    TRY("int 0x20", trap_int_20, ones, 0x1f80);
    TRY("int 0x2c", trap_int_2c, ones, 0x1f80);
    TRY("read cr0", trap_read_cr, ones, 0x1f80);
    TRY("write dr0", trap_write_dr, ones, 0x1f80);
    TRY("rdpmc", trap_rdpmc, ones, 0x1f80);
    TRY("clflush of page zero", trap_clflush, ones, 0x1f80);
    TRY("ldmxcsr of bits that do not exist", trap_mxcsr, ones, 0x1f80);
}

/* What each takes with all exceptions unmasked, with all masked but its own, and with all masked. */
static void floats(void)
{
    static const double zero[4] = {1, 1, 0, 0}, invalid[4] = {0, 0, 0, 0}, huge[4] = {1e308, 1, 1e308, 1},
                        tiny[4] = {1e-200, 1, 1e-200, 1}, third[4] = {1, 1, 3, 1}, denormal[4] = {1, 1, 4e-320, 1},
                        minus[4] = {0, 0, -1, 0}, both[4] = {0, 1, 0, 0}, large[4] = {0, 0, 1e300, 0},
                        tinier[4] = {4e-320, 1, 1e-300, 1}, exact[4] = {1, 1, 2, 4};
    static const float singles[8] = {1, 0, 3, 1e-38f, 0, 0, 7, 1e10f};
    static const uint64_t quiet[4] = {0x7ff8000000000123, 0, 0x3ff0000000000000, 0},
                          signaling[4] = {0x7ff0000000000123, 0, 0x3ff0000000000000, 0};
    puts("-- floating point");
    TRY("1 / 0, all unmasked", trap_divsd, zero, 0);
    TRY("1 / 0, all masked", trap_divsd, zero, 0x1f80);
    TRY("1 / 0, only division by zero unmasked", trap_divsd, zero, 0x1d80);
    TRY("0 / 0", trap_divsd, invalid, 0);
    TRY("0 / 0, sticky flags from before", trap_divsd, invalid, 0x3f);
    TRY("1e308 + 1e308", trap_addsd, huge, 0);
    TRY("1e308 + 1e308, only precision unmasked", trap_addsd, huge, 0x0f80);
    TRY("1e308 + 1e308, only overflow unmasked", trap_addsd, huge, 0x1b80);
    TRY("1e-200 * 1e-200", trap_mulsd, tiny, 0);
    TRY("1e-200 * 1e-200, only underflow unmasked", trap_mulsd, tiny, 0x1780);
    TRY("1 / 3", trap_divsd, third, 0);
    TRY("1 / 2", trap_divsd, exact, 0);
    TRY("1 + 4e-320", trap_addsd, denormal, 0);
    TRY("1 + 4e-320, only denormal unmasked", trap_addsd, denormal, 0x1e80);
    TRY("1 + 4e-320, denormals are zeros", trap_addsd, denormal, 0x40);
    TRY("4e-320 + 1e-300, denormal masked", trap_addsd, tinier, 0x100);
    TRY("a square root of -1", trap_sqrtsd, minus, 0);
    TRY("0 / 0 and 1 / 0 at once", trap_divpd, both, 0);
    TRY("0 / 0 and 1 / 0 at once, only division by zero unmasked", trap_divpd, both, 0x1d80);
    TRY("1 / 3 and 1 / 1 at once, only overflow unmasked", trap_divpd, third, 0x1b80);
    TRY("four at once", trap_divps, singles, 0);
    TRY("four at once, precision and underflow unmasked", trap_divps, singles, 0x0780);
    TRY("a quiet NaN + 1", trap_addsd, quiet, 0);
    TRY("a signaling NaN + 1", trap_addsd, signaling, 0);
    TRY("comparison with a quiet NaN", trap_comisd, quiet, 0);
    TRY("maximum of a quiet NaN", trap_maxsd, quiet, 0);
    TRY("1e300 to an integer", trap_cvttsd2si, large, 0);
    TRY("1e300 to single", trap_cvtsd2ss, large, 0);
}

int main(void)
{
    PVOID handler = AddVectoredExceptionHandler(1, step_over);
    interrupts();
    floats();
    SHOW_NUMBER("handled", handled);
    RemoveVectoredExceptionHandler(handler);
    return 0;
}

/*
 * x87: double and long double arithmetic as mingw's C library does it, and unmasked exceptions as handlers see them.
 * An exception is raised by the next x87 instruction that waits, which is where a record and a context put it.
 */
#include "show.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const double values[] = {0.0,    -0.0,       1.0, -1.5, 0.1, 1e300,      1e-300, 5e-324,
                                2.5,    123456.789, 3.5, 1e15, 0.7, 1.0 / 3.0, -7e9,   0x1.fffffep127};

static void show_functions(double x)
{
    const long double wide = x;
    __mingw_printf("%.17g %.3f %e %a | %Lf %La %.21Lg\n", x, x, x, x, wide / 3, wide / 3, wide / 3);
    __mingw_printf("  %.17g %.17g %.17g %.17g %.17g\n", exp(x), log(fabs(x)), pow(fabs(x), 0.37), sin(x), cos(x));
    __mingw_printf("  %.17g %.17g %.17g %.17g\n", tan(x), sqrt(fabs(x)), fmod(x, 0.7), atan2(x, 3));
    /* The sine of 80 bits may differ between processors in its last bit. */
    __mingw_printf("  %.20Lg %.17Lg %.20Lg %.20Lg\n", expl(wide), sinl(wide), powl(fabsl(wide), 1.7L), logl(fabsl(wide) + 1));
    __mingw_printf("  %lld %.17g %.20Lg %.20Lg\n", llrint(fmod(x, 1e6)), rint(x), fmodl(wide, 1e-3L), remainderl(wide, 3));
}

static void show_texts(void)
{
    static const char *const texts[] = {"3.14159265358979323846", "1e-4951", "1e4932", "0x1.8p3", "nan", "-inf",
                                        "2.2250738585072011e-308", "4.9e-324", "17976931348623157e292", "1e5000"};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        __mingw_printf("%s: %.17g %.21Lg\n", texts[i], __mingw_strtod(texts[i], NULL), __mingw_strtold(texts[i], NULL));
}

static void show_sum(void)
{
    long double sum = 0;
    for (int i = 1; i < 20000; i++)
        sum += 1.0L / i;
    __mingw_printf("harmonic %.20Lg\n", sum);
}

/* (control word, two doubles): the instruction that causes, and the one that waits for it. */
#define TRAP(name, cause, waits)                                                      \
    void name(const uint16_t *, const double *);                                      \
    extern const char name##_cause[], name##_waits[];                                 \
    __asm__(".text\n.globl " #name ", " #name "_cause, " #name "_waits\n"             \
            #name ":\nfninit\nfldcw (%rcx)\nfldl (%rdx)\nfldl 8(%rdx)\n"              \
            #name "_cause:\n" cause "\nmov $1, %eax\n" #name "_waits:\n" waits "\n"  \
            "fninit\nret\n")

TRAP(trap_divide, "fdivrp %st, %st(1)", "fwait");
TRAP(trap_multiply, "fmul %st(1), %st", "fld1");
TRAP(trap_memory, "faddl 16(%rdx)", "fstpl 24(%rdx)");
TRAP(trap_store, "fstps 24(%rdx)", "fldcw (%rcx)");
TRAP(trap_empty, "fadd %st(5), %st", "fchs");
TRAP(trap_full, "fld1\nfld1\nfld1\nfld1\nfld1\nfld1\nfld1", "fxch");
TRAP(trap_root, "fsqrt", "fucomi %st(1), %st");
TRAP(trap_unmask, "fdivrp %st, %st(1)\nfldcw 32(%rdx)", "fnop");

static const char *cause, *waits;
static const char *trap_name;
static unsigned trap_unmasked;
static const double *data;

static const char *place(uint64_t at)
{
    if (at == (uint64_t)(uintptr_t)cause)
        return "the cause";
    return at == (uint64_t)(uintptr_t)waits ? "what waits" : "elsewhere";
}

static LONG CALLBACK handler(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    CONTEXT *context = exception->ContextRecord;
    XMM_SAVE_AREA32 *state = &context->FltSave;
    const uint64_t *top = (const uint64_t *)&state->FloatRegisters[0];
    const uint64_t causes = state->ErrorOffset | (uint64_t)state->ErrorSelector << 32;
    const uint64_t operand = state->DataOffset | (uint64_t)state->DataSelector << 32;
    printf("  %s %02x: %08lx parameters %lu, at %s, rip %s\n", trap_name, trap_unmasked, record->ExceptionCode,
           record->NumberParameters, place((uintptr_t)record->ExceptionAddress), place(context->Rip));
    printf("  control %04x status %04x tags %02x opcode %03x by %s, st0 %llx:%04x", state->ControlWord, state->StatusWord,
           state->TagWord, state->ErrorOpcode, place(causes), (unsigned long long)top[0], (uint16_t)top[1]);
    if (operand - (uintptr_t)data < 64)
        printf(" operand +%u", (unsigned)(operand - (uintptr_t)data));
    printf("\n");
    state->StatusWord &= 0x7f00;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void try_trap(const char *name, void (*trap)(const uint16_t *, const double *), const char *at, const char *next,
                     uint16_t unmasked, double below, double above)
{
    const uint16_t control = 0x37f & ~unmasked;
    double operands[5] = {below, above, 0x1p-1060, 0, 0};
    const uint16_t later = 0x37f & ~4;
    memcpy(&operands[4], &later, sizeof later);
    cause = at;
    waits = next;
    trap_name = name;
    trap_unmasked = unmasked;
    data = operands;
    printf("%s, unmasked %02x, %g and %g\n", name, unmasked, below, above);
    trap(&control, operands);
    uint32_t stored;
    memcpy(&stored, &operands[3], sizeof stored);
    printf("  then %g %08x\n", operands[3], stored);
}
#define TRY(name, unmasked, below, above) try_trap(#name, name, name##_cause, name##_waits, unmasked, below, above)

int main(void)
{
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        show_functions(values[i]);
    show_texts();
    show_sum();
    AddVectoredExceptionHandler(1, handler);
    TRY(trap_divide, 0x04, 3.0, 0.0);
    TRY(trap_divide, 0x01, 0.0, 0.0);
    TRY(trap_divide, 0x20, 1.0, 3.0);
    TRY(trap_divide, 0x3f, 1.0, 3.0);
    TRY(trap_multiply, 0x20, 0.1, 0.1);
    TRY(trap_memory, 0x02, 1.0, 2.0);
    TRY(trap_memory, 0x22, 1.0, 2.0);
    TRY(trap_store, 0x08, 1.0, 1e300);
    TRY(trap_store, 0x10, 1.0, 1e-300);
    TRY(trap_store, 0x20, 1.0, 0.1);
    TRY(trap_empty, 0x01, 1.0, 2.0);
    TRY(trap_full, 0x01, 1.0, 2.0);
    TRY(trap_root, 0x01, 1.0, -2.0);
    TRY(trap_unmask, 0x00, 3.0, 0.0);
    return 0;
}

/*
 * Runs every instance of every Code (tables made by scripts/instruction-program.mjs) on edge and random operands and
 * prints, for each Code, how often it ran and a hash of all that it left: registers, defined flags, memory, x87 and
 * exceptions. The processor's own answers are the truth.
 *
 * NAME               rounding to nearest, no sticky flags compared
 * NAME full          floating-point control and status words varied and compared, too; stack faults of x87
 * NAME near          instructions with approximate results: everything else hashed, the results in hexadecimal
 * -x CODE,CODE,...   leaves some out
 * -v CODE            everything, in text, for one of them
 */
#include "prepare.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { RSP = 4, NAME_BYTES = 64 };
enum mode { MODE_PLAIN, MODE_FULL, MODE_NEAR };

/* What the exception of an instance said. */
struct fault {
    uint64_t code, at, parameters[2];
};

static struct fault fault;
static const struct instance *running;
static enum mode mode;
static int with_x87;

static LONG CALLBACK on_fault(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    if (!running || fault.code)
        return EXCEPTION_CONTINUE_SEARCH;
    /* The processor knows one #DE; Windows looks at the operands to tell an overflow from a zero, Wine does not. */
    fault.code = record->ExceptionCode == STATUS_INTEGER_OVERFLOW ? STATUS_INTEGER_DIVIDE_BY_ZERO : record->ExceptionCode;
    fault.at = (uint64_t)record->ExceptionAddress - CODE - running->code;
    for (DWORD i = 0; i < record->NumberParameters && i < 2; i++)
        fault.parameters[i] = record->ExceptionInformation[i];
    exception->ContextRecord->Rip = (DWORD64)instance_done;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static uint64_t add(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x100000001b3;
    return hash ^ hash >> 29;
}

static uint64_t add_words(uint64_t hash, const void *from, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 8) {
        uint64_t word;
        memcpy(&word, (const unsigned char *)from + i, 8);
        hash = add(hash, word);
    }
    return hash;
}

/* Bits of the x87 status word that count. */
static uint16_t status_mask(void)
{
    uint16_t mask = mode == MODE_FULL ? 0x7f7f : 0x7d00;
    if (running->undefined & 0x1000)
        mask &= (uint16_t)~0x0100;
    if (running->undefined & 0x2000)
        mask &= (uint16_t)~0x0400;
    if (running->undefined & 0x4000)
        mask &= (uint16_t)~0x4000;
    if (running->undefined & 0x8000)
        mask &= (uint16_t)~0x0200;
    return mask;
}

static void mask16(unsigned char *at, uint16_t mask)
{
    uint16_t value;
    memcpy(&value, at, 2);
    value &= mask;
    memcpy(at, &value, 2);
}

/* Takes away what is not defined in an x87 state that the instruction stored: the last instruction's address. */
static void forget_environment(unsigned char *at)
{
    if (running->rule == RULE_ENVIRONMENT) {
        const int wide = running->argument == 28 || running->argument == 108;
        mask16(at + (wide ? 4 : 2), status_mask());
        memset(at + (wide ? 12 : 6), 0, wide ? 16 : 8);
    }
    if (running->rule == RULE_IMAGE) {
        mask16(at + 2, status_mask());
        memset(at + 6, 0, 18);
        memset(at + 28, 0, 4);
    }
}

/* Of the registers only those in use; empty ones have no value. */
static uint64_t add_x87(uint64_t hash, struct state *after)
{
    unsigned char *image = after->image;
    mask16(image + 2, status_mask());
    const unsigned top = image[3] >> 3 & 7;
    hash = add_words(hash, image, 8) ^ image[4];
    for (unsigned i = 0; i < 8; i++)
        if (image[4] >> ((top + i) & 7) & 1)
            hash = add_words(hash, image + 32 + 16 * i, 16);
    return hash;
}

/* A near instance leaves an approximation in its first operand, or on top of the x87 stack. */
static void take_near(struct state *after, uint64_t result[4])
{
    memset(result, 0, 4 * sizeof result[0]);
    unsigned char *from = with_x87 ? after->image + 32 : (unsigned char *)after->xmm[running->reg];
    const unsigned bytes = with_x87 ? 32 : 16;
    memcpy(result, from, bytes);
    memset(from, 0, bytes);
}

static uint64_t hash_of(const struct state *before, struct state *after)
{
    after->flags &= FLAGS & ~undefined_flags(running, before);
    uint64_t hash = add_words(0xcbf29ce484222325, after->gpr, sizeof after->gpr);
    hash = add(hash, after->flags);
    hash = add_words(hash, after->xmm, sizeof after->xmm);
    if (mode != MODE_FULL && running->rule != RULE_LOAD_MXCSR)
        after->mxcsr = 0;
    hash = add(hash, after->mxcsr);
    if (with_x87)
        hash = add_x87(hash, after);
    hash = add_words(hash, &fault, sizeof fault);
    /* The frames of an exception lie below the stack pointer. */
    const uint64_t lowest = fault.code ? after->gpr[RSP] : 0;
    for (uint64_t at = WINDOW; at < WINDOW + WINDOW_BYTES; at += 8)
        if (at >= lowest || after->gpr[RSP] >= STACK)
            hash = add(hash, *(const uint64_t *)at);
    for (uint64_t at = STACK_WINDOW; at < STACK_WINDOW + STACK_WINDOW_BYTES; at += 8)
        if (at >= lowest || after->gpr[RSP] < STACK)
            hash = add(hash, *(const uint64_t *)at);
    return hash;
}

static void print_words(const char *name, const void *from, unsigned bytes)
{
    printf("%s", name);
    for (unsigned i = 0; i < bytes; i += 8) {
        uint64_t word;
        memcpy(&word, (const unsigned char *)from + i, 8);
        printf(" %llx", (unsigned long long)word);
    }
    printf("\n");
}

static void print_state(const struct state *state)
{
    print_words("  rax rcx rdx rbx rsp rbp rsi rdi", state->gpr, 64);
    print_words("  r8..r15", state->gpr + 8, 64);
    printf("  flags %llx mxcsr %llx\n", (unsigned long long)state->flags, (unsigned long long)state->mxcsr);
    for (int i = 0; i < 16; i++) {
        char name[16];
        sprintf(name, "  xmm%d", i);
        print_words(name, state->xmm[i], 16);
    }
    if (!with_x87)
        return;
    printf("  control %02x%02x status %02x%02x in use %02x\n", state->image[1], state->image[0], state->image[3],
           state->image[2], state->image[4]);
    for (int i = 0; i < 8; i++) {
        uint64_t significand;
        uint16_t exponent;
        memcpy(&significand, state->image + 32 + 16 * i, 8);
        memcpy(&exponent, state->image + 40 + 16 * i, 2);
        printf("  st%d %04x %016llx\n", i, exponent, (unsigned long long)significand);
    }
}

static void print_memory(uint64_t target)
{
    char name[32];
    for (uint64_t at = WINDOW; at < WINDOW + WINDOW_BYTES; at += 32) {
        sprintf(name, "  %+lld:", (long long)(at - target));
        print_words(name, (const void *)at, 32);
    }
    for (uint64_t at = STACK_WINDOW; at < STACK_WINDOW + STACK_WINDOW_BYTES; at += 32) {
        sprintf(name, "  %llx:", (unsigned long long)at);
        print_words(name, (const void *)at, 32);
    }
}

static void print_code(void)
{
    printf("code");
    for (const unsigned char *at = instance_code + running->code; at[0] != 0xff || at[1] != 0x24; at++)
        printf(" %02x", *at);
    printf("\n");
}

/* One instance on one set of operands. */
static uint64_t run(unsigned set, int verbose)
{
    struct state before, after;
    memset(&before, 0, sizeof before);
    memset(&fault, 0, sizeof fault);
    const uint64_t target = prepare(running, set, mode == MODE_FULL, with_x87, &before);
    if (verbose) {
        printf("%s %u.%u, operand at %llx, ", code_names[running->name], running->number, set, (unsigned long long)target);
        print_code();
        print_state(&before);
        print_memory(target);
    }
    memset(&after, 0, sizeof after);
    run_code(&before, &after);
    forget_environment((unsigned char *)target);
    uint64_t result[4];
    if (running->approximate)
        take_near(&after, result);
    const uint64_t hash = hash_of(&before, &after);
    if (mode == MODE_NEAR && !verbose)
        printf("%s %u.%u %016llx %llx %llx %llx %llx\n", code_names[running->name], running->number, set,
               (unsigned long long)hash, (unsigned long long)result[0], (unsigned long long)result[1],
               (unsigned long long)result[2], (unsigned long long)result[3]);
    if (verbose) {
        printf("-> hash %016llx, exception %llx at %llx parameters %llx %llx\n", (unsigned long long)hash,
               (unsigned long long)fault.code, (unsigned long long)fault.at, (unsigned long long)fault.parameters[0],
               (unsigned long long)fault.parameters[1]);
        print_state(&after);
        print_memory(target);
    }
    return hash;
}

static void prime(uint32_t instance)
{
    static const struct primer *next = primers;
    if (instance < next->first)
        return;
    while (instance >= next[1].first)
        next++;
    ((void (*)(void))(CODE + next->code))();
    next++;
}

/* All instances of a Code, the first of which is instances[first]; yields the next Code's first. */
static uint32_t run_code_name(uint32_t first, int verbose)
{
    uint64_t hash = 0;
    unsigned count = 0;
    uint32_t i = first;
    for (; i < instance_count && instances[i].name == instances[first].name; i++) {
        prime(i);
        running = &instances[i];
        for (unsigned set = 0; set < running->sets; set++, count++)
            hash = add(hash, run(set, verbose));
        running = NULL;
    }
    if (mode != MODE_NEAR && !verbose)
        printf("%s %u %016llx\n", code_names[instances[first].name], count, (unsigned long long)hash);
    return i;
}

/* Whether `name` is one of the names in a list with commas. */
static int is_listed(const char *name, const char *list)
{
    const size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == 0))
            return 1;
    return 0;
}

static uint32_t next_name(uint32_t i)
{
    const uint16_t name = instances[i].name;
    while (i < instance_count && instances[i].name == name)
        i++;
    return i;
}

static int prepare_process(void)
{
    DWORD kind = MEM_RESERVE | MEM_COMMIT;
    if (!VirtualAlloc((void *)DATA, REGION, kind, PAGE_READWRITE) ||
        !VirtualAlloc((void *)STACK, REGION, kind, PAGE_READWRITE) ||
        !VirtualAlloc((void *)CODE, instance_code_bytes, kind, PAGE_EXECUTE_READWRITE))
        return 0;
    memcpy((void *)CODE, instance_code, instance_code_bytes);
    void (*done)(void) = instance_done;
    memcpy((void *)CODE, &done, sizeof done);
    return AddVectoredExceptionHandler(1, on_fault) != NULL;
}

int main(int argc, char **argv)
{
    const char *without = "", *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "full") == 0)
            mode = MODE_FULL;
        else if (strcmp(argv[i], "near") == 0)
            mode = MODE_NEAR;
        else if (strcmp(argv[i], "-x") == 0 && i + 1 < argc)
            without = argv[++i];
        else if (strcmp(argv[i], "-v") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            return 2;
    }
    with_x87 = strcmp(code_names[instances[0].name], "F2xm1") == 0;
    if (!prepare_process())
        return 1;
    for (uint32_t i = 0; i < instance_count; i = next_name(i)) {
        const char *name = code_names[instances[i].name];
        if (only ? strcmp(name, only) == 0 : instances[i].approximate == (mode == MODE_NEAR) && !is_listed(name, without)) {
            run_code_name(i, only != NULL);
            fflush(stdout);
        }
    }
    return 0;
}

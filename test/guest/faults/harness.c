/*
 * faults: takes a memory fault in every form of memory-touching instruction (cases made by
 * scripts/fault-program.mjs) and shows what an exception handler sees and what is there after it let the
 * instruction run again.
 *
 * faults GROUP     one line for each case of the group: its name, how many faults it took, and a hash of all
 *                  records, contexts, final registers and memory
 * faults -v NAME   everything, in text, for the cases whose name begins with NAME
 *
 * All addresses are fixed: the program is linked without dynamic base, and its memory is asked for by address.
 * Each case runs on a stack of its own, so that a stack that faults is no special case.
 */
#include "faults.h"
#include <stdio.h>
#include <string.h>
#include <windows.h>

enum { PAGE = 4096, REGION = 0x10000, MOST_FAULTS = 8 };
#define DATA ((unsigned char *)0x20000000)
#define STACK ((unsigned char *)0x21000000)
#define STACK_POINTER 0x21009000u

/* What a handler is told, flattened. */
struct fault {
    uint64_t code, flags, parameters, access, address, at;
    uint64_t gpr[16], rip, eflags, segments[3], mxcsr, mxcsr_saved, x87_control, x87_status, x87_tags;
    uint64_t debug[6];
    uint64_t xmm[16][2];
};

static const struct fault_case *running;
static struct fault faults[MOST_FAULTS];
static volatile unsigned fault_count;

static void keep(struct fault *f, const EXCEPTION_RECORD *record, const CONTEXT *context)
{
    memset(f, 0, sizeof *f);
    f->code = record->ExceptionCode;
    f->flags = record->ExceptionFlags;
    f->parameters = record->NumberParameters;
    f->access = record->ExceptionInformation[0];
    f->address = record->ExceptionInformation[1];
    f->at = (uint64_t)record->ExceptionAddress;
    memcpy(f->gpr, &context->Rax, sizeof f->gpr);
    f->rip = context->Rip;
    f->eflags = context->EFlags & ~running->loose_flags;
    f->segments[0] = context->SegCs;
    f->segments[1] = context->SegDs;
    f->segments[2] = context->SegSs;
    f->mxcsr = context->MxCsr;
    f->mxcsr_saved = context->FltSave.MxCsr;
    f->x87_control = context->FltSave.ControlWord;
    f->x87_status = context->FltSave.StatusWord;
    f->x87_tags = context->FltSave.TagWord;
    f->debug[0] = context->Dr0;
    f->debug[1] = context->Dr1;
    f->debug[2] = context->Dr2;
    f->debug[3] = context->Dr3;
    f->debug[4] = context->Dr6;
    f->debug[5] = context->Dr7;
    memcpy(f->xmm, &context->Xmm0, sizeof f->xmm);
}

/* Makes the faulting page usable, or steps over an instruction that no page can help. */
static LONG CALLBACK on_fault(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    DWORD old;
    if (!running || fault_count == MOST_FAULTS)
        return EXCEPTION_CONTINUE_SEARCH;
    keep(&faults[fault_count++], record, exception->ContextRecord);
    if (record->ExceptionCode == STATUS_GUARD_PAGE_VIOLATION)
        return EXCEPTION_CONTINUE_EXECUTION;
    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;
    if (record->ExceptionInformation[1] == ~(ULONG_PTR)0) {
        exception->ContextRecord->Rip = (DWORD64)running->after;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    void *address = (void *)record->ExceptionInformation[1];
    BOOL done = running->mode == MODE_RESERVED ? VirtualAlloc(address, 1, MEM_COMMIT, PAGE_READWRITE) != NULL
                                               : VirtualProtect(address, 1, PAGE_READWRITE, &old);
    return done ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

/* The byte at every address before a case; fault-program.mjs knows the same formula. */
static unsigned char pattern(uint64_t address)
{
    return (unsigned char)(address * 37 + 11);
}

static int prepare_memory(const struct fault_case *c)
{
    DWORD old;
    if (!VirtualAlloc(DATA, REGION, MEM_COMMIT, PAGE_READWRITE) || !VirtualAlloc(STACK, REGION, MEM_COMMIT, PAGE_READWRITE))
        return 0;
    VirtualProtect(DATA, REGION, PAGE_READWRITE, &old);
    VirtualProtect(STACK, REGION, PAGE_READWRITE, &old);
    unsigned char period[256];
    for (unsigned i = 0; i < sizeof period; i++)
        period[i] = pattern(i);
    for (unsigned i = 0; i < REGION; i += sizeof period) {
        memcpy(DATA + i, period, sizeof period);
        memcpy(STACK + i, period, sizeof period);
    }
    for (unsigned i = 0; i < c->poke_count; i++) {
        const struct setting *poke = &c->settings[c->register_count + i];
        memcpy((void *)poke->where, &poke->value, 8);
    }
    void *bad = (void *)c->bad_page;
    switch (c->mode) {
    case MODE_NOACCESS:
        return VirtualProtect(bad, PAGE, PAGE_NOACCESS, &old);
    case MODE_READONLY:
        return VirtualProtect(bad, PAGE, PAGE_READONLY, &old);
    case MODE_GUARD:
        return VirtualProtect(bad, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    case MODE_RESERVED:
        return VirtualFree(bad, PAGE, MEM_DECOMMIT);
    }
    return 1;
}

static void prepare_registers(const struct fault_case *c, struct state *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < 16; i++) {
        s->gpr[i] = 0x1021324354657687ull * (i + 1);
        s->xmm[i][0] = 0x0123456789abcdefull + i;
        s->xmm[i][1] = 0xfedcba9876543210ull - i;
    }
    s->gpr[4] = STACK_POINTER;
    s->rip = (uint64_t)c->code;
    s->flags = 0x202;
    s->mxcsr = 0x1f80;
    for (unsigned i = 0; i < c->register_count; i++)
        s->gpr[c->settings[i].where] = c->settings[i].value;
}

/* FNV-1a over 8-byte words, the last one filled up with zeroes. */
static uint64_t hash(uint64_t seed, const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < count; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, count - i < 8 ? count - i : 8);
        seed = (seed ^ word) * 0x100000001b3ull;
        seed ^= seed >> 29;
    }
    return seed;
}

/* Below the stack pointer of a fault lie the exception dispatcher's frames, which are its own affair; what the case
   itself has pushed since is not. */
static uint64_t lowest_of_stack(uint64_t before, uint64_t after)
{
    uint64_t lowest = fault_count ? 0 : before;
    for (unsigned i = 0; i < fault_count; i++)
        if (faults[i].gpr[4] > lowest)
            lowest = faults[i].gpr[4];
    return lowest < after ? lowest : after;
}

static uint64_t hash_memory(uint64_t lowest_stack)
{
    uint64_t h = hash(0xcbf29ce484222325ull, DATA, REGION);
    return hash(h, (const void *)lowest_stack, (uint64_t)STACK + REGION - lowest_stack);
}

static void print_registers(const uint64_t *gpr, uint64_t rip, uint64_t flags, const uint64_t (*xmm)[2])
{
    static const char names[16][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    for (unsigned i = 0; i < 16; i++)
        printf("    %-3s %016llx%s", names[i], (unsigned long long)gpr[i], i % 4 == 3 ? "\n" : "");
    printf("    rip %016llx    flags %08llx\n", (unsigned long long)rip, (unsigned long long)flags);
    for (unsigned i = 0; i < 16; i++)
        printf("    xmm%-2u %016llx %016llx%s", i, (unsigned long long)xmm[i][1], (unsigned long long)xmm[i][0],
               i % 2 ? "\n" : "");
}

static void print_memory(const char *what, uint64_t address, uint64_t from)
{
    uint64_t start = address & ~15ull;
    printf("  %s\n", what);
    for (uint64_t line = start - 64; line < start + 80; line += 16) {
        printf("    %08llx ", (unsigned long long)line);
        for (uint64_t at = line; at < line + 16; at++) {
            if (at < from)
                printf(" ..");
            else
                printf(" %02x", *(const unsigned char *)at);
        }
        printf("\n");
    }
}

static void print_case(const struct state *before, const struct state *after, uint64_t lowest_stack)
{
    printf("%s %s, instruction at %llx\n  before\n", running->group, running->name,
           (unsigned long long)running->instruction);
    print_registers(before->gpr, before->rip, before->flags, before->xmm);
    for (unsigned i = 0; i < fault_count; i++) {
        const struct fault *f = &faults[i];
        printf("  fault %u: %08llx flags %llx, %llu parameters: access %llx address %llx, at %llx\n", i + 1,
               (unsigned long long)f->code, (unsigned long long)f->flags, (unsigned long long)f->parameters,
               (unsigned long long)f->access, (unsigned long long)f->address, (unsigned long long)f->at);
        print_registers(f->gpr, f->rip, f->eflags, f->xmm);
        printf("    cs %llx ds %llx ss %llx mxcsr %llx %llx fpcw %llx fpsw %llx fptw %llx\n",
               (unsigned long long)f->segments[0], (unsigned long long)f->segments[1],
               (unsigned long long)f->segments[2], (unsigned long long)f->mxcsr, (unsigned long long)f->mxcsr_saved,
               (unsigned long long)f->x87_control, (unsigned long long)f->x87_status,
               (unsigned long long)f->x87_tags);
        printf("    dr0-3 %llx %llx %llx %llx dr6 %llx dr7 %llx\n", (unsigned long long)f->debug[0],
               (unsigned long long)f->debug[1], (unsigned long long)f->debug[2], (unsigned long long)f->debug[3],
               (unsigned long long)f->debug[4], (unsigned long long)f->debug[5]);
    }
    printf("  after\n");
    print_registers(after->gpr, (uint64_t)running->after, after->flags, after->xmm);
    print_memory("memory at the page's start", running->bad_page, lowest_stack < running->bad_page ? lowest_stack : 0);
    print_memory("and at its end", running->bad_page + PAGE, lowest_stack < running->bad_page ? lowest_stack : 0);
    print_memory("the stack", after->gpr[4], lowest_stack);
}

static void run_case(const struct fault_case *c, int verbose)
{
    struct state before, after;
    DWORD old;
    fault_count = 0;
    if (!prepare_memory(c)) {
        printf("%s: memory could not be prepared, error %lu\n", c->name, GetLastError());
        return;
    }
    prepare_registers(c, &before);
    memset(&after, 0, sizeof after);
    running = c;
    run_code(&before, &after);
    VirtualAlloc((void *)c->bad_page, PAGE, MEM_COMMIT, PAGE_READWRITE);
    VirtualProtect((void *)c->bad_page, PAGE, PAGE_READWRITE, &old);

    after.flags &= ~c->undefined_flags;
    uint64_t lowest_stack = lowest_of_stack(before.gpr[4], after.gpr[4]);
    uint64_t h = hash(hash_memory(lowest_stack), &after, sizeof after);
    h = hash(h, faults, fault_count * sizeof faults[0]);
    if (verbose)
        print_case(&before, &after, lowest_stack);
    else
        printf("%s %u %016llx\n", c->name, fault_count, (unsigned long long)h);
    running = NULL;
}

int main(int argc, char **argv)
{
    int verbose = argc == 3 && strcmp(argv[1], "-v") == 0;
    if (argc != 2 && !verbose) {
        puts("faults GROUP | faults -v NAME");
        return 2;
    }
    if (!VirtualAlloc(DATA, REGION, MEM_RESERVE, PAGE_READWRITE) || !VirtualAlloc(STACK, REGION, MEM_RESERVE, PAGE_READWRITE))
        return 1;
    AddVectoredExceptionHandler(1, on_fault);
    for (uint64_t i = 0; i < fault_case_count; i++) {
        const struct fault_case *c = &fault_cases[i];
        if (verbose ? strncmp(c->name, argv[2], strlen(argv[2])) == 0 : strcmp(c->group, argv[1]) == 0)
            run_case(c, verbose);
    }
    return 0;
}

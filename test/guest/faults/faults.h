/* What the generated table of cases (scripts/fault-program.mjs), switch.S and harness.c share. */
#ifndef FAULTS_H
#define FAULTS_H

/* Offsets in struct state, for switch.S. */
#define STATE_RIP 128
#define STATE_FLAGS 136
#define STATE_MXCSR 144
#define STATE_XMM 160

#ifndef __ASSEMBLER__
#include <stdint.h>

/* The processor's registers before or after a case. */
struct state {
    uint64_t gpr[16]; /* in encoding order: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15 */
    uint64_t rip;
    uint64_t flags;
    uint64_t mxcsr;
    uint64_t unused;
    uint64_t xmm[16][2];
};

/* How the one bad page of a case is bad. */
enum { MODE_NONE, MODE_NOACCESS, MODE_RESERVED, MODE_READONLY, MODE_GUARD };

struct setting {
    uint64_t where; /* a register number, or an address */
    uint64_t value;
};

struct fault_case {
    const char *group;
    const char *name;
    const void *code;          /* where the case starts */
    const void *instruction;   /* the instruction that is to fault */
    const void *after;         /* the one behind it */
    uint64_t bad_page;         /* its address */
    uint64_t mode;             /* MODE_ */
    uint64_t undefined_flags;  /* flags that the instruction leaves undefined */
    uint64_t loose_flags;      /* flags that processors of different makers leave different at the fault */
    uint64_t register_count;   /* of the settings that follow, so many are registers ... */
    uint64_t poke_count;       /* ... and so many are 8-byte values in memory */
    const struct setting *settings;
};

extern const struct fault_case fault_cases[];
extern const uint64_t fault_case_count;

/* switch.S: loads all registers from `before`, runs from before->rip until the code jumps to
   fault_case_done, and leaves all registers in `after`. */
void run_code(const struct state *before, struct state *after);
#endif
#endif

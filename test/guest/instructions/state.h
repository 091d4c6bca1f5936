/* What the generated table of cases (scripts/instruction-program.mjs), switch.S and harness.c share. */
#ifndef STATE_H
#define STATE_H

/* Offsets in struct state, for switch.S. */
#define STATE_RIP 128
#define STATE_FLAGS 136
#define STATE_MXCSR 144
#define STATE_X87 152
#define STATE_XMM 160
#define STATE_IMAGE 416

#ifndef __ASSEMBLER__
#include <stdint.h>

/* The processor's registers before or after an instruction. */
struct state {
    uint64_t gpr[16]; /* in encoding order: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15 */
    uint64_t rip;
    uint64_t flags;
    uint64_t mxcsr;
    uint64_t x87; /* whether `image` is loaded and stored */
    uint64_t xmm[16][2];
    unsigned char image[512]; /* fxsave's */
} __attribute__((aligned(16)));

/* One instance of an instruction; scripts/instruction-forms.mjs says what the numbers mean. */
struct instance {
    uint32_t code;         /* where it begins in `instance_code` */
    int32_t displacement;  /* of its memory operand, or that operand's address when no register is in it */
    uint16_t name;         /* number of its Code */
    uint16_t undefined;    /* flags it leaves undefined; bits 12 to 15 are x87's C0, C2, C3, C1 */
    uint8_t number;        /* among the instances of its Code */
    uint8_t values, size, rule, argument, reg, base, index, scale;
    uint8_t narrow;        /* the address has 32 bits */
    uint8_t has_memory;
    uint8_t aligned;       /* the operand is never split */
    uint8_t approximate;          /* its result is an approximation */
    uint8_t sets;          /* of operands to try */
    uint8_t padding[2];
};

/* A function at `code` that calls the instances from number `first` on, if it does not return before, which it does:
   a translator may make one module of all. The list ends with an entry whose `first` is the number of instances. */
struct primer {
    uint32_t first, code;
};

extern const struct primer primers[];
extern const char *const code_names[];
extern const struct instance instances[];
extern const uint32_t instance_count;
extern const unsigned char instance_code[];
extern const uint32_t instance_code_bytes;

/* switch.S: loads all registers from `before`, runs from before->rip until the code jumps to
   instance_done, and leaves all registers in `after`. */
void run_code(const struct state *before, struct state *after);
void instance_done(void);
#endif
#endif

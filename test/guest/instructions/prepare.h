/* What memory and registers hold before an instance runs. */
#ifndef PREPARE_H
#define PREPARE_H
#include "state.h"

/* Memory that is compared: around the operand, with the end of a page in its middle, and around the stack pointer.
   Exception frames find room below both. */
#define DATA 0x20000000ull
#define WINDOW 0x20008e00ull
#define WINDOW_BYTES 0x400u
#define STACK 0x21000000ull
#define STACK_WINDOW 0x21007f00ull
#define STACK_WINDOW_BYTES 0x200u
#define CODE 0x22000000ull
#define REGION 0x10000u

/* Arithmetic flags and DF. */
#define FLAGS 0xcd5u

/* Rules; as in scripts/instruction-forms.mjs. */
enum {
    RULE_NONE, RULE_SHIFT, RULE_DIVIDE, RULE_BIT_OFFSET, RULE_STRING, RULE_EQUAL, RULE_EQUAL_PAIR, RULE_INDIRECT,
    RULE_RETURN, RULE_TRANSLATE, RULE_POP_FLAGS, RULE_MASK_MOVE, RULE_LEAVE, RULE_ENVIRONMENT, RULE_COUNTER, RULE_IMAGE,
    RULE_LOAD_MXCSR, RULE_LOAD_CONTROL, RULE_LOAD_ENVIRONMENT, RULE_LOAD_IMAGE, RULE_STRING_LENGTH
};
enum { NO_REGISTER = 255 };

/* Fills `state` and both windows for set number `set`; `full` varies the floating-point control words, too.
   Yields the address of the memory operand. */
uint64_t prepare(const struct instance *instance, unsigned set, int full, int x87, struct state *state);

/* Flags that the instruction leaves undefined with these operands. */
uint32_t undefined_flags(const struct instance *instance, const struct state *before);
#endif

#include "prepare.h"
#include "values.h"
#include <string.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };
enum { USUAL_MXCSR = 0x1f80, USUAL_CONTROL = 0x37f };

static void fill_memory(int values)
{
    uint64_t *word = (uint64_t *)WINDOW;
    for (unsigned i = 0; i < WINDOW_BYTES / 8; i++)
        word[i] = values == VALUES_TEXT ? lane_value(values) : random_bits();
    word = (uint64_t *)STACK_WINDOW;
    for (unsigned i = 0; i < STACK_WINDOW_BYTES / 8; i++)
        word[i] = 0x1122334455667788ull * (i + 1);
}

static uint64_t operand_address(const struct instance *instance)
{
    uint64_t aligned = WINDOW + 0x100 + 16 * random_below(16);
    uint32_t choice = instance->aligned ? 0 : random_below(16);
    if (choice == 14)
        return aligned + random_below(16);
    /* Across the end of a page. */
    if (choice == 15 && instance->size > 1)
        return WINDOW + 0x200 - 1 - random_below(instance->size - 1);
    return aligned;
}

/* Registers such that the operand is at `target`, as nearly as scaling allows; yields where it is. */
static uint64_t point_at(const struct instance *instance, uint64_t target, struct state *state)
{
    const int base = instance->base, index = instance->index;
    const int64_t displacement = instance->displacement;
    if (base == NO_REGISTER && index == NO_REGISTER)
        return (uint32_t)displacement;
    if (base == NO_REGISTER) {
        state->gpr[index] = (uint64_t)((int64_t)target - displacement) / instance->scale;
        return state->gpr[index] * instance->scale + (uint64_t)displacement;
    }
    uint64_t offset = 0;
    if (index != NO_REGISTER) {
        state->gpr[index] = random_below(64) - 20ull;
        offset = state->gpr[index] * instance->scale;
    }
    state->gpr[base] = target - (uint64_t)displacement - offset;
    if (instance->narrow) {
        /* Their upper halves do not count. */
        state->gpr[base] = (uint32_t)state->gpr[base] | random_bits() << 32;
        if (index != NO_REGISTER)
            state->gpr[index] = (uint32_t)state->gpr[index] | random_bits() << 32;
    }
    return target;
}

/* Where a jump may go: before the instruction, behind it, or over what is behind it. */
static uint64_t label(const struct instance *instance)
{
    enum { MARK_BYTES = 13 };
    const uint64_t code = CODE + instance->code;
    const uint64_t labels[] = {code - MARK_BYTES, code + instance->argument, code + instance->argument - MARK_BYTES};
    return labels[random_below(3)];
}

static void make_equal(struct state *state)
{
    const uint64_t half = (uint32_t)integer_value();
    const uint64_t value = half | half << 32;
    for (int i = 0; i < 16; i++)
        if (i != RSP)
            state->gpr[i] = value;
    for (unsigned i = 0; i < WINDOW_BYTES / 8; i++)
        ((uint64_t *)WINDOW)[i] = value;
}

/* Mostly quotients that fit. */
static void prepare_division(const struct instance *instance, struct state *state)
{
    uint64_t *rax = &state->gpr[RAX], *rdx = &state->gpr[RDX];
    const int sign = random_below(2);
    if (random_below(4) == 0)
        return;
    if (instance->argument == 1)
        *rax = (*rax & ~0xff00ull) | (sign ? (uint64_t)((int8_t)*rax >> 7 & 0xff) << 8 : random_below(3) << 8);
    else
        *rdx = !sign                     ? random_below(4)
               : instance->argument == 2 ? (uint64_t)((int16_t)*rax >> 15)
               : instance->argument == 4 ? (uint64_t)((int32_t)*rax >> 31)
                                         : (uint64_t)((int64_t)*rax >> 63);
}

static void prepare_string(struct state *state)
{
    state->gpr[RCX] = random_below(13);
    state->gpr[RSI] = WINDOW + 0x200 + random_below(8) - 4;
    state->gpr[RDI] = WINDOW + 0x200 + random_below(32) - 16;
    if (random_below(2))
        state->gpr[RAX] = *(const uint64_t *)(state->gpr[RDI] + random_below(16));
    state->flags |= random_below(2) << 10;
}

/* For rules that set registers which addressing may then take. */
static void apply_early(const struct instance *instance, struct state *state)
{
    const uint64_t lengths[] = {0, 1, 2, 3, 0x100000000, ~0ull};
    switch (instance->rule) {
    case RULE_SHIFT:
        /* Of 16-bit double shifts only counts up to 16 are defined. */
        if (instance->argument == 0x32)
            state->gpr[RCX] = (state->gpr[RCX] & ~0x1full) | random_below(17);
        break;
    case RULE_DIVIDE:
        prepare_division(instance, state);
        break;
    case RULE_STRING:
        prepare_string(state);
        break;
    case RULE_EQUAL:
    case RULE_EQUAL_PAIR:
        if (random_below(2))
            make_equal(state);
        break;
    case RULE_LEAVE:
        state->gpr[RBP] = STACK_WINDOW + 8 * random_below(40);
        break;
    case RULE_COUNTER:
        state->gpr[RCX] = lengths[random_below(6)];
        break;
    case RULE_STRING_LENGTH:
        state->gpr[RAX] = random_below(44) - 22ull;
        state->gpr[RDX] = random_below(44) - 22ull;
        if (random_below(8) == 0)
            state->gpr[RAX] = integer_value();
        break;
    }
}

static void prepare_environment(unsigned char *at, unsigned size, int full)
{
    const uint16_t control = full ? 0x7f | (random_bits() & 0xf00) : USUAL_CONTROL;
    const uint16_t status = (uint16_t)(random_bits() & (full ? 0x7f7f : 0x7f00));
    const unsigned step = size == 28 || size == 108 ? 4 : 2;
    const uint16_t tags = (uint16_t)random_bits();
    memcpy(at, &control, 2);
    memcpy(at + step, &status, 2);
    memcpy(at + 2 * step, &tags, 2);
}

/* For rules that change memory at the operand, or point at it. */
static void apply_late(const struct instance *instance, uint64_t target, int full, struct state *state)
{
    unsigned char *memory = (unsigned char *)target;
    uint64_t offset;
    switch (instance->rule) {
    case RULE_BIT_OFFSET:
        offset = (uint64_t)(random_below(256) - 128ull);
        if (instance->argument == 2)
            offset = (offset & 0xffff) | random_bits() << 16;
        if (instance->argument == 4)
            offset = (offset & 0xffffffff) | random_bits() << 32;
        state->gpr[instance->reg] = offset;
        break;
    case RULE_INDIRECT:
        if (instance->has_memory)
            *(uint64_t *)memory = label(instance);
        else
            state->gpr[instance->reg] = label(instance);
        break;
    case RULE_RETURN:
        *(uint64_t *)state->gpr[RSP] = label(instance);
        break;
    case RULE_TRANSLATE:
        state->gpr[RBX] = target - (uint8_t)state->gpr[RAX];
        break;
    case RULE_POP_FLAGS:
        *(uint64_t *)state->gpr[RSP] = (random_bits() & FLAGS) | 0x202;
        break;
    case RULE_MASK_MOVE:
        state->gpr[RDI] = target;
        break;
    case RULE_LOAD_MXCSR:
        *(uint32_t *)memory = USUAL_MXCSR | (random_bits() & (full ? 0xffff : 0x3f));
        break;
    case RULE_LOAD_CONTROL:
        *(uint16_t *)memory = full ? 0x7f | (random_bits() & 0xf00) : USUAL_CONTROL;
        break;
    case RULE_LOAD_ENVIRONMENT:
        prepare_environment(memory, instance->argument, full);
        break;
    case RULE_LOAD_IMAGE:
        memcpy(memory, state->image, sizeof state->image);
        memset(memory + 24, 0, 8);
        *(uint32_t *)(memory + 24) = USUAL_MXCSR | (random_bits() & 0x3f);
        break;
    }
}

static void prepare_x87(int full, struct state *state)
{
    const unsigned depth = full ? random_below(9) : 6 + random_below(2);
    const unsigned top = full ? random_below(8) : (8 - depth) & 7;
    const uint16_t control = full ? 0x7f | (random_bits() & 0xf00) : USUAL_CONTROL;
    const uint16_t conditions = (uint16_t)(random_bits() & 0x4700);
    const uint16_t status = (uint16_t)(top << 11 | conditions | (full && random_below(2) ? random_bits() & 0x3f : 0));
    memset(state->image, 0, sizeof state->image);
    memcpy(state->image, &control, 2);
    memcpy(state->image + 2, &status, 2);
    for (unsigned i = 0; i < depth; i++)
        state->image[4] |= (unsigned char)(1 << ((top + i) & 7));
    *(uint32_t *)(state->image + 24) = USUAL_MXCSR;
    for (unsigned i = 0; i < 8; i++)
        extended_value(state->image + 32 + 16 * i, full);
}

/* f2xm1 is defined up to 1 in size, fyl2xp1 below 1 - sqrt(1/2). */
static void keep_in_domain(const char *code, struct state *state)
{
    const unsigned largest = strcmp(code, "F2xm1") == 0 ? 0x3ffe : strcmp(code, "Fyl2xp1") == 0 ? 0x3ffc : 0x7fff;
    uint16_t *const at = (uint16_t *)(state->image + 40);
    const unsigned exponent = *at & 0x7fff;
    if (exponent > largest && exponent != 0x7fff)
        *at = (uint16_t)((*at & 0x8000) | (largest - exponent % 64));
}

static void fill_operand(const struct instance *instance, uint64_t target, int full)
{
    unsigned char *at = (unsigned char *)target;
    if (instance->values == VALUES_EXTENDED)
        extended_value(at, full);
    else if (instance->values == VALUES_DECIMAL)
        decimal_value(at);
    else
        for (int i = 0; i < 2; i++) {
            const uint64_t value = lane_value(instance->values);
            memcpy(at + 8 * i, &value, 8);
        }
}

uint64_t prepare(const struct instance *instance, unsigned set, int full, int x87, struct state *state)
{
    uint64_t seed = 0x243f6a8885a308d3ull * (set + 1) + instance->number;
    for (const char *letter = code_names[instance->name]; *letter; letter++)
        seed = (seed ^ (unsigned char)*letter) * 0x100000001b3;
    seed_random(seed);
    fill_memory(instance->values);
    state->flags = 0x202 | (random_bits() & FLAGS & ~0x400u);
    state->rip = CODE + instance->code;
    state->x87 = (uint64_t)x87;
    for (int i = 0; i < 16; i++)
        state->gpr[i] = integer_value();
    state->gpr[RSP] = STACK_WINDOW + 0x100 - 8 * random_below(16);
    const int lanes = random_below(4) ? instance->values : VALUES_INTEGER;
    for (int i = 0; i < 16; i++) {
        state->xmm[i][0] = lane_value(lanes);
        state->xmm[i][1] = lane_value(lanes);
    }
    state->mxcsr = full && !x87 ? USUAL_MXCSR | (random_bits() & 0xe07f) : USUAL_MXCSR;
    if (x87) {
        prepare_x87(full, state);
        keep_in_domain(code_names[instance->name], state);
    }
    apply_early(instance, state);
    uint64_t target = operand_address(instance);
    if (instance->has_memory) {
        target = point_at(instance, target, state);
        if (instance->rule != RULE_EQUAL && instance->rule != RULE_EQUAL_PAIR)
            fill_operand(instance, target, full);
    }
    apply_late(instance, target, full, state);
    return target;
}

/* Shifts by CL: no flag changes at a count of zero, OF is defined at one. */
static uint32_t undefined_by_shift(const struct instance *instance, const struct state *before)
{
    enum { CF = 1, AF = 0x10, OF = 0x800 };
    const unsigned bits = (instance->argument & 15) * 8, family = instance->argument >> 4;
    const unsigned count = before->gpr[RCX] & (bits == 64 ? 63 : 31);
    if (count == 0)
        return 0;
    uint32_t undefined = count > 1 ? OF : 0;
    if (family != 2)
        undefined |= AF;
    if (family == 0 && count >= bits)
        undefined |= CF;
    return undefined;
}

uint32_t undefined_flags(const struct instance *instance, const struct state *before)
{
    if (instance->rule == RULE_SHIFT)
        return undefined_by_shift(instance, before);
    return instance->undefined;
}

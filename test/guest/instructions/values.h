/* Edge and random values of every kind, from one seeded sequence. */
#ifndef VALUES_H
#define VALUES_H
#include <stdint.h>

/* Kinds of operands; as in scripts/instruction-forms.mjs. */
enum { VALUES_INTEGER, VALUES_SINGLE, VALUES_DOUBLE, VALUES_EXTENDED, VALUES_DECIMAL, VALUES_TEXT };

void seed_random(uint64_t seed);
uint64_t random_bits(void);
/* 0 to limit - 1 */
uint32_t random_below(uint32_t limit);

uint64_t integer_value(void);
/* 8 bytes of a kind: two singles, a double, or an integer. */
uint64_t lane_value(int kind);
/* A double extended number into 10 bytes; `any` also gives encodings that no processor since the 387 produces. */
void extended_value(unsigned char *to, int any);
/* A packed decimal number into 10 bytes. */
void decimal_value(unsigned char *to);
#endif

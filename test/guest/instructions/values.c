#include "values.h"
#include <string.h>

static uint64_t state;

void seed_random(uint64_t seed)
{
    state = seed;
}

/* splitmix64 */
uint64_t random_bits(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint32_t random_below(uint32_t limit)
{
    return (uint32_t)((random_bits() >> 32) * limit >> 32);
}

#define PICK(table) (table)[random_below(sizeof(table) / sizeof(table)[0])]

static const uint64_t integers[] = {
    0, 1, 2, 3, 8, 15, 16, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff,
    0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, ~0ull, ~0ull - 1, ~0ull - 0x7f,
    ~0ull - 0x7fff, ~0ull - 0x7fffffff, 0x8080808080808080, 0x7f7f7f7f7f7f7f7f, 0x0102030405060708,
    0x8000800080008000, 0x7fff7fff7fff7fff, 0x8000000080000000, 0x7fffffff7fffffff, 0x00ff00ff00ff00ff,
};
static const unsigned char bytes[] = {0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x55};
static const uint16_t words[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x100, 0xff, 0xff00, 0x4000};

uint64_t integer_value(void)
{
    uint64_t value = random_bits();
    switch (random_below(8)) {
    case 0:
    case 1:
    case 2:
        return PICK(integers);
    case 3:
        return (uint64_t)(int64_t)(int8_t)value;
    case 4:
        return (uint32_t)value;
    case 5:
        for (int i = 0; i < 8; i++)
            ((unsigned char *)&value)[i] = PICK(bytes);
        return value;
    case 6:
        for (int i = 0; i < 4; i++)
            ((uint16_t *)&value)[i] = PICK(words);
        return value;
    }
    return value;
}

/* Zeroes, ones, the least and greatest of each class, infinities, NaNs of both kinds, limits of integers. */
static const uint32_t singles[] = {
    0, 0x80000000, 0x3f800000, 0xbf800000, 1, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff,
    0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fc12345, 0xffd54321, 0x7f800001, 0xff812345,
    0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0xc0200000, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001,
    0x5effffff, 0x5f000000, 0xdf000000, 0x4b7fffff, 0x4b800001, 0x3f7fffff, 0x3f800001, 0x34000000, 0x7149f2ca,
};
static const uint64_t doubles[] = {
    0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 1, 0x8000000000000001, 0x000fffffffffffff,
    0x800fffffffffffff, 0x0010000000000000, 0x8010000000000000, 0x7fefffffffffffff, 0xffefffffffffffff,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000000, 0x7ff8000012345678,
    0xfffc000087654321, 0x7ff0000000000001, 0xfff4000000054321, 0x3fe0000000000000, 0xbfe0000000000000,
    0x3ff8000000000000, 0x4004000000000000, 0xc004000000000000, 0x41dfffffffc00000, 0x41dfffffffe00000,
    0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000100000, 0xc1e0000000200000, 0x43dfffffffffffff,
    0x43e0000000000000, 0xc3e0000000000000, 0x433fffffffffffff, 0x4330000000000001, 0x47efffffe0000000,
    0x47efffffefffffff, 0x47effffff0000000, 0x36a0000000000000, 0x369fffffffffffff, 0x380fffffc0000000,
    0x3810000000000000, 0x3fefffffffffffff, 0x3ff0000000000001,
};

static uint32_t single_value(void)
{
    uint32_t bits = (uint32_t)random_bits();
    uint32_t choice = random_below(8);
    if (choice < 3)
        return PICK(singles);
    if (choice == 3)
        return bits;
    uint32_t exponent = 127 - 8 + random_below(choice == 4 ? 40 : 16);
    /* Few bits of mantissa make halves and integers, and sums that cancel. */
    uint32_t mantissa = choice < 6 ? bits & 0x7fffff & ~0u << random_below(24) : bits & 0x7fffff;
    return (bits & 0x80000000) | exponent << 23 | mantissa;
}

static uint64_t double_value(void)
{
    uint64_t bits = random_bits();
    uint32_t choice = random_below(8);
    if (choice < 3)
        return PICK(doubles);
    if (choice == 3)
        return bits;
    uint64_t exponent = 1023 - 8 + random_below(choice == 4 ? 80 : 16);
    uint64_t mantissa = bits & 0xfffffffffffff;
    if (choice < 6)
        mantissa &= ~0ull << random_below(53);
    return (bits & 0x8000000000000000) | exponent << 52 | mantissa;
}

uint64_t lane_value(int kind)
{
    switch (kind) {
    case VALUES_SINGLE: {
        uint64_t low = single_value();
        return low | (uint64_t)single_value() << 32;
    }
    case VALUES_DOUBLE:
        return double_value();
    case VALUES_TEXT: {
        /* Few letters, so that they repeat, and a few ends of strings. */
        uint64_t value = random_bits() & 0x0303030303030303;
        return random_below(4) ? value | 0x0404040404040404 : value;
    }
    }
    return integer_value();
}

struct extended {
    uint64_t significand;
    uint16_t exponent;
};
static const struct extended extendeds[] = {
    {0, 0}, {0, 0x8000}, {1ull << 63, 0x3fff}, {1ull << 63, 0xbfff}, {1ull << 63, 0x7fff}, {1ull << 63, 0xffff},
    {3ull << 62, 0x7fff}, {3ull << 62, 0xffff}, {3ull << 62 | 0x12345678, 0x7fff}, {1ull << 63 | 0x4321, 0x7fff},
    {1ull << 63 | 0x54321, 0xffff}, {1, 0}, {1, 0x8000}, {(1ull << 63) - 1, 0}, {1ull << 63, 1}, {1ull << 63, 0x8001},
    {~0ull, 0x7ffe}, {~0ull, 0xfffe}, {1ull << 63, 0x3ffe}, {3ull << 62, 0x3fff}, {5ull << 61, 0x4000},
    {5ull << 61, 0xc000}, {~0ull, 0x3ffe}, {1ull << 63 | 1, 0x3fff}, {1ull << 63, 0x403e}, {1ull << 63, 0xc03e},
    {~0ull, 0x403d}, {0xfffffffffffffffe, 0x403d}, {1ull << 63, 0x401e}, {0xffffffff00000000, 0x401e},
    {1ull << 63, 0xc01e}, {0xc90fdaa22168c235, 0x3fff}, {0xc90fdaa22168c235, 0x4000}, {0xb17217f7d1cf79ac, 0x3ffe},
    {~0ull << 11, 0x43fe}, {~0ull << 10, 0x43fe}, {~0ull << 40, 0x407e}, {1ull << 63, 0x3c01}, {1ull << 63, 0x3bcd},
};
/* Unnormal numbers, pseudo-infinities and pseudo-NaNs, pseudo-denormals. */
static const struct extended strange[] = {
    {1ull << 62, 0x3fff}, {0x1234567812345678, 0xc000}, {0, 0x7fff}, {0x4000000000000001, 0x7fff}, {1ull << 63, 0},
    {0, 0x3fff},
};

void extended_value(unsigned char *to, int any)
{
    struct extended value = PICK(extendeds);
    uint64_t bits = random_bits();
    uint32_t choice = random_below(8);
    if (any && random_below(16) == 0)
        value = PICK(strange);
    else if (choice >= 3) {
        value.exponent = (uint16_t)(16383 - 8 + random_below(choice == 3 ? 80 : 16)) | (uint16_t)(bits << 15);
        value.significand = random_bits() | 1ull << 63;
        if (choice < 6)
            value.significand &= ~0ull << random_below(64);
    }
    memcpy(to, &value.significand, 8);
    memcpy(to + 8, &value.exponent, 2);
}

void decimal_value(unsigned char *to)
{
    for (int i = 0; i < 9; i++)
        to[i] = (unsigned char)(random_below(10) | random_below(10) << 4);
    to[9] = random_below(2) ? 0x80 : 0;
    for (uint32_t i = random_below(12); i < 9; i++)
        to[i] = 0;
}

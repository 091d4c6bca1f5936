/*
 * Nine integer kernels: what compiled programs do all day without floating point. The same source as a Linux program runs
 * under qemu-user beside. Built with -O2 -fno-tree-vectorize -fno-jump-tables.
 */
#include "measure.h"
#include <stdint.h>
#include <stdlib.h>

static unsigned random_state = 1;
static unsigned next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

/* The number of primes below a million. */
static unsigned char sieve_flags[1000000];
static NOINLINE unsigned sieve(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < sizeof sieve_flags; i++)
        sieve_flags[i] = 1;
    for (unsigned i = 2; i < sizeof sieve_flags; i++) {
        if (!sieve_flags[i])
            continue;
        count++;
        for (uint64_t j = (uint64_t)i * i; j < sizeof sieve_flags; j += i)
            sieve_flags[j] = 0;
    }
    return count;
}

/* A chained hash table of three to four nodes a bucket: insert all, then look up as many at random. */
struct node {
    struct node *next;
    uint64_t key;
    uint64_t value;
    uint64_t uses;
};
static struct node nodes[400000];
static struct node *buckets[1 << 17];

static NOINLINE unsigned hash_kernel(unsigned count, unsigned mask)
{
    unsigned sum = 0;
    memset(buckets, 0, (mask + 1) * sizeof *buckets);
    for (unsigned i = 0; i < count; i++) {
        uint64_t key = (uint64_t)i * 0x9e3779b97f4a7c15ull;
        struct node **bucket = &buckets[key >> 32 & mask];
        nodes[i].key = key;
        nodes[i].value = i;
        nodes[i].uses = 0;
        nodes[i].next = *bucket;
        *bucket = &nodes[i];
    }
    random_state = count;
    for (unsigned i = 0; i < count; i++) {
        uint64_t wanted = (uint64_t)next_random() * count >> 24;
        uint64_t key = wanted * 0x9e3779b97f4a7c15ull;
        struct node *node = buckets[key >> 32 & mask];
        while (node && node->key != key)
            node = node->next;
        if (node) {
            node->uses++;
            sum = sum * 3 + (unsigned)node->value;
        }
    }
    return sum;
}
static unsigned hash(void) { return hash_kernel(60000, (1 << 14) - 1); }
static unsigned hashbig(void) { return hash_kernel(400000, (1 << 17) - 1); }

/* A first-fit free list in an arena, with splitting and joining. */
struct block {
    uint32_t size;
    uint32_t is_free;
    struct block *next;
};
static unsigned char arena[1 << 20] __attribute__((aligned(16)));
#define SLOTS 400
static NOINLINE struct block *list_allocate(struct block *first, uint32_t size)
{
    for (struct block *block = first; block; block = block->next) {
        if (!block->is_free || block->size < size)
            continue;
        if (block->size >= size + 64) {
            struct block *rest = (struct block *)((unsigned char *)(block + 1) + size);
            rest->size = block->size - size - (uint32_t)sizeof *block;
            rest->is_free = 1;
            rest->next = block->next;
            block->next = rest;
            block->size = size;
        }
        block->is_free = 0;
        return block;
    }
    return NULL;
}
static NOINLINE void list_free(struct block *first, struct block *block)
{
    block->is_free = 1;
    for (struct block *at = first; at && at->next;) {
        if (at->is_free && at->next->is_free) {
            at->size += at->next->size + (uint32_t)sizeof *at;
            at->next = at->next->next;
        } else
            at = at->next;
    }
}
static NOINLINE unsigned flist(void)
{
    static struct block *slots[SLOTS];
    struct block *first = (struct block *)arena;
    unsigned sum = 0;
    first->size = sizeof arena - sizeof *first;
    first->is_free = 1;
    first->next = NULL;
    memset(slots, 0, sizeof slots);
    random_state = 12345;
    for (unsigned i = 0; i < 6000; i++) {
        unsigned slot = next_random() % SLOTS;
        if (slots[slot]) {
            list_free(first, slots[slot]);
            slots[slot] = NULL;
        } else {
            slots[slot] = list_allocate(first, (next_random() % 1000 + 16) & ~15u);
            sum = sum * 7 + (unsigned)((unsigned char *)slots[slot] - arena);
        }
    }
    return sum;
}

static NOINLINE unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static NOINLINE unsigned fib_30(void) { return fib(30); }

/* Fills and copies, by bytes and by quadwords. */
static unsigned char bytes_from[1 << 16], bytes_to[1 << 16];
static uint64_t words_from[1 << 15], words_to[1 << 15];
static NOINLINE unsigned mem(void)
{
    unsigned sum = 0;
    for (unsigned round = 0; round < 8; round++) {
        volatile unsigned char fill = (unsigned char)round;
        unsigned char value = fill;
        for (unsigned i = 0; i < sizeof bytes_from; i++) {
            bytes_from[i] = value;
            __asm__ volatile("" ::: "memory");
        }
        for (unsigned i = 0; i < sizeof bytes_from; i++) {
            bytes_to[i] = bytes_from[i];
            __asm__ volatile("" ::: "memory");
        }
        for (unsigned i = 0; i < 1 << 15; i++) {
            words_from[i] = i + round;
            __asm__ volatile("" ::: "memory");
        }
        for (unsigned i = 0; i < 1 << 15; i++) {
            words_to[i] = words_from[i];
            __asm__ volatile("" ::: "memory");
        }
        sum = sum * 5 + bytes_to[round * 3000] + (unsigned)words_to[round * 1000];
    }
    return sum;
}

static uint32_t crc_table[256];
static NOINLINE unsigned crc(void)
{
    uint32_t value = 0xffffffffu;
    for (unsigned i = 0; i < sizeof sieve_flags; i++)
        value = value >> 8 ^ crc_table[(value ^ sieve_flags[i]) & 0xff];
    return ~value;
}

/* Quicksort with a comparison function. */
static int numbers[50000];
static NOINLINE int compare_ints(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    return left < right ? -1 : left > right;
}
static NOINLINE void quicksort(int *base, int low, int high, int (*compare)(const void *, const void *))
{
    while (low < high) {
        int pivot = base[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (compare(&base[i], &pivot) < 0)
                i++;
            while (compare(&base[j], &pivot) > 0)
                j--;
            if (i <= j) {
                int kept = base[i];
                base[i++] = base[j];
                base[j--] = kept;
            }
        }
        if (j - low < high - i) {
            quicksort(base, low, j, compare);
            low = i;
        } else {
            quicksort(base, i, high, compare);
            high = j;
        }
    }
}
static int (*volatile comparison)(const void *, const void *) = compare_ints;
static NOINLINE unsigned qsort_kernel(void)
{
    random_state = 99;
    for (unsigned i = 0; i < 50000; i++)
        numbers[i] = (int)next_random();
    quicksort(numbers, 0, 49999, comparison);
    return (unsigned)numbers[100] * 31 + (unsigned)numbers[40000];
}

/* An interpreter of byte code: collatz lengths up to a bound. */
enum { LOAD, MOVE, ADD, ADD_IMMEDIATE, MULTIPLY_ADD, SHIFT_RIGHT, AND, LESS, JUMP, JUMP_IF_ZERO, HALT };
struct code {
    uint8_t op, a, b, c;
    int32_t immediate;
};
static const struct code program[] = {
    {LOAD, 0, 0, 0, 1},            /* 0: number */
    {LOAD, 5, 0, 0, 3000},
    {LESS, 6, 0, 5, 0},            /* 2: */
    {JUMP_IF_ZERO, 6, 0, 0, 17},
    {MOVE, 1, 0, 0, 0},
    {LOAD, 7, 0, 0, 1},
    {LESS, 6, 7, 1, 0},            /* 6: 1 < value */
    {JUMP_IF_ZERO, 6, 0, 0, 15},
    {ADD_IMMEDIATE, 2, 2, 0, 1},
    {AND, 6, 1, 7, 0},
    {JUMP_IF_ZERO, 6, 0, 0, 13},
    {MULTIPLY_ADD, 1, 1, 0, 3},
    {JUMP, 0, 0, 0, 6},
    {SHIFT_RIGHT, 1, 1, 0, 1},     /* 13: */
    {JUMP, 0, 0, 0, 6},
    {ADD_IMMEDIATE, 0, 0, 0, 1},   /* 15: */
    {JUMP, 0, 0, 0, 2},
    {HALT, 0, 0, 0, 0},            /* 17: */
};
static NOINLINE unsigned interpret(const struct code *code)
{
    uint64_t r[8] = {0};
    for (unsigned at = 0;;) {
        const struct code *c = &code[at++];
        if (c->op == LOAD)
            r[c->a] = (uint64_t)(int64_t)c->immediate;
        else if (c->op == MOVE)
            r[c->a] = r[c->b];
        else if (c->op == ADD)
            r[c->a] = r[c->b] + r[c->c];
        else if (c->op == ADD_IMMEDIATE)
            r[c->a] = r[c->b] + (uint64_t)(int64_t)c->immediate;
        else if (c->op == MULTIPLY_ADD)
            r[c->a] = r[c->b] * (uint64_t)(int64_t)c->immediate + 1;
        else if (c->op == SHIFT_RIGHT)
            r[c->a] = r[c->b] >> c->immediate;
        else if (c->op == AND)
            r[c->a] = r[c->b] & r[c->c];
        else if (c->op == LESS)
            r[c->a] = r[c->b] < r[c->c];
        else if (c->op == JUMP)
            at = (unsigned)c->immediate;
        else if (c->op == JUMP_IF_ZERO) {
            if (!r[c->a])
                at = (unsigned)c->immediate;
        } else
            return (unsigned)r[2];
    }
}
static NOINLINE unsigned vm(void) { return interpret(program); }

int main(int argc, char **argv)
{
    static const struct kernel kernels[] = {
        {"sieve", sieve, 40}, {"hash", hash, 60},   {"hashbig", hashbig, 6}, {"flist", flist, 20}, {"fib", fib_30, 30},
        {"mem", mem, 60},     {"crc", crc, 30},     {"qsort", qsort_kernel, 20}, {"vm", vm, 40},
    };
    for (unsigned i = 0; i < 256; i++) {
        uint32_t value = i;
        for (unsigned bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        crc_table[i] = value;
    }
    measure_all(kernels, sizeof kernels / sizeof *kernels, argc, argv);
    return 0;
}

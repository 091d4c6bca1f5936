// Switches and computed gotos in loops: interpreters, a state machine, a table that changes while its loop runs.
#include <windows.h>
#include <stdio.h>

enum { LOADI, ADD, SUB, MUL, XOR, SHR, LESS, JNZ, MOVE, AND, LOAD, STORE, INC, DEC, HALT };

static const unsigned char program[] = {
    LOADI, 2,  17, 1,  LOADI, 3,  3, 0,                                     // before the loop
    ADD,   1,  1,  2,  XOR,   4,  1, 0,  SHR,  5, 4, 3,  MUL,  1,  1,  2,    // the loop, from 2 on
    STORE, 1,  4,  0,  LOAD,  6,  5, 0,  ADD,  1, 1, 6,  AND,  7,  1,  2,
    INC,   7,  0,  0,  SUB,   1,  1, 7,  MOVE, 8, 1, 0,  LESS, 9,  8,  7,
    ADD,   1,  1,  9,  DEC,   0,  0, 0,  JNZ,  0, 2, 0,  HALT, 0,  0,  0,
};

static unsigned memory[256];

// The switch of most compilers: a comparison, then distances from a table.
__attribute__((noinline)) static unsigned by_switch(const unsigned char *code, unsigned count) {
    unsigned r[16] = {count};
    const unsigned char *at = code;
    for (;;) {
        const unsigned char *i = at;
        unsigned a = i[1], b = i[2], c = i[3];
        at += 4;
        switch (i[0]) {
        case LOADI: r[a] = b | c << 8; break;
        case ADD: r[a] = r[b] + r[c]; break;
        case SUB: r[a] = r[b] - r[c]; break;
        case MUL: r[a] = r[b] * r[c]; break;
        case XOR: r[a] = r[b] ^ r[c]; break;
        case SHR: r[a] = r[b] >> (r[c] & 31); break;
        case LESS: r[a] = r[b] < r[c]; break;
        case JNZ: if (r[a]) at = code + 4 * b; break;
        case MOVE: r[a] = r[b]; break;
        case AND: r[a] = r[b] & r[c]; break;
        case LOAD: r[a] = memory[r[b] & 255]; break;
        case STORE: memory[r[b] & 255] = r[a]; break;
        case INC: r[a]++; break;
        case DEC: r[a]--; break;
        case HALT: return r[1];
        default: return ~r[1];
        }
    }
}

// Addresses in a table that a program changes: `swap` exchanges two entries every so many steps.
__attribute__((noinline)) static unsigned by_goto(unsigned count, unsigned swap) {
    void *table[] = {&&add, &&twice, &&flip, &&drop, &&end};
    unsigned state = 1, sum = 0;
    for (unsigned step = 0;; step++) {
        if (swap != 0 && step % swap == 0) {
            void *first = table[0];
            table[0] = table[1 + step / swap % 3];
            table[1 + step / swap % 3] = first;
        }
        state = state * 1103515245 + 12345;
        goto *table[step == count ? 4 : state >> 16 & 3];
    add:
        sum += step;
        continue;
    twice:
        sum += sum;
        continue;
    flip:
        sum ^= 0x5a5a;
        continue;
    drop:
        sum -= 77;
        continue;
    end:
        return sum;
    }
}

// A scanner: a switch on characters with gaps and a default inside one on states.
__attribute__((noinline)) static int scan(const char *text, int *words) {
    int numbers = 0, state = 0;
    for (;; text++) {
        switch (state) {
        case 0:
            switch (*text) {
            case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
                state = 1; numbers++; break;
            case '"': state = 2; break;
            case '(': state = 3; break;
            case ' ': case '\t': case '\n': break;
            case '#': state = 4; break;
            case 0: return numbers;
            default: state = 5; ++*words; break;
            }
            break;
        case 1: if (*text < '0' || *text > '9') state = 0, text--; break;
        case 2: if (*text == '"') state = 0; break;
        case 3: if (*text == ')') state = 0; break;
        case 4: if (*text == '\n') state = 0; break;
        case 5: if (*text <= ' ') state = 0, text--; break;
        default: return -1;
        }
        if (*text == 0) return numbers;
    }
}

// A case for which there is none in the table.
__attribute__((noinline)) static unsigned sparse(unsigned value) {
    unsigned result = 0;
    for (; value != 0; value >>= 4) {
        switch (value & 15) {
        case 3: result += 1; break;
        case 4: result *= 3; break;
        case 5: result ^= value; break;
        case 6: result -= 5; break;
        case 7: result = ~result; break;
        case 8: result <<= 1; break;
        case 11: return result;
        default: result += 1000; break;
        }
    }
    return result;
}

int main(void) {
    for (unsigned count = 1; count < 1000000; count = count * 7 + 3)
        printf("by_switch %u: %08x\n", count, by_switch(program, count));
    static const unsigned char unknown[] = {INC, 1, 0, 0, 200, 0, 0, 0};
    printf("an operation that does not exist: %08x\n", by_switch(unknown, 1));
    for (unsigned swap = 0; swap < 2000; swap = swap * 3 + 1)
        printf("by_goto, swapped every %u: %08x\n", swap, by_goto(300000, swap));
    int words = 0;
    int numbers = scan("a 12 (no 1) \"in 2\" b3 44\t5 # 6 7\n8 nine", &words);
    printf("scan: %d numbers, %d words\n", numbers, words);
    unsigned all = 0;
    for (unsigned value = 0; value < 200000; value++) all = all * 31 + sparse(value * 2654435761u);
    printf("sparse: %08x\n", all);
    return 0;
}

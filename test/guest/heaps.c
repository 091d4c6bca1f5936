/*
 * The heap functions: results, errors and contents.
 * https://learn.microsoft.com/en-us/windows/win32/api/heapapi/nf-heapapi-heapalloc
 */
#include "show.h"

static int filled(const unsigned char *block, SIZE_T from, SIZE_T to, unsigned char value)
{
    for (SIZE_T i = from; i < to; i++)
        if (block[i] != value)
            return 0;
    return 1;
}

static void sizes(HANDLE heap)
{
    puts("-- sizes");
    static const SIZE_T wanted[] = {0, 1, 8, 15, 16, 17, 24, 100, 4000, 4096, 65536, 500000, 0x80000, 1 << 20, 10 << 20};
    unsigned char *blocks[sizeof wanted / sizeof wanted[0]];
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        blocks[i] = HeapAlloc(heap, 0, wanted[i]);
        printf("%u: given %d aligned %d size %u valid %d\n", (unsigned)wanted[i], blocks[i] != NULL,
               ((ULONG_PTR)blocks[i] & 15) == 0, (unsigned)HeapSize(heap, 0, blocks[i]),
               HeapValidate(heap, 0, blocks[i]) != 0);
        memset(blocks[i], (int)i + 1, wanted[i]);
    }
    unsigned intact = 0;
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        intact += filled(blocks[i], 0, wanted[i], (unsigned char)(i + 1));
    SHOW_NUMBER("blocks that kept their contents", intact);
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!HeapFree(heap, 0, blocks[i]))
            printf("HeapFree of %u failed\n", (unsigned)wanted[i]);
    SHOW_NUMBER("heap valid", HeapValidate(heap, 0, NULL) != 0);
}

static void zeroing(HANDLE heap)
{
    puts("-- HEAP_ZERO_MEMORY");
    unsigned char *block = HeapAlloc(heap, 0, 300);
    memset(block, 0xff, 300);
    HeapFree(heap, 0, block);
    block = HeapAlloc(heap, HEAP_ZERO_MEMORY, 300);
    SHOW_NUMBER("a used block is cleared", filled(block, 0, 300, 0));
    memset(block, 0xff, 300);
    block = HeapReAlloc(heap, 0, block, 100);
    SHOW_NUMBER("made smaller", HeapSize(heap, 0, block));
    block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 290);
    SHOW_NUMBER("made larger, contents kept", filled(block, 0, 100, 0xff));
    SHOW_NUMBER("and cleared from the requested size on", filled(block, 100, 290, 0));
    block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 3 << 20);
    SHOW_NUMBER("made very large, contents kept", filled(block, 0, 100, 0xff));
    SHOW_NUMBER("and cleared", filled(block, 100, 3 << 20, 0));
    memset(block, 0xee, 3 << 20);
    block = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 5 << 20);
    SHOW_NUMBER("and larger still, contents kept", filled(block, 0, 3 << 20, 0xee));
    SHOW_NUMBER("and cleared", filled(block, 3 << 20, 5 << 20, 0));
    block = HeapReAlloc(heap, 0, block, 50);
    SHOW_NUMBER("made small again, contents kept", filled(block, 0, 50, 0xee));
    SHOW_NUMBER("free", HeapFree(heap, 0, block) != 0);
}

static void in_place(HANDLE heap)
{
    puts("-- HEAP_REALLOC_IN_PLACE_ONLY");
    unsigned char *block = HeapAlloc(heap, 0, 200);
    unsigned char *wall = HeapAlloc(heap, 0, 200);
    memset(block, 0x11, 200);
    SHOW_NUMBER("smaller stays", HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 150) == block);
    SHOW_NUMBER("much larger is refused", HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 2 << 20) == NULL);
    SHOW_NUMBER("and the block is as it was", HeapSize(heap, 0, block) == 150 && filled(block, 0, 150, 0x11));
    SHOW_NUMBER("impossibly large is refused", HeapReAlloc(heap, 0, block, (SIZE_T)1 << 48) == NULL);
    SHOW_NUMBER("and the block is as it was", HeapSize(heap, 0, block) == 150 && filled(block, 0, 150, 0x11));
    SHOW_NUMBER("size 0 keeps a block", (block = HeapReAlloc(heap, 0, block, 0)) != NULL);
    SHOW_NUMBER("of size", HeapSize(heap, 0, block));
    SHOW_NUMBER("free", HeapFree(heap, 0, block) && HeapFree(heap, 0, wall));
}

static void creating(void)
{
    puts("-- HeapCreate");
    HANDLE growable = HeapCreate(0, 0, 0);
    SHOW_NUMBER("growable", growable != NULL);
    SHOW_NUMBER("is not the process heap", growable != GetProcessHeap());
    unsigned count = 0;
    for (unsigned i = 0; i < 100; i++)
        count += HeapAlloc(growable, 0, 100000) != NULL;
    SHOW_NUMBER("100 blocks of 100,000 bytes", count);
    SHOW_NUMBER("one of 20 MiB", HeapAlloc(growable, 0, 20 << 20) != NULL);
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(HeapAlloc(growable, 0, 16), &info, sizeof info);
    printf("its memory: state %lx protect %lx type %lx\n", info.State, info.Protect, info.Type);
    SHOW_BOOL("HeapDestroy", HeapDestroy(growable));

    HANDLE fixed = HeapCreate(0, 0x1000, 0x40000);
    SHOW_NUMBER("of 256 KiB at most", fixed != NULL);
    count = 0;
    while (count < 1000 && HeapAlloc(fixed, 0, 1000))
        count++;
    SHOW_NUMBER("holds more than 200 blocks of 1,000", count > 200);
    SHOW_NUMBER("and less than 262", count < 262);
    SHOW_POINTER("a block larger than the heap", HeapAlloc(fixed, 0, 0x50000));
    SHOW_BOOL("HeapDestroy", HeapDestroy(fixed));

    HANDLE code = HeapCreate(HEAP_CREATE_ENABLE_EXECUTE, 0, 0);
    unsigned char *block = HeapAlloc(code, 0, 16);
    VirtualQuery(block, &info, sizeof info);
    printf("with HEAP_CREATE_ENABLE_EXECUTE: protect %lx\n", info.Protect);
    SHOW_BOOL("HeapDestroy", HeapDestroy(code));
    SHOW_NUMBER("HeapFree of NULL", HeapFree(GetProcessHeap(), 0, NULL) != 0);
}

/* A long random life of many blocks, checked at each step. */
static void churn(HANDLE heap)
{
    enum { SLOTS = 512, STEPS = 50000 };
    static unsigned char *blocks[SLOTS];
    static unsigned sizes_[SLOTS];
    unsigned seed = 12345, damaged = 0, failed = 0;
    unsigned long long allocated = 0;
    puts("-- churn");
    for (unsigned step = 0; step < STEPS; step++) {
        seed = seed * 1664525 + 1013904223;
        unsigned slot = (seed >> 8) % SLOTS;
        unsigned size = (seed >> 17) % 10 ? (seed >> 20) % 600 : (seed >> 20) % 20000;
        if (!blocks[slot]) {
            blocks[slot] = HeapAlloc(heap, 0, size);
        } else if (seed & 0x80) {
            damaged += !filled(blocks[slot], 0, sizes_[slot], (unsigned char)slot);
            unsigned kept = sizes_[slot] < size ? sizes_[slot] : size;
            blocks[slot] = HeapReAlloc(heap, 0, blocks[slot], size);
            damaged += !filled(blocks[slot], 0, kept, (unsigned char)slot);
        } else {
            damaged += !filled(blocks[slot], 0, sizes_[slot], (unsigned char)slot);
            failed += HeapSize(heap, 0, blocks[slot]) != sizes_[slot];
            failed += !HeapFree(heap, 0, blocks[slot]);
            blocks[slot] = NULL;
            continue;
        }
        failed += !blocks[slot];
        sizes_[slot] = size;
        allocated += size;
        memset(blocks[slot], (int)slot, size);
    }
    printf("%llu bytes allocated, %u damaged, %u failed, heap valid %d\n", allocated, damaged, failed,
           HeapValidate(heap, 0, NULL) != 0);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        failed += blocks[slot] && !HeapFree(heap, 0, blocks[slot]);
        blocks[slot] = NULL;
    }
    SHOW_NUMBER("failed in the end", failed);
}

int main(void)
{
    HANDLE heap = GetProcessHeap();
    sizes(heap);
    zeroing(heap);
    in_place(heap);
    creating();
    churn(heap);
    HANDLE own = HeapCreate(HEAP_NO_SERIALIZE, 0, 0);
    churn(own);
    SHOW_BOOL("HeapDestroy", HeapDestroy(own));
    return 0;
}

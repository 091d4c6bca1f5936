/*
 * heap: what HeapAlloc gives.
 *
 * The block is at least as large as asked for and 16-byte aligned; HeapSize answers the size that was asked
 * for, not the size of the bucket; HEAP_ZERO_MEMORY clears the block, and on HeapReAlloc only what is new.
 * A second heap, made with HeapCreate, gives its memory back in one call.
 */
#include <stdio.h>
#include <windows.h>

static const char *yes(int truth)
{
    return truth ? "yes" : "no";
}

static int aligned(const void *block)
{
    return ((ULONG_PTR)block & (MEMORY_ALLOCATION_ALIGNMENT - 1)) == 0;
}

/* True if `block` lies in committed private memory that can be read and written and not executed. */
static int in_heap_memory(const void *block)
{
    MEMORY_BASIC_INFORMATION info;
    if (VirtualQuery(block, &info, sizeof info) != sizeof info)
        return 0;
    return info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE && info.Type == MEM_PRIVATE;
}

static int all_bytes(const unsigned char *block, SIZE_T from, SIZE_T to, unsigned char value)
{
    for (SIZE_T i = from; i < to; i++)
        if (block[i] != value)
            return 0;
    return 1;
}

static void fill(unsigned char *block, SIZE_T size, unsigned char value)
{
    for (SIZE_T i = 0; i < size; i++)
        block[i] = value;
}

int main(void)
{
    HANDLE h = GetProcessHeap();
    printf("GetProcessHeap: a heap: %s, the same one again: %s\n", yes(h != NULL), yes(h == GetProcessHeap()));

    unsigned char *p = HeapAlloc(h, 0, 1024);
    if (!p)
        return 1;
    printf("HeapAlloc(1024): 16-byte aligned: %s, committed read-write memory: %s\n", yes(aligned(p)),
           yes(in_heap_memory(p) && in_heap_memory(p + 1023)));
    printf("HeapSize: %u\n", (unsigned)HeapSize(h, 0, p));
    fill(p, 1024, 0x5a);
    printf("1024 bytes written and read back: %s\n", yes(all_bytes(p, 0, 1024, 0x5a)));

    unsigned char *larger = HeapReAlloc(h, HEAP_ZERO_MEMORY, p, 5000);
    if (!larger)
        return 1;
    printf("HeapReAlloc(5000): size %u, contents kept: %s, growth cleared: %s\n", (unsigned)HeapSize(h, 0, larger),
           yes(all_bytes(larger, 0, 1024, 0x5a)), yes(all_bytes(larger, 1024, 5000, 0)));
    printf("HeapValidate: %d\n", HeapValidate(h, 0, larger) != 0);
    printf("HeapFree: %d\n", HeapFree(h, 0, larger) != 0);

    unsigned char *zeroed = HeapAlloc(h, HEAP_ZERO_MEMORY, 4 << 20);
    if (!zeroed)
        return 1;
    printf("HeapAlloc(4 MiB, cleared): size %u, all zero: %s\n", (unsigned)HeapSize(h, 0, zeroed),
           yes(all_bytes(zeroed, 0, 4 << 20, 0)));
    printf("HeapFree: %d\n", HeapFree(h, 0, zeroed) != 0);

    HANDLE own = HeapCreate(0, 0, 0);
    unsigned total = 0;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned char *block = HeapAlloc(own, 0, i);
        if (!block || !aligned(block))
            return 1;
        fill(block, i, (unsigned char)i);
        total += (unsigned)HeapSize(own, 0, block);
    }
    printf("a heap of its own: 1000 blocks of %u bytes in all, valid: %d\n", total, HeapValidate(own, 0, NULL) != 0);
    printf("HeapDestroy: %d\n", HeapDestroy(own) != 0);
    return 0;
}

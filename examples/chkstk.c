/*
 * chkstk: 512 KiB of local variables.
 *
 * A thread's stack is reserved in full and grows by one guard page at a time, so a function whose locals are
 * larger than a page must touch its pages in order. The compiler calls ___chkstk_ms for that; here it walks
 * 128 pages, three times over by recursion, in a stack of 2 MiB of which little was committed.
 */
#include <stdio.h>
#include <windows.h>

enum { LOCALS = 512 * 1024 };

static const char *yes(int truth)
{
    return truth ? "yes" : "no";
}

static __attribute__((noinline)) unsigned deep(unsigned level, ULONG_PTR *lowest)
{
    volatile unsigned char locals[LOCALS];
    for (unsigned i = 0; i < LOCALS; i += 512)
        locals[i] = (unsigned char)(i / 512 + level);
    if ((ULONG_PTR)locals < *lowest)
        *lowest = (ULONG_PTR)locals;
    unsigned below = level ? deep(level - 1, lowest) : 0;
    unsigned sum = 0;
    for (unsigned i = 0; i < LOCALS; i += 512)
        sum += locals[i];
    return sum + below;
}

int main(void)
{
    ULONG_PTR low, high, lowest = ~(ULONG_PTR)0;
    GetCurrentThreadStackLimits(&low, &high);
    printf("stack reserved: %u KiB\n", (unsigned)((high - low) >> 10));
    unsigned sum = deep(2, &lowest);
    printf("sum over three levels: %u\n", sum);
    printf("more than 1.5 MiB deep: %s, inside the stack: %s\n", yes((ULONG_PTR)&low - lowest >= 3 * LOCALS),
           yes(lowest > low && lowest < high));

    const NT_TIB *tib = (const NT_TIB *)NtCurrentTeb();
    printf("StackLimit is at or below the deepest local: %s\n", yes((ULONG_PTR)tib->StackLimit <= lowest));
    printf("StackBase is the upper end: %s\n", yes((ULONG_PTR)tib->StackBase == high));
    return 0;
}

/*
 * lock: pages that must stay in memory, up to the quota and past it.
 *
 * A process may lock as many pages as its minimum working set (50 by default) less a small overhead; past
 * that VirtualLock answers ERROR_WORKING_SET_QUOTA. Locks do not count, so one VirtualUnlock undoes two
 * VirtualLocks, and unlocking what is not locked is ERROR_NOT_LOCKED.
 */
#include <stdio.h>
#include <windows.h>

enum { PAGE = 4096, PAGES = 64 };

static const char *yes(int truth)
{
    return truth ? "yes" : "no";
}

static void report(const char *what, BOOL result)
{
    DWORD error = GetLastError();
    if (result)
        printf("%s: 1\n", what);
    else
        printf("%s: 0, error %lu\n", what, error);
}

int main(void)
{
    unsigned char *p = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!p)
        return 1;
    report("VirtualLock of 16 pages", VirtualLock(p, 16 * PAGE));
    report("VirtualLock of 8 of them again", VirtualLock(p, 8 * PAGE));
    report("VirtualUnlock of the 16", VirtualUnlock(p, 16 * PAGE));
    report("VirtualUnlock again", VirtualUnlock(p, 16 * PAGE));
    report("VirtualLock of 64 pages", VirtualLock(p, PAGES * PAGE));

    unsigned locked = 0;
    while (locked < PAGES && VirtualLock(p + locked * PAGE, PAGE))
        locked++;
    report("VirtualLock of one page past the quota", locked < PAGES ? VirtualLock(p + locked * PAGE, PAGE) : TRUE);
    printf("one by one, more than 20 pages: %s, fewer than 50: %s\n", yes(locked > 20), yes(locked < 50));
    report("VirtualUnlock of one page", VirtualUnlock(p, PAGE));
    report("VirtualLock of another in its place", VirtualLock(p + (PAGES - 1) * PAGE, PAGE));
    report("VirtualUnlock of all 64", VirtualUnlock(p, PAGES * PAGE));

    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE] = (unsigned char)i;
    unsigned sum = 0;
    for (unsigned i = 0; i < PAGES; i++)
        sum += p[i * PAGE];
    printf("the memory works all the same: %u\n", sum);

    VirtualFree(p, PAGE, MEM_DECOMMIT);
    report("VirtualLock of a page that is only reserved", VirtualLock(p, PAGE));
    report("VirtualFree", VirtualFree(p, 0, MEM_RELEASE));
    return 0;
}

/*
 * GlobalAlloc and LocalAlloc of fixed memory: the handle is the pointer.
 * https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-globalalloc
 */
#include "show.h"

static int zero(const unsigned char *block, SIZE_T size)
{
    while (size--)
        if (block[size])
            return 0;
    return 1;
}

int main(void)
{
    puts("-- global");
    unsigned char *p = GlobalAlloc(GMEM_FIXED, 1000);
    SHOW_NUMBER("GlobalAlloc gives memory", p != NULL);
    SHOW_NUMBER("8-byte aligned", ((ULONG_PTR)p & 7) == 0);
    memset(p, 0x5a, 1000);
    SHOW_NUMBER("GlobalSize at least what was asked", GlobalSize(p) >= 1000);
    SHOW_NUMBER("and less than 16 more", GlobalSize(p) < 1016);
    SHOW_POINTER("GlobalFree gives NULL with last error", GlobalFree(p));
    p = GlobalAlloc(GPTR, 5000);
    SHOW_NUMBER("GPTR is cleared", zero(p, 5000));
    SHOW_NUMBER("GlobalFree", GlobalFree(p) == NULL);
    p = GlobalAlloc(GMEM_FIXED, 0);
    SHOW_NUMBER("size 0 gives a pointer", p != NULL);
    SHOW_NUMBER("GlobalFree", GlobalFree(p) == NULL);
    p = GlobalAlloc(GMEM_FIXED, 8 << 20);
    SHOW_NUMBER("8 MiB", p != NULL && GlobalSize(p) >= 8 << 20);
    SHOW_NUMBER("GlobalFree", GlobalFree(p) == NULL);
    SHOW_NUMBER("GlobalFree of NULL", GlobalFree(NULL) == NULL);

    puts("-- local");
    p = LocalAlloc(LMEM_FIXED, 1000);
    SHOW_NUMBER("LocalAlloc gives memory", p != NULL);
    memset(p, 0x5a, 1000);
    SHOW_NUMBER("LocalSize at least what was asked", LocalSize(p) >= 1000);
    SHOW_NUMBER("LocalFree", LocalFree(p) == NULL);
    p = LocalAlloc(LPTR, 5000);
    SHOW_NUMBER("LPTR is cleared", zero(p, 5000));
    SHOW_NUMBER("LocalFree", LocalFree(p) == NULL);
    SHOW_NUMBER("LocalFree of NULL", LocalFree(NULL) == NULL);
    SHOW_POINTER("more than there is", LocalAlloc(LMEM_FIXED, (SIZE_T)1 << 48));
    return 0;
}

/*
 * views: one piece of memory at several addresses.
 *
 * A section backed by the page file is mapped three times: twice shared, so that what is written through one
 * view is there in the other at once, and once copy-on-write, which follows the others until it is written
 * and then keeps its own copy of that page. The section lives until its last view and handle are gone.
 */
#include <stdio.h>
#include <windows.h>

enum { PAGE = 4096, BYTES = 128 * 1024 };

static DWORD protection(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(address, &info, sizeof info) ? info.Protect : 0;
}

int main(void)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, BYTES, NULL);
    if (!section)
        return 1;
    volatile unsigned char *a = MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    volatile unsigned char *b = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    volatile unsigned char *c = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    volatile unsigned char *upper = MapViewOfFile(section, FILE_MAP_WRITE, 0, 65536, PAGE);
    if (!a || !b || !c || !upper) {
        printf("MapViewOfFile failed: %lu\n", GetLastError());
        return 1;
    }
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery((const void *)a, &info, sizeof info);
    printf("a view: size %u, state 0x%lx, type 0x%lx, protection 0x%lx\n", (unsigned)info.RegionSize, info.State,
           info.Type, info.Protect);
    printf("the others: 0x%lx to read, 0x%lx copy-on-write, 0x%lx of the upper half\n", protection((const void *)b),
           protection((const void *)c), protection((const void *)upper));

    unsigned nonzero = 0;
    for (unsigned i = 0; i < BYTES; i++)
        nonzero += b[i] != 0;
    printf("bytes that are not zero at first: %u\n", nonzero);

    a[10] = 1;
    a[PAGE + 10] = 2;
    upper[5] = 3;
    printf("written through the first, read through the second and third: %d %d, %d %d\n", b[10], b[PAGE + 10],
           c[10], c[PAGE + 10]);
    printf("written through the upper half: %d %d %d\n", a[65536 + 5], b[65536 + 5], c[65536 + 5]);

    c[10] = 100;
    printf("written through the copy: %d there, %d and %d in the others\n", c[10], a[10], b[10]);
    a[11] = 4;
    a[PAGE + 11] = 5;
    printf("then through the first: the copied page has %d, the next page of the copy %d\n", c[11], c[PAGE + 11]);

    printf("CloseHandle: %d\n", CloseHandle(section) != 0);
    a[20] = 6;
    printf("with the handle closed, written and read: %d\n", b[20]);
    printf("UnmapViewOfFile: %d\n", UnmapViewOfFile((const void *)a) != 0);
    printf("with the first view gone, still there in the second: %d\n", b[20]);
    BOOL again = UnmapViewOfFile((const void *)a);
    printf("UnmapViewOfFile of it again: %d, error %lu\n", again != 0, GetLastError());
    printf("UnmapViewOfFile of the rest: %d\n", UnmapViewOfFile((const void *)b) && UnmapViewOfFile((const void *)c) &&
                                                     UnmapViewOfFile((const void *)upper));
    return 0;
}

/*
 * file: a file as memory.
 *
 * A file is written, mapped, changed through the view, flushed and read back with ReadFile; then it is
 * changed with WriteFile and the view shows that. The last page of a view goes on past the end of the file:
 * it reads as zero, and what is stored there never reaches the file. Mapping with a larger size makes the
 * file grow.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

enum { BYTES = 10000, GROWN = 70000 };

static unsigned char buffer[GROWN];

/* Reads the whole file from its start into `buffer` and answers how many bytes came. */
static DWORD read_all(HANDLE file)
{
    DWORD got = 0;
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    if (!ReadFile(file, buffer, sizeof buffer, &got, NULL))
        printf("ReadFile failed: %lu\n", GetLastError());
    return got;
}

static int change_through_view(HANDLE file)
{
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    unsigned char *view = section ? MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0) : NULL;
    if (!view)
        return 0;
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(view, &info, sizeof info);
    printf("mapped: %u bytes of memory, type 0x%lx\n", (unsigned)info.RegionSize, info.Type);
    printf("the file's bytes are there: %s\n", memcmp(view, buffer, BYTES) ? "no" : "yes");
    printf("past its end: %d %d\n", view[BYTES], view[12287]);

    memcpy(view + 5000, "changed through the view", 24);
    view[BYTES] = 0x77;
    printf("FlushViewOfFile: %d, ", FlushViewOfFile(view, 0) != 0);
    printf("FlushFileBuffers: %d\n", FlushFileBuffers(file) != 0);
    DWORD got = read_all(file);
    printf("ReadFile: %lu bytes, \"%.24s\"\n", got, (const char *)buffer + 5000);

    DWORD put = 0;
    SetFilePointer(file, 8190, NULL, FILE_BEGIN);
    WriteFile(file, "changed with WriteFile", 22, &put, NULL);
    printf("WriteFile: %lu bytes, the view has \"%.22s\"\n", put, (const char *)view + 8190);

    printf("UnmapViewOfFile: %d, ", UnmapViewOfFile(view) != 0);
    printf("CloseHandle: %d\n", CloseHandle(section) != 0);
    return 1;
}

static int grow_by_mapping(HANDLE file)
{
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, GROWN, NULL);
    unsigned char *view = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 65536, 0) : NULL;
    if (!view)
        return 0;
    memcpy(view + GROWN - 65536 - 3, "end", 3);
    UnmapViewOfFile(view);
    CloseHandle(section);
    DWORD got = read_all(file);
    printf("mapped larger: the file has %lu bytes and ends with \"%.3s\"\n", got, (const char *)buffer + GROWN - 3);
    return 1;
}

int main(void)
{
    char path[MAX_PATH + 32];
    DWORD put = 0;
    GetTempPathA(MAX_PATH, path);
    strcat(path, "winmem-example-file.tmp");
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        printf("CreateFile failed: %lu\n", GetLastError());
        return 1;
    }
    for (unsigned i = 0; i < BYTES; i++)
        buffer[i] = (unsigned char)('a' + i % 26);
    WriteFile(file, buffer, BYTES, &put, NULL);
    printf("written: %lu bytes, size %lu\n", put, GetFileSize(file, NULL));

    int done = change_through_view(file) && grow_by_mapping(file);
    if (!done)
        printf("failed, error %lu\n", GetLastError());
    CloseHandle(file);
    printf("DeleteFile: %d\n", DeleteFileA(path) != 0);
    return !done;
}

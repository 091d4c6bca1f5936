/*
 * File mappings: creating, opening, mapping, the matrix of access rights, offsets and sizes, names and lifetime.
 * https://learn.microsoft.com/en-us/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw
 */
#include "show.h"

#define BASE 0x30000000u
#define NAME "winmem-test-section"
#define FILE_NAME "winmem-test-sections.tmp"

/* A handle, or why there is none. The last error tells whether a created object was there before; opening one
   leaves it alone. */
static HANDLE made(const char *label, HANDLE handle, DWORD error)
{
    if (handle && error == KNOWN_ERROR)
        printf("%s: a handle\n", label);
    else if (handle)
        printf("%s: a handle, error %lu\n", label, error);
    else
        printf("%s: NULL, error %lu\n", label, error);
    return handle;
}
#define MADE(label, call) (SetLastError(KNOWN_ERROR), made_ = (call), made(label, made_, GetLastError()))
static HANDLE made_;

static void try_create(const char *label, HANDLE file, DWORD protect, DWORD high, DWORD size)
{
    HANDLE section = MADE(label, CreateFileMappingA(file, NULL, protect, high, size, NULL));
    if (section)
        CloseHandle(section);
}

static void try_map(const char *label, HANDLE section, DWORD access, DWORD high, DWORD offset, SIZE_T size)
{
    SetLastError(KNOWN_ERROR);
    void *view = MapViewOfFile(section, access, high, offset, size);
    DWORD error = GetLastError();
    if (!view) {
        printf("%s: NULL, error %lu\n", label, error);
        return;
    }
    show_query(label, view, view);
    UnmapViewOfFile(view);
}

static void creating(void)
{
    puts("-- CreateFileMapping without a file");
    try_create("size 0", INVALID_HANDLE_VALUE, PAGE_READWRITE, 0, 0);
    try_create("one byte", INVALID_HANDLE_VALUE, PAGE_READWRITE, 0, 1);
    try_create("read-only", INVALID_HANDLE_VALUE, PAGE_READONLY, 0, PAGE);
    try_create("copy-on-write", INVALID_HANDLE_VALUE, PAGE_WRITECOPY, 0, PAGE);
    try_create("executable", INVALID_HANDLE_VALUE, PAGE_EXECUTE_READWRITE, 0, PAGE);
    try_create("PAGE_NOACCESS", INVALID_HANDLE_VALUE, PAGE_NOACCESS, 0, PAGE);
    try_create("protection 0", INVALID_HANDLE_VALUE, 0, 0, PAGE);
    try_create("SEC_COMMIT and SEC_RESERVE", INVALID_HANDLE_VALUE, PAGE_READWRITE | SEC_COMMIT | SEC_RESERVE, 0, PAGE);
    try_create("SEC_COMMIT", INVALID_HANDLE_VALUE, PAGE_READWRITE | SEC_COMMIT, 0, PAGE);
    try_create("a handle that is none", (HANDLE)0x1234, PAGE_READWRITE, 0, PAGE);
}

static void rights(void)
{
    static const DWORD protections[] = {PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE};
    static const DWORD accesses[] = {FILE_MAP_READ, FILE_MAP_WRITE, FILE_MAP_READ | FILE_MAP_WRITE, FILE_MAP_COPY,
                                     FILE_MAP_ALL_ACCESS, FILE_MAP_READ | FILE_MAP_EXECUTE, FILE_MAP_WRITE | FILE_MAP_EXECUTE,
                                     FILE_MAP_COPY | FILE_MAP_EXECUTE};
    puts("-- access to sections of each protection");
    for (unsigned i = 0; i < sizeof protections / sizeof protections[0]; i++) {
        HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, protections[i], 0, 2 * PAGE, NULL);
        for (unsigned j = 0; j < sizeof accesses / sizeof accesses[0]; j++) {
            char label[64];
            sprintf(label, "section %lx, access %lx", protections[i], accesses[j]);
            try_map(label, section, accesses[j], 0, 0, 0);
        }
        CloseHandle(section);
    }
}

static void ranges(void)
{
    puts("-- offsets, sizes and addresses");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x23456, NULL);
    try_map("all of it", section, FILE_MAP_READ, 0, 0, 0);
    try_map("from 64 KiB", section, FILE_MAP_READ, 0, 0x10000, 0);
    try_map("one byte", section, FILE_MAP_READ, 0, 0, 1);
    try_map("5,000 bytes from 128 KiB", section, FILE_MAP_READ, 0, 0x20000, 5000);
    try_map("offset of a page", section, FILE_MAP_READ, 0, PAGE, 0);
    try_map("offset of a byte", section, FILE_MAP_READ, 0, 1, 0);
    try_map("more than there is", section, FILE_MAP_READ, 0, 0, 0x30000);
    try_map("offset behind the end", section, FILE_MAP_READ, 0, 0x30000, 0);
    try_map("offset of 4 GiB", section, FILE_MAP_READ, 1, 0, 0);
    try_map("no section", NULL, FILE_MAP_READ, 0, 0, 0);
    SHOW_POINTER("at an address", MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, address(BASE)));
    SHOW_POINTER("at the same address", MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, address(BASE)));
    SHOW_POINTER("at an address not of 64 KiB", MapViewOfFileEx(section, FILE_MAP_READ, 0, 0, 0, address(BASE + 0x101000)));
    SHOW_BOOL("VirtualFree of a view", VirtualFree(address(BASE), 0, MEM_RELEASE));
    SHOW_BOOL("UnmapViewOfFile", UnmapViewOfFile(address(BASE)));
    SHOW_BOOL("UnmapViewOfFile again", UnmapViewOfFile(address(BASE)));
    SHOW_BOOL("UnmapViewOfFile of NULL", UnmapViewOfFile(NULL));
    void *private = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    SHOW_BOOL("UnmapViewOfFile of private memory", UnmapViewOfFile(private));
    SHOW_BOOL("FlushViewOfFile of private memory", FlushViewOfFile(private, 0));
    VirtualFree(private, 0, MEM_RELEASE);
    CloseHandle(section);
}

static void names(void)
{
    puts("-- names");
    HANDLE a = MADE("create", CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 3 * PAGE, NAME));
    HANDLE b = MADE("create again, larger", CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 9 * PAGE, NAME));
    HANDLE c = MADE("open", OpenFileMappingA(FILE_MAP_READ, FALSE, NAME));
    HANDLE d = MADE("open in wide characters", OpenFileMappingW(FILE_MAP_ALL_ACCESS, FALSE, L"winmem-test-section"));
    HANDLE e = MADE("open by Local\\", OpenFileMappingA(FILE_MAP_READ, FALSE, "Local\\" NAME));
    MADE("open another", OpenFileMappingA(FILE_MAP_READ, FALSE, NAME "-2"));
    MADE("open no name", OpenFileMappingA(FILE_MAP_READ, FALSE, NULL));
    unsigned char *view = MapViewOfFile(a, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    view[2 * PAGE] = 9;
    const unsigned char *other = MapViewOfFile(b, FILE_MAP_READ, 0, 0, 0);
    show_query("it keeps its first size", other, other);
    SHOW_NUMBER("both are the same memory", other[2 * PAGE]);
    try_map("write access through a handle opened to read", c, FILE_MAP_WRITE, 0, 0, 0);
    try_map("read access through it", c, FILE_MAP_READ, 0, 0, 0);
    try_map("write access through the other", d, FILE_MAP_WRITE, 0, 0, 0);
    CloseHandle(a);
    CloseHandle(b);
    CloseHandle(c);
    CloseHandle(d);
    CloseHandle(e);
    MADE("open when all handles are closed", OpenFileMappingA(FILE_MAP_READ, FALSE, NAME));
    HANDLE fresh = MADE("create anew", CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, PAGE, NAME));
    const unsigned char *empty = MapViewOfFile(fresh, FILE_MAP_READ, 0, 0, 0);
    show_query("which is another", empty, empty);
    SHOW_NUMBER("the old one's memory lives", other[2 * PAGE]);
    CloseHandle(fresh);
    UnmapViewOfFile(view);
    UnmapViewOfFile(other);
    UnmapViewOfFile(empty);
}

static void protection(void)
{
    DWORD old;
    puts("-- VirtualProtect of views");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4 * PAGE, NULL);
    unsigned char *reading = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    unsigned char *writing = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    unsigned char *copying = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    SHOW_BOOL("read view to PAGE_READWRITE", VirtualProtect(reading, PAGE, PAGE_READWRITE, &old));
    SHOW_BOOL("read view to PAGE_WRITECOPY", VirtualProtect(reading, PAGE, PAGE_WRITECOPY, &old));
    SHOW_BOOL("read view to PAGE_NOACCESS", VirtualProtect(reading + PAGE, PAGE, PAGE_NOACCESS, &old));
    SHOW_BOOL("read view to PAGE_EXECUTE_READ", VirtualProtect(reading, PAGE, PAGE_EXECUTE_READ, &old));
    SHOW_BOOL("write view to PAGE_READONLY", VirtualProtect(writing, PAGE, PAGE_READONLY, &old));
    show_query("which splits it", writing, writing);
    SHOW_BOOL("and back to PAGE_READWRITE", VirtualProtect(writing, PAGE, PAGE_READWRITE, &old));
    SHOW_BOOL("write view to PAGE_EXECUTE_READWRITE", VirtualProtect(writing, PAGE, PAGE_EXECUTE_READWRITE, &old));
    show_query("a copy-on-write view", copying, copying);
    writing[PAGE] = 1;
    copying[PAGE] = 2;
    printf("written in both: %d %d\n", writing[PAGE], copying[PAGE]);
    show_query("its page before the copied one", copying, copying);
    show_query("the copied page", copying + PAGE, copying);
    SHOW_BOOL("decommit in a view", VirtualFree(writing, PAGE, MEM_DECOMMIT));
    SHOW_BOOL("FlushViewOfFile of a view without a file", FlushViewOfFile(writing, 0));
    UnmapViewOfFile(reading);
    UnmapViewOfFile(writing);
    UnmapViewOfFile(copying);
    CloseHandle(section);
}

static HANDLE open_file(DWORD access, DWORD disposition)
{
    return CreateFileA(FILE_NAME, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void files(void)
{
    DWORD done;
    puts("-- files");
    HANDLE file = open_file(GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    try_create("an empty file, size 0", file, PAGE_READWRITE, 0, 0);
    WriteFile(file, "0123456789", 10, &done, NULL);
    try_create("size 0", file, PAGE_READWRITE, 0, 0);
    try_create("read-only and larger than the file", file, PAGE_READONLY, 0, 20);
    SHOW_NUMBER("the file's size", GetFileSize(file, NULL));
    try_create("writable and larger than the file", file, PAGE_READWRITE, 0, 20);
    SHOW_NUMBER("the file's size", GetFileSize(file, NULL));

    HANDLE reader = open_file(GENERIC_READ, OPEN_EXISTING);
    try_create("of a file opened to read: PAGE_READONLY", reader, PAGE_READONLY, 0, 0);
    try_create("of a file opened to read: PAGE_WRITECOPY", reader, PAGE_WRITECOPY, 0, 0);
    try_create("of a file opened to read: PAGE_READWRITE", reader, PAGE_READWRITE, 0, 0);
    HANDLE writer = open_file(GENERIC_WRITE, OPEN_EXISTING);
    try_create("of a file opened to write: PAGE_READONLY", writer, PAGE_READONLY, 0, 0);
    CloseHandle(writer);

    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    HANDLE second = CreateFileMappingA(reader, NULL, PAGE_WRITECOPY, 0, 0, NULL);
    try_map("more than the file has", section, FILE_MAP_READ, 0, 0, PAGE);
    unsigned char *shared = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    unsigned char *copied = MapViewOfFile(second, FILE_MAP_COPY, 0, 0, 0);
    show_query("a view of the file", shared, shared);
    CloseHandle(section);
    CloseHandle(second);
    CloseHandle(reader);
    shared[0] = 'A';
    printf("another section over the same file: %c\n", copied[0]);
    copied[1] = 'B';
    printf("its copy stays its own: %c %c\n", shared[1], copied[1]);
    char buffer[32] = {0};
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ReadFile(file, buffer, 10, &done, NULL);
    printf("ReadFile sees the view: %s\n", buffer);
    SHOW_BOOL("FlushViewOfFile", FlushViewOfFile(shared, 10));
    UnmapViewOfFile(shared);
    UnmapViewOfFile(copied);
    CloseHandle(file);
    file = open_file(GENERIC_READ, OPEN_EXISTING);
    SHOW_BOOL("ReadFile afterwards", ReadFile(file, buffer, 20, &done, NULL));
    printf("%lu bytes: %.10s\n", done, buffer);
    CloseHandle(file);
    SHOW_BOOL("DeleteFile", DeleteFileA(FILE_NAME));
}

static void reserved(void)
{
    puts("-- SEC_RESERVE");
    HANDLE section = MADE("section of 1 MiB", CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0, 1 << 20, NULL));
    unsigned char *a = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    unsigned char *b = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    show_query("a view", a, a);
    SHOW_NUMBER("commit two pages", VirtualAlloc(a + PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE) == a + PAGE);
    show_query("committed", a + PAGE, a);
    a[PAGE] = 5;
    show_query("in the other view as well", b + PAGE, b);
    SHOW_NUMBER("the same memory", b[PAGE]);
    SHOW_BOOL("cannot be decommitted", VirtualFree(a + PAGE, PAGE, MEM_DECOMMIT));
    UnmapViewOfFile(a);
    UnmapViewOfFile(b);
    CloseHandle(section);
}

int main(void)
{
    creating();
    rights();
    ranges();
    names();
    protection();
    files();
    reserved();
    return 0;
}

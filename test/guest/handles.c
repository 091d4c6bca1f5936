/*
 * Handles and files: what is closed how often, what is refused, and that a service answers a bad pointer with
 * an error where a store by the program itself would be an exception.
 * https://learn.microsoft.com/en-us/windows/win32/api/handleapi/nf-handleapi-closehandle
 */
#include "show.h"

#define BASE 0x30000000u
#define FILE_NAME "winmem-test-handles.tmp"

static HANDLE open_file(DWORD access, DWORD disposition)
{
    return CreateFileA(FILE_NAME, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void try_open(const char *label, const char *name, DWORD access, DWORD disposition)
{
    SetLastError(KNOWN_ERROR);
    HANDLE file = CreateFileA(name, access, 0, NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD error = GetLastError();
    if (file == INVALID_HANDLE_VALUE) {
        printf("%s: error %lu\n", label, error);
        return;
    }
    /* CREATE_ALWAYS and OPEN_ALWAYS tell in the last error whether the file was there. */
    if (disposition == CREATE_ALWAYS || disposition == OPEN_ALWAYS)
        printf("%s: open, error %lu\n", label, error);
    else
        printf("%s: open\n", label);
    CloseHandle(file);
}

static void closing(void)
{
    puts("-- CloseHandle");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, PAGE, NULL);
    SHOW_BOOL("a section", CloseHandle(section));
    SHOW_BOOL("again", CloseHandle(section));
    SHOW_BOOL("NULL", CloseHandle(NULL));
    SHOW_BOOL("a number that is no handle", CloseHandle((HANDLE)0x12345678));
    SHOW_BOOL("the pseudo handle of this process", CloseHandle(GetCurrentProcess()));
    SHOW_POINTER("MapViewOfFile of a closed handle", MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0));
}

static void wrong_kind(void)
{
    char buffer[16];
    DWORD done = 99;
    puts("-- handles of another kind");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, PAGE, NULL);
    HANDLE file = open_file(GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    SHOW_BOOL("ReadFile of this process", ReadFile(GetCurrentProcess(), buffer, 1, &done, NULL));
    SHOW_BOOL("WriteFile of no handle", WriteFile((HANDLE)0x1234, buffer, 1, &done, NULL));
    SHOW_NUMBER("GetFileSize of no handle", GetFileSize((HANDLE)0x1234, NULL));
    SHOW_POINTER("MapViewOfFile of a file", MapViewOfFile(file, FILE_MAP_READ, 0, 0, 0));
    SHOW_POINTER("CreateFileMapping of a section", CreateFileMappingA(section, NULL, PAGE_READWRITE, 0, PAGE, NULL));
    SHOW_POINTER("MapViewOfFile of this process", MapViewOfFile(GetCurrentProcess(), FILE_MAP_READ, 0, 0, 0));
    CloseHandle(section);
    CloseHandle(file);
}

static void opening(void)
{
    puts("-- CreateFile");
    DeleteFileA(FILE_NAME);
    try_open("OPEN_EXISTING of nothing", FILE_NAME, GENERIC_READ, OPEN_EXISTING);
    try_open("TRUNCATE_EXISTING of nothing", FILE_NAME, GENERIC_WRITE, TRUNCATE_EXISTING);
    try_open("in a folder that is not there", "winmem-no-such-folder\\file", GENERIC_READ, OPEN_EXISTING);
    try_open("CREATE_NEW", FILE_NAME, GENERIC_WRITE, CREATE_NEW);
    try_open("CREATE_NEW again", FILE_NAME, GENERIC_WRITE, CREATE_NEW);
    try_open("CREATE_ALWAYS over it", FILE_NAME, GENERIC_WRITE, CREATE_ALWAYS);
    try_open("OPEN_ALWAYS", FILE_NAME, GENERIC_READ, OPEN_ALWAYS);
    try_open("in capitals", "WINMEM-TEST-HANDLES.TMP", GENERIC_READ, OPEN_EXISTING);
    try_open("of no name", "", GENERIC_READ, OPEN_EXISTING);
    try_open("of a name with a star", "winmem-*.tmp", GENERIC_READ, OPEN_EXISTING);
}

static void reading(void)
{
    char buffer[64];
    DWORD done = 99;
    puts("-- ReadFile and WriteFile");
    HANDLE file = open_file(GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    SHOW_BOOL("write", WriteFile(file, "the quick brown fox", 19, &done, NULL));
    SHOW_NUMBER("bytes", done);
    SHOW_BOOL("read at the end", ReadFile(file, buffer, 10, &done, NULL));
    SHOW_NUMBER("bytes", done);
    SHOW_NUMBER("to 4", SetFilePointer(file, 4, NULL, FILE_BEGIN));
    SHOW_NUMBER("to 4 before the end", SetFilePointer(file, -4, NULL, FILE_END));
    SHOW_NUMBER("and 2 back", SetFilePointer(file, -2, NULL, FILE_CURRENT));
    SHOW_BOOL("read more than there is", ReadFile(file, buffer, 64, &done, NULL));
    printf("%lu bytes: %.*s\n", done, (int)done, buffer);
    SHOW_BOOL("read nothing", ReadFile(file, buffer, 0, &done, NULL));
    SHOW_NUMBER("before the start: last error", SetFilePointer(file, -1, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER ? GetLastError() : 0);
    SetFilePointer(file, 100, NULL, FILE_BEGIN);
    SHOW_NUMBER("seeking does not make it larger", GetFileSize(file, NULL));
    SHOW_BOOL("writing there does", WriteFile(file, "!", 1, &done, NULL));
    SHOW_NUMBER("size", GetFileSize(file, NULL));
    SetFilePointer(file, 10, NULL, FILE_BEGIN);
    SHOW_BOOL("SetEndOfFile", SetEndOfFile(file));
    SHOW_NUMBER("size", GetFileSize(file, NULL));

    HANDLE reader = open_file(GENERIC_READ, OPEN_EXISTING);
    SHOW_BOOL("write to a file opened to read", WriteFile(reader, "x", 1, &done, NULL));
    CloseHandle(reader);
    HANDLE writer = open_file(GENERIC_WRITE, OPEN_EXISTING);
    SHOW_BOOL("read of a file opened to write", ReadFile(writer, buffer, 1, &done, NULL));
    CloseHandle(writer);
    CloseHandle(file);
}

static void bad_pointers(void)
{
    DWORD done = 99, old;
    puts("-- bad pointers given to services");
    unsigned char *memory = VirtualAlloc(address(BASE), 0x10000, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(memory, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    HANDLE file = open_file(GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS);
    WriteFile(file, "0123456789", 10, &done, NULL);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    SHOW_BOOL("ReadFile into reserved memory", ReadFile(file, memory + 4 * PAGE, 10, &done, NULL));
    VirtualProtect(memory, PAGE, PAGE_READONLY, &old);
    SHOW_BOOL("ReadFile into read-only memory", ReadFile(file, memory, 10, &done, NULL));
    SHOW_BOOL("WriteFile from reserved memory", WriteFile(file, memory + 4 * PAGE, 10, &done, NULL));
    SHOW_BOOL("WriteFile from read-only memory", WriteFile(file, memory, 10, &done, NULL));
    SHOW_BOOL("VirtualProtect with a bad place for the old one", VirtualProtect(memory, PAGE, PAGE_READWRITE, (DWORD *)(memory + 4 * PAGE)));
    SHOW_BOOL("VirtualQuery into reserved memory", VirtualQuery(memory, (MEMORY_BASIC_INFORMATION *)(memory + 4 * PAGE), sizeof(MEMORY_BASIC_INFORMATION)));
    CloseHandle(file);
    VirtualFree(memory, 0, MEM_RELEASE);
    SHOW_BOOL("DeleteFile", DeleteFileA(FILE_NAME));
    SHOW_BOOL("DeleteFile again", DeleteFileA(FILE_NAME));
}

static void priority(void)
{
    puts("-- GetThreadPriority");
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, PAGE, NULL);
    const HANDLE handles[] = {GetCurrentThread(), NULL, section, (HANDLE)0x12345678};
    for (unsigned i = 0; i < sizeof handles / sizeof *handles; i++) {
        SetLastError(KNOWN_ERROR);
        int priority = GetThreadPriority(handles[i]);
        printf("%d, error %lu\n", priority, GetLastError());
    }
    CloseHandle(section);
}

int main(void)
{
    closing();
    wrong_kind();
    opening();
    reading();
    bad_pointers();
    priority();
    return 0;
}

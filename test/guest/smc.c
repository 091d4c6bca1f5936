/*
 * Code that changes: the x86 runs what is in memory, whoever wrote it and through whichever mapping.
 * Intel's manual, volume 3, "Self-Modifying Code": a store by the processor that runs the code is seen at once.
 */
#include "show.h"

#define BASE 0x30000000u
#define FILE_NAME "winmem-test-smc.tmp"

typedef int (*function)(int);

static function code_at(const void *address_)
{
    return (function)(ULONG_PTR)address_;
}

/* lea eax, [rcx + value]; ret */
static void emit_add(unsigned char *at, int value)
{
    at[0] = 0x8d;
    at[1] = 0x81;
    memcpy(at + 2, &value, 4);
    at[6] = 0xc3;
}

/* Writes the byte cl into the constant of the very next instruction. */
static const unsigned char patch_next[] = {
    0x88, 0x0d, 1, 0, 0, 0, /* mov [rip + 1], cl */
    0xb8, 0, 0, 0, 0,       /* mov eax, 0 */
    0xc3,
};

/* Adds 1, 2, 3, ... ecx times: the loop's addition is changed by the loop. */
static const unsigned char patch_loop[] = {
    0x31, 0xc0,             /* xor eax, eax */
    0x31, 0xd2,             /* xor edx, edx */
    0xff, 0xc2,             /* again: inc edx */
    0x88, 0x15, 1, 0, 0, 0, /* mov [rip + 1], dl */
    0x05, 0, 0, 0, 0,       /* add eax, 0 */
    0x39, 0xca,             /* cmp edx, ecx */
    0x75, 0xef,             /* jne again */
    0xc3,
};

/* Copies 5 bytes from r8 over the instruction behind the copy. */
static const unsigned char patch_by_movs[] = {
    0x56, 0x57,                   /* push rsi; push rdi */
    0x48, 0x89, 0xd6,             /* mov rsi, rdx */
    0x48, 0x8d, 0x3d, 7, 0, 0, 0, /* lea rdi, [rip + 7] */
    0xb9, 5, 0, 0, 0,             /* mov ecx, 5 */
    0xf3, 0xa4,                   /* rep movsb */
    0xb8, 1, 0, 0, 0,             /* mov eax, 1 */
    0x5f, 0x5e, 0xc3,             /* pop rdi; pop rsi; ret */
};

static void by_itself(void)
{
    puts("-- by itself");
    unsigned char *code = VirtualAlloc(NULL, 4 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    memcpy(code, patch_next, sizeof patch_next);
    int sum = 0;
    for (int i = 0; i < 100; i++)
        sum += code_at(code)(i);
    SHOW_NUMBER("the next instruction", sum);
    memcpy(code + 200, patch_loop, sizeof patch_loop);
    SHOW_NUMBER("a loop its own body", code_at(code + 200)(100));
    SHOW_NUMBER("again", code_at(code + 200)(10));
    static const unsigned char replacement[] = {0xb8, 77, 0, 0, 0};
    memcpy(code + 400, patch_by_movs, sizeof patch_by_movs);
    int (*copying)(int, const void *) = (int (*)(int, const void *))(ULONG_PTR)(code + 400);
    SHOW_NUMBER("by rep movsb", copying(0, replacement));
    VirtualFree(code, 0, MEM_RELEASE);
}

static void by_the_program(void)
{
    DWORD old, done;
    puts("-- by the program");
    unsigned char *code = VirtualAlloc(address(BASE), 4 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    emit_add(code, 1);
    SHOW_NUMBER("first", code_at(code)(10));
    emit_add(code, 2);
    SHOW_NUMBER("stored", code_at(code)(10));
    unsigned char other[16];
    emit_add(other, 3);
    memmove(code, other, 7);
    SHOW_NUMBER("memmove", code_at(code)(10));

    emit_add(code + PAGE - 4, 5);
    SHOW_NUMBER("across two pages", code_at(code + PAGE - 4)(10));
    code[PAGE] = 1; /* the third byte of the constant */
    SHOW_NUMBER("its second page changed", code_at(code + PAGE - 4)(10));

    VirtualFree(code, PAGE, MEM_DECOMMIT);
    VirtualAlloc(code, PAGE, MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    emit_add(code, 6);
    SHOW_NUMBER("decommitted and committed", code_at(code)(10));
    VirtualFree(code, 0, MEM_RELEASE);
    code = VirtualAlloc(address(BASE), 4 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    emit_add(code, 7);
    SHOW_NUMBER("released and allocated", code_at(code)(10));

    HANDLE file = CreateFileA(FILE_NAME, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    emit_add(other, 8);
    WriteFile(file, other, 7, &done, NULL);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ReadFile(file, code, 7, &done, NULL);
    SHOW_NUMBER("ReadFile", code_at(code)(10));
    CloseHandle(file);
    DeleteFileA(FILE_NAME);

    VirtualProtect(code, PAGE, PAGE_READWRITE, &old);
    emit_add(code, 9);
    VirtualProtect(code, PAGE, PAGE_EXECUTE_READ, &old);
    SHOW_NUMBER("never writable and executable at once", code_at(code)(10));
    VirtualFree(code, 0, MEM_RELEASE);
}

static HANDLE section_of(int value)
{
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE, 0, PAGE, NULL);
    unsigned char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    emit_add(view, value);
    UnmapViewOfFile(view);
    return section;
}

static void by_mapping(void)
{
    puts("-- by mapping");
    HANDLE one = section_of(100), two = section_of(200);
    for (int i = 0; i < 4; i++) {
        void *view = MapViewOfFileEx(i & 1 ? two : one, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0, address(BASE));
        SHOW_NUMBER("two sections in turns at one address", code_at(view)(i));
        UnmapViewOfFile(view);
    }
    unsigned char *shared = MapViewOfFile(one, FILE_MAP_WRITE | FILE_MAP_EXECUTE, 0, 0, 0);
    unsigned char *copied = MapViewOfFile(one, FILE_MAP_COPY | FILE_MAP_EXECUTE, 0, 0, 0);
    SHOW_NUMBER("shared", code_at(shared)(1));
    SHOW_NUMBER("copy-on-write", code_at(copied)(1));
    emit_add(shared, 300);
    SHOW_NUMBER("shared, changed", code_at(shared)(1));
    SHOW_NUMBER("copy-on-write sees it", code_at(copied)(1));
    emit_add(copied, 400);
    SHOW_NUMBER("copy-on-write, changed", code_at(copied)(1));
    SHOW_NUMBER("shared does not see it", code_at(shared)(1));
    UnmapViewOfFile(shared);
    UnmapViewOfFile(copied);
    CloseHandle(one);
    CloseHandle(two);
}

static __attribute__((noinline)) int victim(int value)
{
    __asm__ volatile("nop");
    return value + 1000;
}

/* The program's own image: its page is copied when it is written. */
static void by_patching_the_image(void)
{
    DWORD old;
    function volatile call = victim;
    unsigned char *code = (unsigned char *)(ULONG_PTR)victim;
    puts("-- the program's image");
    SHOW_NUMBER("as built", call(1));
    VirtualProtect(code, 16, PAGE_EXECUTE_READWRITE, &old);
    emit_add(code, 2000);
    VirtualProtect(code, 16, old, &old);
    SHOW_NUMBER("patched", call(1));
}

int main(void)
{
    by_itself();
    by_the_program();
    by_mapping();
    by_patching_the_image();
    return 0;
}

/*
 * handler: memory that is committed when it is touched.
 *
 * A large array is only reserved, so it costs address space and nothing else. Each first touch of a page is
 * an access violation; a vectored exception handler commits that page and lets the instruction run again.
 * A touch outside the array is not the handler's: it steps over the load and gives it a value instead, which
 * shows that a changed CONTEXT is what the program continues with.
 */
#include <stdio.h>
#include <windows.h>

enum { PAGE = 4096, PAGES = 1024 };

static unsigned char *array;
static volatile unsigned reads, writes, strangers; /* the handler changes them behind the compiler's back */

/* Loads a byte; the two labels bracket the one instruction that may fault. */
unsigned load_byte(const void *address);
extern const char load_byte_instruction[], load_byte_after[];
__asm__(".text\n"
        ".globl load_byte, load_byte_instruction, load_byte_after\n"
        "load_byte:\n"
        "load_byte_instruction:\n"
        "    movzbl (%rcx), %eax\n"
        "load_byte_after:\n"
        "    ret\n");

static LONG CALLBACK commit_on_touch(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION)
        return EXCEPTION_CONTINUE_SEARCH;

    unsigned char *address = (unsigned char *)record->ExceptionInformation[1];
    if (address >= array && address < array + PAGES * PAGE) {
        if (record->ExceptionInformation[0])
            writes++;
        else
            reads++;
        return VirtualAlloc(address, 1, MEM_COMMIT, PAGE_READWRITE) ? EXCEPTION_CONTINUE_EXECUTION
                                                                    : EXCEPTION_CONTINUE_SEARCH;
    }
    if (exception->ContextRecord->Rip == (DWORD64)load_byte_instruction) {
        strangers++;
        exception->ContextRecord->Rax = 0xee;
        exception->ContextRecord->Rip = (DWORD64)load_byte_after;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

/* Pages of the array that are committed, by walking it with VirtualQuery. */
static unsigned committed_pages(unsigned *runs)
{
    unsigned pages = 0;
    *runs = 0;
    for (unsigned char *at = array; at < array + PAGES * PAGE;) {
        MEMORY_BASIC_INFORMATION info;
        if (!VirtualQuery(at, &info, sizeof info))
            break;
        if (info.State == MEM_COMMIT)
            pages += (unsigned)(info.RegionSize / PAGE);
        ++*runs;
        at = (unsigned char *)info.BaseAddress + info.RegionSize;
    }
    return pages;
}

int main(void)
{
    unsigned runs;
    array = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    PVOID handler = AddVectoredExceptionHandler(1, commit_on_touch);
    if (!array || !handler)
        return 1;
    printf("reserved %d pages, committed %u\n", PAGES, committed_pages(&runs));

    for (unsigned i = 0; i < PAGES * PAGE; i += 10 * PAGE)
        ((volatile unsigned char *)array)[i] = (unsigned char)(i / PAGE + 1);
    unsigned committed = committed_pages(&runs);
    printf("after writes to every tenth page: %u pages in %u runs, %u write faults, %u read faults\n", committed, runs,
           writes, reads);

    unsigned sum = 0;
    for (unsigned i = 0; i < PAGES * PAGE; i += PAGE / 4)
        sum += load_byte(array + i);
    printf("after reading all of it: %u pages, %u write faults, %u read faults, sum %u\n", committed_pages(&runs),
           writes, reads, sum);

    /* An eight-byte store over the border of two pages that are not there yet: a fault for each page. */
    VirtualFree(array, 2 * PAGE, MEM_DECOMMIT);
    writes = reads = 0;
    *(volatile unsigned long long *)(array + PAGE - 3) = 0x1122334455667788ull;
    unsigned long long stored = *(volatile unsigned long long *)(array + PAGE - 3);
    printf("a store across two pages: %u write faults, value 0x%llx\n", writes, stored);

    unsigned given = load_byte((void *)0x123);
    printf("a load from page zero gave 0x%x, faults outside the array: %u\n", given, strangers);

    RemoveVectoredExceptionHandler(handler);
    printf("VirtualFree: %d\n", VirtualFree(array, 0, MEM_RELEASE) != 0);
    return 0;
}

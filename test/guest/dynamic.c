/*
 * Unwind data for code that the program makes itself: by RtlAddFunctionTable, by a callback and in a growable table.
 * The made function calls back; the callback walks the stack through its frame, or leaves it by longjmp.
 */
#include "show.h"
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

typedef void callback(void);

/* sub rsp, 38h; call rcx; add rsp, 38h; ret */
static const unsigned char made[] = {0x48, 0x83, 0xec, 0x38, 0xff, 0xd1, 0x48, 0x83, 0xc4, 0x38, 0xc3};
/* Version 1, prologue of 4 bytes, one code: UWOP_ALLOC_SMALL of 38h at 4. */
static const unsigned char unwind[] = {1, 4, 1, 0, 4, 0x62, 0, 0};
#define CODE_AT 0x40
#define UNWIND_AT 0x80

static unsigned char *area;
static RUNTIME_FUNCTION *entry;
static jmp_buf back;
static unsigned asked;

static void walk(void)
{
    void *frames[8];
    unsigned count = RtlCaptureStackBackTrace(0, 8, frames, NULL);
    unsigned char *above = frames[1];
    printf("  a frame above the callback: %d, in the made code: %d, more above it: %d\n", count > 1,
           count > 1 && above >= area + CODE_AT && above < area + CODE_AT + sizeof made, count > 2);
}
static void jump(void)
{
    longjmp(back, 7);
}

static PRUNTIME_FUNCTION CALLBACK ask(DWORD64 pc, void *context)
{
    asked++;
    return context == (void *)0x1234 && pc >= (DWORD64)area ? entry : NULL;
}

static void look(const char *what)
{
    DWORD64 base = 0;
    PRUNTIME_FUNCTION found = RtlLookupFunctionEntry((DWORD64)area + CODE_AT + 6, &base, NULL);
    printf("%s: found %d, base %d\n", what, found == entry, found ? base == (DWORD64)area : -1);
}

static void run(void)
{
    callback *volatile function = (callback *)(area + CODE_AT);
    ((void (*)(callback *))function)(walk);
    int came = setjmp(back);
    if (came == 0)
        ((void (*)(callback *))function)(jump);
    printf("  longjmp through it: %d\n", came);
}

int main(void)
{
    area = VirtualAlloc(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    entry = (RUNTIME_FUNCTION *)area;
    memcpy(area + CODE_AT, made, sizeof made);
    memcpy(area + UNWIND_AT, unwind, sizeof unwind);
    entry->BeginAddress = CODE_AT;
    entry->EndAddress = CODE_AT + sizeof made;
    entry->UnwindData = UNWIND_AT;

    look("before");
    printf("RtlAddFunctionTable: %d\n", RtlAddFunctionTable(entry, 1, (DWORD64)area));
    look("added");
    run();
    printf("RtlDeleteFunctionTable: %d", RtlDeleteFunctionTable(entry));
    printf(", again: %d\n", RtlDeleteFunctionTable(entry));
    look("deleted");

    DWORD64 identifier = (DWORD64)area | 3;
    printf("RtlInstallFunctionTableCallback: %d\n",
           RtlInstallFunctionTableCallback(identifier, (DWORD64)area, 0x1000, ask, (void *)0x1234, NULL));
    look("callback");
    run();
    printf("asked: %d\n", asked > 0);
    printf("RtlDeleteFunctionTable: %d\n", RtlDeleteFunctionTable((PRUNTIME_FUNCTION)identifier));
    look("deleted");
    return 0;
}

/* One line of output for each call, so that two systems can be compared line by line. */
#ifndef SHOW_H
#define SHOW_H
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define PAGE 0x1000u
#define KNOWN_ERROR 12345u

/* "label: 1", or "label: 0, error N". Evaluates `call` with a last error that is not from an earlier call. */
#define SHOW_BOOL(label, call)                                  \
    do {                                                        \
        SetLastError(KNOWN_ERROR);                              \
        int result_ = (call) != 0;                              \
        DWORD error_ = GetLastError();                          \
        if (result_)                                            \
            printf("%s: 1\n", label);                           \
        else                                                    \
            printf("%s: 0, error %lu\n", label, error_);        \
    } while (0)

/* The same for a pointer at an address that the program chose. */
#define SHOW_POINTER(label, call)                                                          \
    do {                                                                                   \
        SetLastError(KNOWN_ERROR);                                                         \
        void *result_ = (void *)(call);                                                    \
        DWORD error_ = GetLastError();                                                     \
        if (result_)                                                                       \
            printf("%s: 0x%llx\n", label, (unsigned long long)(ULONG_PTR)result_);         \
        else                                                                               \
            printf("%s: NULL, error %lu\n", label, error_);                                \
    } while (0)

#define SHOW_NUMBER(label, number) printf("%s: %llu\n", label, (unsigned long long)(number))

static inline void *address(ULONG_PTR value)
{
    return (void *)value;
}

/* An NTSTATUS; which of the parameters is invalid is not documented. */
static inline const char *status_text(LONG status)
{
    static char text[16];
    if (status == (LONG)0xc000000d || (status >= (LONG)0xc00000ef && status <= (LONG)0xc00000fa))
        return "invalid parameter";
    sprintf(text, "%08lx", (unsigned long)status);
    return text;
}
#define SHOW_STATUS(label, call) printf("%s: %s\n", label, status_text(call))

/* The run of pages that begins at `at`, with addresses relative to `base`. */
static inline void show_query(const char *label, const void *at, const void *base)
{
    MEMORY_BASIC_INFORMATION info;
    memset(&info, 0xcc, sizeof info);
    SetLastError(KNOWN_ERROR);
    SIZE_T got = VirtualQuery(at, &info, sizeof info);
    if (!got) {
        printf("%s: 0, error %lu\n", label, GetLastError());
        return;
    }
    printf("%s: base +%llx", label, (unsigned long long)((ULONG_PTR)info.BaseAddress - (ULONG_PTR)base));
    if (info.State == MEM_FREE) {
        printf(" free\n");
        return;
    }
    printf(" allocation +%llx size %llx state %lx", (unsigned long long)((ULONG_PTR)info.AllocationBase - (ULONG_PTR)base),
           (unsigned long long)info.RegionSize, info.State);
    printf(" protect %lx of %lx type %lx\n", info.Protect, info.AllocationProtect, info.Type);
}
#endif

/*
 * What a program with one thread does with threads: refused beginnings, and the end of the only one there is. Ends by its argument;
 * what stands in the buffer of stdout is written, functions registered with atexit are not called.
 */
#include <errno.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static void at_exit(void)
{
    printf("atexit\n");
}

static void say(const char *what, long long result)
{
    printf("%s: %lld, errno %d\n", what, result, errno);
    errno = 0;
}

#ifdef _UCRT
static void ignore(const wchar_t *expression, const wchar_t *function, const wchar_t *file, unsigned line, uintptr_t reserved)
{
    (void)expression, (void)function, (void)file, (void)line, (void)reserved;
    printf("invalid parameter\n");
}
#endif

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    static char buffer[4096];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    atexit(at_exit);
#ifdef _UCRT
    _set_invalid_parameter_handler(ignore);
#endif
    errno = 0;
    say("_beginthread of nothing", (long long)_beginthread(NULL, 0, NULL));
    say("_beginthreadex of nothing", (long long)_beginthreadex(NULL, 0, NULL, NULL, 0, NULL));
    if (!strcmp(how, "endthread"))
        _endthread();
    if (!strcmp(how, "endthreadex"))
        _endthreadex(7);
    if (!strcmp(how, "exitthread"))
        ExitThread(0x12345678);
    return 3;
}

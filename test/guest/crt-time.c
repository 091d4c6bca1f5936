/* Dates and times: gmtime, mktime, asctime, strftime. The time zone is what it is; only UTC forms are printed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#pragma GCC diagnostic ignored "-Wformat"

int main(void)
{
    static const __time64_t times[] = {0, 1, 86399, 86400, 951782400, 951868800, 1000000000, 1456704000, 2147483647, 2147483648LL,
        4102444800LL, 32535215999LL, 1483228799, 1483228800, 1514764800, 1230768000};
    static const char *const formats[] = {"%a %A %b %B", "%d %H %I %j %m %M %p %S", "%U %w %W", "%x %X %y %Y", "%#d %#H %#I %#j %#m %#M %#S %#y",
        "%% literal", "%#x"};
    char buffer[200];
    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        struct tm *t = _gmtime64(&times[i]);
        printf("%d-%d-%d %d:%d:%d %d %d %d\n", t->tm_year, t->tm_mon, t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec, t->tm_wday, t->tm_yday,
            t->tm_isdst);
        printf("%s", asctime(t));
        for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++) {
            size_t n = strftime(buffer, sizeof buffer, formats[f], t);
            printf("%d %s\n", (int)n, buffer);
        }
        struct tm copy = *t;
        printf("%I64d\n", _mkgmtime64(&copy));
#ifdef _UCRT
        static const char *const newer[] = {"%C", "%D", "%e", "%F", "%g %G %V", "%h", "%r", "%R", "%T", "%u", "%n%t|"};
        for (unsigned f = 0; f < sizeof newer / sizeof *newer; f++) {
            size_t n = strftime(buffer, sizeof buffer, newer[f], t);
            printf("%d %s\n", (int)n, buffer);
        }
#endif
    }
    struct tm odd = {.tm_year = 100, .tm_mon = 14, .tm_mday = 35, .tm_hour = 25, .tm_min = -5, .tm_sec = 70};
    printf("%I64d", _mkgmtime64(&odd));
    printf(" %d-%d-%d %d:%d:%d\n", odd.tm_year, odd.tm_mon, odd.tm_mday, odd.tm_hour, odd.tm_min, odd.tm_sec);
    wchar_t wide[64];
    const __time64_t some = 1000000000;
    printf("%d", (int)wcsftime(wide, 64, L"%Y-%m-%d", _gmtime64(&some)));
    printf(" %d\n", wide[0]);
    errno = 0;
    printf("%d", (int)strftime(buffer, 4, "%Y-%m", _gmtime64(&some)));
    printf(" %d\n", errno);
    printf("%g\n", _difftime64(5, 3));
    return 0;
}

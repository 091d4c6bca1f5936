/* printf's family: every conversion, flag and size, and the bounded and checked forms. */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

static const double numbers[] = {
    0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, 0.1, 0.125, 9.995, 123.456, 1e5, 1e6, 99999.5, 999999.5, 1e15, 1e16, 1e21,
    1e22, 1e23, 1e100, 1.7976931348623157e308, 2.2250738585072014e-308, 4.9406564584124654e-324, 3.141592653589793,
    2.718281828459045e-10, 1e-5, 1.5e-4, 0.3, 1.0 / 3, 2.0 / 3, 1234567890.123456789, 4503599627370496.5,
};

static void integers(void)
{
    static const char *const formats[] = {"%d", "%i", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d", "%-8.3d|",
        "%u", "%o", "%#o", "%x", "%#x", "%X", "%#X", "%08x", "%#10x", "%hd", "%hu", "%ld", "%.0d", "%+.0d"};
    static const int values[] = {0, 1, -1, 42, -42, 123456, 2147483647, -2147483647 - 1};
    for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++) {
        printf("%s:", formats[f]);
        for (unsigned v = 0; v < sizeof values / sizeof *values; v++) {
            putchar(' ');
            putchar('[');
            printf(formats[f], values[v]);
            putchar(']');
        }
        putchar('\n');
    }
    long long big[] = {0, -1, 9223372036854775807LL, -9223372036854775807LL - 1, 1LL << 33, 10000000000000000LL};
    for (unsigned v = 0; v < 6; v++)
        printf("%I64d %I64u %I64x %lld %llu %llo %20I64d|%-22I64d|%022I64d\n", big[v], big[v], big[v], big[v], big[v], big[v],
            big[v], big[v], big[v]);
    printf("%Id %Iu %I32d %zd\n", (size_t)5, (size_t)6, 7, (size_t)8);
    printf("%p %p %20p|\n", (void *)0, (void *)0x1234abcd, (void *)0x1234567890ULL);
    printf("%c%c%5c|%-5c|%%|%5%|\n", 'a', 'b', 'c', 'd');
    printf("%*d|%-*d|%.*d|%*.*f|\n", 5, 1, 5, 2, 3, 3, 8, 2, 1.5);
    printf("%*d|%.*d|\n", -5, 1, -3, 2);
}

static void floats(void)
{
    static const char *const formats[] = {"%f", "%e", "%g", "%E", "%G", "%.0f", "%.0e", "%.0g", "%#.0f", "%#g", "%.1f",
        "%.3f", "%.10f", "%.15g", "%.17g", "%.20e", "%+f", "% g", "%012.3f", "%-14.4e|", "%14.4e", "%a", "%A", "%.2a",
        "%20a", "%.30f", "%.40g"};
    for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++) {
        printf("%s:\n", formats[f]);
        for (unsigned v = 0; v < sizeof numbers / sizeof *numbers; v++) {
            printf(formats[f], numbers[v]);
            putchar(v % 4 == 3 ? '\n' : ' ');
        }
        putchar('\n');
    }
    printf("%.400f\n", DBL_MIN);
    printf("%.60f\n", 0.1);
    printf("%.330e\n", 4.9406564584124654e-324);
    printf("%.100f\n", 1e22);
}

static void strings(void)
{
    printf("[%s] [%10s] [%-10s] [%.3s] [%10.3s] [%s]\n", "hello", "hello", "hello", "hello", "hello", (char *)0);
    printf("[%ls] [%S] [%hs] [%.2ls] [%lc] [%C] [%hc]\n", L"wide", L"wide", "narrow", L"wide", L'w', L'x', 'n');
    wprintf(L"[%s] [%S] [%hs] [%ls] [%c] [%C] [%5s] [%.2s]\n", L"wide", "narrow", "narrow", L"wide", L'w', 'n', L"ab", L"abc");
    fflush(stdout);
}

static int list(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int result = _vsnprintf(buffer, size, format, args);
    va_end(args);
    return result;
}

static void show(const char *what, int result, const char *buffer, unsigned size)
{
    printf("%s: %d [", what, result);
    for (unsigned i = 0; i < size; i++) printf("%c", buffer[i] ? buffer[i] : '.');
    printf("]\n");
}

static void bounded(void)
{
    char buffer[8];
    wchar_t wide[8];
    static const char *const texts[] = {"", "abc", "abcdefg", "abcdefgh", "abcdefghi"};
    for (unsigned i = 0; i < 5; i++) {
        memset(buffer, '#', sizeof buffer);
        show("_snprintf 8", _snprintf(buffer, 8, "%s", texts[i]), buffer, 8);
        memset(buffer, '#', sizeof buffer);
        show("_snprintf 4", _snprintf(buffer, 4, "%s", texts[i]), buffer, 8);
        memset(buffer, '#', sizeof buffer);
        show("_vsnprintf 4", list(buffer, 4, "%s", texts[i]), buffer, 8);
        memset(buffer, '#', sizeof buffer);
        show("_snprintf_s 8 trunc", _snprintf_s(buffer, 8, _TRUNCATE, "%s", texts[i]), buffer, 8);
        memset(buffer, '#', sizeof buffer);
        show("_snprintf_s 8,2", _snprintf_s(buffer, 8, 2, "%s", texts[i]), buffer, 8);
        printf("_scprintf %d\n", _scprintf("%s!", texts[i]));
        for (int k = 0; k < 8; k++) wide[k] = L'#';
        int result = _snwprintf(wide, 4, L"%hs", texts[i]);
        for (int k = 0; k < 8; k++) buffer[k] = (char)wide[k];
        show("_snwprintf 4", result, buffer, 8);
    }
    printf("%d\n", sprintf(buffer, "%d", 1234567));
}

int main(void)
{
    integers();
    floats();
    strings();
    bounded();
    return 0;
}

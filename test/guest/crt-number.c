/* Text to numbers: strtol's and strtod's families, scanf. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static void integers(void)
{
    static const char *const texts[] = {"", "0", "1", "-1", "+7", "  42abc", "0x1F", "0x", "0xg", "017", "08", "2147483647", "2147483648",
        "-2147483648", "-2147483649", "4294967295", "4294967296", "-4294967295", "9223372036854775807", "9223372036854775808",
        "-9223372036854775809", "18446744073709551615", "18446744073709551616", "zz", "Zz9", "- 1", "--1", "\t\n 5", "1_000"};
    static const int bases[] = {0, 2, 8, 10, 16, 36};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        printf("'%s':", texts[i]);
        for (unsigned b = 0; b < 6; b++) {
            char *end;
            errno = 0;
            long value = strtol(texts[i], &end, bases[b]);
            printf(" %ld/%d/%d", value, (int)(end - texts[i]), errno);
            /* What is out of range and negative, Wine negates. */
            if (texts[i][0] == '-') continue;
            errno = 0;
            unsigned long u = strtoul(texts[i], &end, bases[b]);
            printf(" %lu/%d", u, errno);
            errno = 0;
            printf(" %I64d/%d", _strtoi64(texts[i], &end, bases[b]), errno);
            errno = 0;
            printf(" %I64u/%d;", _strtoui64(texts[i], &end, bases[b]), errno);
        }
#ifdef _UCRT
        printf(" %d", atoi(texts[i]));
#endif
        printf(" %I64d\n", _atoi64(texts[i]));
    }
}

static void floats(void)
{
    static const char *const texts[] = {"", "0", "-0", "1", "1.5", ".5", "5.", ".", "e5", "1e", "1e+", "1e5", "1E-5", "  -2.5e+3x", "1e308",
        "1e309", "-1e400", "1e-308", "1e-320", "5e-324", "2e-324", "1e-400", "1.7976931348623157e308", "1.7976931348623159e308",
        "2.2250738585072011e-308", "9007199254740993", "9007199254740992.9999999999999999999", "0.1", "0.30000000000000004",
        "8.5e-1", "123456789012345678901234567890", "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124", "1.00000000000000011102230246251565404236316680908203126",
        "1..2", "3.4028235e38", "3.4028236e38", "1.17549435e-38", "1e-45"};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *end;
        errno = 0;
        double value = strtod(texts[i], &end);
        uint64_t bits;
        memcpy(&bits, &value, 8);
        printf("'%s': %016I64x %d %d", texts[i], bits, (int)(end - texts[i]), errno);
        value = atof(texts[i]);
        memcpy(&bits, &value, 8);
        printf(" %016I64x", bits);
        float f = -1;
        int n = sscanf(texts[i], "%f", &f);
        uint32_t fbits;
        memcpy(&fbits, &f, 4);
        printf(" %d %08x\n", n, fbits);
    }
}

static void scans(void)
{
    int a = -1, b = -1, c = -1, n = -1;
    char s[32] = "#", t[32] = "#";
    double d = -1;
    printf("%d", sscanf("12 34", "%d%d", &a, &b));
    printf(" %d %d\n", a, b);
    printf("%d", sscanf("0x1f 010 9", "%i%i%i", &a, &b, &c));
    printf(" %d %d %d\n", a, b, c);
    printf("%d", sscanf("abc def", "%s%n%s", s, &n, t));
    printf(" %s %d %s\n", s, n, t);
    printf("%d", sscanf("key=value", "%[^=]=%[a-z]", s, t));
    printf(" %s %s\n", s, t);
    printf("%d", sscanf("12345", "%2d%3d", &a, &b));
    printf(" %d %d\n", a, b);
    printf("%d", sscanf("1.5e3x", "%lf%c", &d, s));
    printf(" %g %c\n", d, s[0]);
    printf("%d\n", sscanf("", "%d", &a));
    printf("%d\n", sscanf("x", "%d", &a));
    printf("%d\n", sscanf("5 x", "%d %d", &a, &b));
    printf("%d", sscanf("a,b", "%c,%c", s, t));
    printf(" %c %c\n", s[0], t[0]);
    printf("%d", sscanf("10%", "%d%%%n", &a, &n));
    printf(" %d\n", n);
    printf("%d", sscanf("ff FF", "%x %X", &a, &b));
    printf(" %d %d\n", a, b);
    printf("%d", sscanf("1 2 3", "%*d %d", &a));
    printf(" %d\n", a);
    unsigned char h = 0;
    short sh = 0;
    long long ll = 0;
    printf("%d", sscanf("300 70000 5000000000", "%hd %hd %lld", &sh, &sh, &ll));
    printf(" %d %lld\n", sh, ll);
    (void)h;
    wchar_t w[16] = L"#";
    printf("%d", sscanf("wide", "%ls", w));
    printf(" %d %d\n", w[0], w[4]);
    printf("%d", swscanf(L"77 text", L"%d %ls", &a, w));
    printf(" %d %d\n", a, w[0]);
    printf("%d", sscanf("  lead", "%3c", s));
    printf(" '%.3s'\n", s);
    printf("%d", sscanf("]abc]", "%[]abc]", s));
    printf(" %s\n", s);
    printf("%d", sscanf("a-z", "%[a-]%s", s, t));
    printf(" %s %s\n", s, t);
}

static void texts(void)
{
    char buffer[80];
    static const int radices[] = {2, 8, 10, 16, 36};
    for (unsigned r = 0; r < 5; r++) {
        printf("%s ", _itoa(-255, buffer, radices[r]));
        printf("%s ", _ultoa(4294967295u, buffer, radices[r]));
        printf("%s ", _i64toa(-1234567890123LL, buffer, radices[r]));
        printf("%s\n", _ui64toa(18446744073709551615ULL, buffer, radices[r]));
    }
    static const double values[] = {0, 1, -1.5, 123.456, 1e-5, 9.9999, 1e20, 0.00123};
    for (unsigned i = 0; i < 8; i++)
        for (int digits = 0; digits < 8; digits += 3) {
            int point = 99, sign = 99;
            char *text = _ecvt(values[i], digits, &point, &sign);
            printf("%s %d %d  ", text, point, sign);
            text = _fcvt(values[i], digits, &point, &sign);
            printf("%s %d %d  ", text, point, sign);
            printf("%s\n", _gcvt(values[i], digits + 1, buffer));
        }
}

int main(void)
{
    integers();
    floats();
    scans();
    texts();
    return 0;
}

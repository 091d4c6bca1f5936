/* Strings: comparison, case, checked copies, multibyte text, paths. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <mbstring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

static void dump(const char *what, int result, const void *data, unsigned size)
{
    printf("%s: %d", what, result);
    for (unsigned i = 0; i < size; i++) printf(" %02x", ((const unsigned char *)data)[i]);
    printf("\n");
}

static void classes(void)
{
    for (int c = -1; c < 256; c++) {
        int mask = (!!isalpha(c)) | !!isdigit(c) << 1 | !!isspace(c) << 2 | !!isupper(c) << 3 | !!islower(c) << 4 | !!ispunct(c) << 5
            | !!iscntrl(c) << 6 | !!isprint(c) << 7 | !!isgraph(c) << 8 | !!isxdigit(c) << 9 | !!isalnum(c) << 10;
        if (c < 0x80 || mask) printf("%03x%c", mask, c % 16 == 15 ? '\n' : ' ');
        if (c >= 0 && (toupper(c) != c || tolower(c) != c)) printf("(%x %x)", toupper(c), tolower(c));
    }
    printf("\n");
}

static void checked(void)
{
    char a[8];
#define RESET memset(a, '#', 8)
    RESET; dump("strcpy_s", strcpy_s(a, 8, "abc"), a, 4);
    RESET; a[0] = 0; dump("strcat_s", strcat_s(a, 8, "abc"), a, 4);
    RESET; dump("strncpy_s", strncpy_s(a, 8, "abcdef", 3), a, 4);
    RESET; dump("strncpy_s truncate", strncpy_s(a, 4, "abcdef", _TRUNCATE), a, 4);
    RESET; strcpy(a, "ab"); dump("strncat_s", strncat_s(a, 8, "cdef", 2), a, 5);
    RESET; strcpy(a, "ab"); dump("strncat_s truncate", strncat_s(a, 4, "cdef", _TRUNCATE), a, 4);
    RESET; dump("strcpy_s short", strcpy_s(a, 3, "abc"), a, 1);
    RESET; strcpy(a, "MiX"); dump("_strlwr_s", _strlwr_s(a, 8), a, 4);
    RESET; strcpy(a, "MiX"); dump("_strupr_s", _strupr_s(a, 8), a, 4);
    wchar_t w[8];
    dump("wcscpy_s", wcscpy_s(w, 8, L"abc"), w, 8);
    dump("wcscat_s", wcscat_s(w, 8, L"de"), w, 12);
    dump("wcsncpy_s", wcsncpy_s(w, 4, L"abcdef", _TRUNCATE), w, 8);
}

static void compares(void)
{
    printf("%d %d %d\n", _stricmp("ABC", "abd") < 0, _strnicmp("ABCx", "abcy", 3), _stricmp("a_", "A^"));
    printf("%d %d\n", _wcsicmp(L"ABC", L"abc"), _wcsnicmp(L"ABCx", L"abcy", 4) < 0);
    printf("%d %d\n", strcoll("a", "b") < 0, (int)strxfrm(NULL, "hello", 0));
    printf("%d %d\n", _memicmp("AbC", "aBc", 3), memcmp("a", "b", 1));
    char text[] = "one,two;;three";
    char *context = NULL;
    for (char *token = strtok_s(text, ",;", &context); token; token = strtok_s(NULL, ",;", &context)) printf("<%s>", token);
    printf("\n%s %s %s\n", strstr("haystack", "st"), strpbrk("haystack", "ts"), strrchr("haystack", 'a'));
    printf("%d %d %d\n", (int)strspn("aab", "a"), (int)strcspn("aab", "b"), (int)strnlen("abc", 2));
    char reversed[] = "abc", set[] = "abc";
    printf("%s %s\n", _strrev(reversed), _strset(set, 'x'));
}

static void multibyte(void)
{
    wchar_t w[16];
    char b[16];
    memset(w, 0, sizeof w);
    printf("%d", (int)mbstowcs(w, "ab\xe9", 16));
    dump("", 0, w, 8);
    printf("%d", (int)wcstombs(b, L"ab\x00e9", 16));
    dump("", 0, b, 4);
    printf("%d %d\n", (int)wcstombs(b, L"\x20ac", 16), mblen("a", 1));
    size_t n = 0;
    int result = mbstowcs_s(&n, w, 16, "hello", _TRUNCATE);
    printf("%d %d\n", result, (int)n);
    result = wcstombs_s(&n, b, 4, L"hello", _TRUNCATE);
    printf("%d %d %s\n", result, (int)n, b);
    printf("%x %d\n", btowc('a'), wctob(L'b'));
}

static void paths(void)
{
    static const char *const names[] = {"C:\\dir\\sub\\file.txt", "file", ".profile", "a.b.c", "D:x", "\\\\server\\share\\f.x", "/a/b", ""};
    for (unsigned i = 0; i < 8; i++) {
        char drive[_MAX_DRIVE], dir[_MAX_DIR], name[_MAX_FNAME], ext[_MAX_EXT], whole[_MAX_PATH];
        _splitpath(names[i], drive, dir, name, ext);
        _makepath(whole, drive, dir, name, ext);
        printf("[%s][%s][%s][%s] %s\n", drive, dir, name, ext, whole);
    }
    char whole[_MAX_PATH];
    _makepath(whole, "c", "dir", "name", "ext");
    printf("%s\n", whole);
}

static void locales(void)
{
    printf("%s\n", setlocale(LC_ALL, NULL));
    printf("%s\n", setlocale(LC_ALL, "C"));
    printf("%s\n", setlocale(LC_ALL, "nonsense") ? "?" : "none");
    struct lconv *l = localeconv();
    printf("[%s][%s][%s] %d\n", l->decimal_point, l->thousands_sep, l->currency_symbol, l->frac_digits);
    printf("%s\n", setlocale(LC_CTYPE, "English_United States.1252"));
    printf("%s\n", setlocale(LC_ALL, NULL));
    printf("%d %d %x\n", !!isalpha(0xe9), !!isupper(0xc9), toupper(0xe9));
    wchar_t w[4] = {0};
    printf("%d %x\n", mbtowc(w, "\x80", 1), w[0]);
#ifdef _UCRT
    printf("%s\n", setlocale(LC_ALL, ".UTF8") ? "utf8" : "none");
    char b[8] = {0};
    printf("%d", wctomb(b, 0x20ac));
    dump("", 0, b, 3);
#endif
}

int main(void)
{
    classes();
    checked();
    compares();
    multibyte();
    paths();
    locales();
    return 0;
}

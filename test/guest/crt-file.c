/* Streams and descriptors on files: modes, positions, text and binary, buffers. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

#pragma GCC diagnostic ignored "-Wformat"

static void put(const char *name, const void *data, int size)
{
    FILE *f = fopen(name, "wb");
    fwrite(data, 1, size, f);
    fclose(f);
}

static void dumpFile(const char *name)
{
    unsigned char data[256];
    FILE *f = fopen(name, "rb");
    if (!f) {
        printf("%s: none %d\n", name, errno);
        return;
    }
    int n = (int)fread(data, 1, sizeof data, f);
    printf("%s:", name);
    for (int i = 0; i < n; i++) printf(" %02x", data[i]);
    printf("\n");
    fclose(f);
}

int main(void)
{
    put("a.txt", "one\r\ntwo\nthree\rfour\r\n\x1ahidden", 30);
    FILE *f = fopen("a.txt", "r");
    char line[64];
    while (fgets(line, sizeof line, f)) {
        for (char *p = line; *p; p++) printf(" %02x", *p);
        printf(" at %ld\n", ftell(f));
    }
    printf("%d %d\n", !!feof(f), !!ferror(f));
    fclose(f);
    f = fopen("b.txt", "w");
    fputs("x\ny\n", f);
    fprintf(f, "%d\n", 42);
    printf("%ld\n", ftell(f));
    fclose(f);
    dumpFile("b.txt");
    f = fopen("b.txt", "a+");
    fputs("end", f);
    rewind(f);
    printf("%c", fgetc(f));
    printf("%ld\n", ftell(f));
    fclose(f);
    dumpFile("b.txt");
    f = fopen("b.txt", "r+b");
    fseek(f, 2, SEEK_SET);
    fputc('!', f);
    fseek(f, -3, SEEK_END);
    printf("%c", getc(f));
    ungetc('Q', f);
    printf("%c", getc(f));
    fpos_t pos;
    fgetpos(f, &pos);
    printf("%c", getc(f));
    fsetpos(f, &pos);
    printf("%c\n", getc(f));
    fclose(f);
    dumpFile("b.txt");
    errno = 0;
    printf("%d", fopen("none.txt", "r") != NULL);
    printf(" %d\n", errno);
    f = fopen("c.bin", "w+b");
    setvbuf(f, NULL, _IOFBF, 16);
    for (int i = 0; i < 40; i++) putc(i, f);
    fflush(f);
    printf("%d\n", (int)_filelength(_fileno(f)));
    fseek(f, 10, SEEK_SET);
    unsigned char data[64];
    printf("%d", (int)fread(data, 4, 10, f));
    printf(" %d %d\n", data[0], !!feof(f));
    fclose(f);
    int fd = _open("d.bin", _O_CREAT | _O_RDWR | _O_BINARY | _O_TRUNC, _S_IREAD | _S_IWRITE);
    printf("%d\n", _write(fd, "0123456789", 10));
    printf("%ld", _lseek(fd, -4, SEEK_END));
    printf(" %d %.4s\n", _read(fd, line, 10), line);
    printf("%d", _eof(fd));
    printf(" %d\n", _chsize(fd, 5));
    _lseek(fd, 0, SEEK_SET);
    printf("%ld %I64d\n", _filelength(fd), _telli64(fd));
    int copy = _dup(fd);
    _lseek(copy, 1, SEEK_SET);
    printf("%d %c\n", _read(fd, line, 1), line[0]);
    _close(copy);
    struct _stat64 st;
    printf("%d", _fstat64(fd, &st));
    printf(" %I64d %x %d\n", st.st_size, st.st_mode & 0xf000, st.st_nlink);
    _close(fd);
    errno = 0;
    printf("%d", _close(fd) == -1);
    printf(" %d\n", errno);
    printf("%d", _stat64("d.bin", &st));
    printf(" %I64d\n", st.st_size);
    printf("%d %d\n", _access("d.bin", 0), _access("nope", 0));
    printf("%d", rename("d.bin", "e.bin"));
    printf(" %d\n", remove("e.bin"));
    f = _wfopen(L"u.txt", L"w, ccs=UTF-8");
    if (f) {
        fputws(L"\x20ac\n", f);
        fclose(f);
    }
    dumpFile("u.txt");
    f = _wfopen(L"v.txt", L"w, ccs=UTF-16LE");
    if (f) {
        fputws(L"\x20ac\n", f);
        fclose(f);
    }
    dumpFile("v.txt");
    f = _wfopen(L"v.txt", L"r, ccs=UNICODE");
    wchar_t w[8] = {0};
    printf("%d", f && fgetws(w, 8, f) != NULL);
    printf(" %x %x %x\n", w[0], w[1], w[2]);
    if (f) fclose(f);
    f = fopen("w.bin", "wb");
    fputwc(0x20ac, f);
    fputws(L"a\n", f);
    fclose(f);
    dumpFile("w.bin");
    f = tmpfile();
    fputs("temporary", f);
    rewind(f);
    printf("%s\n", fgets(line, sizeof line, f));
    fclose(f);
    f = freopen("r.txt", "w", stdout);
    printf("to the file\n");
    fclose(f);
    f = fopen("r.txt", "r");
    fprintf(stderr, "%s", fgets(line, sizeof line, f));
    return 0;
}

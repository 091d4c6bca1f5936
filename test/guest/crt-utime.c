// The times of files: _utime and _futime in 32 and 64 bits, what they refuse, and what _stat64 tells afterwards.
#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utime.h>

#pragma GCC diagnostic ignored "-Wformat"

#define FILE_NAME "t.txt"

static void result(const char *what, int answer)
{
    int error = answer == 0 ? 0 : errno;
    struct _stat64 st;
    _stat64(FILE_NAME, &st);
    printf("%s: %d, errno %d, read %I64d changed %I64d\n", what, answer, error, st.st_atime, st.st_mtime);
}

static void set64(const char *what, const char *name, __time64_t accessed, __time64_t changed)
{
    struct __utimbuf64 times = {accessed, changed};
    result(what, _utime64(name, &times));
}

static void set32(const char *what, __time32_t accessed, __time32_t changed)
{
    struct __utimbuf32 times = {accessed, changed};
    result(what, _utime32(FILE_NAME, &times));
}

int main(void)
{
    FILE *file = fopen(FILE_NAME, "w");
    fputs("text", file);
    fclose(file);
    set64("64 bits", FILE_NAME, 1000000000, 1100000000);
    set64("1970", FILE_NAME, 0, 0);
    set64("before 1970", FILE_NAME, 7, -5);
    set64("64 bits again", FILE_NAME, 1000000002, 1100000002);
    set32("32 bits", 1000000001, 0x7fffffff);
    set32("32 bits before 1970", 7, -5);
    set32("32 bits again", 1000000003, 1100000003);
    struct __utimbuf64 wide = {1000000004, 1100000004};
    result("by a wide name", _wutime64(L".\\T.TXT", &wide));
    set64("no file", "none.txt", 5, 5);
    _mkdir("d");
    set64("a folder", "d", 5, 5);
    _rmdir("d");
    _chmod(FILE_NAME, _S_IREAD);
    set64("a read-only file", FILE_NAME, 1000000005, 1100000005);
    _chmod(FILE_NAME, _S_IREAD | _S_IWRITE);

    struct __utimbuf64 times = {1000000006, 1100000006};
    struct __utimbuf32 narrow = {1000000007, 1100000007};
    int fd = _open(FILE_NAME, _O_RDWR);
    result("open for writing", _futime64(fd, &times));
    result("32 bits", _futime32(fd, &narrow));
    _close(fd);
    result("stays when closed", 0);
    times.modtime++;
    fd = _open(FILE_NAME, _O_RDONLY);
    result("open for reading", _futime64(fd, &times));
    _close(fd);
    result("no descriptor", _futime64(77, &times));

    struct _stat64 st;
    int answer = _utime64(FILE_NAME, NULL);
    _stat64(FILE_NAME, &st);
    printf("now: %d, %d %d\n", answer, st.st_atime > 1500000000, st.st_mtime > 1500000000);
    _unlink(FILE_NAME);
    return 0;
}

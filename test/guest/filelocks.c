// Locks on ranges of a file: who is kept out of what, and how they end.
#include <windows.h>
#include <stdio.h>

static HANDLE one, two, reader;

static void say(const char *what, BOOL answer)
{
    DWORD error = GetLastError();
    if (answer) printf("%s: 1\n", what);
    else printf("%s: 0, error %lu\n", what, error);
}

static BOOL lock(HANDLE file, DWORD flags, DWORD from, DWORD length)
{
    OVERLAPPED at = {0};
    at.Offset = from;
    return LockFileEx(file, flags | LOCKFILE_FAIL_IMMEDIATELY, 0, length, 0, &at);
}

static BOOL unlock(HANDLE file, DWORD from, DWORD length)
{
    OVERLAPPED at = {0};
    at.Offset = from;
    return UnlockFileEx(file, 0, length, 0, &at);
}

static BOOL transfer(HANDLE file, BOOL writes, DWORD from, DWORD length)
{
    char bytes[64] = {0};
    DWORD moved;
    SetFilePointer(file, from, NULL, FILE_BEGIN);
    return writes ? WriteFile(file, bytes, length, &moved, NULL) : ReadFile(file, bytes, length, &moved, NULL);
}

#define EXCLUSIVE LOCKFILE_EXCLUSIVE_LOCK

int main(void)
{
    DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    one = CreateFileA("l.bin", GENERIC_READ | GENERIC_WRITE, share, NULL, CREATE_ALWAYS, 0, NULL);
    two = CreateFileA("l.bin", GENERIC_READ | GENERIC_WRITE, share, NULL, OPEN_EXISTING, 0, NULL);
    reader = CreateFileA("l.bin", GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
    say("hundred bytes", transfer(one, TRUE, 0, 64) && transfer(one, TRUE, 64, 36));

    say("LockFile 10 to 20", LockFile(one, 10, 0, 10, 0));
    say("again", LockFile(one, 10, 0, 10, 0));
    say("by another handle", LockFile(two, 15, 0, 10, 0));
    say("beside it", LockFile(two, 20, 0, 10, 0));
    say("shared over it", lock(two, 0, 0, 100));
    say("the owner reads", transfer(one, FALSE, 5, 10));
    say("the owner writes", transfer(one, TRUE, 5, 10));
    say("another reads", transfer(two, FALSE, 5, 10));
    say("another writes", transfer(two, TRUE, 5, 10));
    say("another reads before it", transfer(two, FALSE, 0, 10));
    say("another writes before it", transfer(two, TRUE, 0, 10));
    say("a read of more than the file has", transfer(one, FALSE, 25, 64));
    say("unlock a part", UnlockFile(one, 10, 0, 5, 0));
    say("unlock by another", UnlockFile(two, 10, 0, 10, 0));
    say("unlock", UnlockFile(one, 10, 0, 10, 0));
    say("unlock again", UnlockFile(one, 10, 0, 10, 0));
    say("another reads", transfer(two, FALSE, 5, 10));
    say("unlock the other", UnlockFile(two, 20, 0, 10, 0));

    say("shared", lock(one, 0, 0, 50));
    say("shared by another", lock(two, 0, 20, 50));
    say("shared by a reader", lock(reader, 0, 20, 50));
    say("exclusive there", lock(one, EXCLUSIVE, 0, 10));
    say("exclusive by another", lock(two, EXCLUSIVE, 0, 10));
    say("another reads what is shared", transfer(two, FALSE, 0, 10));
    say("another writes what is shared", transfer(two, TRUE, 0, 10));
    say("the owner writes what is shared", transfer(one, TRUE, 0, 10));
    say("unlock one", unlock(one, 0, 50));
    say("unlock two", unlock(two, 20, 50));
    say("the reader's is still there", lock(one, EXCLUSIVE, 30, 1));
    CloseHandle(reader);
    say("and gone with its handle", lock(one, EXCLUSIVE, 30, 1));
    say("shared over its own exclusive one", lock(one, 0, 30, 1));
    say("unlock once", unlock(one, 30, 1));
    say("another reads", transfer(two, FALSE, 30, 1));
    say("unlock twice", unlock(one, 30, 1));

    say("past the end", lock(one, EXCLUSIVE, 0x40000000, 1));
    say("past the end by another", lock(two, EXCLUSIVE, 0x40000000, 1));
    say("to the end of offsets", LockFile(one, 0, 0x80000000, 0, 0x80000000));
    say("beyond the end of offsets", LockFile(one, 1, 0x80000000, 0, 0x80000000));
    say("no bytes", LockFile(one, 70, 0, 0, 0));
    say("no bytes unlocked", UnlockFile(one, 70, 0, 0, 0));
    say("no file", LockFile((HANDLE)0x1234, 0, 0, 1, 0));

    OVERLAPPED at = {0};
    at.Offset = 80;
    at.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    say("with an event", LockFileEx(one, EXCLUSIVE, 0, 5, 0, &at));
    printf("event %lu, moved %lu\n", WaitForSingleObject(at.hEvent, 0), (DWORD)at.InternalHigh);
    HANDLE copy;
    DuplicateHandle(GetCurrentProcess(), one, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    say("a copy of the handle reads", transfer(copy, FALSE, 80, 5));
    say("and unlocks", unlock(copy, 80, 5));
    HANDLE attributes = CreateFileA("l.bin", FILE_READ_ATTRIBUTES, share, NULL, OPEN_EXISTING, 0, NULL);
    say("without a right to bytes", lock(attributes, 0, 0, 1));
    CloseHandle(attributes);
    CloseHandle(copy);
    CloseHandle(one);
    CloseHandle(two);
    DeleteFileA("l.bin");
    return 0;
}

/*
 * oracle-run: runs a list of programs one after another and keeps what each wrote and its whole exit code,
 * of which a Unix process status would show eight bits. Used by oracle.mjs under Wine, where one start of
 * Wine for many programs is what makes it quick.
 *
 * oracle-run LIST: each line of LIST is EXE <tab> COMMAND LINE <tab> FOLDER TO RUN IN <tab> FILE FOR STDOUT.
 * For each it prints one line: the exit code in hexadecimal, or "timeout" or "failed ERROR".
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

enum { LINE = 8192, PATIENCE = 120000 /* ms */ };

static HANDLE inheritable(const char *path, DWORD access, DWORD disposition)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    return CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, disposition, 0, NULL);
}

static void run(const char *exe, char *command, const char *folder, const char *output)
{
    STARTUPINFOA start;
    PROCESS_INFORMATION process;
    memset(&start, 0, sizeof start);
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = inheritable("NUL", GENERIC_READ, OPEN_EXISTING);
    start.hStdOutput = inheritable(output, GENERIC_WRITE, CREATE_ALWAYS);
    start.hStdError = inheritable("NUL", GENERIC_WRITE, OPEN_EXISTING);
    if (!CreateProcessA(exe, command, NULL, NULL, TRUE, 0, NULL, folder, &start, &process)) {
        printf("failed %lu\n", GetLastError());
    } else {
        DWORD code = 0;
        if (WaitForSingleObject(process.hProcess, PATIENCE) != WAIT_OBJECT_0) {
            TerminateProcess(process.hProcess, 1);
            printf("timeout\n");
        } else if (GetExitCodeProcess(process.hProcess, &code)) {
            printf("%08lx\n", code);
        }
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    fflush(stdout);
    CloseHandle(start.hStdInput);
    CloseHandle(start.hStdOutput);
    CloseHandle(start.hStdError);
}

int main(int argc, char **argv)
{
    static char line[LINE];
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!list)
        return 2;
    while (fgets(line, sizeof line, list)) {
        char *field[4] = {line, NULL, NULL, NULL};
        for (int i = 1; i < 4; i++) {
            char *tab = strchr(field[i - 1], '\t');
            if (!tab)
                return 2;
            *tab = 0;
            field[i] = tab + 1;
        }
        field[3][strcspn(field[3], "\r\n")] = 0;
        run(field[0], field[1], field[2], field[3]);
    }
    return 0;
}

/*
 * plugin-host: a program that uses plugin.dll.
 *
 * The loader maps the DLL from the program's folder, relocates it, binds imports by name, by ordinal and
 * through a forwarder, and calls TLS callbacks and DllMain before the program's own TLS callback and main;
 * at the end it calls the DLL's again.
 */
#include "plugin.h"
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void say(const char *line)
{
    DWORD put;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)strlen(line), &put, NULL);
}

static void NTAPI on_tls(PVOID module, DWORD reason, PVOID reserved)
{
    (void)module, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        say("host: TLS callback, process attach\r\n");
}
PIMAGE_TLS_CALLBACK host_tls_callback __attribute__((section(".CRT$XLC"), used)) = on_tls;

static const char *yes(int truth)
{
    return truth ? "yes" : "no";
}

int main(void)
{
    say("host: main\r\n");
    printf("by name: %d\n", plugin_triple(14));
    printf("by ordinal: %d\n", plugin_by_ordinal());
    printf("forwarded: %u\n", (unsigned)plugin_length("sixteen letters."));
    for (int i = 0; i < 3; i++)
        printf("table: %s(5) = %d\n", plugin_table[i].name, plugin_table[i].apply(5));
    printf("data: %d calls\n", plugin_calls);

    HMODULE plugin = GetModuleHandleA("plugin.dll");
    printf("module: found: %s, apart from the program: %s\n", yes(plugin != NULL), yes(plugin != GetModuleHandleA(NULL)));
    FARPROC triple = GetProcAddress(plugin, "plugin_triple");
    printf("GetProcAddress by name: %s, by ordinal: %s, of a forwarder: %s, of nothing: %s\n",
           yes(triple != NULL && (void *)triple == (void *)plugin_table[0].apply),
           yes(GetProcAddress(plugin, (LPCSTR)7) != NULL),
           yes(GetProcAddress(plugin, "plugin_length") == GetProcAddress(GetModuleHandleA("msvcrt.dll"), "strlen")),
           yes(GetProcAddress(plugin, "plugin_nothing") != NULL));
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery((const void *)plugin_table, &info, sizeof info);
    printf("its data: of the module: %s, type 0x%lx\n", yes(info.AllocationBase == (void *)plugin), info.Type);
    fflush(stdout);
    return 0;
}

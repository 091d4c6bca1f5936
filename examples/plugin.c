/*
 * plugin: a DLL with a TLS callback, a DllMain, data with pointers in it, and exports by name, by ordinal and
 * forwarded to another DLL (plugin.def). It is linked to the very address where its user is linked, so the
 * loader has to put it elsewhere and relocate it. See plugin-host.c for its user.
 */
#define PLUGIN_API __declspec(dllexport)
#include "plugin.h"
#include <string.h>
#include <windows.h>

/* Writes straight to standard output: these callbacks also run when the C runtime has already closed. */
static void say(const char *line)
{
    DWORD put;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)strlen(line), &put, NULL);
}

static void NTAPI on_tls(PVOID module, DWORD reason, PVOID reserved)
{
    (void)module, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        say("plugin: TLS callback, process attach\r\n");
    if (reason == DLL_PROCESS_DETACH)
        say("plugin: TLS callback, process detach\r\n");
}
PIMAGE_TLS_CALLBACK plugin_tls_callback __attribute__((section(".CRT$XLC"), used)) = on_tls;

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        say("plugin: DllMain, process attach\r\n");
    if (reason == DLL_PROCESS_DETACH)
        say("plugin: DllMain, process detach\r\n");
    return TRUE;
}

int plugin_calls;

int plugin_triple(int value)
{
    plugin_calls++;
    return value * 3;
}

static int negate(int value)
{
    plugin_calls++;
    return -value;
}

static int square(int value)
{
    plugin_calls++;
    return value * value;
}

int plugin_by_ordinal(void)
{
    return 7007;
}

const struct plugin_entry plugin_table[3] = {{"triple", plugin_triple}, {"negate", negate}, {"square", square}};

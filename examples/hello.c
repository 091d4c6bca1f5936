/*
 * hello: the smallest program, one line on standard output.
 * What it exercises is what every program needs: the loader, the C runtime's start, and an orderly end.
 */
#include <stdio.h>

int main(void)
{
    puts("hello from an x86-64 Windows program");
    return 0;
}

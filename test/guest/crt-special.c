/* What is not a number, printed; the runtimes name it differently. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wformat"

static double bits(uint64_t value)
{
    double result;
    memcpy(&result, &value, 8);
    return result;
}

int main(void)
{
    double values[] = {bits(0x7ff0000000000000), bits(0xfff0000000000000), bits(0x7ff8000000000000), bits(0xfff8000000000000),
        bits(0x7ff8000000000001)};
    static const char *const formats[] = {"%f", "%e", "%g", "%E", "%G", "%10f|", "%010f|", "%+f", "% f", "%.2f", "%.0f", "%a", "%A"};
    for (unsigned f = 0; f < sizeof formats / sizeof *formats; f++) {
        printf("%s:", formats[f]);
        for (unsigned v = 0; v < 5; v++) {
            putchar(' ');
            printf(formats[f], values[v]);
        }
        putchar('\n');
    }
    return 0;
}

/* What plugin.dll offers. */
#ifndef PLUGIN_H
#define PLUGIN_H
#include <stddef.h>

#ifndef PLUGIN_API
#define PLUGIN_API __declspec(dllimport)
#endif

/* An entry of a table of names that the loader must relocate. */
struct plugin_entry {
    const char *name;
    int (*apply)(int);
};

PLUGIN_API int plugin_triple(int value);                  /* exported by name */
PLUGIN_API int plugin_by_ordinal(void);                   /* exported as ordinal 7, without a name */
PLUGIN_API size_t plugin_length(const char *text);        /* forwarded to msvcrt.strlen */
PLUGIN_API extern const struct plugin_entry plugin_table[3]; /* data */
PLUGIN_API extern int plugin_calls;                       /* data that changes */
#endif

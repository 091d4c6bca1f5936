/* Runs each routine of x87-forms.s on each of its inputs; see x87.ts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  unsigned char image[512];
  unsigned char rest[144];
} __attribute__((aligned(16))) State;

typedef void Routine(State *);
extern Routine *routines[];
extern const unsigned char *form_begins[], *form_ends[];

int main(int argc, char **argv) {
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  int forms = atoi(argv[3]), cases = atoi(argv[4]);
  static State state;
  for (int form = 0; form < forms; form++) {
    unsigned char code[16] = {form_ends[form] - form_begins[form]};
    memcpy(code + 1, form_begins[form], code[0]);
    fwrite(code, 16, 1, out);
  }
  for (int form = 0; form < forms; form++)
    for (int index = 0; index < cases; index++) {
      if (fread(&state, sizeof state, 1, in) != 1) return 1;
      routines[form](&state);
      fwrite(&state, sizeof state, 1, out);
    }
  return fclose(out) || argc != 5;
}

// Runs the routines of forms.s on the inputs; see record.ts for the layout of a state.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WORDS 73
#define DATA 0x800000L
#define WINDOW (DATA + 0xc0)
#define STACK_WINDOW (DATA + 0x7c0)

typedef void routine(uint64_t *state);
extern routine *routines[];
extern char *form_begins[], *form_ends[];
static sigjmp_buf back;

static void divided(int number) {
  (void)number;
  siglongjmp(back, 1);
}

int main(int argc, char **argv) {
  (void)argc;
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  int forms = atoi(argv[3]), cases = atoi(argv[4]);
  static char signal_stack[65536];
  stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_handler = divided, .sa_flags = SA_ONSTACK};
  sigaction(SIGFPE, &action, 0);
  if (mmap((void *)DATA, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) return 1;
  for (int form = 0; form < forms; form++) {
    unsigned char code[64] = {0};
    code[0] = form_ends[form] - form_begins[form];
    if (code[0] > 63) return 2;
    memcpy(code + 1, form_begins[form], code[0]);
    fwrite(code, 1, 64, out);
  }
  for (int form = 0; form < forms; form++)
    for (int index = 0; index < cases; index++) {
      uint64_t state[WORDS];
      if (fread(state, 8, WORDS, in) != WORDS) return 3;
      memcpy((void *)WINDOW, state + 25, 256);
      memcpy((void *)STACK_WINDOW, state + 57, 128);
      uint32_t error[2] = {0, 0};
      if (sigsetjmp(back, 1) == 0) routines[form](state);
      else error[0] = 1;
      memcpy(state + 25, (void *)WINDOW, 256);
      memcpy(state + 57, (void *)STACK_WINDOW, 128);
      fwrite(error, 4, 2, out);
      fwrite(state, 8, WORDS, out);
    }
  return fclose(out);
}

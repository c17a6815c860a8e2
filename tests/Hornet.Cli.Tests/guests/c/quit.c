// Ends in the way that its argument names.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Nothing of its frame lies in memory: the engine's stack ends, not the one that the C compiler keeps in memory.
static volatile int step = 3;
__attribute__((noinline)) static int deep(int n) {
  int below = deep(n + step);
  return below * step + n;
}

__attribute__((noinline)) static int divide(volatile int a, volatile int b) { return a / b; }

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "return";
  fprintf(stderr, "about to %s\n", how);
  if (!strcmp(how, "return")) return 7;
  if (!strcmp(how, "exit")) exit(42);
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "unreachable")) __builtin_trap();
  if (!strcmp(how, "divide")) return divide(1, argc - 2);
  if (!strcmp(how, "wild")) return *(volatile int *)0x7ffffff0;
  if (!strcmp(how, "deep")) return deep(0);
  if (!strcmp(how, "call")) return ((int (*)(void))(size_t)0x7fffff)();
  if (!strcmp(how, "loop"))
    for (;;) __asm__ volatile("");
  return 1;
}

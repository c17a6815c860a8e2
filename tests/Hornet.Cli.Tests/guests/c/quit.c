// Ends in the way that its argument names.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static int deep(volatile int n) {
  volatile char room[256];
  room[n & 255] = 1;
  return deep(n + 1) + room[n & 255];
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

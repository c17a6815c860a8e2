// The ways to end: by argument.
#include "check.h"
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "trap")) __builtin_trap();
  if (!strcmp(how, "sleep")) for (;;) sleep(1000);
  if (!strcmp(how, "read")) { char c; while (read(0, &c, 1) >= 0) {} }
  if (!strcmp(how, "yes")) for (;;) if (puts("y") < 0) return errno == EPIPE ? 7 : 8;
  return atoi(how);
}

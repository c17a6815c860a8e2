// Reads standard input to its end and says how much and what it was; with "echo", copies it to standard output unchanged.
#include "check.h"
#include <poll.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static unsigned char buf[65536];
  unsigned long long total = 0;
  unsigned hash = 2166136261u;
  int echo = argc > 1 && !strcmp(argv[1], "echo");
  struct pollfd p = {0, POLLIN, 0};
  CHECK(poll(&p, 1, 5000) == 1 && (p.revents & (POLLIN | POLLHUP)));
  for (ssize_t n; (n = read(0, buf, sizeof buf)) != 0;) {
    CHECK(n > 0);
    total += n;
    if (echo) {
      CHECK(write(1, buf, n) == n);
    } else {
      for (ssize_t i = 0; i < n; i += 4096) hash = (hash ^ buf[i]) * 16777619u;
    }
  }
  if (!echo) printf("%llu\n", total);
  return 0;
}

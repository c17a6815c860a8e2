// Reads standard input to its end and prints how much it was and what it came to.
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static unsigned char buffer[1 << 16];

int main(void) {
  uint64_t total = 0;
  uint32_t sum = 0;
  for (ssize_t n; (n = read(0, buffer, sizeof buffer)) > 0; total += n)
    for (ssize_t i = 0; i < n; i += 64) sum = sum * 31 + buffer[i];
  printf("%llu bytes\n", (unsigned long long)total);
  fprintf(stderr, "checked %u\n", sum);
  return 0;
}

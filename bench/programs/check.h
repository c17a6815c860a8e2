// Every program here exports nothing, takes a size as its first argument, and prints a check value.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed = 12345;
static inline uint32_t next_random(void) { seed ^= seed << 13; seed ^= seed >> 17; seed ^= seed << 5; return seed; }
static inline uint32_t mix(uint32_t h, uint32_t x) { h ^= x; h *= 0x01000193u; return h ^ h >> 15; }

static uint32_t run(int n);

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 1;
  printf("%08x\n", run(n));
  return 0;
}

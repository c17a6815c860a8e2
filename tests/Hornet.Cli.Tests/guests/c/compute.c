// qsort over a million numbers, printf of floats and integers, strings: what any libc does the same way.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

int main(void) {
  enum { N = 100000 };
  uint32_t *numbers = malloc(N * sizeof *numbers), seed = 12345, sum = 0;
  for (int i = 0; i < N; i++) numbers[i] = seed = seed * 1664525u + 1013904223u;
  qsort(numbers, N, sizeof *numbers, by_value);
  for (int i = 0; i < N; i++) {
    if (i && numbers[i - 1] > numbers[i]) puts("not sorted");
    sum = sum * 31 + numbers[i];
  }
  printf("sorted %08x\n", sum);
  free(numbers);

  const double values[] = {0.0, -0.0, 1.0, 1.0 / 3, -2.5, 1e-7, 6.02214076e23, 123456789.125, 5e-324, 1.7976931348623157e308, INFINITY, -INFINITY};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    printf("%f %.3f %e %g %.17g %10.2f|%-12g|%+g\n", values[i], values[i], values[i], values[i], values[i], values[i], values[i], values[i]);
  printf("%.10f %.10f %.10f %.10f\n", sqrt(2), sin(1), exp(1), pow(2, 0.5));
  printf("%d %u %x %o %lld %llu %5d|%-5d|%05d %c %s %%\n", -42, 42u, 0xbeef, 0755, -1234567890123456789ll, ~0ull, 7, 7, 7, 'x', "str");

  double parsed = strtod("3.14159265358979", NULL);
  char *end;
  long number = strtol("0x7fff rest", &end, 0);
  printf("%.14f %ld '%s'\n", parsed, number, end);
  char text[64] = "the quick brown fox";
  for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) printf("[%s]", word);
  puts("");
  return 0;
}

// Makes tables before it is written out: globals, the heap and static data keep them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char composite[20000];
static int count, last, made;
static int *heap;

__attribute__((export_name("initialize"))) void initialize(void) {
  made++;
  for (int i = 2; i < 20000; i++) {
    if (composite[i]) continue;
    count++;
    last = i;
    for (int k = 2 * i; k < 20000; k += i) composite[k] = 1;
  }
  heap = malloc(100000 * sizeof *heap);
  memset(heap, 0, 100000 * sizeof *heap);
  heap[99999] = 42;
  puts("initialising");
  fflush(stdout);
}

int main(void) {
  if (!made) initialize();
  printf("primes below 20000: %d, the last %d\nmade %d times, heap %d\n", count, last, made, heap[99999]);
  return 0;
}

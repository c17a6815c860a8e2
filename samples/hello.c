// Greets the world, or whoever is named: ./h run samples/hello.wasm Ada Grace
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) puts("hello, world");
  for (int i = 1; i < argc; i++) {
    fputs("hello, ", stdout);
    puts(argv[i]);
  }
  return 0;
}

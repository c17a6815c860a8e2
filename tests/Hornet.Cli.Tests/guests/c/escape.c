// Tries to open what lies outside of the directory it was given. Prints nothing but what it could not do.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    int d = open(argv[i], O_RDONLY);
    printf("%s %s\n", argv[i], d < 0 ? "refused" : "OPENED");
    if (d >= 0) close(d);
  }
  return 0;
}

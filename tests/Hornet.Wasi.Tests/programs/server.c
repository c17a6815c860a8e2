// Serves one connection on the preopened listener: answers each line in upper case until the other side has nothing more to say.
#include "check.h"
#include <ctype.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  struct stat st;
  CHECK(stat("/", &st) == 0); // the directories behind the listener are found
  int fd = accept(3, NULL, NULL);
  CHECK(fd > 3);
  char buf[256];
  ssize_t n;
  while ((n = recv(fd, buf, sizeof buf, 0)) > 0) {
    for (ssize_t i = 0; i < n; i++) buf[i] = toupper((unsigned char)buf[i]);
    CHECK(send(fd, buf, n, 0) == n);
  }
  CHECK(n == 0);
  CHECK(shutdown(fd, SHUT_WR) == 0);
  CHECK(close(fd) == 0);
  FAILS(accept(0, NULL, NULL), ENOTSOCK);
  puts("served");
  return 0;
}

// What the test programs share: a check that says where it failed, with errno.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, #x, errno, strerror(errno)); exit(1); } } while (0)
#define FAILS(x, e) do { errno = 0; if ((x) != -1 || errno != (e)) { fprintf(stderr, "%s:%d: %s should fail with %s, errno %d: %s\n", __FILE__, __LINE__, #x, #e, errno, strerror(errno)); exit(1); } } while (0)

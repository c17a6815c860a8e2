// Arguments, environment, exit code, clocks, random numbers, descriptors of all kinds.
#include "check.h"
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

extern char **environ;

static int by_value(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("arg %d: %s\n", i, argv[i]);
  for (char **e = environ; *e; e++) printf("env %s\n", *e);
  CHECK(getenv("EMPTY") && !*getenv("EMPTY") && !getenv("NONE"));

  struct timespec a, b, res;
  CHECK(clock_getres(CLOCK_MONOTONIC, &res) == 0 && (res.tv_sec || res.tv_nsec));
  CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
  struct timespec nap = {0, 30000000};
  CHECK(nanosleep(&nap, NULL) == 0);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
  long long slept = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
  CHECK(slept >= 30000000 && slept < 5000000000LL);
  CHECK(clock_gettime(CLOCK_REALTIME, &a) == 0 && a.tv_sec > 1700000000);
  CHECK(time(NULL) >= a.tv_sec);
  a.tv_nsec += 20000000;
  if (a.tv_nsec >= 1000000000) a.tv_sec++, a.tv_nsec -= 1000000000;
  CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &a, NULL) == 0);

  unsigned char r1[64], r2[64];
  CHECK(getentropy(r1, 64) == 0 && getentropy(r2, 64) == 0 && memcmp(r1, r2, 64));

  double values[1000];
  for (int i = 0; i < 1000; i++) values[i] = (i * 7919 % 1000) / 8.0;
  qsort(values, 1000, sizeof *values, by_value);
  for (int i = 0; i < 1000; i++) CHECK(values[i] == i / 8.0);
  printf("float %.3f %g %e\n", values[13], 1e100, 0.1);

  CHECK(__wasi_sched_yield() == 0);
  __wasi_fdstat_t stat;
  CHECK(__wasi_fd_fdstat_get(3, &stat) == 0 && stat.fs_filetype == __WASI_FILETYPE_DIRECTORY);
  CHECK(__wasi_fd_fdstat_set_rights(3, stat.fs_rights_base & ~__WASI_RIGHTS_PATH_CREATE_DIRECTORY, stat.fs_rights_inheriting) == 0);
  CHECK(__wasi_fd_fdstat_set_rights(3, stat.fs_rights_base, stat.fs_rights_inheriting) == __WASI_ERRNO_NOTCAPABLE);
  CHECK(__wasi_path_create_directory(3, "new") == __WASI_ERRNO_NOTCAPABLE);
  __wasi_fd_t fd, fd2;
  CHECK(__wasi_path_open(3, 0, "a", __WASI_OFLAGS_CREAT, ~0ULL & ~__WASI_RIGHTS_SOCK_SHUTDOWN, 0, 0, &fd) == 0);
  CHECK(__wasi_path_open(3, 0, "b", __WASI_OFLAGS_CREAT, ~0ULL, 0, 0, &fd2) == 0 && fd2 == fd + 1);
  CHECK(__wasi_fd_renumber(fd2, fd) == 0 && __wasi_fd_close(fd2) == __WASI_ERRNO_BADF);
  CHECK(__wasi_fd_allocate(fd, 0, 10) == 0);
  __wasi_filesize_t at;
  CHECK(__wasi_fd_seek(fd, 5, __WASI_WHENCE_SET, &at) == 0 && __wasi_fd_tell(fd, &at) == 0 && at == 5);
  CHECK(!isatty(fd) && __wasi_fd_close(fd) == 0);
  __wasi_prestat_t pre;
  CHECK(__wasi_fd_prestat_get(3, &pre) == 0 && pre.tag == __WASI_PREOPENTYPE_DIR && pre.u.dir.pr_name_len == 1);
  CHECK(__wasi_fd_prestat_get(fd, &pre) == __WASI_ERRNO_BADF);
  fflush(stdout);
  __wasi_proc_exit(42);
}

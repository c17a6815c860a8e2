// Regular files: every call of POSIX's that wasi-libc makes of fd_*.
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void) {
  char buf[64];
  struct stat st;
  int fd = open("/f", O_RDWR | O_CREAT | O_EXCL, 0666);
  CHECK(fd > 2);
  FAILS(open("/f", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
  FAILS(open("/missing", O_RDONLY), ENOENT);
  FAILS(open("/f", O_RDONLY | O_DIRECTORY), ENOTDIR);
  CHECK(write(fd, "hello world", 11) == 11);
  CHECK(lseek(fd, 0, SEEK_CUR) == 11);
  CHECK(lseek(fd, -5, SEEK_END) == 6);
  CHECK(read(fd, buf, sizeof buf) == 5 && !memcmp(buf, "world", 5));
  CHECK(read(fd, buf, sizeof buf) == 0);
  CHECK(pread(fd, buf, 4, 1) == 4 && !memcmp(buf, "ello", 4));
  CHECK(pwrite(fd, "J", 1, 0) == 1);
  CHECK(lseek(fd, 0, SEEK_CUR) == 11);
  FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
  CHECK(lseek(fd, 20, SEEK_SET) == 20 && write(fd, "!", 1) == 1);
  CHECK(fstat(fd, &st) == 0 && st.st_size == 21 && S_ISREG(st.st_mode) && st.st_nlink == 1);
  CHECK(pread(fd, buf, 1, 15) == 1 && buf[0] == 0);
  CHECK(ftruncate(fd, 5) == 0 && fstat(fd, &st) == 0 && st.st_size == 5);
  CHECK(posix_fallocate(fd, 0, 100) == 0 && fstat(fd, &st) == 0 && st.st_size == 100);
  CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) == 0);
  CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  CHECK(lseek(fd, 0, SEEK_SET) == 0 && writev(fd, out, 3) == 5);
  char x[2], y[3];
  struct iovec in[2] = {{x, 2}, {y, 3}};
  CHECK(lseek(fd, 0, SEEK_SET) == 0 && readv(fd, in, 2) == 5 && !memcmp(x, "ab", 2) && !memcmp(y, "cde", 3));
  CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  CHECK(fcntl(fd, F_SETFL, O_RDWR | O_APPEND) == 0 && (fcntl(fd, F_GETFL) & O_APPEND));
  CHECK(lseek(fd, 0, SEEK_SET) == 0 && write(fd, "end", 3) == 3);
  CHECK(fstat(fd, &st) == 0 && st.st_size == 103);
  CHECK(close(fd) == 0);
  FAILS(close(fd), EBADF);
  FAILS(read(fd, buf, 1), EBADF);

  fd = open("/f", O_RDONLY);
  CHECK(fd > 2);
  FAILS(write(fd, "x", 1), EBADF);
  FAILS(ftruncate(fd, 0), ENOTCAPABLE);
  close(fd);
  fd = open("/f", O_WRONLY | O_TRUNC);
  FAILS(read(fd, buf, 1), EBADF);
  CHECK(fstat(fd, &st) == 0 && st.st_size == 0);
  close(fd);
  FAILS(open("/", O_RDWR), EISDIR);

  FILE *f = fopen("/g", "w+");
  CHECK(f);
  for (int i = 0; i < 10000; i++) CHECK(fprintf(f, "%d\n", i) > 0);
  rewind(f);
  long sum = 0;
  for (int i, n; fscanf(f, "%d%n", &i, &n) == 1;) sum += i;
  CHECK(sum == 49995000L);
  CHECK(fclose(f) == 0 && remove("/g") == 0);
  puts("ok");
  return 0;
}

// Directories, names, links and times: what wasi-libc makes of path_* and fd_readdir.
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int count(const char *path) {
  DIR *d = opendir(path);
  CHECK(d);
  int n = 0;
  for (struct dirent *e; (e = readdir(d));) n++;
  closedir(d);
  return n;
}

int main(void) {
  struct stat st, st2;
  char buf[64];
  CHECK(mkdir("/d", 0777) == 0);
  FAILS(mkdir("/d", 0777), EEXIST);
  CHECK(mkdir("/d/e", 0777) == 0);
  FAILS(rmdir("/d"), ENOTEMPTY);
  FAILS(unlink("/d"), EISDIR);
  CHECK(stat("/d", &st) == 0 && S_ISDIR(st.st_mode));
  for (int i = 0; i < 500; i++) {
    snprintf(buf, sizeof buf, "/d/file-with-a-name-%d", i);
    int fd = open(buf, O_CREAT | O_WRONLY, 0666);
    CHECK(fd > 2);
    close(fd);
  }
  CHECK(count("/d") == 503);
  // A position is good as long as the directory is open.
  DIR *d = opendir("/d");
  for (int i = 0; i < 100; i++) CHECK(readdir(d));
  long at = telldir(d);
  struct dirent *e = readdir(d);
  CHECK(e);
  char name[256];
  strcpy(name, e->d_name);
  while (readdir(d)) {}
  seekdir(d, at);
  e = readdir(d);
  CHECK(e && !strcmp(e->d_name, name));
  rewinddir(d);
  int n = 0;
  while (readdir(d)) n++;
  CHECK(n == 503);
  int dfd = dirfd(d);
  CHECK(fstatat(dfd, "file-with-a-name-7", &st, 0) == 0 && S_ISREG(st.st_mode));
  CHECK(unlinkat(dfd, "file-with-a-name-7", 0) == 0);
  closedir(d);
  for (int i = 0; i < 500; i++) {
    snprintf(buf, sizeof buf, "/d/file-with-a-name-%d", i);
    CHECK(i == 7 ? access(buf, F_OK) == -1 : unlink(buf) == 0);
  }
  CHECK(rmdir("/d/e") == 0);

  int fd = open("/d/f", O_CREAT | O_WRONLY, 0666);
  CHECK(fd > 2 && write(fd, "x", 1) == 1 && close(fd) == 0);
  CHECK(link("/d/f", "/hard") == 0);
  CHECK(stat("/d/f", &st) == 0 && stat("/hard", &st2) == 0 && st.st_ino == st2.st_ino && st.st_dev == st2.st_dev && st2.st_nlink == 2);
  CHECK(symlink("d/f", "/soft") == 0);
  CHECK(readlink("/soft", buf, sizeof buf) == 3 && !memcmp(buf, "d/f", 3));
  CHECK(lstat("/soft", &st) == 0 && S_ISLNK(st.st_mode));
  CHECK(stat("/soft", &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 1);
  FAILS(open("/soft", O_RDONLY | O_NOFOLLOW), ELOOP);
  FAILS(symlink("/abs", "/soft2"), EPERM);
  CHECK(symlink("loop", "/loop") == 0);
  FAILS(open("/loop", O_RDONLY), ELOOP);

  CHECK(rename("/hard", "/d/g") == 0 && access("/hard", F_OK) == -1 && access("/d/g", R_OK | W_OK) == 0);
  CHECK(mkdir("/empty", 0777) == 0 && rename("/d", "/empty") == 0 && access("/empty/g", F_OK) == 0);
  FAILS(rename("/empty", "/empty/inside"), EINVAL);

  struct timespec t[2] = {{1000000007, 5}, {1700000000, 123456789}};
  CHECK(utimensat(AT_FDCWD, "/empty/g", t, 0) == 0);
  CHECK(stat("/empty/g", &st) == 0 && st.st_atim.tv_sec == 1000000007 && st.st_mtim.tv_nsec == 123456789);
  fd = open("/empty/g", O_WRONLY);
  CHECK(futimens(fd, t) == 0 && fstat(fd, &st) == 0 && st.st_atim.tv_sec == 1000000007 && st.st_mtim.tv_sec == 1700000000);
  close(fd);

  // Out of the box.
  CHECK(open("/../etc/passwd", O_RDONLY) == -1);
  CHECK(open("../etc/passwd", O_RDONLY) == -1);
  CHECK(symlink("../..", "/up") == 0 && open("/up/etc/passwd", O_RDONLY) == -1 && opendir("/up") == NULL);
  puts("ok");
  return 0;
}

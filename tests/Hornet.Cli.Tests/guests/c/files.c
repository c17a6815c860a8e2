// Files and directories below the first argument: made, written, read in pieces, renamed, listed, removed.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[4][256];
static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

int main(int argc, char **argv) {
  const char *names[] = {"made", "made/a.txt", "made/b.txt", "made/gone.txt"};
  for (int i = 0; i < 4; i++) snprintf(path[i], sizeof path[i], "%s/%s", argc > 1 ? argv[1] : ".", names[i]);
  printf("mkdir %d\n", mkdir(path[0], 0777));
  int again = mkdir(path[0], 0777);
  printf("mkdir again %d %d\n", again, errno == EEXIST);

  FILE *f = fopen(path[1], "w");
  for (int i = 0; i < 1000; i++) fprintf(f, "line %d\n", i);
  fclose(f);
  f = fopen(path[1], "a");
  fputs("the end\n", f);
  fclose(f);

  struct stat s;
  int found_it = stat(path[1], &s);
  printf("stat %d size %ld regular %d\n", found_it, (long)s.st_size, S_ISREG(s.st_mode));
  f = fopen(path[1], "r");
  fseek(f, -8, SEEK_END);
  char line[64];
  fgets(line, sizeof line, f);
  printf("last: %s", line);
  rewind(f);
  int lines = 0;
  while (fgets(line, sizeof line, f)) lines++;
  printf("lines %d eof %d\n", lines, feof(f) != 0);
  fclose(f);

  int d = open(path[2], O_RDWR | O_CREAT | O_EXCL, 0666);
  printf("write %ld\n", (long)write(d, "0123456789", 10));
  printf("pwrite %ld\n", (long)pwrite(d, "AB", 2, 4));
  char buffer[16] = {0};
  long got = pread(d, buffer, 8, 2);
  printf("pread %ld %s\n", got, buffer);
  int cut = ftruncate(d, 5);
  printf("truncate %d seek %ld\n", cut, (long)lseek(d, 0, SEEK_END));
  close(d);
  printf("exclusive %d\n", open(path[2], O_RDWR | O_CREAT | O_EXCL, 0666) < 0 && errno == EEXIST);
  printf("missing %d\n", open(path[3], O_RDONLY) < 0 && errno == ENOENT);
  printf("rename %d\n", rename(path[2], path[3]));

  char *found[16];
  int n = 0;
  DIR *dir = opendir(path[0]);
  for (struct dirent *e; (e = readdir(dir));)
    if (e->d_name[0] != '.') found[n++] = strdup(e->d_name);
  closedir(dir);
  qsort(found, n, sizeof *found, by_name);
  for (int i = 0; i < n; i++) printf("entry %s\n", found[i]);
  printf("rmdir full %d\n", rmdir(path[0]) < 0 && errno == ENOTEMPTY);
  printf("unlink %d\n", unlink(path[1]) | unlink(path[3]));
  printf("rmdir %d\n", rmdir(path[0]));
  return 0;
}

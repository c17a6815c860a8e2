// Calls each of preview 1's 46 functions as the interface itself has it, without a C library in between: what they give, and how they refuse.
// Descriptors: 3 is a listener, 4 a directory that is empty. A client connects to the listener, sends "ping", reads "pong!" and goes.
#include "check.h"
#include <stdint.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int
#define P(x) ((int)(intptr_t)(x))

WASI(args_get) args_get(int argv, int text);
WASI(args_sizes_get) args_sizes_get(int count, int size);
WASI(environ_get) environ_get(int vars, int text);
WASI(environ_sizes_get) environ_sizes_get(int count, int size);
WASI(clock_res_get) clock_res_get(int clock, int to);
WASI(clock_time_get) clock_time_get(int clock, int64_t precision, int to);
WASI(fd_advise) fd_advise(int fd, int64_t offset, int64_t length, int advice);
WASI(fd_allocate) fd_allocate(int fd, int64_t offset, int64_t length);
WASI(fd_close) fd_close(int fd);
WASI(fd_datasync) fd_datasync(int fd);
WASI(fd_fdstat_get) fd_fdstat_get(int fd, int to);
WASI(fd_fdstat_set_flags) fd_fdstat_set_flags(int fd, int flags);
WASI(fd_fdstat_set_rights) fd_fdstat_set_rights(int fd, int64_t base, int64_t inheriting);
WASI(fd_filestat_get) fd_filestat_get(int fd, int to);
WASI(fd_filestat_set_size) fd_filestat_set_size(int fd, int64_t size);
WASI(fd_filestat_set_times) fd_filestat_set_times(int fd, int64_t access, int64_t modification, int flags);
WASI(fd_pread) fd_pread(int fd, int vectors, int count, int64_t offset, int read);
WASI(fd_prestat_get) fd_prestat_get(int fd, int to);
WASI(fd_prestat_dir_name) fd_prestat_dir_name(int fd, int to, int size);
WASI(fd_pwrite) fd_pwrite(int fd, int vectors, int count, int64_t offset, int written);
WASI(fd_read) fd_read(int fd, int vectors, int count, int read);
WASI(fd_readdir) fd_readdir(int fd, int to, int size, int64_t cookie, int used);
WASI(fd_renumber) fd_renumber(int from, int to);
WASI(fd_seek) fd_seek(int fd, int64_t offset, int whence, int position);
WASI(fd_sync) fd_sync(int fd);
WASI(fd_tell) fd_tell(int fd, int position);
WASI(fd_write) fd_write(int fd, int vectors, int count, int written);
WASI(path_create_directory) path_create_directory(int fd, int path, int size);
WASI(path_filestat_get) path_filestat_get(int fd, int flags, int path, int size, int to);
WASI(path_filestat_set_times) path_filestat_set_times(int fd, int lookup, int path, int size, int64_t access, int64_t modification, int flags);
WASI(path_link) path_link(int fd, int lookup, int from, int from_size, int to_fd, int to, int to_size);
WASI(path_open) path_open(int fd, int lookup, int path, int size, int oflags, int64_t rights, int64_t inheriting, int fdflags, int opened);
WASI(path_readlink) path_readlink(int fd, int path, int size, int to, int to_size, int used);
WASI(path_remove_directory) path_remove_directory(int fd, int path, int size);
WASI(path_rename) path_rename(int fd, int from, int from_size, int to_fd, int to, int to_size);
WASI(path_symlink) path_symlink(int target, int target_size, int fd, int path, int size);
WASI(path_unlink_file) path_unlink_file(int fd, int path, int size);
WASI(poll_oneoff) poll_oneoff(int subscriptions, int events, int count, int happened);
WASI(proc_raise) proc_raise(int signal);
WASI(sched_yield) yield(void);
WASI(random_get) random_get(int to, int size);
WASI(sock_accept) sock_accept(int fd, int flags, int connection);
WASI(sock_recv) sock_recv(int fd, int vectors, int count, int flags, int read, int out_flags);
WASI(sock_send) sock_send(int fd, int vectors, int count, int flags, int sent);
WASI(sock_shutdown) sock_shutdown(int fd, int how);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void proc_exit(int code);

enum { SUCCESS = 0, AGAIN = 6, BADF = 8, EXIST = 20, FAULT = 21, INVAL = 28, ISDIR = 31, NOENT = 44, NOTDIR = 54, NOTEMPTY = 55, NOTSOCK = 57, NOTSUP = 58, PERM = 63, SPIPE = 70, NOTCAPABLE = 76 };
#define IS(x, e) do { int got = (x); if (got != (e)) { fprintf(stderr, "%s:%d: %s is %d, not %s\n", __FILE__, __LINE__, #x, got, #e); proc_exit(1); } } while (0)
#define NAME(s) P(s), (int)sizeof(s) - 1

static struct { int base, size; } vectors[2];
static uint32_t n, fd, fd2;
static uint64_t position;
static char text[4096];
static struct { uint64_t device, inode; uint8_t type; uint64_t links, size, access, modification, change; } stat_;
static struct { uint8_t type; uint16_t flags; uint64_t rights, inheriting; } fdstat;

static int vec(const char *a, int a_size, const char *b, int b_size) {
  vectors[0].base = P(a), vectors[0].size = a_size, vectors[1].base = P(b), vectors[1].size = b_size;
  return P(vectors);
}

static uint32_t open_(int directory, const char *path, int oflags, int64_t rights, int fdflags) {
  IS(path_open(directory, 0, P(path), (int)strlen(path), oflags, rights, -1, fdflags, P(&fd)), SUCCESS);
  return fd;
}

static void world(void) {
  static uint32_t count, size, pointers[16];
  IS(args_sizes_get(P(&count), P(&size)), SUCCESS);
  IS(args_get(P(pointers), P(text)), SUCCESS);
  CHECK(count == 2 && size == 10 && strcmp((char *)(intptr_t)pointers[1], "arg") == 0);
  IS(environ_sizes_get(P(&count), P(&size)), SUCCESS);
  IS(environ_get(P(pointers), P(text)), SUCCESS);
  CHECK(count == 1 && strcmp((char *)(intptr_t)pointers[0], "NAME=value") == 0);
  IS(args_get(-4, P(text)), FAULT);
  static uint64_t time, later;
  for (int clock = 0; clock < 4; clock++) { IS(clock_res_get(clock, P(&time)), SUCCESS); CHECK(time > 0); }
  IS(clock_res_get(4, P(&time)), INVAL);
  IS(clock_time_get(1, 0, P(&time)), SUCCESS);
  IS(clock_time_get(1, 0, P(&later)), SUCCESS);
  CHECK(later >= time);
  IS(yield(), SUCCESS);
  memset(text, 0, 64);
  IS(random_get(P(text), 64), SUCCESS);
  int sum = 0;
  for (int i = 0; i < 64; i++) sum |= text[i];
  CHECK(sum != 0);
  IS(random_get(-1, 64), FAULT);
  IS(proc_raise(18), NOTSUP); // SIGSTOP
  IS(proc_raise(17), SUCCESS); // SIGCONT
}

static void files(void) {
  IS(fd_prestat_get(4, P(text)), SUCCESS);
  CHECK(text[0] == 0 && *(uint32_t *)(text + 4) == 4);
  IS(fd_prestat_dir_name(4, P(text), 4), SUCCESS);
  CHECK(memcmp(text, "/dir", 4) == 0);
  IS(fd_prestat_get(77, P(text)), BADF);
  IS(path_create_directory(4, NAME("sub")), SUCCESS);
  IS(path_create_directory(4, NAME("sub")), EXIST);
  IS(path_create_directory(4, NAME("../out")), PERM);
  int f = open_(4, "sub/file", 1 | 4, -1, 0);
  IS(path_open(4, 0, NAME("sub/file"), 1 | 4, -1, -1, 0, P(&fd2)), EXIST);
  IS(fd_write(f, vec("hello ", 6, "world", 5), 2, P(&n)), SUCCESS);
  CHECK(n == 11);
  IS(fd_pwrite(f, vec("J", 1, "", 0), 2, 0, P(&n)), SUCCESS);
  IS(fd_tell(f, P(&position)), SUCCESS);
  CHECK(position == 11);
  IS(fd_seek(f, -5, 2, P(&position)), SUCCESS);
  CHECK(position == 6);
  IS(fd_read(f, vec(text, 3, text + 3, 100), 2, P(&n)), SUCCESS);
  CHECK(n == 5 && memcmp(text, "world", 5) == 0);
  IS(fd_pread(f, vec(text, 5, text, 0), 1, 0, P(&n)), SUCCESS);
  CHECK(n == 5 && memcmp(text, "Jello", 5) == 0);
  IS(fd_seek(f, -100, 0, P(&position)), INVAL);
  IS(fd_read(f, -8, 1, P(&n)), FAULT);
  IS(fd_advise(f, 0, 11, 1), SUCCESS);
  IS(fd_advise(f, 0, 11, 99), INVAL);
  IS(fd_allocate(f, 0, 100), SUCCESS);
  IS(fd_filestat_get(f, P(&stat_)), SUCCESS);
  CHECK(stat_.size == 100 && stat_.type == 4 && stat_.links == 1);
  IS(fd_filestat_set_size(f, 11), SUCCESS);
  IS(fd_filestat_set_times(f, 1000000000, 2000000000, 1 | 4), SUCCESS);
  IS(path_filestat_get(4, 0, NAME("sub/file"), P(&stat_)), SUCCESS);
  CHECK(stat_.size == 11 && stat_.access == 1000000000 && stat_.modification == 2000000000);
  IS(path_filestat_set_times(4, 0, NAME("sub/file"), 0, 3000000000, 4), SUCCESS);
  IS(fd_filestat_get(f, P(&stat_)), SUCCESS);
  CHECK(stat_.access == 1000000000 && stat_.modification == 3000000000);
  IS(fd_filestat_set_times(f, 0, 0, 1 | 2), INVAL);
  IS(fd_sync(f), SUCCESS);
  IS(fd_datasync(f), SUCCESS);
  IS(fd_fdstat_get(f, P(&fdstat)), SUCCESS);
  CHECK(fdstat.type == 4 && fdstat.flags == 0);
  IS(fd_fdstat_set_flags(f, 1), SUCCESS); // append
  IS(fd_seek(f, 0, 0, P(&position)), SUCCESS);
  IS(fd_write(f, vec("!", 1, "", 0), 1, P(&n)), SUCCESS);
  IS(fd_filestat_get(f, P(&stat_)), SUCCESS);
  CHECK(stat_.size == 12);
  IS(fd_fdstat_set_rights(f, 2, 0), SUCCESS); // only reading is left
  IS(fd_write(f, vec("!", 1, "", 0), 1, P(&n)), NOTCAPABLE);
  IS(fd_fdstat_set_rights(f, -1, 0), NOTCAPABLE);
  int g = open_(4, "sub/other", 1, -1, 0);
  IS(fd_renumber(f, g), SUCCESS);
  IS(fd_read(f, vec(text, 1, text, 0), 1, P(&n)), BADF);
  IS(fd_close(g), SUCCESS);
  IS(fd_close(g), BADF);
}

static void names(void) {
  IS(path_link(4, 0, NAME("sub/file"), 4, NAME("hard")), SUCCESS);
  IS(path_filestat_get(4, 0, NAME("hard"), P(&stat_)), SUCCESS);
  CHECK(stat_.links == 2);
  IS(path_symlink(NAME("sub/file"), 4, NAME("soft")), SUCCESS);
  IS(path_symlink(NAME("/etc/passwd"), 4, NAME("out")), PERM);
  IS(path_readlink(4, NAME("soft"), P(text), 100, P(&n)), SUCCESS);
  CHECK(n == 8 && memcmp(text, "sub/file", 8) == 0);
  IS(path_filestat_get(4, 0, NAME("soft"), P(&stat_)), SUCCESS);
  CHECK(stat_.type == 7);
  IS(path_filestat_get(4, 1, NAME("soft"), P(&stat_)), SUCCESS);
  CHECK(stat_.type == 4);
  IS(path_rename(4, NAME("hard"), 4, NAME("sub/third")), SUCCESS);
  IS(path_rename(4, NAME("hard"), 4, NAME("x")), NOENT);
  int directory = open_(4, "sub", 2, 2 | 1 << 14, 0), entries = 0;
  IS(fd_read(directory, vec(text, 1, text, 0), 1, P(&n)), ISDIR);
  uint64_t cookie = 0;
  // One entry at a time: the buffer holds a header and a short name.
  for (;;) {
    IS(fd_readdir(directory, P(text), 40, cookie, P(&n)), SUCCESS);
    if (n < 24) break;
    cookie = *(uint64_t *)text;
    entries++;
  }
  CHECK(entries == 5);
  IS(fd_readdir(directory, P(text), 40, 12345, P(&n)), INVAL);
  IS(path_remove_directory(4, NAME("sub")), NOTEMPTY);
  IS(path_remove_directory(4, NAME("soft")), NOTDIR);
  IS(path_unlink_file(4, NAME("soft")), SUCCESS);
  IS(path_unlink_file(4, NAME("sub/file")), SUCCESS);
  IS(path_unlink_file(4, NAME("sub/other")), SUCCESS);
  IS(path_unlink_file(4, NAME("sub/third")), SUCCESS);
  IS(path_unlink_file(4, NAME("sub/third")), NOENT);
  IS(fd_close(directory), SUCCESS);
  IS(path_remove_directory(4, NAME("sub")), SUCCESS);
}

struct subscription { uint64_t id; uint8_t type; _Alignas(8) uint32_t fd_or_clock; uint64_t timeout, precision; uint16_t flags; };
static struct subscription wanted[2];
static struct { uint64_t id; uint16_t error; uint8_t type; uint64_t bytes; uint16_t flags; } happened[2];

static void waiting(void) {
  static uint64_t before, after;
  wanted[0] = (struct subscription){ .id = 7, .type = 0, .fd_or_clock = 1, .timeout = 20000000 };
  IS(clock_time_get(1, 0, P(&before)), SUCCESS);
  IS(poll_oneoff(P(wanted), P(happened), 1, P(&n)), SUCCESS);
  IS(clock_time_get(1, 0, P(&after)), SUCCESS);
  CHECK(n == 1 && happened[0].id == 7 && happened[0].error == 0 && after - before >= 20000000);
  IS(poll_oneoff(P(wanted), P(happened), 0, P(&n)), INVAL);
  wanted[1] = (struct subscription){ .id = 8, .type = 1, .fd_or_clock = 99 };
  IS(poll_oneoff(P(wanted), P(happened), 2, P(&n)), SUCCESS);
  CHECK(n == 1 && happened[0].id == 8 && happened[0].error == BADF);
}

static void sockets(void) {
  IS(sock_accept(0, 0, P(&n)), NOTSOCK);
  IS(sock_accept(3, 0, P(&fd)), SUCCESS);
  IS(fd_fdstat_get(fd, P(&fdstat)), SUCCESS);
  CHECK(fdstat.type == 6);
  wanted[0] = (struct subscription){ .id = 9, .type = 1, .fd_or_clock = fd };
  IS(poll_oneoff(P(wanted), P(happened), 1, P(&n)), SUCCESS);
  CHECK(n == 1 && happened[0].id == 9 && happened[0].error == 0);
  IS(sock_recv(fd, vec(text, 2, text + 2, 2), 2, 1, P(&n), P(&fd2)), SUCCESS); // peek
  IS(sock_recv(fd, vec(text, 2, text + 2, 2), 2, 2, P(&n), P(&fd2)), SUCCESS); // wait for all
  CHECK(n == 4 && memcmp(text, "ping", 4) == 0);
  IS(fd_fdstat_set_flags(fd, 4), SUCCESS);
  IS(sock_recv(fd, vec(text, 1, text, 0), 1, 0, P(&n), P(&fd2)), AGAIN);
  IS(fd_fdstat_set_flags(fd, 0), SUCCESS);
  IS(sock_send(fd, vec("pong", 4, "!", 1), 2, 0, P(&n)), SUCCESS);
  CHECK(n == 5);
  IS(sock_send(fd, vec("x", 1, "", 0), 1, 1, P(&n)), INVAL);
  IS(sock_recv(fd, vec(text, 10, text, 0), 1, 0, P(&n), P(&fd2)), SUCCESS); // the other side goes
  CHECK(n == 0);
  IS(fd_seek(fd, 0, 0, P(&position)), SPIPE);
  IS(sock_shutdown(fd, 2), SUCCESS);
  IS(sock_shutdown(fd, 0), INVAL);
  IS(fd_close(fd), SUCCESS);
}

int main(void) {
  world();
  files();
  names();
  waiting();
  sockets();
  IS(fd_write(1, vec("every", 5, "\n", 1), 2, P(&n)), SUCCESS);
  proc_exit(46);
}

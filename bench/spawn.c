// Runs commands in turn and prints, for each, what a whole process took: "median_us least_us cpu_us peak_kb exit_code";
// cpu_us is the median of user and system time, which a busy machine disturbs least.
//   spawn ROUNDS COMMAND [ARG...] -- COMMAND [ARG...] -- ...
// In C, because a child's peak resident size starts from its parent's (exec keeps the high-water mark of what it replaces),
// and because a managed parent would add its own noise. Rounds are interleaved: what disturbs the machine disturbs all alike.
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int rounds = atoi(argv[1]), commands = 0;
  char **start[32];
  for (int i = 2; i < argc && commands < 32; i++) {
    start[commands++] = argv + i;
    while (i < argc && strcmp(argv[i], "--")) i++;
    if (i < argc) argv[i] = NULL;
  }
  double *took = calloc((size_t)rounds * commands, sizeof *took), *cpu = calloc((size_t)rounds * commands, sizeof *cpu);
  long peak[32] = {0};
  int code[32] = {0};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  for (int r = 0; r < rounds; r++)
    for (int c = 0; c < commands; c++) {
      pid_t pid;
      int status;
      struct rusage usage;
      double t = now();
      if (posix_spawnp(&pid, start[c][0], &actions, NULL, start[c], environ)) {
        fprintf(stderr, "spawn: cannot start %s\n", start[c][0]);
        return 1;
      }
      wait4(pid, &status, 0, &usage);
      took[c * rounds + r] = now() - t;
      cpu[c * rounds + r] = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
      if (usage.ru_maxrss > peak[c]) peak[c] = usage.ru_maxrss;
      code[c] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  for (int c = 0; c < commands; c++) {
    qsort(took + c * rounds, rounds, sizeof *took, by_value);
    qsort(cpu + c * rounds, rounds, sizeof *cpu, by_value);
    printf("%.0f %.0f %.0f %ld %d\n", took[c * rounds + rounds / 2], took[c * rounds], cpu[c * rounds + rounds / 2], peak[c], code[c]);
  }
  return 0;
}

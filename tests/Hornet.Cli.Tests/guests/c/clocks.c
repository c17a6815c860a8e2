// Prints the time of day, and checks that sleeping takes the time it says on the monotonic clock.
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double at(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) return -1;
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(void) {
  double start = at(CLOCK_MONOTONIC);
  struct timespec t = {0, 30000000};
  int slept = nanosleep(&t, NULL);
  double took = at(CLOCK_MONOTONIC) - start;
  printf("%lld\n", (long long)time(NULL));
  printf("slept %d long enough %d soon enough %d\n", slept, took >= 0.03, took < 5);
  struct timespec r;
  printf("resolution %d\n", clock_getres(CLOCK_MONOTONIC, &r) == 0 && r.tv_sec == 0 && r.tv_nsec > 0);
  return 0;
}

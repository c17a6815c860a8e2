// Spectral norm: divisions and sums, a matrix that is computed as it is used.
#include "check.h"
#include <math.h>

static double cell(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }
static void times(int n, const double *v, double *out) { for (int i = 0; i < n; i++) { double s = 0; for (int j = 0; j < n; j++) s += cell(i, j) * v[j]; out[i] = s; } }
static void transposed(int n, const double *v, double *out) { for (int i = 0; i < n; i++) { double s = 0; for (int j = 0; j < n; j++) s += cell(j, i) * v[j]; out[i] = s; } }

static uint32_t run(int n) {
  double *u = malloc(n * sizeof *u), *v = malloc(n * sizeof *v), *t = malloc(n * sizeof *t);
  for (int i = 0; i < n; i++) u[i] = 1;
  for (int i = 0; i < 10; i++) { times(n, u, t); transposed(n, t, v); times(n, v, t); transposed(n, t, u); }
  double above = 0, below = 0;
  for (int i = 0; i < n; i++) { above += u[i] * v[i]; below += v[i] * v[i]; }
  return (uint32_t)(sqrt(above / below) * 1e9);
}

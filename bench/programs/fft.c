// Fast Fourier transform, there and back, radix 2 with a table of roots.
#include "check.h"
#include <math.h>

#define N 4096
struct complex { double re, im; };
static struct complex x[N], roots[N / 2];

static void transform(struct complex *v, int inverse) {
  for (int i = 1, j = 0; i < N; i++) {
    int bit = N >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { struct complex t = v[i]; v[i] = v[j]; v[j] = t; }
  }
  for (int half = 1; half < N; half *= 2) {
    int stride = N / (2 * half);
    for (int start = 0; start < N; start += 2 * half)
      for (int k = 0; k < half; k++) {
        struct complex w = roots[k * stride], a = v[start + k], b = v[start + k + half];
        if (inverse) w.im = -w.im;
        double re = b.re * w.re - b.im * w.im, im = b.re * w.im + b.im * w.re;
        v[start + k] = (struct complex){ a.re + re, a.im + im };
        v[start + k + half] = (struct complex){ a.re - re, a.im - im };
      }
  }
}

static uint32_t run(int n) {
  for (int i = 0; i < N / 2; i++) roots[i] = (struct complex){ cos(2 * M_PI * i / N), sin(2 * M_PI * i / N) };
  for (int i = 0; i < N; i++) x[i] = (struct complex){ (int)(next_random() % 2000) - 1000, 0 };
  uint32_t h = 1;
  for (int i = 0; i < n; i++) {
    transform(x, 0);
    h = mix(h, (int32_t)llround(x[i % N].re));
    transform(x, 1);
    for (int k = 0; k < N; k++) { x[k].re = nearbyint(x[k].re / N); x[k].im = 0; }
  }
  return h;
}

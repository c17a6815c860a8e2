// Mandelbrot's set: a loop of multiplications whose end depends on them.
#include "check.h"

static uint32_t run(int n) {
  uint32_t h = 1;
  for (int y = 0; y < n; y++)
    for (int x = 0; x < n; x++) {
      double cr = 3.0 * x / n - 2.0, ci = 2.0 * y / n - 1.0, zr = 0, zi = 0, rr = 0, ii = 0;
      int i = 0;
      for (; i < 200 && rr + ii <= 4.0; i++) {
        zi = 2 * zr * zi + ci;
        zr = rr - ii + cr;
        rr = zr * zr;
        ii = zi * zi;
      }
      h = mix(h, i);
    }
  return h;
}

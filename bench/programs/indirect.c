// Indirect calls: a table of small functions, a comparison passed to a sort, objects with methods.
#include "check.h"

typedef uint32_t (*op)(uint32_t, uint32_t);
static uint32_t f_add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t f_sub(uint32_t a, uint32_t b) { return a - b; }
static uint32_t f_mul(uint32_t a, uint32_t b) { return a * (b | 1); }
static uint32_t f_rot(uint32_t a, uint32_t b) { return a << (b & 31) | a >> (-b & 31); }
static uint32_t f_xor(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t f_mix(uint32_t a, uint32_t b) { return mix(a, b); }
static op volatile ops[8] = { f_add, f_sub, f_mul, f_rot, f_xor, f_mix, f_add, f_rot };

struct shape;
struct methods { double (*area)(const struct shape *); void (*grow)(struct shape *, double); };
struct shape { const struct methods *m; double a, b; };
static double square_area(const struct shape *s) { return s->a * s->a; }
static double rect_area(const struct shape *s) { return s->a * s->b; }
static double tri_area(const struct shape *s) { return s->a * s->b / 2; }
static void grow_both(struct shape *s, double by) { s->a += by; s->b += by; }
static void grow_one(struct shape *s, double by) { s->a += by; }
static const struct methods kinds[3] = { { square_area, grow_one }, { rect_area, grow_both }, { tri_area, grow_both } };

static int up(const void *a, const void *b) { uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b; return x < y ? -1 : x > y; }
static int down(const void *a, const void *b) { return up(b, a); }

static uint32_t run(int n) {
  static uint32_t values[4096];
  static struct shape shapes[512];
  uint32_t h = 1;
  for (int i = 0; i < 512; i++) shapes[i] = (struct shape){ &kinds[next_random() % 3], i % 7 + 1, i % 5 + 1 };
  for (int round = 0; round < n; round++) {
    for (int i = 0; i < 400000; i++) h = ops[(h ^ i) & 7](h, i);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
      struct shape *s = &shapes[i & 511];
      s->m->grow(s, 0.001);
      sum += s->m->area(s);
    }
    h = mix(h, (uint32_t)sum);
    for (int i = 0; i < 4096; i++) values[i] = next_random();
    qsort(values, 4096, 4, round & 1 ? up : down);
    h = mix(h, values[17]);
  }
  return h;
}

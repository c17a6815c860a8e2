// Sorting: quick, heap, merge and radix, of integers and of records.
#include "check.h"

#define N 40000
static int32_t v[N], w[N];
struct record { uint32_t key; uint16_t a, b; double value; };
static struct record r[N / 4];

static void quick(int32_t *a, int n) {
  while (n > 16) {
    int32_t pivot = a[n / 2]; int i = 0, j = n - 1;
    for (;; i++, j--) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i >= j) break;
      int32_t t = a[i]; a[i] = a[j]; a[j] = t;
    }
    if (i < n - i) { quick(a, i); a += i; n -= i; } else { quick(a + i, n - i); n = i; }
  }
  for (int i = 1; i < n; i++) { int32_t x = a[i]; int j = i; while (j > 0 && a[j - 1] > x) { a[j] = a[j - 1]; j--; } a[j] = x; }
}
static void heap(int32_t *a, int n) {
  for (int k = n / 2 - 1, end = n; end > 1;) {
    int i; int32_t x;
    if (k >= 0) { i = k--; x = a[i]; } else { x = a[--end]; a[end] = a[0]; i = 0; }
    for (int c; (c = 2 * i + 1) < end; i = c) { if (c + 1 < end && a[c + 1] > a[c]) c++; if (a[c] <= x) break; a[i] = a[c]; }
    a[i] = x;
  }
}
static void merge(int32_t *a, int32_t *t, int n) {
  for (int width = 1; width < n; width *= 2) {
    for (int lo = 0; lo < n; lo += 2 * width) {
      int mid = lo + width < n ? lo + width : n, hi = lo + 2 * width < n ? lo + 2 * width : n, i = lo, j = mid;
      for (int k = lo; k < hi; k++) t[k] = i < mid && (j >= hi || a[i] <= a[j]) ? a[i++] : a[j++];
    }
    memcpy(a, t, n * sizeof *a);
  }
}
static void radix(uint32_t *a, uint32_t *t, int n) {
  for (int shift = 0; shift < 32; shift += 8) {
    int count[257] = { 0 };
    for (int i = 0; i < n; i++) count[(a[i] >> shift & 255) + 1]++;
    for (int i = 0; i < 256; i++) count[i + 1] += count[i];
    for (int i = 0; i < n; i++) t[count[a[i] >> shift & 255]++] = a[i];
    memcpy(a, t, n * sizeof *a);
  }
}
static void shell(struct record *a, int n) {
  for (int gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
    for (int i = gap; i < n; i++) { struct record x = a[i]; int j = i; for (; j >= gap && a[j - gap].key > x.key; j -= gap) a[j] = a[j - gap]; a[j] = x; }
}
static void fill(void) { for (int i = 0; i < N; i++) v[i] = next_random(); }

static uint32_t run(int n) {
  uint32_t h = 1;
  for (int i = 0; i < n; i++) {
    fill(); quick(v, N); h = mix(h, v[i % N]);
    fill(); heap(v, N); h = mix(h, v[i % N]);
    fill(); merge(v, w, N); h = mix(h, v[i % N]);
    fill(); radix((uint32_t *)v, (uint32_t *)w, N); h = mix(h, v[i % N]);
    for (int k = 0; k < N / 4; k++) r[k] = (struct record){ next_random(), k, k, k };
    shell(r, N / 4); h = mix(h, r[i % (N / 4)].a);
    for (int k = 1; k < N; k++) if ((uint32_t)v[k - 1] > (uint32_t)v[k]) return 0xDEAD;
  }
  return h;
}

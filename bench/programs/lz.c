// Compression: LZ77 with hash chains, and its way back.
#include "check.h"

#define SIZE (1 << 18)
static uint8_t input[SIZE], packed[SIZE * 2], output[SIZE];
static int32_t head[1 << 14], chain[SIZE];

static inline uint32_t read32(const uint8_t *p) { uint32_t x; memcpy(&x, p, 4); return x; }
static inline uint32_t hash(const uint8_t *p) { return read32(p) * 2654435761u >> 18; }

static int compress(int n) {
  uint8_t *out = packed;
  int anchor = 0, i = 0;
  memset(head, 0xFF, sizeof head);
  while (i + 8 < n) {
    uint32_t h = hash(input + i);
    int best = 0, from = 0;
    for (int candidate = head[h], tries = 16; candidate >= 0 && tries && i - candidate < 65535; candidate = chain[candidate], tries--) {
      if (best && input[candidate + best] != input[i + best]) continue;
      int l = 0, most = n - i < 270 ? n - i : 270;
      while (l + 4 <= most && read32(input + candidate + l) == read32(input + i + l)) l += 4;
      while (l < most && input[candidate + l] == input[i + l]) l++;
      if (l > best) { best = l; from = candidate; }
    }
    chain[i] = head[h];
    head[h] = i;
    if (best < 5) { i++; continue; }
    while (i > anchor) { int l = i - anchor < 127 ? i - anchor : 127; *out++ = l; memcpy(out, input + anchor, l); out += l; anchor += l; }
    *out++ = 0x80 | (best > 131 ? (best = best > 132 ? 131 : best) - 4 : best - 4);
    int distance = i - from;
    *out++ = distance; *out++ = distance >> 8;
    for (int k = 1; k < best && i + k + 4 < n; k += 2) { uint32_t h2 = hash(input + i + k); chain[i + k] = head[h2]; head[h2] = i + k; }
    i += best;
    anchor = i;
  }
  while (anchor < n) { int l = n - anchor < 127 ? n - anchor : 127; *out++ = l; memcpy(out, input + anchor, l); out += l; anchor += l; }
  return out - packed;
}

static int expand(int n) {
  const uint8_t *p = packed, *end = packed + n;
  uint8_t *out = output;
  while (p < end) {
    int c = *p++;
    if (c & 0x80) {
      int l = (c & 0x7F) + 4, distance = p[0] | p[1] << 8;
      const uint8_t *from = out - distance;
      p += 2;
      while (l--) *out++ = *from++;
    } else {
      memcpy(out, p, c);
      out += c; p += c;
    }
  }
  return out - output;
}

static uint32_t run(int n) {
  uint32_t h = 1;
  for (int round = 0; round < n; round++) {
    for (int i = 0; i < SIZE; i++) {
      uint32_t r = next_random();
      if ((r & 31) == 0 && i > 1000) {
        int l = 8 + (r >> 8 & 63), from = (r >> 14) % (i - 100);
        for (int k = 0; k < l && i < SIZE; k++) input[i++] = input[from + k];
        i--;
      } else input[i] = 'a' + (r >> 5) % 13;
    }
    int size = compress(SIZE);
    h = mix(h, size);
    h = mix(h, expand(size));
    if (memcmp(input, output, SIZE)) return 0xDEAD;
  }
  return h;
}

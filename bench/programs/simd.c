// Vector intrinsics: a blur of bytes, a dot product of floats, a histogram's maximum, upper case by lanes, a 4x4 matrix product.
#include "check.h"
#include <wasm_simd128.h>

#define N 65536
static uint8_t image[N + 32], blurred[N + 32];
static float a[N], b[N];
static int16_t samples[N];

static void blur(void) {
  for (int i = 16; i < N; i += 16) {
    v128_t l = wasm_v128_load(image + i - 1), m = wasm_v128_load(image + i), r = wasm_v128_load(image + i + 1);
    wasm_v128_store(blurred + i, wasm_u8x16_avgr(wasm_u8x16_avgr(l, r), m));
  }
}

static float dot(void) {
  v128_t s = wasm_f32x4_splat(0), t = s;
  for (int i = 0; i < N; i += 8) {
    s = wasm_f32x4_add(s, wasm_f32x4_mul(wasm_v128_load(a + i), wasm_v128_load(b + i)));
    t = wasm_f32x4_add(t, wasm_f32x4_mul(wasm_v128_load(a + i + 4), wasm_v128_load(b + i + 4)));
  }
  s = wasm_f32x4_add(s, t);
  return wasm_f32x4_extract_lane(s, 0) + wasm_f32x4_extract_lane(s, 1) + wasm_f32x4_extract_lane(s, 2) + wasm_f32x4_extract_lane(s, 3);
}

static int32_t energy(void) {
  v128_t s = wasm_i32x4_splat(0), top = wasm_i16x8_splat(-32768);
  for (int i = 0; i < N; i += 8) {
    v128_t x = wasm_v128_load(samples + i);
    s = wasm_i32x4_add(s, wasm_i32x4_dot_i16x8(x, x));
    top = wasm_i16x8_max(top, x);
  }
  return wasm_i32x4_extract_lane(s, 0) + wasm_i32x4_extract_lane(s, 1) + wasm_i32x4_extract_lane(s, 2) + wasm_i32x4_extract_lane(s, 3) + wasm_i16x8_extract_lane(top, 3);
}

static uint32_t upper(void) {
  uint32_t count = 0;
  for (int i = 0; i < N; i += 16) {
    v128_t x = wasm_v128_load(blurred + i);
    v128_t is_lower = wasm_v128_and(wasm_u8x16_ge(x, wasm_i8x16_splat('a')), wasm_u8x16_le(x, wasm_i8x16_splat('z')));
    count += __builtin_popcount(wasm_i8x16_bitmask(is_lower));
    wasm_v128_store(blurred + i, wasm_v128_bitselect(wasm_i8x16_sub(x, wasm_i8x16_splat(32)), x, is_lower));
  }
  return count;
}

static uint32_t shuffles(void) {
  v128_t h = wasm_i32x4_splat(1);
  for (int i = 0; i < N; i += 16) {
    v128_t x = wasm_v128_load(image + i);
    v128_t lo = wasm_u16x8_extend_low_u8x16(x), hi = wasm_u16x8_extend_high_u8x16(x);
    v128_t mixed = wasm_i16x8_shuffle(lo, hi, 0, 8, 1, 9, 2, 10, 3, 11);
    v128_t turned = wasm_i8x16_shuffle(x, x, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    h = wasm_v128_xor(wasm_i32x4_add(wasm_i32x4_shl(h, 5), wasm_u32x4_shr(h, 27)), wasm_v128_xor(wasm_i16x8_mul(mixed, lo), turned));
    h = wasm_i32x4_shuffle(h, h, 1, 2, 3, 0);
  }
  return wasm_i32x4_extract_lane(h, 0) ^ wasm_i32x4_extract_lane(h, 1) ^ wasm_i32x4_extract_lane(h, 2) ^ wasm_i32x4_extract_lane(h, 3);
}

static void product(float *c, const float *x, const float *y) {
  for (int i = 0; i < 4; i++) {
    v128_t row = wasm_f32x4_mul(wasm_f32x4_splat(x[4 * i]), wasm_v128_load(y));
    row = wasm_f32x4_add(row, wasm_f32x4_mul(wasm_f32x4_splat(x[4 * i + 1]), wasm_v128_load(y + 4)));
    row = wasm_f32x4_add(row, wasm_f32x4_mul(wasm_f32x4_splat(x[4 * i + 2]), wasm_v128_load(y + 8)));
    row = wasm_f32x4_add(row, wasm_f32x4_mul(wasm_f32x4_splat(x[4 * i + 3]), wasm_v128_load(y + 12)));
    wasm_v128_store(c + 4 * i, row);
  }
}

static uint32_t run(int n) {
  for (int i = 0; i < N; i++) {
    image[i] = next_random();
    samples[i] = next_random() % 256 - 128;
    a[i] = (int)(next_random() % 16) - 8;
    b[i] = (int)(next_random() % 16) - 8;
  }
  uint32_t h = 1;
  float m[16], t[16], r[16] = { 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0 };
  for (int i = 0; i < 16; i++) m[i] = i;
  for (int i = 0; i < n; i++) {
    blur();
    h = mix(h, (int32_t)dot());
    h = mix(h, energy());
    h = mix(h, upper());
    h = mix(h, shuffles());
    for (int k = 0; k < 2000; k++) { product(t, m, r); product(m, t, r); }
    h = mix(h, (int32_t)m[5]);
    image[(i * 977) % N] ^= h;
  }
  return h;
}

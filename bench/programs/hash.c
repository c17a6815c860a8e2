// Hashing: SipHash and xxHash-like over buffers, a table with open addressing.
#include "check.h"

#define ROT(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define ROUND v0 += v1; v1 = ROT(v1, 13) ^ v0; v0 = ROT(v0, 32); v2 += v3; v3 = ROT(v3, 16) ^ v2; v0 += v3; v3 = ROT(v3, 21) ^ v0; v2 += v1; v1 = ROT(v1, 17) ^ v2; v2 = ROT(v2, 32);
static uint64_t sip(const uint8_t *p, int n, uint64_t k0, uint64_t k1) {
  uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d, v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
  for (; n >= 8; n -= 8, p += 8) { uint64_t m; memcpy(&m, p, 8); v3 ^= m; ROUND ROUND v0 ^= m; }
  v2 ^= 0xFF;
  ROUND ROUND ROUND ROUND
  return v0 ^ v1 ^ v2 ^ v3;
}
static uint64_t xx(const uint8_t *p, int n) {
  uint64_t acc[4] = { 1, 2, 3, 4 };
  for (; n >= 32; n -= 32) for (int i = 0; i < 4; i++, p += 8) { uint64_t m; memcpy(&m, p, 8); acc[i] = ROT(acc[i] + m * 0xC2B2AE3D27D4EB4F, 31) * 0x9E3779B185EBCA87; }
  return ROT(acc[0], 1) + ROT(acc[1], 7) + ROT(acc[2], 12) + ROT(acc[3], 18);
}
static uint32_t crc(const uint8_t *p, int n) {
  static uint32_t table[256];
  if (!table[1]) for (int i = 0; i < 256; i++) { uint32_t c = i; for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320 : c >> 1; table[i] = c; }
  uint32_t c = ~0u;
  while (n--) c = table[(c ^ *p++) & 255] ^ c >> 8;
  return ~c;
}
static uint32_t keys[1 << 15], values[1 << 15];
static uint32_t run(int n) {
  static uint8_t data[1 << 14];
  for (int i = 0; i < (int)sizeof data; i++) data[i] = next_random();
  uint32_t h = 1;
  for (int round = 0; round < n; round++) {
    uint64_t s = sip(data, sizeof data, h, round), x = xx(data, sizeof data);
    h = mix(mix(h, s ^ s >> 32), x ^ x >> 32);
    h = mix(h, crc(data, sizeof data));
    memset(keys, 0, sizeof keys);
    for (int i = 0; i < 12000; i++) {
      uint32_t key = next_random() & 0x3FFF | 1, at = key * 2654435761u >> 17;
      while (keys[at] && keys[at] != key) at = (at + 1) & 0x7FFF;
      keys[at] = key;
      values[at] += i;
    }
    h = mix(h, values[h & 0x7FFF]);
    data[round % sizeof data] ^= h;
  }
  return h;
}

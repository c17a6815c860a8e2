// Branches that depend on data: queens, Collatz, a scanner of numbers and words by a state machine.
#include "check.h"

static int queens(int n, uint32_t columns, uint32_t left, uint32_t right) {
  uint32_t all = (1u << n) - 1;
  if (columns == all) return 1;
  int count = 0;
  for (uint32_t free = all & ~(columns | left | right); free;) {
    uint32_t bit = free & -free;
    free -= bit;
    count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

static uint32_t collatz(uint32_t from, uint32_t to) {
  uint32_t longest = 0;
  for (uint32_t i = from; i < to; i++) {
    uint64_t x = i; uint32_t steps = 0;
    while (x != 1) { if (x & 1) x = 3 * x + 1; else x >>= 1; steps++; }
    if (steps > longest) longest = steps;
  }
  return longest;
}

static uint32_t scan(const char *s, int n) {
  enum { space, word, number, fraction, comment } state = space;
  uint32_t words = 0, numbers = 0, comments = 0, value = 0;
  for (int i = 0; i < n; i++) {
    char c = s[i];
    switch (state) {
      case space:
        if (c >= '0' && c <= '9') { state = number; value = c - '0'; numbers++; }
        else if ((c >= 'a' && c <= 'z') || c == '_') { state = word; words++; }
        else if (c == '#') { state = comment; comments++; }
        break;
      case word: if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) state = c == '#' ? comment : space; break;
      case number: if (c == '.') state = fraction; else if (c >= '0' && c <= '9') value = value * 10 + c - '0'; else { words += value & 1; state = space; } break;
      case fraction: if (c < '0' || c > '9') state = space; break;
      case comment: if (c == '\n') state = space; break;
    }
  }
  return words * 31 + numbers * 7 + comments;
}

static uint32_t run(int n) {
  static char text[1 << 16];
  static const char letters[] = "abcdefg_0123456789... \n #xyz  ";
  for (int i = 0; i < (int)sizeof text; i++) text[i] = letters[next_random() % (sizeof letters - 1)];
  uint32_t h = 1;
  for (int i = 0; i < n; i++) {
    h = mix(h, queens(8, 0, 0, 0));
    h = mix(h, collatz(1 + i, 5000 + i));
    h = mix(h, scan(text, sizeof text));
  }
  return h;
}

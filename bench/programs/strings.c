// The C library's strings: searching, splitting, copying, comparing, formatting, reading numbers.
#include "check.h"

static uint32_t run(int n) {
  static char text[20000], copy[20000], line[64];
  static const char *words[] = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu" };
  uint32_t h = 1;
  for (int round = 0; round < n; round++) {
    char *p = text;
    while (p < text + sizeof text - 40) {
      p = stpcpy(p, words[next_random() % 12]);
      *p++ = next_random() % 9 ? ' ' : '\n';
    }
    *p = 0;
    for (const char *q = text; (q = strstr(q, "eta ")); q += 3) h = mix(h, q - text);
    h = mix(h, strlen(text));
    strcpy(copy, text);
    int longest = 0;
    for (char *word = strtok(copy, " \n"); word; word = strtok(NULL, " \n")) {
      int l = strlen(word);
      if (l > longest) longest = l;
      for (int i = 0; i < 12; i++) if (!strcmp(word, words[i])) { h = mix(h, i); break; }
    }
    h = mix(h, longest);
    for (int i = 0; i < 200; i++) {
      int l = snprintf(line, sizeof line, "%d:%s:%08x:%.3f", i, words[i % 12], h, i / 7.0);
      h = mix(h, l + line[l / 2]);
      h = mix(h, (uint32_t)strtol(line, NULL, 10));
    }
    memmove(text + 7, text, 10000);
    h = mix(h, memcmp(text, text + 7, 5000) < 0);
    for (const char *q = text; (q = memchr(q, '\n', text + 15000 - q)); q++) h = mix(h, q - text);
  }
  return h;
}

// Parsing: JSON into a tree, sums over it, and printed again.
#include "check.h"

struct node { enum { null, boolean, number, string, array, object } kind; double value; const char *text; int length; struct node *first, *next; };
static struct node *pool; static int used;
static const char *p;

static struct node *make(int kind) { struct node *n = &pool[used++]; memset(n, 0, sizeof *n); n->kind = kind; return n; }
static void skip(void) { while (*p == ' ' || *p == '\n' || *p == '\t') p++; }
static double parse_number(void) {
  double value = 0, scale = 1; int negative = *p == '-', exponent = 0, sign = 1;
  if (negative) p++;
  while (*p >= '0' && *p <= '9') value = value * 10 + (*p++ - '0');
  if (*p == '.') for (p++; *p >= '0' && *p <= '9'; p++) value += (*p - '0') * (scale /= 10);
  if (*p == 'e' || *p == 'E') {
    p++;
    if (*p == '-') sign = -1, p++;
    while (*p >= '0' && *p <= '9') exponent = exponent * 10 + (*p++ - '0');
    while (exponent--) value = sign > 0 ? value * 10 : value / 10;
  }
  return negative ? -value : value;
}
static struct node *parse(void) {
  struct node *n, **last;
  skip();
  switch (*p) {
    case '{':
    case '[':
      n = make(*p == '{' ? object : array);
      last = &n->first;
      p++; skip();
      while (*p != ']' && *p != '}') {
        const char *key = 0; int length = 0;
        if (n->kind == object) {
          skip(); key = ++p;
          while (*p != '"') p += *p == '\\' ? 2 : 1;
          length = p++ - key;
          skip(); p++;
        }
        struct node *child = parse();
        if (key) { struct node *k = make(string); k->text = key; k->length = length; k->first = child; child = k; }
        *last = child; last = &child->next;
        skip();
        if (*p == ',') p++;
        skip();
      }
      p++;
      return n;
    case '"':
      n = make(string);
      n->text = ++p;
      while (*p != '"') p += *p == '\\' ? 2 : 1;
      n->length = p++ - n->text;
      return n;
    case 't': n = make(boolean); n->value = 1; p += 4; return n;
    case 'f': n = make(boolean); p += 5; return n;
    case 'n': p += 4; return make(null);
    default: n = make(number); n->value = parse_number(); return n;
  }
}
static double sum(const struct node *n) {
  double s = n->value + n->length;
  for (const struct node *c = n->first; c; c = c->next) s += sum(c);
  return s;
}
static char *write(char *out, const struct node *n) {
  switch (n->kind) {
    case null: memcpy(out, "null", 4); return out + 4;
    case boolean: memcpy(out, n->value ? "true " : "false", 5); return out + 5;
    case number: {
      int64_t v = (int64_t)n->value; char digits[24]; int l = 0;
      if (v < 0) *out++ = '-', v = -v;
      do digits[l++] = '0' + v % 10; while (v /= 10);
      while (l) *out++ = digits[--l];
      return out;
    }
    case string:
      *out++ = '"'; memcpy(out, n->text, n->length); out += n->length; *out++ = '"';
      if (n->first) { *out++ = ':'; out = write(out, n->first); }
      return out;
    default:
      *out++ = n->kind == array ? '[' : '{';
      for (const struct node *c = n->first; c; c = c->next) { out = write(out, c); if (c->next) *out++ = ','; }
      *out++ = n->kind == array ? ']' : '}';
      return out;
  }
}

static char text[200000], again[300000];
static char *generate(char *out, int depth) {
  uint32_t r = next_random();
  if (depth == 0 || r % 4 == 0) {
    switch (r >> 8 & 3) {
      case 0: return out + sprintf(out, "%d", (int)(r >> 10) - 1000000);
      case 1: return out + sprintf(out, "%d.%de%s%d", r >> 20, r >> 12 & 1023, r & 64 ? "-" : "", r >> 16 & 7);
      case 2: return out + sprintf(out, "\"string \\\"%x\\\" %u\"", r, r >> 7);
      default: return out + sprintf(out, "%s", r & 1024 ? "true" : r & 2048 ? "false" : "null");
    }
  }
  int count = 2 + (r >> 12 & 3), is_object = r >> 11 & 1;
  *out++ = is_object ? '{' : '[';
  for (int i = 0; i < count; i++) {
    if (i) { *out++ = ','; *out++ = ' '; }
    if (is_object) out += sprintf(out, "\"key%d\": ", i);
    out = generate(out, depth - 1);
  }
  *out++ = is_object ? '}' : ']';
  return out;
}
static uint32_t run(int n) {
  pool = malloc(40000 * sizeof *pool);
  char *out = text;
  *out++ = '[';
  while (out - text < 150000) { out = generate(out, 5); *out++ = ','; *out++ = '\n'; }
  out[-2] = ']'; out[-1] = 0;
  uint32_t h = 1;
  for (int i = 0; i < n; i++) {
    used = 0;
    p = text;
    struct node *root = parse();
    h = mix(h, used);
    h = mix(h, (uint32_t)(int64_t)sum(root));
    h = mix(h, write(again, root) - again);
    h = mix(h, again[i % 1000]);
  }
  return h;
}

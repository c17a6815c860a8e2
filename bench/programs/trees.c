// The allocator and pointers: binary trees built, walked and freed; a balanced tree of keys.
#include "check.h"

struct tree { struct tree *left, *right; };
static struct tree *grow(int depth) { struct tree *t = malloc(sizeof *t); t->left = depth ? grow(depth - 1) : 0; t->right = depth ? grow(depth - 1) : 0; return t; }
static int count(const struct tree *t) { return t->left ? 1 + count(t->left) + count(t->right) : 1; }
static void cut(struct tree *t) { if (t->left) { cut(t->left); cut(t->right); } free(t); }

struct treap { struct treap *child[2]; uint32_t key, priority, size; };
static void turn(struct treap **at, int way) {
  struct treap *t = *at, *c = t->child[way];
  t->child[way] = c->child[!way]; c->child[!way] = t; *at = c;
  c->size = t->size;
  t->size = 1 + (t->child[0] ? t->child[0]->size : 0) + (t->child[1] ? t->child[1]->size : 0);
}
static void insert(struct treap **at, uint32_t key) {
  struct treap *t = *at;
  if (!t) { *at = t = calloc(1, sizeof *t); t->key = key; t->priority = next_random(); t->size = 1; return; }
  if (t->key == key) return;
  int way = key > t->key;
  insert(&t->child[way], key);
  t->size = 1 + (t->child[0] ? t->child[0]->size : 0) + (t->child[1] ? t->child[1]->size : 0);
  if (t->child[way]->priority > t->priority) turn(at, way);
}
static uint32_t rank(const struct treap *t, uint32_t key) {
  uint32_t r = 0;
  while (t) if (key <= t->key) t = t->child[0]; else { r += 1 + (t->child[0] ? t->child[0]->size : 0); t = t->child[1]; }
  return r;
}
static void fell(struct treap *t) { if (t) { fell(t->child[0]); fell(t->child[1]); free(t); } }

static uint32_t run(int n) {
  uint32_t h = 1;
  struct tree *kept = grow(14);
  for (int i = 0; i < n; i++) {
    for (int depth = 4; depth <= 12; depth += 4) {
      struct tree *t = grow(depth);
      h = mix(h, count(t));
      cut(t);
    }
    struct treap *root = 0;
    for (int k = 0; k < 3000; k++) insert(&root, next_random() & 0xFFFF);
    for (int k = 0; k < 3000; k++) h = mix(h, rank(root, next_random() & 0xFFFF));
    fell(root);
  }
  return mix(h, count(kept));
}

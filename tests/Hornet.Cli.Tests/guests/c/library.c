// A module without WASI: exports to be invoked, and an import that another module or nobody gives.
#define EXPORT(name) __attribute__((export_name(#name)))
__attribute__((import_module("other"), import_name("twice"))) int twice(int);

EXPORT(add) int add(int a, int b) { return a + b; }
EXPORT(mix) double mix(int a, long long b, float c, double d) { return a + b + c + d; }
EXPORT(nothing) void nothing(void) {}
EXPORT(call_twice) int call_twice(int n) { return twice(n) + 1; }
EXPORT(grow) int grow(int pages) { return __builtin_wasm_memory_grow(0, pages); }
EXPORT(spin) int spin(int n) {
  volatile int sum = 0;
  for (int i = 0; i < n; i++) sum += i;
  return sum;
}

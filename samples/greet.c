// clang: -nostdlib -Wl,--no-entry
// The guest of samples/Embedding: it adds, and speaks through a function that its host gives.
__attribute__((import_module("host"), import_name("say"))) void say(const char *text, int length);

__attribute__((export_name("add"))) int add(int a, int b) { return a + b; }

__attribute__((export_name("greet"))) void greet(int times) {
  static const char text[] = "hello from the guest";
  for (int i = 0; i < times; i++) say(text, sizeof text - 1);
}

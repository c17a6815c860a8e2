// A small interpreter: a stack machine with a switch, running primes, a sort and a recursive function.
#include "check.h"

enum { push, load, store, add, sub, mul, mod, lt, eq, jump, jz, aload, astore, call, ret, dup, drop, halt };
static int32_t stack[4096], locals[4096], memory[4096];

static int32_t execute(const int32_t *code, int pc) {
  int32_t *sp = stack, *fp = locals; int calls = 0; static int returns[1024];
  for (;;) {
    switch (code[pc++]) {
      case push: *sp++ = code[pc++]; break;
      case load: *sp++ = fp[code[pc++]]; break;
      case store: fp[code[pc++]] = *--sp; break;
      case add: sp--; sp[-1] += *sp; break;
      case sub: sp--; sp[-1] -= *sp; break;
      case mul: sp--; sp[-1] = (uint32_t)sp[-1] * (uint32_t)*sp; break;
      case mod: sp--; sp[-1] %= *sp; break;
      case lt: sp--; sp[-1] = sp[-1] < *sp; break;
      case eq: sp--; sp[-1] = sp[-1] == *sp; break;
      case jump: pc = code[pc]; break;
      case jz: pc = *--sp ? pc + 1 : code[pc]; break;
      case aload: sp[-1] = memory[sp[-1] & 4095]; break;
      case astore: sp -= 2; memory[sp[1] & 4095] = *sp; break;
      case call: returns[calls++] = pc + 1; pc = code[pc]; fp += 4; break;
      case ret: if (!calls) return sp[-1]; pc = returns[--calls]; fp -= 4; break;
      case dup: *sp = sp[-1]; sp++; break;
      case drop: sp--; break;
      default: return sp[-1];
    }
  }
}

static int32_t program[256];
static int at;
#define EMIT(...) do { static const int32_t part[] = { __VA_ARGS__ }; memcpy(program + at, part, sizeof part); at += sizeof part / 4; } while (0)

// Primes below 4000 are marked in memory; their count is left on the stack.
static int primes(void) {
  int start = at;
  EMIT(push, 2, store, 0, push, 0, store, 2);
  int outer = at;
  EMIT(load, 0, push, 4000, lt, jz, 0);
  int end = at - 1;
  EMIT(load, 0, aload, jz, 0);
  int is_prime = at - 1;
  EMIT(jump, 0);
  int is_not = at - 1;
  program[is_prime] = at;
  EMIT(load, 2, push, 1, add, store, 2, load, 0, store, 1);
  int inner = at;
  EMIT(load, 1, push, 4000, lt, jz, 0);
  int done = at - 1;
  EMIT(push, 1, load, 1, astore, load, 1, load, 0, add, store, 1, jump, 0);
  program[at - 1] = inner;
  program[is_not] = program[done] = at;
  EMIT(load, 0, push, 1, add, store, 0, jump, 0);
  program[at - 1] = outer;
  program[end] = at;
  EMIT(load, 2, halt);
  return start;
}

static int fibonacci(void) {
  int start = at;
  EMIT(push, 20, store, 4, call, 0, halt);
  int self = program[at - 2] = at;
  EMIT(load, 0, push, 2, lt, jz, 0, load, 0, ret);
  program[at - 4] = at;
  EMIT(load, 0, push, 1, sub, store, 4, call, 0);
  program[at - 1] = self;
  EMIT(load, 0, push, 2, sub, store, 4, call, 0);
  program[at - 1] = self;
  EMIT(add, ret);
  return start;
}

static uint32_t run(int n) {
  int first = primes(), second = fibonacci();
  uint32_t h = 1;
  for (int i = 0; i < n; i++) {
    memset(memory, 0, sizeof memory);
    h = mix(h, execute(program, first));
    h = mix(h, execute(program, second));
  }
  return h;
}

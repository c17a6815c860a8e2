;; RUN: explain %s -O opt-level=0,signals-based-traps=n -W fuel=1 -C lazy=y --target-features baseline --func load --stage interpreter --stage code
(module
  (memory 1)
  (func $leaf (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func $load (param i32) (result i32) (call $leaf (i32.load (local.get 0)))))

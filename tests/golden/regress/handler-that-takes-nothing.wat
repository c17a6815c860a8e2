;; A handler without values was entered without its stack pointer and context: what it called ran on the thrower's.
(module
  (import "h" "f" (func $host (param i32 i64) (result i64)))
  (tag $t)
  (memory (export "m0") 1)
  (global (export "g0") (mut i32) (i32.const 0))
  (func $throws (param i64 v128) (result i64) (local v128 v128 v128)
    (drop (call $host (i32.const 1) (local.get 0)))
    (throw $t))
  (func (export "f0") (param i32) (result i64) (local $n i32)
    (loop $again
      (block $h
        (try_table (catch_all $h)
          (drop (call $throws (i64.const 1) (v128.const i64x2 1 2)))))
      (global.set 0 (i32.add (global.get 0) (i32.const 1)))
      (drop (call $host (local.get 0) (i64.const 3)))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20))))
    (i64.extend_i32_u (global.get 0))))

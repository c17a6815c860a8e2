;; What follows a handler that is the only way on was placed before it, so that its values were never made: the compiler failed.
(module
  (import "h" "f" (func $f (param i32 i64) (result i64)))
  (tag $t)
  (global $g (mut i32) (i32.const 1))
  (func (export "f0") (param i32) (result i32 f32)
    (block $h
      (try_table (catch_all $h)
        (drop (call $f (local.get 0) (i64.const 1)))
        (throw $t))
      unreachable)
    (i32.const -2147483648)
    (if (result f32) (local.get 0) (then (f32.const 0)) (else (f32.const 1)))))

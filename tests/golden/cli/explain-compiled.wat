;; RUN: explain %s --func scaled --target-features baseline --stage ir --stage passes --stage code
(module
  (func $other)
  (func $scaled (param i32 i32) (result i32)
    (i32.div_u (i32.mul (i32.add (local.get 0) (i32.const 0)) (i32.const 8)) (local.get 1)))
)

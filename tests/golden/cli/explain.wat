;; RUN: explain %s --stage module --stage text --stage operators --stage interpreter
(module $m
  (rec (type $list (struct (field (ref null $list)))))
  (import "a" "b" (func (param i32) (result i32)))
  (table 1 2 funcref)
  (memory 1)
  (global i32 (i32.const 7))
  (export "f" (func 1))
  (elem (i32.const 0) func 0)
  (func (local i32 i32 i64) (block (br_if 0 (i32.const 1))) (drop (i32.mul (i32.load (i32.const 8)) (call 0 (i32.const 5)))))
  (data (i32.const 0) "some bytes that need two rows")
)

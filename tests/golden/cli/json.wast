;; RUN: json-from-wast %s
(register "m")
(assert_return (invoke $m "f" (v128.const i16x8 1 2 3 4 5 6 7 -1) (ref.extern 5) (ref.null func)) (v128.const f32x4 nan:canonical 1 nan:arithmetic -0) (either (i32.const 1) (i32.const 2)))
(assert_exhaustion (invoke "deep") "call stack exhausted")

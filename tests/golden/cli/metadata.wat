;; RUN: metadata show %s
(module $named
  (func $f (param $x i32))
  (@custom "producers" "\01\08language\02\04Rust\041.90\03C99\00")
  (@custom "target_features" "\02+\04simd-\07threads")
  (@custom "sourceMappingURL" "\05a.map")
)

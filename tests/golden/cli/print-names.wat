;; RUN: print %s
;; Names that are not identifiers, names that several things share, labels that hide others.
(module
  (func $" with blanks and \"quotes\" " (param $b i32) (param (@name "b") i32))
  (func $twin)
  (func (@name "twin") call $twin call 2)
  (func $"λ" (block $l (block $l (br $l) (br 1)) (br $l)))
)

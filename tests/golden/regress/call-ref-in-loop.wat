;; The fields of a function reference must not be read before it is known not to be null
(module
  (type $f (func (param i32) (result i32)))
  (global $null (ref null $f) (ref.null $f))
  (func (export "f0") (param i32) (result i32) (local $r (ref null $f)) (local $n i32)
    (local.set $n (i32.const 3))
    (loop $l
      (if (local.get 0) (then (local.set 0 (call_ref $f (local.get 0) (global.get $null)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n)))
    (local.get 0))
  (func (export "f1") (param i32) (result i32) (local $r (ref null $f)) (local $n i32)
    (local.set $n (i32.const 3))
    (loop $l
      (if (local.get 0) (then (local.set 0 (call_ref $f (local.get 0) (local.get $r)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n)))
    (local.get 0)))

;; Machine code that begins at the loop: what leads there from the beginning of the function was not seen when a parameter went, and kept its argument.
(module
  (type (;0;) (func (param i32 i64) (result i64)))
  (type (;1;) (func (result i32)))
  (import "h" "f" (func (;0;) (type 0) (param i32 i64) (result i64)))
  (table (;0;) 8 12 funcref)
  (memory (;0;) 1 3)
  (global (;0;) (mut i32) (i32.const 400))
  (global (;1;) (mut i32) (i32.const 1))
  (global (;2;) (mut i64) (i64.const 1))
  (global (;3;) (mut f32) (f32.const -0))
  (global (;4;) (mut f64) (f64.const -0))
  (global (;5;) (mut v128) (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff))
  (global (;6;) i32 (i32.const 7))
  (export "f0" (func 1))
  (export "m0" (memory 0))
  (export "t" (table 0))
  (export "fuel" (global 0))
  (export "g0" (global 1))
  (export "g1" (global 2))
  (export "g2" (global 3))
  (export "g3" (global 4))
  (export "g4" (global 5))
  (elem (;0;) (i32.const 0) func 0 1 0 1 0 1)
  (elem (;1;) funcref (ref.func 1) (ref.func 0) (ref.null func) (ref.func 0))
  (elem (;2;) declare func 0 1)
  (func (;1;) (type 1) (result i32)
    global.get 0
    i32.eqz
    if
      unreachable
    end
    global.get 0
    i32.const 1
    i32.sub
    global.set 0
    i32.const 0
    i32.eqz
    loop (result i32)
      global.get 0
      i32.eqz
      if
        unreachable
      end
      global.get 0
      i32.const 1
      i32.sub
      global.set 0
      i32.const 0
    end
    i32.eq
    i32.eqz
  )
)

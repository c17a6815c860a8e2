;; A load in a loop was moved before its bounds check
(module
  (type $l (func (param i64) (result i32)))
  (memory 1 3) (memory 1 3)
  (global $g (mut i64) (i64.const 0))
  (func (export "f0") (param i64) (result i32)
    local.get 0
    loop (type $l)
      global.set $g
      i32.const 65535
      i64.load16_s 1 offset=65536
      local.get 0
      i32.wrap_i64
      br_if 0
      drop
      i32.const 0
    end)
)

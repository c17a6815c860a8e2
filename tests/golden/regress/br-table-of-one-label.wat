;; The values of the only label were moved over the index before the table read it.
(module
  (memory 1 3)
  (global $g0 (mut i32) (i32.const 1))
  (global $g1 (export "g1") (mut i64) (i64.const 1))
  (func (export "f0") (param i64 i32)
    block (result i32 i64)
      i32.const 0
      i32.const 0
      i32.const 0
      memory.fill
        local.get 1
        local.get 0
        local.get 1
        br_table 0
    end
    global.set $g1
    local.set 1
    i32.const 0
    i32.const 0
    i32.const 0
    memory.fill
  )
)

;; RUN: parse %s
(module
  (func $one (param i32) (result i32)
    local.get $zero
    i32.const 4_294_967_296
  )
  (func $two
    i64.ad
    call $three
    br $out
  )
  (memory 1 (pagesize 3))
  (func (i32.load align=3 (i32.const 0)))
	(global $g i32 (i32.const 0)) (export "g" (global $h))
  (func block $a end $b)
  (data (i32.const 0) "\xx")
)

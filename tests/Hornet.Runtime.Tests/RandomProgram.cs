using System.Globalization;
using System.Text;

namespace Hornet.Runtime.Tests;

/// <summary>
/// Random programs that end: nested expressions full of tees and aliases, branches with values, counted loops, memory. The
/// function "run" gives a number into which every local and some memory has gone.
/// </summary>
internal sealed class RandomProgram(int seed)
{
    const int Locals = 5;

    readonly Random _random = new(seed);
    readonly StringBuilder _text = new();
    int _loops, _budget = 220;
    // Helpers call nothing and do not loop, so that every program ends.
    bool _inHelper;

    public string Text()
    {
        _text.Append("(module (memory 1) (global $g (mut i32) (i32.const 3)) (type $t (func (param i32 i64) (result i32))) (table funcref (elem $h0 $h1))\n");
        // The bits of a NaN are not determined: none reaches memory.
        _text.Append("(func $pured (param f64) (result f64) (if (result f64) (f64.eq (local.get 0) (local.get 0)) (then (local.get 0)) (else (f64.const 7))))\n");
        _text.Append("(func $puref (param f32) (result f32) (if (result f32) (f32.eq (local.get 0) (local.get 0)) (then (local.get 0)) (else (f32.const 7))))\n");
        _inHelper = true;
        for (int i = 0; i < 2; i++) _text.Append(CultureInfo.InvariantCulture, $"(func $h{i} (type $t) {LocalList(2)} (global.set $g (i32.add (global.get $g) (i32.const 1))) {Expr('i', 3)})\n");
        _inHelper = false;
        StringBuilder body = new();
        for (int i = 0; i < 8; i++) body.Append(Statement(4)).Append('\n');
        StringBuilder hash = new("(i64.extend_i32_u (global.get $g))");
        for (int i = 0; i < Locals; i++)
        {
            hash.Insert(0, "(i64.add (i64.mul ").Append(CultureInfo.InvariantCulture, $" (i64.const 1000003)) (i64.xor (i64.extend_i32_u (local.get $i{i})) (i64.xor (local.get $l{i}) (call $bits (local.get $d{i}) (local.get $f{i})))))");
        }
        for (int i = 0; i < 64; i += 8) hash.Insert(0, "(i64.add (i64.mul ").Append(CultureInfo.InvariantCulture, $" (i64.const 31)) (i64.load (i32.const {i})))");
        _text.Append("(func $bits (param f64 f32) (result i64) (i64.add (if (result i64) (f64.eq (local.get 0) (local.get 0)) (then (i64.reinterpret_f64 (local.get 0))) (else (i64.const 7))) (if (result i64) (f32.eq (local.get 1) (local.get 1)) (then (i64.extend_i32_u (i32.reinterpret_f32 (local.get 1)))) (else (i64.const 9)))))\n");
        _text.Append(CultureInfo.InvariantCulture, $"(func (export \"run\") (param $i0 i32) (param $l0 i64) (result i64) {LocalList(1)} {LoopLocals()}\n{body}{hash}))");
        return _text.ToString();
    }

    string LocalList(int from) => string.Concat(Enumerable.Range(0, Locals).Select(i => $"{(from == 1 && i == 0 ? "" : $" (local $i{i} i32) (local $l{i} i64)")} (local $d{i} f64) (local $f{i} f32)"));

    string LoopLocals() => string.Concat(Enumerable.Range(0, _loops).Select(i => $" (local $c{i} i32)"));

    int Next(int below) => _random.Next(below);

    string Pick(params ReadOnlySpan<string> choices) => choices[Next(choices.Length)];

    string Local(char t) => $"${t}{Next(Locals)}";

    static string TypeOf(char t) => t switch { 'i' => "i32", 'l' => "i64", 'd' => "f64", _ => "f32" };

    char AnyType() => "iiilldf"[Next(7)];

    string Const(char t) => t switch
    {
        'i' => $"(i32.const {Pick("0", "1", "-1", "2", "7", "31", "255", "-2147483648", "2147483647", "65536", $"{_random.Next()}")})",
        'l' => $"(i64.const {Pick("0", "1", "-1", "3", "63", "4294967296", "-9223372036854775808", $"{_random.NextInt64()}")})",
        'd' => $"(f64.const {Pick("0", "-0", "1", "0.5", "-3.25", "1e300", "inf", "4294967296", "nan")})",
        _ => $"(f32.const {Pick("0", "-0", "1", "0.5", "-3.25", "1e30", "inf", "nan")})",
    };

    string Address() => Pick($"(i32.and {Expr('i', 1)} (i32.const 1023))", $"(i32.add (i32.and {Expr('i', 1)} (i32.const 63)) (i32.const {Next(64)}))", $"(i32.const {Next(64)})", $"(i32.add (i32.and (local.get {Local('i')}) (i32.const 31)) (i32.and (local.get {Local('i')}) (i32.const 31)))");

    string Expr(char t, int depth)
    {
        if (depth <= 0 || --_budget < 0) return Next(3) == 0 ? Const(t) : $"(local.get {Local(t)})";
        string T = TypeOf(t);
        string E(char type) => Expr(type, depth - 1);
        switch (Next(13))
        {
            case 0: return Const(t);
            case 1 or 2: return $"(local.get {Local(t)})";
            case 3: return $"(local.tee {Local(t)} {E(t)})";
            case 4:
                char s = AnyType();
                return t == 'i'
                    ? s is 'i' or 'l' ? Pick($"({TypeOf(s)}.{Pick("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")} {E(s)} {E(s)})", $"({TypeOf(s)}.eqz {E(s)})") : $"({TypeOf(s)}.{Pick("eq", "ne", "lt", "gt", "le", "ge")} {E(s)} {E(s)})"
                    : $"(select {E(t)} {E(t)} {E('i')})";
            case 5: return $"(select {E(t)} {E(t)} {E('i')})";
            case 6: return $"(if (result {T}) {E('i')} (then {Statement(depth - 1)} {E(t)}) (else {E(t)}))";
            case 7: return $"(block (result {T}) (drop (br_if 0 {E(t)} {E('i')})) {Statement(depth - 1)} {E(t)})";
            case 8: return $"({T}.load{(t is 'i' or 'l' ? Pick("", "8_s", "8_u", "16_s", "16_u") : "")} {Pick("", "offset=4", "offset=65000")} {Address()})";
            case 9 when t == 'i' && !_inHelper: return Pick($"(call $h{Next(2)} {E('i')} {E('l')})", $"(call_indirect (type $t) {E('i')} {E('l')} (i32.and {E('i')} (i32.const 1)))");
            case 10:
                return t switch
                {
                    'i' => Pick($"(i32.wrap_i64 {E('l')})", $"(i32.{Pick("clz", "ctz", "popcnt", "extend8_s", "extend16_s")} {E('i')})", $"(i32.trunc_sat_f64_{Pick("s", "u")} {E('d')})", $"(i32.trunc_f32_s {E('f')})", "(global.get $g)"),
                    'l' => Pick($"(i64.extend_i32_{Pick("s", "u")} {E('i')})", $"(i64.{Pick("clz", "ctz", "popcnt", "extend32_s")} {E('l')})", $"(i64.trunc_sat_f64_{Pick("s", "u")} {E('d')})"),
                    'd' => Pick($"(f64.convert_i64_{Pick("s", "u")} {E('l')})", $"(f64.{Pick("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")} {E('d')})", $"(f64.promote_f32 {E('f')})"),
                    _ => Pick($"(f32.convert_i64_{Pick("s", "u")} {E('l')})", $"(f32.{Pick("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt")} {E('f')})", $"(f32.demote_f64 {E('d')})"),
                };
            default:
                return t is 'i' or 'l'
                    ? $"({T}.{Pick("add", "add", "add", "sub", "mul", "mul", "and", "and", "or", "xor", "xor", "shl", "shr_s", "shr_u", "rotl", "rotl", "rotr", "div_s", "div_u", "rem_s", "rem_u")} {E(t)} {E(t)})"
                    : $"({T}.{Pick("add", "add", "sub", "mul", "mul", "div", "min", "max")} {E(t)} {E(t)})";
        }
    }

    string Statement(int depth)
    {
        char t = AnyType();
        if (depth <= 0 || _budget < 0) return $"(local.set {Local(t)} {Expr(t, 1)})";
        string S() => Statement(depth - 1);
        switch (Next(10))
        {
            case 0 or 1 or 2: return $"(local.set {Local(t)} {Expr(t, depth)})";
            case 3 or 4: return $"({TypeOf(t)}.store{(t is 'i' or 'l' ? Pick("", "8", "16") : "")} {Address()} {(t is 'd' or 'f' ? $"(call $pure{t} {Expr(t, depth - 1)})" : Expr(t, depth - 1))})";
            case 5: return $"(if {Expr('i', depth - 1)} (then {S()} {S()}) (else {S()}))";
            case 6: return $"(block {S()} (br_if 0 {Expr('i', depth - 1)}) {S()})";
            case 7: return $"(block (block (block (br_table 0 1 2 1 {Expr('i', depth - 1)})) {S()} (br 1)) {S()})";
            case 8 when !_inHelper && _loops < 12:
                string counter = $"$c{_loops++}", step = Pick("(i32.sub (local.get X) (i32.const 1))", "(i32.add (local.get X) (i32.const -1))").Replace("X", counter, StringComparison.Ordinal);
                return $"(local.set {counter} (i32.const {1 + Next(5)})) (loop {S()} {S()} (br_if 0 {Pick($"(local.tee {counter} {step})", $"(i32.ne (local.tee {counter} {step}) (i32.const 0))", $"(i32.gt_s (local.tee {counter} {step}) (i32.const 0))")}))";
            default: return $"(drop {Expr(t, depth)})";
        }
    }
}

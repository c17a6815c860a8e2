using System.Text;
using Hornet.Text;

namespace Hornet.Bench;

/// <summary>
/// The garbage-collected heap and exceptions: nanoseconds for each operation as machine code, on the interpreter, and in Wasmtime, in turn.
/// </summary>
internal static class Objects
{
    private const int Rounds = 7;

    // Everything takes how often, and yields something to compare.
    private const string Text = """
        (module
          (type $pair (struct (field i32) (field (mut i32))))
          (rec (type $tree (struct (field (ref null $tree)) (field (ref null $tree)))))
          (type $ints (array (mut i32)))
          (type $base (sub (struct (field i32)))) (type $left (sub $base (struct (field i32)))) (type $right (sub $base (struct (field i32))))
          (tag $t (param i32))

          (func (export "structs") (param $n i32) (result i32) (local $sum i32)
            (loop $l
              (local.set $sum (i32.add (local.get $sum) (struct.get $pair 0 (struct.new $pair (local.get $n) (i32.const 2)))))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum))

          (func $make (param $depth i32) (result (ref $tree))
            (if (i32.eqz (local.get $depth)) (then (return (struct.new $tree (ref.null $tree) (ref.null $tree)))))
            (struct.new $tree (call $make (i32.sub (local.get $depth) (i32.const 1))) (call $make (i32.sub (local.get $depth) (i32.const 1)))))
          (func $count (param $t (ref $tree)) (result i32)
            (if (ref.is_null (struct.get $tree 0 (local.get $t))) (then (return (i32.const 1))))
            (i32.add (i32.const 1) (i32.add (call $count (ref.as_non_null (struct.get $tree 0 (local.get $t)))) (call $count (ref.as_non_null (struct.get $tree 1 (local.get $t)))))))
          ;; Each tree has 8191 nodes; one lives all the time.
          (func (export "trees") (param $n i32) (result i32) (local $sum i32) (local $kept (ref null $tree))
            (local.set $kept (call $make (i32.const 15)))
            (local.set $n (i32.div_u (local.get $n) (i32.const 8191)))
            (loop $l
              (local.set $sum (i32.add (local.get $sum) (call $count (call $make (i32.const 12)))))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (i32.add (local.get $sum) (call $count (ref.as_non_null (local.get $kept)))))

          (func (export "arrays") (param $n i32) (result i32) (local $sum i32)
            (loop $l
              (local.set $sum (i32.add (local.get $sum) (array.len (array.new $ints (local.get $n) (i32.const 4)))))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum))

          (func (export "elements") (param $n i32) (result i32) (local $a (ref null $ints)) (local $i i32) (local $sum i32)
            (local.set $a (array.new $ints (i32.const 3) (i32.const 1024)))
            (loop $l
              (local.set $i (i32.and (local.get $n) (i32.const 1023)))
              (array.set $ints (local.get $a) (local.get $i) (i32.add (array.get $ints (local.get $a) (local.get $i)) (local.get $n)))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (array.get $ints (local.get $a) (i32.const 7)))

          (func (export "casts") (param $n i32) (result i32) (local $x (ref null $base)) (local $y (ref null $base)) (local $swap (ref null $base)) (local $sum i32)
            (local.set $x (struct.new $left (i32.const 1))) (local.set $y (struct.new $right (i32.const 2)))
            (loop $l
              (if (ref.test (ref $left) (local.get $x)) (then (local.set $sum (i32.add (local.get $sum) (struct.get $left 0 (ref.cast (ref $left) (local.get $x)))))))
              (local.set $swap (local.get $x)) (local.set $x (local.get $y)) (local.set $y (local.get $swap))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum))

          (func $throw (param i32) (throw $t (local.get 0)))
          (func (export "throws") (param $n i32) (result i32) (local $sum i32)
            (loop $l
              (block $h (result i32) (try_table (catch $t $h) (call $throw (local.get $n))) (i32.const 0))
              (local.set $sum (i32.add (local.get $sum)))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum))

          (func $deep (param $depth i32) (param $n i32) (result i32)
            (if (i32.eqz (local.get $depth)) (then (throw $t (local.get $n))))
            (i32.add (i32.const 1) (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $n))))
          (func (export "throws-100-deep") (param $n i32) (result i32) (local $sum i32)
            (loop $l
              (block $h (result i32) (try_table (result i32) (catch $t $h) (call $deep (i32.const 100) (local.get $n))))
              (local.set $sum (i32.add (local.get $sum)))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum))

          (func $callee (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (throw $t (local.get 0)))) (local.get 0))
          (func (export "calls-in-a-try") (param $n i32) (result i32) (local $sum i32)
            (loop $l
              (block $h (result i32) (try_table (result i32) (catch $t $h) (call $callee (local.get $n))))
              (local.set $sum (i32.add (local.get $sum)))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))
        """;

    private static readonly (string Name, int Count)[] Rows =
    [
        ("structs", 20_000_000), ("trees", 4_000_000), ("arrays", 10_000_000), ("elements", 20_000_000), ("casts", 20_000_000),
        ("throws", 500_000), ("throws-100-deep", 50_000), ("calls-in-a-try", 20_000_000),
    ];

    public static int Run(string[] arguments)
    {
        var bytes = WatParser.Parse(Encoding.UTF8.GetBytes(Text));
        using var native = new Engine(new Config().WithNativeCode(lazy: false));
        using var interpreter = new Engine(new Config());
        using var rival = new global::Wasmtime.Engine(new global::Wasmtime.Config().WithGc(true).WithFunctionReferences(true).WithExceptions(true).WithTailCalls(true));
        var ours = Instance(native, bytes);
        var interpreted = Instance(interpreter, bytes);
        using var module = global::Wasmtime.Module.FromBytes(rival, "m", bytes);
        using var rivalStore = new global::Wasmtime.Store(rival);
        using var linker = new global::Wasmtime.Linker(rival);
        var theirs = linker.Instantiate(rivalStore, module);
        Console.WriteLine($"nanoseconds of processor time for each operation, medians of {Rounds} rounds in turn\n{"",-16} {"native",9} {"interpreter",12} {"wasmtime",9}");
        foreach (var (name, count) in Rows)
        {
            if (arguments.Length > 0 && !arguments.Contains(name))
                continue;
            // The interpreter is given a tenth: it takes as long.
            (Func<int, int> Run, int Count)[] contestants =
            [
                (ours.GetFunction<int, int>(name)!, count), (interpreted.GetFunction<int, int>(name)!, count / 10), (theirs.GetFunction<int, int>(name)!, count),
            ];
            var times = contestants.Select(_ => new double[Rounds]).ToArray();
            var checks = Array.ConvertAll(contestants, c => c.Run(100_000));
            if (checks.Distinct().Count() != 1)
            {
                Console.WriteLine($"{name}: the engines disagree: {string.Join(' ', checks)}");
                return 1;
            }
            for (var round = 0; round < Rounds; round++)
            {
                for (var i = 0; i < contestants.Length; i++)
                {
                    var start = Natives.ThreadMilliseconds();
                    contestants[i].Run(contestants[i].Count);
                    times[i][round] = (Natives.ThreadMilliseconds() - start) * 1e6 / contestants[i].Count;
                }
            }
            Console.WriteLine($"{name,-16} {Comparison.Median(times[0]),9:F2} {Comparison.Median(times[1]),12:F2} {Comparison.Median(times[2]),9:F2}");
        }
        return 0;
    }

    private static Instance Instance(Engine engine, byte[] bytes) => new Linker(engine).Instantiate(new Store(engine), Module.FromBytes(engine, bytes));
}

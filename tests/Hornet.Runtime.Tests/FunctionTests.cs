using System.Runtime.Intrinsics;

namespace Hornet.Runtime.Tests;

public sealed class FunctionTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    const string Arithmetic = """
        (module
          (func (export "nop"))
          (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
          (func (export "mix") (param i64 f32 f64) (result f64)
            (f64.add (f64.add (f64.convert_i64_s (local.get 0)) (f64.promote_f32 (local.get 1))) (local.get 2)))
          (func (export "swap") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
          (func (export "v") (param v128 i32) (result v128) (i32x4.add (local.get 0) (i32x4.splat (local.get 1))))
          (func (export "ext") (param externref) (result externref) (local.get 0))
          (func (export "fun") (param funcref) (result funcref) (local.get 0)))
        """;

    [Fact]
    public void Untyped_calls_take_and_give_values_of_every_kind()
    {
        Instance instance = Wat.Instantiate(_store, Arithmetic);
        Assert.Null(instance.GetFunction("nop")!.Invoke());
        Assert.Equal(5, instance.GetFunction("add")!.Invoke(2, 3));
        Assert.Equal(6.75, instance.GetFunction("mix")!.Invoke(1L, 2.5f, 3.25));
        Assert.Equal(new object?[] { 7L, 6 }, (object?[])instance.GetFunction("swap")!.Invoke(6, 7L)!);
        Assert.Equal(new V128(0x0000000300000002, 0x0000000500000004), instance.GetFunction("v")!.Invoke(new V128(0x0000000200000001, 0x0000000400000003), 1));
        object host = new();
        Assert.Same(host, instance.GetFunction("ext")!.Invoke(ValueBox.ExternRef(host)));
        Assert.Null(instance.GetFunction("ext")!.Invoke(ValueBox.Null(ValueKind.ExternRef)));
        Function add = instance.GetFunction("add")!;
        Assert.Equal(add, instance.GetFunction("fun")!.Invoke(add));
        Assert.Null(instance.GetFunction("fun")!.Invoke(ValueBox.FuncRef(null)));
    }

    [Fact]
    public void Typed_delegates_call_with_every_type()
    {
        Instance instance = Wat.Instantiate(_store, Arithmetic);
        instance.GetAction("nop")!();
        Assert.Equal(5, instance.GetFunction<int, int, int>("add")!(2, 3));
        Assert.Equal(1u, instance.GetFunction<uint, uint, uint>("add")!(uint.MaxValue, 2));
        Assert.Equal(6.75, instance.GetFunction<long, float, double, double>("mix")!(1, 2.5f, 3.25));
        Assert.Equal((7L, 6), instance.GetFunction<int, long, (long, int)>("swap")!(6, 7));
        Assert.Equal(Vector128.Create(2, 3, 4, 5).AsByte(), instance.GetFunction<Vector128<byte>, int, Vector128<byte>>("v")!(Vector128.Create(1, 2, 3, 4).AsByte(), 1));
        Assert.Equal("guest", instance.GetFunction<string, string>("ext")!("guest"));
        Assert.Equal(instance.GetFunction("add"), instance.GetFunction<Function?, Function?>("fun")!(instance.GetFunction("add")));
    }

    [Fact]
    public void A_delegate_of_another_type_is_not_given()
    {
        Instance instance = Wat.Instantiate(_store, Arithmetic);
        Assert.Null(instance.GetFunction<int, int>("add"));
        Assert.Null(instance.GetFunction<int, int, long>("add"));
        Assert.Null(instance.GetAction<int, int>("add"));
        Assert.Null(instance.GetFunction<int, int, int>("sub"));
        Assert.NotNull(instance.GetFunction("add", typeof(int), typeof(int), typeof(uint)));
        Assert.Null(instance.GetFunction("add", typeof(long), typeof(int), typeof(int)));
        Assert.True(instance.GetFunction("nop")!.CheckTypeSignature());
        Assert.False(instance.GetFunction("swap")!.CheckTypeSignature(typeof(int), typeof(int), typeof(long)));
        Assert.Throws<ArgumentException>(() => instance.GetFunction<int, int, (string, int)>("add"));
        Assert.Throws<ArgumentException>(() => instance.GetFunction<decimal, int, int>("add"));
    }

    [Fact]
    public void Wrong_arguments_are_the_callers_mistake()
    {
        Instance instance = Wat.Instantiate(_store, Arithmetic);
        Function add = instance.GetFunction("add")!;
        Assert.Contains("2 arguments", Assert.Throws<ArgumentException>(() => add.Invoke(1)).Message);
        Assert.Contains("Int32", Assert.Throws<ArgumentException>(() => add.Invoke(1, 2L)).Message);
        Assert.Throws<ArgumentException>(() => add.Invoke([1, 2], new ValueBox[2]));
        using Store other = new(Wat.Engine);
        Function foreign = Function.FromCallback(other, () => { });
        Assert.Contains("another store", Assert.Throws<InvalidOperationException>(() => instance.GetFunction("fun")!.Invoke(foreign)).Message);
    }

    [Fact]
    public void Types_are_told()
    {
        Instance instance = Wat.Instantiate(_store, Arithmetic);
        Assert.Equal([ValueKind.Int64, ValueKind.Float32, ValueKind.Float64], instance.GetFunction("mix")!.Parameters);
        Assert.Equal([ValueKind.Int64, ValueKind.Int32], instance.GetFunction("swap")!.Results);
    }

    [Fact]
    public void Host_functions_get_arguments_and_give_results()
    {
        Function host = Function.FromCallback(_store, (int a, long b, float c, double d) => a + b + c + d);
        Assert.Equal([ValueKind.Int32, ValueKind.Int64, ValueKind.Float32, ValueKind.Float64], host.Parameters);
        Instance instance = Wat.Instantiate(_store, """
            (module (import "h" "f" (func $f (param i32 i64 f32 f64) (result f64)))
              (func (export "run") (result f64) (call $f (i32.const 1) (i64.const 2) (f32.const 0.5) (f64.const 0.25))))
            """, host);
        Assert.Equal(3.75, instance.GetFunction<double>("run")!());
        Assert.Equal(3.75, host.Invoke(1, 2L, 0.5f, 0.25));
    }

    [Fact]
    public void Host_functions_give_several_results_as_a_tuple()
    {
        Function host = Function.FromCallback(_store, (int a) => (a, (long)a + 1, (float)a + 2, (double)a + 3, (long)a + 4, a + 5, a + 6, a + 7, new V128(8, 9)));
        Instance instance = Wat.Instantiate(_store, """
            (module (import "h" "f" (func $f (param i32) (result i32 i64 f32 f64 i64 i32 i32 i32 v128)))
              (func (export "run") (param i32) (result i32 i64 f32 f64 i64 i32 i32 i32 v128) (call $f (local.get 0))))
            """, host);
        var run = instance.GetFunction<int, (int, long, float, double, long, int, int, int, V128)>("run")!;
        Assert.Equal((1, 2L, 3f, 4d, 5L, 6, 7, 8, new V128(8, 9)), run(1));
    }

    [Fact]
    public void Host_functions_with_sixteen_parameters()
    {
        long sum = 0;
        Function host = Function.FromCallback(_store, (int a, long b, int c, long d, int e, long f, int g, long h, int i, long j, int k, long l, int m, long n, int o, long p) =>
        {
            sum = a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l + 13 * m + 14 * n + 15 * o + 16 * p;
        });
        Instance instance = Wat.Instantiate(_store, """
            (module (import "h" "f" (func $f (param i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 i64)))
              (export "f" (func $f)))
            """, host);
        instance.GetAction<int, long, int, long, int, long, int, long, int, long, int, long, int, long, int, long>("f")!(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        Assert.Equal(136, sum);
        Assert.Equal(host, instance.GetFunction("f"));
    }

    [Fact]
    public void Untyped_host_functions_see_kinds()
    {
        Function host = Function.FromCallback(_store, (caller, arguments, results) =>
        {
            Assert.Equal(2, arguments.Length);
            results[0] = arguments[1].AsInt64() + arguments[0].AsInt32();
            results[1] = ValueBox.ExternRef("extra");
        }, [ValueKind.Int32, ValueKind.Int64], [ValueKind.Int64, ValueKind.ExternRef]);
        Assert.Equal(new object?[] { 3L, "extra" }, (object?[])host.Invoke(1, 2L)!);
    }

    [Fact]
    public void The_caller_shows_its_exports()
    {
        string? seen = null;
        Function host = Function.FromCallback(_store, (Caller caller, int at, int length) =>
        {
            seen = caller.GetMemory("memory")!.ReadString(at, length);
            Assert.Null(caller.GetMemory("other"));
            Assert.True(caller.TryGetMemorySpan("memory", at, length, out Span<byte> span));
            span[0] = (byte)'J';
            Assert.False(caller.TryGetMemorySpan("memory", 65536, 1, out span));
            return caller.GetFunction("twice")!.WrapFunc<int, int>()!(length);
        });
        Instance instance = Wat.Instantiate(_store, """
            (module (import "h" "f" (func $f (param i32 i32) (result i32))) (memory (export "memory") 1) (data (i32.const 8) "Hello")
              (func (export "twice") (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
              (func (export "run") (result i32) (call $f (i32.const 8) (i32.const 5))))
            """, host);
        Assert.Equal(10, instance.GetFunction<int>("run")!());
        Assert.Equal("Hello", seen);
        Assert.Equal("Jello", instance.GetMemory("memory")!.ReadString(8, 5));
    }

    [Fact]
    public void Typed_calls_do_not_allocate()
    {
        long count = 0;
        Function host = Function.FromCallback(_store, (int a, long b) => { count++; return b + a; });
        Function seeing = Function.FromCallback(_store, (Caller caller, int a) => a + (caller.Store.Data is null ? 1 : 0));
        Instance instance = Wat.Instantiate(_store, """
            (module (import "h" "f" (func $f (param i32 i64) (result i64))) (import "h" "g" (func $g (param i32) (result i32)))
              (func (export "run") (param i32) (result i64 i32) (call $f (local.get 0) (i64.const 2)) (call $g (local.get 0))))
            """, host, seeing);
        var run = instance.GetFunction<int, (long, int)>("run")!;
        // A stack of another size on this thread must not make any difference.
        using Engine other = new(new Config().WithMaximumStackSize(128 << 10));
        using Store elsewhere = new(other);
        Wat.Instantiate(elsewhere, Arithmetic).GetAction("nop")!();
        for (int i = 0; i < 100; i++) run(i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) run(i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1100, count);
    }
}

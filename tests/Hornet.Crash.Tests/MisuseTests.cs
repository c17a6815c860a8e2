using System.Text;
using Hornet.Text;

namespace Hornet.Crash.Tests;

/// <summary>Using the API wrongly is an ordinary exception that says what is wrong, on both tiers; never a crash, never a silent success.</summary>
public sealed class MisuseTests
{
    const string Text = """
        (module
          (memory (export "m") 1 4) (table (export "t") 2 4 funcref) (global (export "g") (mut i32) (i32.const 1)) (global (export "c") i32 (i32.const 1)) (tag (export "e") (param i32))
          (func (export "f") (param i32) (result i32) (local.get 0))
          (func (export "spin") (loop (br 0))))
        """;

    sealed class World : IDisposable
    {
        public World(bool native)
        {
            Config config = new Config().WithEpochInterruption(true);
            Engine = new(native ? config.WithNativeCode(tierUp: false) : config);
            Module = Module.FromBytes(Engine, WatParser.Parse(Encoding.UTF8.GetBytes(Text)));
            Store = new(Engine);
            Instance = new(Store, Module);
        }

        public Engine Engine { get; }
        public Module Module { get; }
        public Store Store { get; }
        public Instance Instance { get; }
        public Function F => Instance.GetFunction("f")!;
        public Memory M => Instance.GetMemory("m")!;
        public Table T => Instance.GetTable("t")!;
        public Global G => Instance.GetGlobal("g")!;

        public void Dispose()
        {
            Store.Dispose();
            Module.Dispose();
            Engine.Dispose();
        }
    }

    static void Refused<T>(Action action) where T : Exception
    {
        T e = Assert.ThrowsAny<T>(action);
        Assert.True(e.Message.Length > 10, e.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_belongs_to_a_disposed_store_refuses_everything(bool native)
    {
        using World w = new(native);
        (Function f, Memory m, Table t, Global g) = (w.F, w.M, w.T, w.G);
        w.Store.Dispose();
        w.Store.Dispose();
        Refused<ObjectDisposedException>(() => f.Invoke());
        Refused<ObjectDisposedException>(() => f.Invoke(1));
        Refused<ObjectDisposedException>(() => _ = f.Parameters);
        Refused<ObjectDisposedException>(() => m.GetSpan());
        Refused<ObjectDisposedException>(() => m.ReadInt32(0));
        Refused<ObjectDisposedException>(() => m.WriteInt32(0, 1));
        Refused<ObjectDisposedException>(() => m.Grow(1));
        Refused<ObjectDisposedException>(() => m.GetSize());
        Refused<ObjectDisposedException>(() => m.Lease());
        Refused<ObjectDisposedException>(() => t.GetElement(0));
        Refused<ObjectDisposedException>(() => t.SetElement(0, null));
        Refused<ObjectDisposedException>(() => t.Grow(1, null));
        Refused<ObjectDisposedException>(() => t.GetSize());
        Refused<ObjectDisposedException>(() => g.GetValue());
        Refused<ObjectDisposedException>(() => g.SetValue(1));
        Refused<ObjectDisposedException>(() => w.Instance.GetFunction("f"));
        Refused<ObjectDisposedException>(() => new Instance(w.Store, w.Module));
        Refused<ObjectDisposedException>(() => new Memory(w.Store, 1));
        Refused<ObjectDisposedException>(() => new Table(w.Store, TableKind.FuncRef, null, 1));
        Refused<ObjectDisposedException>(() => new Table(w.Store, TableKind.FuncRef, f, 1));
        Refused<ObjectDisposedException>(() => new Global(w.Store, ValueKind.Int32, 1, Mutability.Mutable));
        Refused<ObjectDisposedException>(() => Function.FromCallback(w.Store, (int n) => n));
        Refused<ObjectDisposedException>(() => w.Store.SetDeadline(TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_disposed_engine_or_module_makes_nothing_new(bool native)
    {
        using World w = new(native);
        w.Module.Dispose();
        Refused<ObjectDisposedException>(() => new Instance(w.Store, w.Module));
        Assert.Equal(3, w.F.Invoke(3));
        w.Engine.Dispose();
        Refused<ObjectDisposedException>(() => new Store(w.Engine));
        Refused<ObjectDisposedException>(() => Module.FromBytes(w.Engine, WatParser.Parse("(module)"u8)));
        Assert.Equal(3, w.F.Invoke(3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Values_of_another_store_are_refused(bool native)
    {
        using World w = new(native);
        using Store other = new(w.Engine);
        Instance there = new(other, w.Module);
        Function foreign = there.GetFunction("f")!;
        Refused<InvalidOperationException>(() => w.T.SetElement(0, foreign));
        Refused<InvalidOperationException>(() => w.T.Grow(1, foreign));
        Refused<InvalidOperationException>(() => new Table(w.Store, TableKind.FuncRef, foreign, 1));
        Refused<InvalidOperationException>(() => new Global(w.Store, ValueKind.FuncRef, foreign, Mutability.Mutable));
        using Module imports = Module.FromBytes(w.Engine, WatParser.Parse("""(module (import "a" "f" (func (param i32) (result i32))))"""u8));
        Refused<HornetException>(() => new Instance(w.Store, imports, foreign));
        using Linker linker = new(w.Engine);
        linker.Define("a", "f", foreign);
        Refused<HornetException>(() => linker.Instantiate(w.Store, imports));
        // And the right one still goes.
        Assert.NotNull(new Instance(w.Store, imports, w.F));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_module_of_another_engine_is_refused(bool native)
    {
        using World w = new(native), other = new(native);
        Refused<LinkException>(() => new Instance(w.Store, other.Module));
        using Linker linker = new(other.Engine);
        Refused<HornetException>(() => linker.Instantiate(w.Store, other.Module));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wrong_arguments_are_refused(bool native)
    {
        using World w = new(native);
        Refused<ArgumentException>(() => w.F.Invoke());
        Refused<ArgumentException>(() => w.F.Invoke(1, 2));
        Refused<ArgumentException>(() => w.F.Invoke(1L));
        Refused<ArgumentException>(() => w.G.SetValue("text"));
        Refused<ArgumentException>(() => w.G.SetValue(1.5));
        Refused<InvalidOperationException>(() => w.Instance.GetGlobal("c")!.SetValue(2));
        Refused<ArgumentException>(() => w.M.GetSpan(65536, 1));
        Refused<ArgumentException>(() => w.M.GetSpan(-1, 1));
        Refused<ArgumentException>(() => w.M.GetSpan(0, -1));
        Refused<ArgumentException>(() => w.M.Grow(-1));
        Refused<Exception>(() => w.M.Grow(100));
        Refused<ArgumentException>(() => w.T.GetElement(2));
        Refused<ArgumentException>(() => w.T.SetElement(2, null));
        Refused<ArgumentException>(() => new Memory(w.Store, 2, 1));
        Assert.Null(w.Instance.GetFunction("nothing"));
        Assert.Null(w.Instance.GetMemory("f"));
        Assert.Null(w.Instance.GetFunction<string, int>("f"));
        Assert.Equal(3, w.F.Invoke(3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_store_has_one_caller_at_a_time(bool native)
    {
        using World w = new(native);
        (Function spin, Function f, Memory m) = (w.Instance.GetFunction("spin")!, w.F, w.M);
        Exception? ended = null;
        Thread thread = new(() =>
        {
            // The other thread tries, too: whoever comes second is refused.
            while (ended is null or InvalidOperationException)
            {
                try
                {
                    spin.Invoke();
                }
                catch (Exception e)
                {
                    ended = e;
                }
            }
        });
        thread.Start();
        // Until it is inside.
        Exception? refused = null;
        for (long end = Environment.TickCount64 + 10_000; refused is null && Environment.TickCount64 < end; Thread.Sleep(5)) refused = Record.Exception(() => f.Invoke(1));
        Assert.IsType<InvalidOperationException>(refused);
        Assert.Contains("thread", refused.Message);
        Refused<InvalidOperationException>(() => new Instance(w.Store, w.Module));
        Refused<InvalidOperationException>(w.Store.Dispose);
        w.Store.Interrupt();
        Assert.True(thread.Join(20_000));
        Assert.Equal(TrapCode.Interrupt, Assert.IsType<TrapException>(ended).Type);
        Assert.Equal(3, f.Invoke(3));
    }
}

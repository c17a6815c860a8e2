namespace Hornet.Runtime.Tests;

public sealed class MemoryTests : IDisposable
{
    readonly Store _store = new(Wat.Engine);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Values_and_strings()
    {
        Memory memory = new(_store, 1, 4);
        Assert.Equal((1, 65536), (memory.GetSize(), memory.GetLength()));
        Assert.Equal((1ul, 4ul), (memory.Minimum, memory.Maximum));
        memory.WriteInt32(1, -5);
        memory.WriteInt64(8, long.MinValue);
        memory.WriteDouble(16, 0.5);
        memory.WriteSingle(24, 1.5f);
        memory.WriteInt16(28, -2);
        memory.WriteByte(30, 255);
        memory.WriteIntPtr(32, 77);
        memory.Write(40, new V128(1, 2));
        Assert.Equal((-5, long.MinValue, 0.5, 1.5f, (short)-2, (byte)255, 77), (memory.ReadInt32(1), memory.ReadInt64(8), memory.ReadDouble(16), memory.ReadSingle(24), memory.ReadInt16(28), memory.ReadByte(30), memory.ReadIntPtr(32)));
        Assert.Equal(new V128(1, 2), memory.Read<V128>(40));
        Assert.Equal(7, memory.WriteString(100, "héllo!"));
        Assert.Equal("héllo!", memory.ReadString(100, 7));
        Assert.Equal("héllo!", memory.ReadNullTerminatedString(100));
    }

    [Theory]
    [InlineData(65536, 1)]
    [InlineData(65535, 2)]
    [InlineData(-1, 1)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(0, -1)]
    [InlineData(0, 65537)]
    public void Parts_beyond_the_end_are_refused(long address, int length)
    {
        Memory memory = new(_store, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.GetSpan(address, length).Length);
        Assert.False(memory.TryGetSpan<byte>(address, length, out _));
    }

    [Fact]
    public void Typed_spans()
    {
        Memory memory = new(_store, 1);
        Span<int> all = memory.GetSpan<int>(4);
        Assert.Equal((65536 - 4) / 4, all.Length);
        all[0] = 9;
        Assert.Equal(9, memory.ReadInt32(4));
        Assert.Equal(2, memory.GetSpan<long>(65520, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.GetSpan<long>(65528, 2).Length);
    }

    [Fact]
    public void Spans_survive_growth()
    {
        Memory memory = new(_store, 1);
        Span<byte> span = memory.GetSpan();
        nint at = memory.GetPointer();
        Assert.Equal(1, memory.Grow(3));
        Assert.Equal(4, memory.GetSize());
        span[5] = 6;
        Assert.Equal(6, memory.ReadByte(5));
        Assert.Equal(at, memory.GetPointer());
        Assert.Equal(0, memory.ReadByte(4 * 65536 - 1));
    }

    [Fact]
    public void Growth_ends_at_the_maximum()
    {
        Memory memory = new(_store, 1, 2);
        memory.Grow(1);
        Assert.Throws<InvalidOperationException>(() => memory.Grow(1));
        Assert.Throws<InvalidOperationException>(() => memory.Grow(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Grow(-1));
        Assert.Throws<ArgumentException>(() => new Memory(_store, 3, 2));
        Assert.Throws<LinkException>(() => new Memory(_store, 65537));
    }

    [Fact]
    public void Memories_beyond_two_gibibytes()
    {
        Memory memory = new(_store, 1 << 15 | 1);
        LongSpan span = memory.GetLongSpan();
        Assert.Equal((1L << 31) + 65536, span.Length);
        span[1L << 31] = 7;
        Assert.Equal(7, memory.ReadByte(1L << 31));
        Assert.Equal(7, span.Slice(1L << 31, 16).AsSpan(0, 1)[0]);
        Assert.Throws<OverflowException>(() => memory.GetSpan().Length);
        Assert.Equal(65536, memory.GetSpan(1L << 31, 65536).Length);
    }

    [Fact]
    public void Small_reservations_move_unless_leased()
    {
        using Engine engine = new(new Config().WithStaticMemoryMaximumSize(1 << 16));
        using Store store = new(engine);
        Memory memory = new(store, 1);
        memory.WriteInt32(0, 42);
        nint at = memory.GetPointer();
        using (memory.Lease()) Assert.Throws<InvalidOperationException>(() => memory.Grow(1));
        memory.Grow(1);
        Assert.NotEqual(at, memory.GetPointer());
        memory.Grow(100);
        Assert.Equal(42, memory.ReadInt32(0));
        Assert.Equal(0, memory.ReadInt32(102 * 65536 - 4));
    }

    [Fact]
    public void A_lease_keeps_the_store()
    {
        Store store = new(Wat.Engine);
        Memory memory = new(store, 1);
        Lease lease = memory.Lease();
        Assert.Contains("lease", Assert.Throws<InvalidOperationException>(store.Dispose).Message);
        lease.Dispose();
        lease.Dispose();
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.GetSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => memory.Lease());
    }

    [Fact]
    public void The_engines_commit_budget_is_kept()
    {
        using Engine engine = new(new Config().WithCommitBudget(10 * 65536));
        using Store store = new(engine);
        Instance instance = Wat.Instantiate(store, """(module (memory (export "m") 4) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))""");
        var grow = instance.GetFunction<int, int>("grow")!;
        Assert.Equal(4, grow(5));
        Assert.Equal(-1, grow(2));
        Assert.Throws<LinkException>(() => new Memory(store, 2));
        store.Dispose();
        using Store next = new(engine);
        Assert.Equal(10, new Memory(next, 10).GetSize());
    }

    [Fact]
    public void Guests_and_host_see_the_same_bytes()
    {
        Instance instance = Wat.Instantiate(_store, """
            (module (memory (export "m") 1 3)
              (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
              (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
              (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
              (func (export "size") (result i32) (memory.size)))
            """);
        Memory memory = instance.GetMemory("m")!;
        memory.WriteInt32(12, 34);
        Assert.Equal(34, instance.GetFunction<int, int>("load")!(12));
        instance.GetAction<int, int>("store")!(16, 99);
        Assert.Equal(99, memory.ReadInt32(16));
        memory.Grow(1);
        Assert.Equal(2, instance.GetFunction<int>("size")!());
        Assert.Equal(2, instance.GetFunction<int, int>("grow")!(1));
        Assert.Equal(3, memory.GetSize());
        Assert.Equal(-1, instance.GetFunction<int, int>("grow")!(1));
    }

    [Fact]
    public void Memories_of_64_bit_addresses()
    {
        Memory memory = new(_store, 1, null, is64Bit: true);
        Assert.True(memory.Is64Bit);
        memory.WriteIntPtr(0, nint.MaxValue);
        Assert.Equal(nint.MaxValue, memory.ReadIntPtr(0));
        Instance instance = Wat.Instantiate(_store, """(module (import "m" "m" (memory i64 1)) (func (export "load") (param i64) (result i64) (i64.load (local.get 0))))""", memory);
        Assert.Equal(nint.MaxValue, instance.GetFunction<long, long>("load")!(0));
        Assert.Equal(TrapCode.MemoryOutOfBounds, Assert.Throws<TrapException>(() => instance.GetFunction<long, long>("load")!(long.MaxValue)).Type);
    }
}

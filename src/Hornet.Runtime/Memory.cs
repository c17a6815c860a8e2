using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>
/// A linear memory. Spans of it are valid until the store is disposed (or, with a small <see cref="Config.WithStaticMemoryMaximumSize"/>,
/// until the memory grows); a <see cref="Lease"/> forbids both while it lives.
/// </summary>
public sealed unsafe partial class Memory : Extern
{
    /// <summary>Bytes in a page, unless the memory's type says otherwise.</summary>
    public const int PageSize = 1 << 16;

    internal Memory(Store store, LinearMemory storage) : base(store) => Storage = storage;

    /// <summary>A new memory.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="minimum">Pages.</param>
    /// <param name="maximum">Most pages that it can grow to; null: what the address type allows.</param>
    /// <param name="is64Bit">Whether addresses are 64 bits wide.</param>
    public Memory(Store store, long minimum = 0, long? maximum = null, bool is64Bit = false) : base(store)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentOutOfRangeException.ThrowIfNegative(minimum);
        if (maximum < minimum) throw new ArgumentException("the maximum is less than the minimum", nameof(maximum));
        Storage = store.NewMemory(new(new((ulong)minimum, (ulong?)maximum), is64Bit));
    }

    /// <summary>A shared memory as this store's guests see it.</summary>
    public Memory(Store store, SharedMemory shared) : base(store)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(shared);
        if (shared.Engine != store.Engine) throw new InvalidOperationException("the shared memory belongs to another engine");
        Storage = shared.Storage;
        // What the store's guests see must not go before the store.
        if (!store.Resources.Memories.Contains(Storage)) store.Resources.Memories.Add(Storage);
    }

    internal LinearMemory Storage { get; }

    /// <inheritdoc/>
    public override ExternKind ExternKind => ExternKind.Memory;

    /// <summary>Pages at its creation.</summary>
    public ulong Minimum => Storage.Type.Limits.Min;

    /// <summary>Most pages, where its type limits them.</summary>
    public ulong? Maximum => Storage.Type.Limits.Max;

    public bool Is64Bit => Storage.Type.Is64;
    public bool IsShared => Storage.Type.IsShared;

    /// <summary>This memory for other stores; null where it is not shared.</summary>
    public SharedMemory? Shared => IsShared ? new(Store.Engine, Storage) : null;

    /// <summary>Pages now.</summary>
    public long GetSize()
    {
        Store.CheckAccess();
        return (long)Storage.Pages;
    }

    /// <summary>Bytes now.</summary>
    public long GetLength()
    {
        Store.CheckAccess();
        return (long)Storage.Vm->Length;
    }

    /// <summary>Adds pages, all zero.</summary>
    /// <returns>Pages before.</returns>
    /// <exception cref="InvalidOperationException">Its maximum, a limit of the store or the engine's commit budget does not allow it.</exception>
    public long Grow(long delta)
    {
        Store.CheckAccess();
        ArgumentOutOfRangeException.ThrowIfNegative(delta);
        ulong bytes = Storage.Vm->Length;
        if (delta > 0 && (!MayGrow((ulong)delta) || !Storage.TryGrow((ulong)delta, out _))) throw new InvalidOperationException($"the memory of {Storage.Pages} pages cannot grow by {delta}");
        return (long)(bytes >> Storage.Type.PageSizeLog2);
    }

    /// <summary>The address of its first byte: as short-lived as a span.</summary>
    public nint GetPointer()
    {
        Store.CheckAccess();
        return (nint)Storage.Vm->Base;
    }

    /// <summary>The whole memory, where it has no more than 2 GiB; see <see cref="GetLongSpan"/> for larger ones.</summary>
    public Span<byte> GetSpan() => GetSpan(0, checked((int)GetLength()));

    /// <summary>A part of the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It reaches beyond the memory's end.</exception>
    public Span<byte> GetSpan(long address, int length) => TryGetSpan(address, length, out Span<byte> span) ? span : throw OutOfBounds(address, length);

    /// <summary>From an address to the memory's end, as values.</summary>
    public Span<T> GetSpan<T>(long address) where T : unmanaged =>
        GetSpan<T>(address, (int)Math.Min(int.MaxValue, (GetLength() - Math.Min(address, GetLength())) / sizeof(T)));

    /// <summary>A part of the memory, as values.</summary>
    public Span<T> GetSpan<T>(long address, int length) where T : unmanaged => TryGetSpan(address, length, out Span<T> span) ? span : throw OutOfBounds(address, (long)length * sizeof(T));

    /// <summary>A part of the memory as values, if it lies inside it.</summary>
    public bool TryGetSpan<T>(long address, int length, out Span<T> span) where T : unmanaged
    {
        Store.CheckAccess();
        VmMemory* vm = Storage.Vm;
        ulong size = (ulong)(uint)length * (ulong)sizeof(T), end = Volatile.Read(ref vm->Length);
        if (length < 0 || (ulong)address > end || size > end - (ulong)address)
        {
            span = default;
            return false;
        }
        // SAFETY: the part lies inside the memory, which neither moves nor goes while the documentation's duty is kept.
        span = new(vm->Base + address, length);
        return true;
    }

    /// <summary>The whole memory, of any size.</summary>
    public LongSpan GetLongSpan()
    {
        Store.CheckAccess();
        return new(ref *Storage.Vm->Base, (long)Storage.Vm->Length);
    }

    /// <summary>Forbids moving the memory and disposing its store until the lease is disposed.</summary>
    public Lease Lease()
    {
        Store.CheckAccess();
        Interlocked.Increment(ref Storage.Leases);
        return new(this);
    }

    bool MayGrow(ulong delta)
    {
        byte log2 = Storage.Type.PageSizeLog2;
        ulong bytes = Storage.Vm->Length;
        if (delta > (ulong.MaxValue - bytes) >> log2) return false;
        ulong? maximum = Storage.Type.Limits.Max is { } pages ? Math.Min(pages, ulong.MaxValue >> log2) << log2 : null;
        return Store.MayGrowMemory(bytes, bytes + (delta << log2), maximum);
    }

    ArgumentOutOfRangeException OutOfBounds(long address, long length) =>
        new(nameof(address), $"{length} bytes at 0x{address:x} reach beyond the memory's {Storage.Vm->Length} bytes");
}

/// <summary>While it lives, the memory does not move and its store cannot be disposed.</summary>
public sealed class Lease : IDisposable
{
    int _disposed;

    internal Lease(Memory memory) => Memory = memory;

    public Memory Memory { get; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Interlocked.Decrement(ref Memory.Storage.Leases);
    }
}

/// <summary>A stretch of memory whose length may exceed what a <see cref="Span{T}"/> can have.</summary>
public readonly ref struct LongSpan
{
    readonly ref byte _start;

    internal LongSpan(ref byte start, long length)
    {
        _start = ref start;
        Length = length;
    }

    public long Length { get; }

    public ref byte this[long index]
    {
        get
        {
            if ((ulong)index >= (ulong)Length) throw new ArgumentOutOfRangeException(nameof(index));
            return ref Unsafe.Add(ref _start, (nint)index);
        }
    }

    public LongSpan Slice(long start, long length)
    {
        if ((ulong)start > (ulong)Length || (ulong)length > (ulong)(Length - start)) throw new ArgumentOutOfRangeException(nameof(start));
        return new(ref Unsafe.Add(ref _start, (nint)start), length);
    }

    /// <summary>A part as an ordinary span.</summary>
    public Span<byte> AsSpan(long start, int length)
    {
        LongSpan part = Slice(start, length);
        return System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref part._start, length);
    }

    public void Clear() => Fill(0);

    public void Fill(byte value)
    {
        for (long at = 0; at < Length; at += int.MaxValue) AsSpan(at, (int)Math.Min(int.MaxValue, Length - at)).Fill(value);
    }

    /// <summary>Copies as much as this has; the stretches must not overlap.</summary>
    public void CopyTo(LongSpan destination)
    {
        if (destination.Length < Length) throw new ArgumentException("the destination is shorter", nameof(destination));
        for (long at = 0; at < Length; at += int.MaxValue)
        {
            int count = (int)Math.Min(int.MaxValue, Length - at);
            AsSpan(at, count).CopyTo(destination.AsSpan(at, count));
        }
    }
}

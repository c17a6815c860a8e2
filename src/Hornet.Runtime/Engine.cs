using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>What modules and stores share: configuration, types, the tier that runs guests. May be used from any thread; one for a process is usual.</summary>
public sealed class Engine : IDisposable
{
    readonly Lock _lock = new();
    readonly List<WeakReference<Store>> _deadlines = [];
    static int s_engines;
    ulong _epoch;
    bool _disposed;

    public Engine() : this(new Config()) { }

    public Engine(Config config) : this(config, null) { }

    /// <summary>An engine whose guests a given tier runs.</summary>
    internal Engine(Config config, Tier? tier)
    {
        ArgumentNullException.ThrowIfNull(config);
        Options = config.Options;
        // Where address space is scarce, machine code checks every access, and memories take what they need.
        if (Options.GuardsAccesses && !VirtualMemory.System.HasRoomFor((nuint)(Options.MemoryReservation + Options.MemoryGuard))) Options = Options with { MemoryReservation = 1 << 20 };
        Tier = tier ?? Tiers.Create(Options);
        Commit = new CommitBudget(Options.CommitBudget);
        long stack = Options.MaximumStackSize + Tier.StackHeadroom;
        Allocator = new InstanceAllocator(Options, stack);
        Stacks = Options.Pooling is null ? GuestStacks.Shared(stack) : new GuestStacks(stack, Allocator);
        SharedMemories = new SharedMemoryTable();
    }

    /// <summary>From 1 on; no other engine of the process has it.</summary>
    internal int Id { get; } = Interlocked.Increment(ref s_engines);
    internal EngineOptions Options { get; }
    internal Tier Tier { get; }
    internal GuestStacks Stacks { get; }
    internal TypeRegistry Types { get; } = new();
    internal CommitBudget Commit { get; }
    internal InstanceAllocator Allocator { get; }
    internal SharedMemoryTable SharedMemories { get; }
    internal CodeSettings CodeSettings => Options.CodeSettings;

    /// <summary>The features that modules of this engine may use.</summary>
    public Features Features => Options.Features;

    /// <summary>Ticks that <see cref="IncrementEpoch"/> has counted.</summary>
    internal ulong Epoch => Volatile.Read(ref _epoch);

    /// <summary>Counts one tick; guests whose store's epoch deadline has come are interrupted. May be called from any thread.</summary>
    public void IncrementEpoch()
    {
        lock (_lock)
        {
            ulong now = Interlocked.Increment(ref _epoch);
            for (int i = _deadlines.Count - 1; i >= 0; i--)
            {
                if (_deadlines[i].TryGetTarget(out Store? store)) store.EpochReached(now);
                else _deadlines.RemoveAt(i);
            }
        }
    }

    /// <summary>From now on <paramref name="store"/> hears of every tick.</summary>
    internal void Watch(Store store)
    {
        lock (_lock) _deadlines.Add(new(store));
    }

    /// <summary>Compiles a module to an image for <see cref="Module.Deserialize"/>, without making it ready to run here: the target may be another CPU.</summary>
    /// <param name="wasm">The module, in the binary format.</param>
    /// <exception cref="WasmFormatException">The bytes are not a valid module.</exception>
    /// <exception cref="NotSupportedException">The engine makes no machine code.</exception>
    public byte[] PrecompileModule(ReadOnlySpan<byte> wasm)
    {
        using MemoryStream image = new();
        PrecompileModule(wasm, image);
        return image.ToArray();
    }

    /// <summary>Compiles a module to an image, without making it ready to run here.</summary>
    /// <param name="wasm">The module, in the binary format.</param>
    /// <param name="output">Where the image goes, from its beginning to its end.</param>
    /// <param name="progress">Told which share of the functions is compiled, from any thread; or null.</param>
    /// <exception cref="WasmFormatException">The bytes are not a valid module.</exception>
    /// <exception cref="NotSupportedException">The engine makes no machine code.</exception>
    public void PrecompileModule(ReadOnlySpan<byte> wasm, Stream output, Action<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        CheckAlive();
        byte[] copy = GC.AllocateUninitializedArray<byte>(wasm.Length, pinned: true);
        wasm.CopyTo(copy);
        Tier.WriteImage(Module.Validated(this, copy), new(copy), null, CodeSettings, output, progress);
    }

    internal void CheckAlive() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>Nothing new can be made with the engine; what is there goes on working.</summary>
    public void Dispose()
    {
        _disposed = true;
        Allocator.Close();
    }
}

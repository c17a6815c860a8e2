using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>
/// How an engine is to work. Each method changes this object and returns it; an <see cref="Engine"/> takes a copy, so later
/// changes do not reach it.
/// </summary>
public sealed class Config : IDisposable
{
    internal EngineOptions Options { get; private set; } = new();

    /// <summary>Nothing to release; there because code for other engines disposes its configuration.</summary>
    public void Dispose() { }

    /// <summary>Whether guests use up <see cref="Store.Fuel"/>. Off by default.</summary>
    public Config WithFuelConsumption(bool enable) => Set(Options with { ConsumeFuel = enable });

    /// <summary>Whether guests can be interrupted by <see cref="Engine.IncrementEpoch"/>, deadlines and cancellation. Off by default.</summary>
    public Config WithEpochInterruption(bool enable) => Set(Options with { Interruptible = enable });

    /// <summary>Bytes of guest stack for one call from the host, with everything that it calls. 1 MiB by default.</summary>
    public Config WithMaximumStackSize(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 16 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, 1L << 32);
        return Set(Options with { MaximumStackSize = bytes });
    }

    /// <summary>Bytes of address space for a memory with 32-bit addresses. 4 GiB by default, so that memories never move; a memory that grows beyond a smaller reservation moves.</summary>
    public Config WithStaticMemoryMaximumSize(ulong bytes) => Set(Options with { MemoryReservation = Math.Min(bytes, 1UL << 32) });

    /// <summary>Bytes of inaccessible address space behind a memory's reservation.</summary>
    public Config WithMemoryGuardSize(ulong bytes) => Set(Options with { MemoryGuard = Math.Min(bytes, 1UL << 32) });

    /// <summary>How much machine code is optimised: <see cref="OptimizationLevel.Speed"/> if nothing is said. The interpreter knows no levels.</summary>
    public Config WithOptimizationLevel(OptimizationLevel level)
    {
        if (level is < OptimizationLevel.None or > OptimizationLevel.SpeedAndSize) throw new ArgumentOutOfRangeException(nameof(level), level, null);
        return Set(Options with { OptimizationLevel = level });
    }

    /// <summary>Whether machine code may trap by faulting, which needs signal handlers in the process. On by default; without, every access is compared with its memory's length, and a trap is a call.</summary>
    public Config WithSignalsBasedTraps(bool enable) => Set(Options with { SignalsBasedTraps = enable });

    /// <summary>Bytes that all memories and tables of the engine may occupy together; beyond it they do not grow. By default four fifths of the machine's or the container's memory.</summary>
    public Config WithCommitBudget(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return Set(Options with { CommitBudget = bytes });
    }

    /// <summary>Instances take what they are made of from a pool that is reserved when the engine is made, instead of from the system (docs/instances.md).</summary>
    public Config Pooling(PoolingAllocationConfig pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        pool.Check();
        return Set(Options with { Pooling = pool });
    }

    /// <summary>Instances take what they are made of from the system as they need it: the default.</summary>
    public Config OnDemand() => Set(Options with { Pooling = null });

    /// <summary>Whether relaxed SIMD operators give the same results on every machine. On by default.</summary>
    public Config WithDeterministicRelaxedSimd(bool enable) => Set(Options with { DeterministicRelaxedSimd = enable });

    /// <summary>Whether NaNs that arithmetic makes have one bit pattern. Off by default.</summary>
    public Config WithCraneliftNaNCanonicalization(bool enable) => Set(Options with { CanonicalizeNaN = enable });

    /// <summary>Exactly the features that modules may use.</summary>
    public Config WithFeatures(Features features) => Set(Options with { Features = features });

    /// <summary>Switches single features on or off.</summary>
    public Config WithFeature(Features features, bool enable) => Set(Options with { Features = enable ? Options.Features | features : Options.Features & ~features });

    public Config WithReferenceTypes(bool enable) => WithFeature(Features.ReferenceTypes, enable);
    public Config WithBulkMemory(bool enable) => WithFeature(Features.BulkMemory, enable);
    public Config WithSIMD(bool enable) => WithFeature(Features.Simd, enable);
    public Config WithMultiValue(bool enable) => WithFeature(Features.MultiValue, enable);
    public Config WithMultiMemory(bool enable) => WithFeature(Features.MultiMemory, enable);
    public Config WithMemory64(bool enable) => WithFeature(Features.Memory64, enable);
    public Config WithWasmThreads(bool enable) => WithFeature(Features.Threads, enable);
    public Config WithTailCalls(bool enable) => WithFeature(Features.TailCall, enable);
    public Config WithFunctionReferences(bool enable) => WithFeature(Features.FunctionReferences, enable);
    public Config WithGc(bool enable) => WithFeature(Features.Gc, enable);
    /// <summary>Most bytes that a store's living structs and arrays may take, 512 MiB if nothing is said; beyond it, allocation traps.</summary>
    public Config WithMaximumHeapSize(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1 << 16);
        return Set(Options with { MaximumHeapSize = bytes });
    }

    /// <summary>Collects at every allocation: very slow, but what the collector has not been told of does not survive it.</summary>
    public Config WithCollectionAtEveryAllocation(bool enable) => Set(Options with { CollectAlways = enable });

    public Config WithExceptions(bool enable) => WithFeature(Features.Exceptions, enable);
    public Config WithWideArithmetic(bool enable) => WithFeature(Features.WideArithmetic, enable);

    /// <summary>Relaxed SIMD, and whether it gives the same results on every machine.</summary>
    public Config WithRelaxedSIMD(bool enable, bool deterministic) => WithFeature(Features.RelaxedSimd, enable).WithDeterministicRelaxedSimd(deterministic);

    /// <summary>What runs the guests, where it is not the interpreter.</summary>
    internal Config WithTier(Func<EngineOptions, Tier> create) => Set(Options with { CreateTier = create });

    /// <summary>
    /// Machine code is kept in a directory for later runs of the same modules. <see cref="Module.Dispose"/> writes what this run has compiled.
    /// The directory must be this user's alone, else there is no cache.
    /// </summary>
    /// <param name="folder">The directory, made where there is none; null: <c>hornet/images</c> in the user's directory for caches.</param>
    /// <param name="maximumBytes">What all that is kept may take together; what was used last stays.</param>
    public Config WithCompileCache(string? folder = null, long maximumBytes = 1L << 30) => Set(Options with { Cache = new(folder, maximumBytes) });

    /// <summary>For which CPU the tier makes code, in its own words.</summary>
    internal Config WithTarget(string features) => Set(Options with { TargetFeatures = features });

    Config Set(EngineOptions options)
    {
        Options = options;
        return this;
    }
}

/// <summary>Where machine code is kept between runs, and how much of it.</summary>
internal sealed record CacheOptions(string? Folder, long MaximumBytes);

/// <summary>What a <see cref="Config"/> says.</summary>
internal sealed record EngineOptions
{
    public Features Features { get; init; } = Features.Default;
    public bool ConsumeFuel { get; init; }
    public bool Interruptible { get; init; }
    public bool DeterministicRelaxedSimd { get; init; } = true;
    public bool CanonicalizeNaN { get; init; }
    public long MaximumStackSize { get; init; } = 1 << 20;
    public ulong MemoryReservation { get; init; } = 1UL << 32;
    public ulong MemoryGuard { get; init; } = 32UL << 20;
    public long MaximumHeapSize { get; init; } = 512 << 20;
    public bool CollectAlways { get; init; }
    public OptimizationLevel OptimizationLevel { get; init; } = OptimizationLevel.Speed;
    public bool SignalsBasedTraps { get; init; } = true;
    /// <summary>What machine code may reach behind a memory without a check.</summary>
    public const ulong GuardNeeded = 32UL << 20;
    /// <summary>Whether machine code leaves the bounds of memories with 32-bit addresses to their guards: then none may have less than its whole index space.</summary>
    public bool GuardsAccesses => CreateTier is not null && SignalsBasedTraps && MemoryReservation == 1UL << 32 && MemoryGuard >= GuardNeeded;
    /// <summary>What of this changes the code that is made.</summary>
    public CodeSettings CodeSettings => new(ConsumeFuel, Interruptible, Features, DeterministicRelaxedSimd, CanonicalizeNaN);
    /// <summary>Null: instances are allocated on demand.</summary>
    public PoolingAllocationConfig? Pooling { get; init; }
    /// <summary>Null: code is not kept between runs.</summary>
    public CacheOptions? Cache { get; init; }
    /// <summary>Null: this machine's CPU.</summary>
    public string? TargetFeatures { get; init; }
    /// <summary>Null: the interpreter.</summary>
    public Func<EngineOptions, Tier>? CreateTier { get; init; }
    /// <summary>Null: from the machine.</summary>
    public long? CommitBudget { get; init; }
}

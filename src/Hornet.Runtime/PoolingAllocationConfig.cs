namespace Hornet;

/// <summary>
/// How much a pooling engine has of everything, in Wasmtime's words: instances then take what is reserved and warm already, and cannot
/// take more. See <see cref="Config.Pooling"/> and docs/instances.md.
/// </summary>
public sealed record PoolingAllocationConfig
{
    /// <summary>Instances at once, in all stores.</summary>
    public int TotalCoreInstances { get; init; } = 1000;

    /// <summary>Memories at once, shared ones apart; their address space is reserved when the engine is made.</summary>
    public int TotalMemories { get; init; } = 1000;

    /// <summary>Tables at once.</summary>
    public int TotalTables { get; init; } = 1000;

    /// <summary>Heaps for structs, arrays and exceptions at once: one for each store whose guests use any.</summary>
    public int TotalGcHeaps { get; init; } = 1000;

    /// <summary>Guest stacks at once: one for each call from the host that is running or waiting.</summary>
    public int TotalStacks { get; init; } = 1000;

    /// <summary>Bytes that a memory can have or grow to.</summary>
    public ulong MaxMemorySize { get; init; } = 1UL << 32;

    /// <summary>Elements that a table can have or grow to.</summary>
    public ulong TableElements { get; init; } = 20_000;

    /// <summary>Bytes of an instance's own block: its globals and function references.</summary>
    public int MaxCoreInstanceSize { get; init; } = 1 << 20;

    /// <summary>Memories that one module may define.</summary>
    public int MaxMemoriesPerModule { get; init; } = 1;

    /// <summary>Tables that one module may define.</summary>
    public int MaxTablesPerModule { get; init; } = 1;

    /// <summary>Instances' parts that stay ready for the next instance of the same module while nobody uses them.</summary>
    public int MaxUnusedWarmSlots { get; init; } = 100;

    /// <summary>Bytes of a memory that may stay with its slot as pages of its own between two instances; they are overwritten, not given back.</summary>
    public ulong LinearMemoryKeepResident { get; init; } = 256 << 10;

    /// <summary>Bytes of a table that are overwritten between two instances, not given back.</summary>
    public ulong TableKeepResident { get; init; } = 64 << 10;

    /// <summary>Bytes of a guest stack that may stay between two calls; zero: whatever the last call touched.</summary>
    public ulong StackKeepResident { get; init; }

    /// <summary>How long an instantiation waits for something to come free. Zero: it fails at once.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.Zero;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(TotalCoreInstances, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(TotalMemories);
        ArgumentOutOfRangeException.ThrowIfNegative(TotalTables);
        ArgumentOutOfRangeException.ThrowIfNegative(TotalGcHeaps);
        ArgumentOutOfRangeException.ThrowIfLessThan(TotalStacks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMemorySize, 1UL << 46);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxCoreInstanceSize);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxMemoriesPerModule);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxTablesPerModule);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxUnusedWarmSlots);
        if (Wait < TimeSpan.Zero && Wait != Timeout.InfiniteTimeSpan) throw new ArgumentOutOfRangeException(nameof(Wait));
    }
}

/// <summary>A pooling engine has no more of what an instance needs, or the instance needs more than a slot has.</summary>
/// <param name="message">Which limit, and what sets it.</param>
/// <param name="limit">The property of <see cref="PoolingAllocationConfig"/> that sets it.</param>
public sealed class PoolExhaustedException(string message, string limit) : HornetException(message)
{
    /// <summary>The property of <see cref="PoolingAllocationConfig"/> that sets the limit.</summary>
    public string Limit { get; } = limit;
}

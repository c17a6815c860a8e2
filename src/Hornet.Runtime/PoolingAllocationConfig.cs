namespace Hornet;

/// <summary>
/// How much a pooling engine has of everything, in Wasmtime's words: all of it is reserved when the engine is made, with guards between any two;
/// instances take what is there and warm, and cannot take more. See <see cref="Config.Pooling"/> and docs/instances.md.
/// </summary>
public sealed record PoolingAllocationConfig
{
    /// <summary>Instances at once, in all stores.</summary>
    public int TotalCoreInstances { get; init; } = 1000;

    /// <summary>Memories at once. Shared ones are not counted: nobody says when the last thread has left one, so they are taken from the system.</summary>
    public int TotalMemories { get; init; } = 1000;

    /// <summary>Tables at once.</summary>
    public int TotalTables { get; init; } = 1000;

    /// <summary>Heaps for structs, arrays and exceptions at once: one for each store whose guests use any.</summary>
    public int TotalGcHeaps { get; init; } = 1000;

    /// <summary>
    /// Guest stacks at once: one for each thread that has called a guest and has not ended, since it keeps its stack for its next call, and one
    /// for each asynchronous call that waits without a thread.
    /// </summary>
    public int TotalStacks { get; init; } = 1000;

    /// <summary>Bytes that a memory can have or grow to, a shared one, too.</summary>
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

    /// <summary>Bytes at either end of a guest stack that stay when no thread keeps it; the others go back to the system.</summary>
    public ulong StackKeepResident { get; init; }

    /// <summary>
    /// How long an instantiation, or a call that needs a stack, waits for something to come free. Zero: it fails at once. Interrupting the store (a
    /// deadline, its <see cref="Store.CancellationToken"/>) ends the wait of an instantiation.
    /// </summary>
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

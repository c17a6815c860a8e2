namespace Hornet.Runtime;

/// <summary>How many of a kind a pool has, and what sets it.</summary>
/// <param name="most">How many there are.</param>
/// <param name="what">What they are, in a message.</param>
/// <param name="property">The property of <see cref="PoolingAllocationConfig"/> that sets it.</param>
/// <param name="option">The command's option that sets it.</param>
internal sealed class PoolLimit(int most, string what, string property, string option)
{
    public int Most => most;

    /// <summary>How many are in use; under the allocator's lock.</summary>
    public int Used;

    public PoolExhaustedException Exhausted() =>
        new($"all {most} {what} of the pool are in use: dispose stores, or raise PoolingAllocationConfig.{property} (-O {option})", property);

    /// <param name="bytes">Of each.</param>
    /// <param name="size">What sets the bytes of each.</param>
    public PoolExhaustedException NoAddressSpace(nuint bytes, string size) =>
        new($"no address space for {most} {what} of {bytes} bytes each: lower PoolingAllocationConfig.{property} (-O {option}) or {size}, or raise the process's limit (ulimit -v)", property);
}

namespace Hornet.Runtime;

/// <summary>
/// Bytes that the memories and tables of an engine may occupy together. Linux promises more memory than it has and kills a
/// process that takes it at its word; so growth ends here, with -1, before the machine's (or the container's) memory does.
/// </summary>
internal sealed class CommitBudget(long? limit)
{
    // Asking the machine is put off until it could matter: small guests do not pay for it.
    const long AskFrom = 64 << 20;

    long _used;
    long _limit = limit ?? -1;

    public long Used => Volatile.Read(ref _used);

    /// <summary>Bytes at most.</summary>
    public long Limit => _limit >= 0 ? _limit : Ask();

    public bool TryTake(ulong bytes)
    {
        if (bytes == 0) return true;
        if (bytes > long.MaxValue / 4) return false;
        long used = Interlocked.Add(ref _used, (long)bytes);
        if (_limit >= 0 ? used <= _limit : used <= AskFrom || used <= Ask()) return true;
        Interlocked.Add(ref _used, -(long)bytes);
        return false;
    }

    public void Return(ulong bytes) => Interlocked.Add(ref _used, -(long)bytes);

    // Four fifths of what the GC takes for the machine's memory, which is the container's where there is a container.
    long Ask() => _limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 5 * 4;
}

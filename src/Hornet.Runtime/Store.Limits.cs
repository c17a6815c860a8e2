using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>Asked before a memory is made or grows.</summary>
/// <param name="current">Bytes now; 0 for one that is being made.</param>
/// <param name="desired">Bytes wanted.</param>
/// <param name="maximum">Most bytes of its type, where it has a maximum.</param>
/// <returns>Whether it may.</returns>
public delegate bool MemoryGrowingCallback(ulong current, ulong desired, ulong? maximum);

/// <summary>Asked before a table is made or grows.</summary>
/// <param name="current">Elements now; 0 for one that is being made.</param>
/// <param name="desired">Elements wanted.</param>
/// <param name="maximum">Most elements of its type, where it has a maximum.</param>
/// <returns>Whether it may.</returns>
public delegate bool TableGrowingCallback(ulong current, ulong desired, ulong? maximum);

/// <summary>How much of everything a store may have; null is unlimited.</summary>
/// <param name="MemorySize">Bytes of each memory.</param>
/// <param name="TableElements">Elements of each table.</param>
/// <param name="Instances">Instances.</param>
/// <param name="Tables">Tables.</param>
/// <param name="Memories">Memories.</param>
/// <param name="TrapOnGrowFailure">Whether a guest whose memory or table cannot grow traps, instead of being told -1.</param>
public sealed record ResourceLimits(ulong? MemorySize = null, ulong? TableElements = null, long? Instances = null, long? Tables = null, long? Memories = null, bool TrapOnGrowFailure = false)
{
    internal static readonly ResourceLimits None = new();
}

public sealed unsafe partial class Store
{
    /// <summary>How much of everything this store may have. What is there already stays.</summary>
    public ResourceLimits Limits { get; set; } = ResourceLimits.None;

    /// <summary>Asked before a memory is made or grows, once the limits allow it. An exception that it throws traps the guest.</summary>
    public MemoryGrowingCallback? MemoryGrowing { get; set; }

    /// <summary>Asked before a table is made or grows, once the limits allow it. An exception that it throws traps the guest.</summary>
    public TableGrowingCallback? TableGrowing { get; set; }

    /// <summary>Sets limits in the way of Wasmtime; null is unlimited.</summary>
    public void SetLimits(long? memorySize = null, uint? tableElements = null, long? instances = null, long? tables = null, long? memories = null) =>
        Limits = Limits with { MemorySize = (ulong?)memorySize, TableElements = tableElements, Instances = instances, Tables = tables, Memories = memories };

    internal void CheckInstanceLimit()
    {
        if (InstanceCount >= (Limits.Instances ?? long.MaxValue)) throw new LinkException($"the store is limited to {Limits.Instances} instances");
    }

    internal bool MayGrowMemory(ulong current, ulong desired, ulong? maximum)
    {
        if (desired > (Limits.MemorySize ?? ulong.MaxValue)) return false;
        return MemoryGrowing is null || AskMemory(current, desired, maximum);
    }

    // Apart, because the closure is made on entry.
    bool AskMemory(ulong current, ulong desired, ulong? maximum) => Ask(() => MemoryGrowing!(current, desired, maximum));

    bool AskTable(ulong current, ulong desired, ulong? maximum) => Ask(() => TableGrowing!(current, desired, maximum));

    internal bool MayGrowTable(ulong current, ulong desired, ulong? maximum)
    {
        if (desired > (Limits.TableElements ?? ulong.MaxValue)) return false;
        return TableGrowing is null || AskTable(current, desired, maximum);
    }

    // Only a running guest turns an exception into a trap; the host that makes or grows something itself gets it as it is.
    bool Ask(Func<bool> question)
    {
        if (Vm->Current == null) return question();
        try
        {
            return question();
        }
        catch (Exception e)
        {
            KeepException(e);
            return false;
        }
    }

    /// <summary>What a refused growth does to the guest.</summary>
    internal TrapCode GrowFailed() => Limits.TrapOnGrowFailure || _pending is not null ? TrapCode.GrowFailure : TrapCode.None;

    /// <summary>A new memory within the store's limits; an instance's slot may have it ready.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="slot">The instance that defines it; null: the host makes it.</param>
    /// <param name="index">Which one of the instance's.</param>
    internal LinearMemory NewMemory(MemoryType type, InstanceSlot? slot = null, int index = 0)
    {
        CheckAccess();
        if (_resources.Memories.Count >= (Limits.Memories ?? long.MaxValue)) throw new LinkException($"the store is limited to {Limits.Memories} memories");
        if (type.Limits.Min > LinearMemory.MaxPages(type)) throw new LinkException($"a memory of {type.Limits.Min} pages is too large");
        ulong bytes = slot?.Template.Captured?.MemoryBytes[index] ?? LinearMemory.InitialBytes(type);
        ulong? maximum = type.Limits.Max is { } pages ? Math.Min(pages, ulong.MaxValue >> type.PageSizeLog2) << type.PageSizeLog2 : null;
        if (!MayGrowMemory(0, bytes, maximum)) throw new LinkException($"memory minimum size of {bytes >> type.PageSizeLog2} pages exceeds memory limits");
        LinearMemory memory = type.IsShared ? Engine.SharedMemories.Create(type, Engine)
            : slot?.Memories[index] is { } warm ? warm.TryReuse() ? warm : throw LinearMemory.OverBudget(Engine, bytes)
            : LinearMemory.Create(type, Engine, slot?.Images.Memories[index], slot is not null, bytes);
        if (!type.IsShared)
        {
            memory.Vm->Memory = _resources.Memories.Count;
            if (slot is not null) slot.Memories[index] = memory;
        }
        _resources.Memories.Add(memory);
        return memory;
    }

    /// <summary>A new table within the store's limits; concrete references in its type are ids. An instance's slot may have it ready.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="initial">The payload of elements that nothing else is said of.</param>
    /// <param name="slot">The instance that defines it; null: the host makes it.</param>
    /// <param name="index">Which one of the instance's.</param>
    internal TableStorage NewTable(TableType type, ulong initial, InstanceSlot? slot = null, int index = 0)
    {
        CheckAccess();
        if (_resources.Tables.Count >= (Limits.Tables ?? long.MaxValue)) throw new LinkException($"the store is limited to {Limits.Tables} tables");
        ulong elements = slot?.Template.Captured?.TableLengths[index] ?? type.Limits.Min;
        if (!MayGrowTable(0, elements, type.Limits.Max)) throw new LinkException($"table minimum size of {elements} elements exceeds table limits");
        TableStorage? table = slot?.Tables[index];
        if (table is not null) table.Reuse(this, initial);
        else table = TableStorage.TryCreate(this, type, initial, slot?.Images.Tables[index], slot is null ? null : slot.Context, elements);
        if (table is null) throw new LinkException($"a table of {elements} elements is too large");
        if (slot is not null) slot.Tables[index] = table;
        table.Vm->Table = _resources.Tables.Count;
        _resources.Tables.Add(table);
        return table;
    }

    internal LinearMemory MemoryOf(VmMemory* memory) => memory->IsShared ? Engine.SharedMemories[memory->Memory] : _resources.Memories[memory->Memory];

    internal TableStorage TableOf(VmTable* table) => _resources.Tables[table->Table];
}

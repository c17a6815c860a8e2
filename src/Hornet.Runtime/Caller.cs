using System.Diagnostics.CodeAnalysis;
using Hornet.Runtime;

namespace Hornet;

/// <summary>The guest that calls a host function; valid during the call.</summary>
public readonly unsafe ref struct Caller
{
    readonly VmContext* _context;

    internal Caller(Store store, VmContext* context)
    {
        Store = store;
        _context = context;
    }

    /// <summary>The store of the calling instance.</summary>
    public Store Store { get; }

    /// <summary>The calling instance, or null where the host itself called.</summary>
    public Instance? Instance => _context == null ? null : Store.InstanceAt(_context->Instance);

    /// <summary>The calling instance's export of this name if it is a memory, else null.</summary>
    public Memory? GetMemory(string name) => Instance?.GetMemory(name);

    /// <summary>The calling instance's export of this name if it is a function, else null.</summary>
    public Function? GetFunction(string name) => Instance?.GetFunction(name);

    /// <summary>The calling instance's export of this name if it is a table, else null.</summary>
    public Table? GetTable(string name) => Instance?.GetTable(name);

    /// <summary>The calling instance's export of this name if it is a global, else null.</summary>
    public Global? GetGlobal(string name) => Instance?.GetGlobal(name);

    /// <summary>A part of the calling instance's memory of this name, if there is one and the part lies inside it.</summary>
    public bool TryGetMemorySpan<T>(string name, long address, int length, out Span<T> span) where T : unmanaged
    {
        if (GetMemory(name) is { } memory && memory.TryGetSpan(address, length, out span)) return true;
        span = default;
        return false;
    }

    /// <summary>What the store carries for its host.</summary>
    public object? GetData() => Store.GetData();

    public void SetData(object? data) => Store.SetData(data);

    /// <summary>Units of fuel left in the store.</summary>
    public ulong Fuel
    {
        get => Store.Fuel;
        set => Store.Fuel = value;
    }
}

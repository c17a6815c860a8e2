using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A module brought to life in a store.</summary>
public sealed unsafe partial class Instance
{
    Dictionary<string, Extern>? _exports;
    readonly VmContext* _context;

    /// <summary>Instantiates a module whose imports are given in its order.</summary>
    /// <exception cref="LinkException">The imports do not fit, or a limit of the store does not allow another instance.</exception>
    /// <exception cref="TrapException">A segment does not fit, or the start function trapped.</exception>
    public Instance(Store store, Module module, params ReadOnlySpan<Extern> imports) : this(store, Checked(module).Template, imports) { }

    internal Instance(Store store, InstanceTemplate template, ReadOnlySpan<Extern> imports)
    {
        ArgumentNullException.ThrowIfNull(store);
        (Store, Module) = (store, template.Module);
        bool outermost = store.Enter();
        Store? outer = MayWait(store);
        try
        {
            _context = Instantiation.Run(this, template, imports);
        }
        finally
        {
            Waited(store, outer);
            if (outermost) store.Leave();
        }
    }

    internal Instance(Store store, InstancePre pre)
    {
        (Store, Module) = (store, pre.Module);
        bool outermost = store.Enter();
        Store? outer = MayWait(store);
        try
        {
            _context = Instantiation.Run(this, pre);
        }
        finally
        {
            Waited(store, outer);
            if (outermost) store.Leave();
        }
    }

    // Whoever waits for slots of the pool looks whether the store is interrupted.
    static Store? MayWait(Store store)
    {
        if (!store.Engine.Allocator.Waits) return null;
        ThreadBlock thread = ThreadBlock.Current;
        Store? outer = thread.Instantiating;
        thread.Instantiating = store;
        return outer;
    }

    static void Waited(Store store, Store? outer)
    {
        if (store.Engine.Allocator.Waits) ThreadBlock.Current.Instantiating = outer;
    }

    static Module Checked(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module;
    }

    public Store Store { get; }
    public Module Module { get; }

    /// <summary>What this instance is now, as a template for others: its memories, globals and tables. The instance goes on.</summary>
    /// <exception cref="SnapshotException">A call is running, or something in the instance means nothing elsewhere: the message says what.</exception>
    public InstanceSnapshot Snapshot() => new(this);

    /// <summary>A copy of this instance as it is now. For several copies, <see cref="Snapshot"/> is cheaper.</summary>
    /// <param name="store">Where the copy lives.</param>
    /// <param name="imports">The copy's imports, in the module's order.</param>
    /// <exception cref="SnapshotException">A call is running, or something in the instance means nothing elsewhere: the message says what.</exception>
    public Instance Fork(Store store, params ReadOnlySpan<Extern> imports)
    {
        using InstanceSnapshot snapshot = Snapshot();
        return snapshot.Instantiate(store, imports);
    }

    internal VmContext* Context => _context;

    /// <summary>The exported function of this name, or null.</summary>
    public Function? GetFunction(string name) => GetExport(name) as Function;

    /// <summary>The exported function of this name, or null where there is none or its type is not that of a delegate with these .NET types.</summary>
    public Function? GetFunction(string name, Type? returnType, params ReadOnlySpan<Type> parameterTypes) =>
        GetFunction(name) is { } function && function.CheckTypeSignature(returnType, parameterTypes) ? function : null;

    public Memory? GetMemory(string name) => GetExport(name) as Memory;
    public Table? GetTable(string name) => GetExport(name) as Table;
    public Global? GetGlobal(string name) => GetExport(name) as Global;
    public Tag? GetTag(string name) => GetExport(name) as Tag;

    /// <summary>The export of this name, or null.</summary>
    public Extern? GetExport(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Store.CheckAccess();
        Extern? found = null;
        if (_exports?.TryGetValue(name, out found) == true) return found;
        if (!Module.TryGetExport(name, out Wasm.Export export)) return null;
        found = Instantiation.Item(this, export.Kind, export.Index);
        (_exports ??= []).Add(name, found);
        return found;
    }

    /// <summary>All exports, in the module's order.</summary>
    public IEnumerable<KeyValuePair<string, Extern>> GetExports()
    {
        foreach (Wasm.Export export in Module.Environment.Exports) yield return new(export.Name, GetExport(export.Name)!);
    }

    public IEnumerable<(string Name, Function Function)> GetFunctions() => Exported<Function>();
    public IEnumerable<(string Name, Memory Memory)> GetMemories() => Exported<Memory>();
    public IEnumerable<(string Name, Table Table)> GetTables() => Exported<Table>();
    public IEnumerable<(string Name, Global Global)> GetGlobals() => Exported<Global>();

    IEnumerable<(string, T)> Exported<T>() where T : Extern
    {
        foreach ((string name, Extern item) in GetExports())
            if (item is T t) yield return (name, t);
    }
}

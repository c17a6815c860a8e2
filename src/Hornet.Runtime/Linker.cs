using Hornet.Base;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>Names for what modules import. Host functions belong to all stores; everything else to the store it was made in.</summary>
public sealed partial class Linker : IDisposable
{
    readonly Dictionary<ItemName, object> _definitions;

    // Guests choose names too (DefineInstance, DefineUnknownImportsAsTraps).
    readonly record struct ItemName(string Module, string Name)
    {
        public override int GetHashCode() => SeededHash.Of(Module, Name);
    }

    public Linker(Engine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Engine = engine;
        _definitions = [];
    }

    Linker(Linker other)
    {
        Engine = other.Engine;
        AllowShadowing = other.AllowShadowing;
        _definitions = new(other._definitions);
    }

    public Engine Engine { get; }

    /// <summary>Whether a name can be defined again. Off by default.</summary>
    public bool AllowShadowing { get; set; }

    /// <summary>Nothing to release; there because code for other engines disposes its linkers.</summary>
    public void Dispose() { }

    /// <summary>A linker with the same definitions; further ones go their own ways.</summary>
    public Linker Clone() => new(this);

    /// <summary>Defines an item of one store.</summary>
    public void Define(string module, string name, Extern item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (item.Store.Engine != Engine) throw new ArgumentException("the item belongs to another engine", nameof(item));
        Add(module, name, item);
    }

    /// <summary>Defines a global by its typed accessor.</summary>
    public void Define<T>(string module, string name, Global.Accessor<T> global) => Define(module, name, global.Global);

    /// <summary>Defines a host function with values of any kind for all stores.</summary>
    public void DefineFunction(string module, string name, Function.UntypedCallbackDelegate callback, IReadOnlyList<ValueKind> parameterKinds, IReadOnlyList<ValueKind> resultKinds)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Define(module, name, new UntypedHostFunction(callback, [.. parameterKinds], [.. resultKinds]));
    }

    /// <summary>Defines an asynchronous host function with values of any kind for all stores: see <see cref="Function.FromAsyncCallback(Store, Function.UntypedAsyncCallbackDelegate, IReadOnlyList{ValueKind}, IReadOnlyList{ValueKind})"/>.</summary>
    public void DefineAsyncFunction(string module, string name, Function.UntypedAsyncCallbackDelegate callback, IReadOnlyList<ValueKind> parameterKinds, IReadOnlyList<ValueKind> resultKinds)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Define(module, name, new UntypedAsyncHostFunction(callback, [.. parameterKinds], [.. resultKinds]));
    }

    /// <summary>Defines all exports of an instance under a module name.</summary>
    public void DefineInstance(Store store, string name, Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        foreach ((string export, Extern item) in instance.GetExports()) Define(name, export, item);
    }

    /// <summary>Instantiates a module and defines its exports under its name.</summary>
    public void DefineModule(Store store, Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        DefineInstance(store, module.Name ?? "", Instantiate(store, module));
    }

    /// <summary>Every function that the module imports and nobody has defined traps when it is called.</summary>
    public void DefineUnknownImportsAsTraps(Module module) => DefineUnknown(module, traps: true);

    /// <summary>Every function that the module imports and nobody has defined returns zeros; memories, tables and globals are made empty.</summary>
    public void DefineUnknownImportsAsDefaultValues(Store store, Module module)
    {
        DefineUnknown(module, traps: false);
        foreach (Wasm.Import import in module.Environment.Imports)
        {
            if (_definitions.ContainsKey(new(import.Module, import.Name))) continue;
            if (Instantiation.Default(store, module, import) is { } item) Define(import.Module, import.Name, item);
        }
    }

    /// <summary>Instantiates a module with these definitions.</summary>
    /// <exception cref="LinkException">An import is not defined, or of another type.</exception>
    /// <exception cref="TrapException">A segment does not fit, or the start function trapped.</exception>
    public Instance Instantiate(Store store, Module module)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(module);
        List<Wasm.Import> imports = module.Environment.Imports;
        Extern[] items = new Extern[imports.Count];
        for (int i = 0; i < items.Length; i++)
            items[i] = Find(store, imports[i].Module, imports[i].Name) ?? throw Unknown(imports[i]);
        return new(store, module, items);
    }

    /// <summary>Looks a module's imports up and checks them once, for any number of instances.</summary>
    /// <exception cref="LinkException">An import is not defined, or of another type.</exception>
    public InstancePre InstantiatePre(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return Prepare(module.Template);
    }

    /// <summary>The same for copies of an instance.</summary>
    /// <exception cref="LinkException">An import is not defined, or of another type.</exception>
    public InstancePre InstantiatePre(InstanceSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Prepare(snapshot.Template);
    }

    InstancePre Prepare(InstanceTemplate template)
    {
        if (template.Module.Engine != Engine) throw new LinkException("the module belongs to another engine");
        List<Wasm.Import> imports = template.Module.Environment.Imports;
        object[] items = new object[imports.Count];
        for (int i = 0; i < items.Length; i++)
            items[i] = _definitions.GetValueOrDefault(new(imports[i].Module, imports[i].Name)) ?? throw Unknown(imports[i]);
        return new(template, items);
    }

    static LinkException Unknown(Wasm.Import import) => new($"unknown import: {import.Module}::{import.Name} ({import.Kind}) has not been defined");

    /// <summary>The definition of this name as an item of a store, or null.</summary>
    public Extern? Get(Store store, string module, string name)
    {
        ArgumentNullException.ThrowIfNull(store);
        return Find(store, module, name);
    }

    public Function? GetFunction(Store store, string module, string name) => Get(store, module, name) as Function;
    public Table? GetTable(Store store, string module, string name) => Get(store, module, name) as Table;
    public Memory? GetMemory(Store store, string module, string name) => Get(store, module, name) as Memory;
    public Global? GetGlobal(Store store, string module, string name) => Get(store, module, name) as Global;

    /// <summary>What running a module of this name means: its export <c>""</c>, else <c>_start</c>, else nothing.</summary>
    public Function? GetDefaultFunction(Store store, string name) => GetFunction(store, name, "") ?? GetFunction(store, name, "_start");

    Extern? Find(Store store, string module, string name) => _definitions.GetValueOrDefault(new(module, name)) switch
    {
        Extern item => item,
        HostFunction function => store.NewFunction(function),
        _ => null,
    };

    internal void Define(string module, string name, HostFunction function) => Add(module, name, function);

    void Add(string module, string name, object definition)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        if (AllowShadowing) _definitions[new(module, name)] = definition;
        else if (!_definitions.TryAdd(new(module, name), definition)) throw new InvalidOperationException($"{module}::{name} is defined already; AllowShadowing permits another definition");
    }

    void DefineUnknown(Module module, bool traps)
    {
        ArgumentNullException.ThrowIfNull(module);
        foreach (Wasm.Import import in module.Environment.Imports)
        {
            if (import.Kind != ExternKind.Func || _definitions.ContainsKey(new(import.Module, import.Name))) continue;
            Define(import.Module, import.Name, new MissingFunction(module.RegisteredFunctionType(import.Index), $"{import.Module}::{import.Name}", traps));
        }
    }
}

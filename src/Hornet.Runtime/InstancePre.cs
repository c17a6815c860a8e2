using System.Runtime.InteropServices;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>
/// A module with its imports looked up and checked once, to be instantiated any number of times: in any stores and from any thread, unless
/// an import is an item of one store. Made by <see cref="Linker.InstantiatePre(Module)"/>.
/// </summary>
public sealed unsafe class InstancePre
{
    readonly InstanceTemplate _template;
    // By import: an Extern of one store, or a HostFunction.
    readonly object[] _imports;
    // Where all imports are host functions: these, and their references, which stores share.
    readonly HostFunction[]? _functions;
    readonly VmFuncRef* _references;

    internal InstancePre(InstanceTemplate template, object[] imports)
    {
        _template = template;
        _imports = imports;
        Module module = template.Module;
        for (int i = 0; i < imports.Length; i++) ImportMatching.Check(module, module.Environment.Imports[i], imports[i]);
        if (!Array.TrueForAll(imports, static item => item is HostFunction)) return;
        _functions = Array.ConvertAll(imports, static item => (HostFunction)item);
        if (_functions.Length == 0) return;
        // SAFETY: freed by the finaliser; stores and warm slots that point here hold this object.
        _references = (VmFuncRef*)NativeMemory.AllocZeroed((nuint)_functions.Length, (nuint)sizeof(VmFuncRef));
        for (int i = 0; i < _functions.Length; i++)
        {
            _references[i].TypeId = _functions[i].TypeId(module.Engine.Types);
            _references[i].Index = (uint)i;
            module.Engine.Tier.LinkHost(&_references[i], _functions[i].Type);
        }
    }

    ~InstancePre() => NativeMemory.Free(_references);

    public Module Module => _template.Module;

    internal InstanceTemplate Template => _template;

    /// <summary>A new instance.</summary>
    /// <exception cref="LinkException">An import belongs to another store, or a limit of the store does not allow another instance.</exception>
    /// <exception cref="PoolExhaustedException">The engine's pool has nothing left for it.</exception>
    /// <exception cref="TrapException">A segment does not fit, or the start function trapped.</exception>
    public Instance Instantiate(Store store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new(store, this);
    }

    /// <summary>Fills in an instance's imports.</summary>
    internal void Import(Store store, InstanceSlot slot)
    {
        VmContext* context = slot.Context;
        if (_functions is not null && store.TryAdopt(this, _functions))
        {
            // The last instance in this slot had the same: they are there already.
            if (slot.Imported == this) return;
            for (int i = 0; i < _functions.Length; i++)
            {
                context->ImportedFunctions[i] = &_references[i];
                context->Functions[i] = _references[i];
            }
            slot.Imported = this;
            return;
        }
        Extern[] items = new Extern[_imports.Length];
        for (int i = 0; i < items.Length; i++) items[i] = _imports[i] as Extern ?? store.NewFunction((HostFunction)_imports[i]);
        foreach (Extern item in items)
            if (item.Store != store) throw new LinkException($"an import of kind {item.ExternKind} belongs to another store");
        Instantiation.Import(slot, Module.Environment, items);
    }
}

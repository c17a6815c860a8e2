using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A global variable of a store.</summary>
public sealed unsafe class Global : Extern
{
    readonly VmGlobal* _global;

    // The type's concrete references are ids of the engine's registry.
    internal Global(Store store, VmGlobal* global, GlobalType type) : base(store)
    {
        _global = global;
        Type = type;
    }

    /// <summary>A new global.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="kind">What it holds.</param>
    /// <param name="initialValue">Its first value: the .NET value that <see cref="ValueBox.ToObject"/> would give.</param>
    /// <param name="mutability">Whether it can be set.</param>
    public Global(Store store, ValueKind kind, object? initialValue, Mutability mutability) : base(store)
    {
        Type = new(ValueKinds.TypeOf(kind), mutability == Mutability.Mutable);
        _global = store.NewGlobal();
        store.TrackGlobal(_global, Type.Type);
        store.ToSlots(ValueBox.FromObject(kind, initialValue), Type.Type, &_global->Low);
    }

    internal VmGlobal* Vm => _global;
    internal GlobalType Type { get; }

    /// <inheritdoc/>
    public override ExternKind ExternKind => ExternKind.Global;

    public ValueKind Kind => ValueKinds.Of(Type.Type, Store.Engine.Types);
    public Mutability Mutability => Type.IsMutable ? Mutability.Mutable : Mutability.Immutable;

    /// <summary>The value, without an allocation for numbers.</summary>
    public ValueBox Value
    {
        get
        {
            Store.CheckAccess();
            return Store.FromSlots(&_global->Low, Kind);
        }
        set
        {
            Store.CheckAccess();
            if (!Type.IsMutable) throw new InvalidOperationException("the global is immutable");
            Store.ToSlots(value, Type.Type, &_global->Low);
        }
    }

    /// <summary>The value as an object.</summary>
    public object? GetValue() => Value.ToObject();

    /// <summary>Sets the value; numbers must have the exact .NET type.</summary>
    public void SetValue(object? value) => Value = ValueBox.FromObject(Kind, value);

    /// <summary>Typed access without boxing, or null where <typeparamref name="T"/> does not fit.</summary>
    public Accessor<T>? Wrap<T>() => Slot<T>.Kind == Kind ? new(this) : null;

    /// <summary>Typed access to a global.</summary>
    public sealed class Accessor<T>
    {
        internal Accessor(Global global) => Global = global;

        internal Global Global { get; }

        public Mutability Mutability => Global.Mutability;

        public T GetValue()
        {
            Global.Store.CheckAccess();
            return Slot<T>.Read(Global.Store, &Global._global->Low);
        }

        public void SetValue(T value)
        {
            Global.Store.CheckAccess();
            if (!Global.Type.IsMutable) throw new InvalidOperationException("the global is immutable");
            if (typeof(T).IsValueType) Slot<T>.Write(Global.Store, &Global._global->Low, value);
            else Global.SetValue(value);
        }
    }
}

using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A table of references.</summary>
public sealed unsafe class Table : Extern
{
    internal Table(Store store, TableStorage storage) : base(store) => Storage = storage;

    /// <summary>A new table.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="kind">What its elements are.</param>
    /// <param name="initialValue">The first value of every element: a <see cref="Function"/>, an object, or null.</param>
    /// <param name="initial">Elements.</param>
    /// <param name="maximum">Most elements that it can grow to.</param>
    public Table(Store store, TableKind kind, object? initialValue, uint initial, uint maximum = uint.MaxValue) : base(store)
    {
        ValueKind value = ToValueKind(kind);
        ulong payload = store.ToPayload(ValueBox.FromObject(value, initialValue), ValueKinds.TypeOf(value));
        Storage = store.NewTable(new(ValueKinds.TypeOf(value), new(initial, maximum == uint.MaxValue ? null : maximum)), payload);
        Storage.Table = this;
    }

    internal TableStorage Storage { get; }

    /// <inheritdoc/>
    public override ExternKind ExternKind => ExternKind.Table;

    public TableKind Kind => ElementKind switch
    {
        ValueKind.FuncRef => TableKind.FuncRef,
        ValueKind.ExternRef => TableKind.ExternRef,
        ValueKind.ExnRef => TableKind.ExnRef,
        _ => TableKind.AnyRef,
    };

    /// <summary>Elements at its creation.</summary>
    public ulong Minimum => Storage.Type.Limits.Min;

    /// <summary>Most elements, where that is limited.</summary>
    public ulong? Maximum => Storage.Type.Limits.Max;

    /// <summary>Elements now.</summary>
    public ulong GetSize()
    {
        Store.CheckAccess();
        return Storage.Vm->Length;
    }

    /// <summary>The value of an element: a <see cref="Function"/>, an object, or null.</summary>
    public object? GetElement(ulong index) => GetValue(index).ToObject();

    /// <summary>The value of an element.</summary>
    public ValueBox GetValue(ulong index)
    {
        Store.CheckAccess();
        CheckIndex(index);
        return Store.FromPayload(Storage.Get(index), ElementKind);
    }

    /// <summary>Sets an element.</summary>
    public void SetElement(ulong index, object? value) => SetValue(index, ValueBox.FromObject(ElementKind, value));

    /// <summary>Sets an element.</summary>
    public void SetValue(ulong index, ValueBox value)
    {
        Store.CheckAccess();
        CheckIndex(index);
        Storage.Set(index, Store.ToPayload(value, Storage.Type.Element));
    }

    /// <summary>Adds elements with this value.</summary>
    /// <returns>Elements before.</returns>
    public ulong Grow(ulong delta, object? initialValue)
    {
        Store.CheckAccess();
        ulong payload = Store.ToPayload(ValueBox.FromObject(ElementKind, initialValue), Storage.Type.Element);
        if (Storage.Grow(delta, payload, out ulong old) == TrapCode.None && old != ulong.MaxValue) return old;
        throw new InvalidOperationException($"the table of {Storage.Vm->Length} elements cannot grow by {delta}");
    }

    ValueKind ElementKind => ValueKinds.Of(Storage.Type.Element, Store.Engine.Types);

    static ValueKind ToValueKind(TableKind kind) => kind switch
    {
        TableKind.FuncRef => ValueKind.FuncRef,
        TableKind.ExternRef => ValueKind.ExternRef,
        TableKind.ExnRef => ValueKind.ExnRef,
        _ => ValueKind.AnyRef,
    };

    void CheckIndex(ulong index)
    {
        if (index >= Storage.Vm->Length) throw new ArgumentOutOfRangeException(nameof(index), index, $"the table has {Storage.Vm->Length} elements");
    }
}

using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>A function of the host; belongs to no store, and may be used by several. Subclasses for typed delegates are generated.</summary>
internal abstract unsafe class HostFunction(ValType[] parameters, ValType[] results)
{
    static int s_count;

    // The hash of an object without one of its own asks the system for random numbers.
    readonly int _number = Interlocked.Increment(ref s_count);
    Registered? _registered;

    sealed record Registered(TypeRegistry Registry, TypeRegistration Type);

    public FuncType Type { get; } = new(parameters, results);

    /// <summary>Slots that arguments and results need, whichever is more.</summary>
    public int SlotCount { get; } = Math.Max(Slots(parameters), Slots(results));

    /// <summary>Takes the arguments from <paramref name="values"/> and leaves the results there.</summary>
    /// <param name="store">The caller's store.</param>
    /// <param name="caller">The calling instance, or null where the host itself calls.</param>
    /// <param name="values">At least <see cref="SlotCount"/> slots; they stay where they are while the call is suspended.</param>
    /// <returns>Ok, or Suspended as <see cref="Store.Suspend"/> gives it.</returns>
    public abstract CallStatus Invoke(Store store, VmContext* caller, ValRaw* values);

    /// <summary>The id of the function's type in an engine; held as long as this is.</summary>
    public uint TypeId(TypeRegistry types)
    {
        Registered? known = _registered;
        // Two threads may both register: one registration is then released by its finaliser, the id is the same.
        if (known is null || known.Registry != types) _registered = known = new(types, types.Register(Type));
        return known.Type.Ids[0];
    }

    public sealed override int GetHashCode() => _number;
    public sealed override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public static int Slots(ReadOnlySpan<ValType> types)
    {
        int count = types.Length;
        foreach (ValType type in types)
            if (type.IsVector) count++;
        return count;
    }
}

/// <summary>A host function with values of any kind.</summary>
internal sealed unsafe class UntypedHostFunction(Function.UntypedCallbackDelegate callback, ValueKind[] parameters, ValueKind[] results)
    : HostFunction(Array.ConvertAll(parameters, ValueKinds.TypeOf), Array.ConvertAll(results, ValueKinds.TypeOf))
{
    public override CallStatus Invoke(Store store, VmContext* caller, ValRaw* values)
    {
        ValueBox[] boxes = new ValueBox[parameters.Length + results.Length];
        ValRaw* at = values;
        for (int i = 0; i < parameters.Length; i++)
        {
            boxes[i] = store.FromSlots(at, parameters[i]);
            at += Slot.CountOf(parameters[i]);
        }
        for (int i = 0; i < results.Length; i++) boxes[parameters.Length + i] = ValueBox.Null(results[i]);
        Span<ValueBox> returned = boxes.AsSpan(parameters.Length);
        callback(new Caller(store, caller), boxes.AsSpan(0, parameters.Length), returned);
        at = values;
        for (int i = 0; i < results.Length; i++)
        {
            store.ToSlots(returned[i], ValueKinds.TypeOf(results[i]), at);
            at += Slot.CountOf(results[i]);
        }
        return CallStatus.Ok;
    }
}

/// <summary>A function that stands for an import that nobody has defined.</summary>
internal sealed unsafe class MissingFunction(FuncType type, string name, bool traps) : HostFunction(type.Parameters.ToArray(), type.Results.ToArray())
{
    public override CallStatus Invoke(Store store, VmContext* caller, ValRaw* values)
    {
        if (traps) throw new TrapException(TrapCode.UnknownImport, [], new LinkException($"unknown import: {name} has not been defined"));
        new Span<ValRaw>(values, Slots(Type.Results)).Clear();
        return CallStatus.Ok;
    }
}

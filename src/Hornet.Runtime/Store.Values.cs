using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

// Values between .NET and slots, references above all.
public sealed unsafe partial class Store
{
    // Few stores have all of these, so each is made when it is needed.
    HandleTable? _handleTable;
    HostFunction[] _hostFunctions = [];
    int _hostFunctionCount;
    InstancePre? _adopted;
    Dictionary<HostFunction, nint>? _hostReferences;
    List<TypeRegistration>? _tagTypes;

    HandleTable _handles => _handleTable ??= new();

    internal HostFunction HostFunctionAt(uint index) => _hostFunctions[index];

    /// <summary>Takes the host functions that an <see cref="InstancePre"/> has references of; false where the store has others, whose numbers are the same.</summary>
    internal bool TryAdopt(InstancePre pre, HostFunction[] functions)
    {
        if (_adopted == pre) return true;
        if (_hostFunctionCount != 0) return false;
        _adopted = pre;
        _hostFunctions = functions;
        _hostFunctionCount = functions.Length;
        return true;
    }

    internal Function NewFunction(HostFunction function)
    {
        CheckAccess();
        return new(this, ReferenceTo(function));
    }

    /// <summary>The reference of a host function in this store, made on first use.</summary>
    internal VmFuncRef* ReferenceTo(HostFunction function)
    {
        _hostReferences ??= [];
        if (_hostReferences.TryGetValue(function, out nint known)) return (VmFuncRef*)known;
        VmFuncRef* reference = (VmFuncRef*)_resources.Allocate(sizeof(VmFuncRef));
        reference->TypeId = function.TypeId(Engine.Types);
        reference->Index = (uint)_hostFunctionCount;
        Engine.Tier.LinkHost(reference, function.Type);
        // What is shared with others (Adopt) is full, so that it is not written to.
        if (_hostFunctionCount == _hostFunctions.Length) Array.Resize(ref _hostFunctions, Math.Max(4, _hostFunctionCount * 2));
        _hostFunctions[_hostFunctionCount++] = function;
        _hostReferences.Add(function, (nint)reference);
        return reference;
    }

    /// <summary>The function of a reference; null for the null reference.</summary>
    internal Function? FunctionAt(VmFuncRef* reference) => reference == null ? null : new(this, reference);

    internal VmFuncRef* ReferenceOf(Function? function)
    {
        if (function is null) return null;
        CheckOwns(function);
        CheckNotDisposed();
        return function.Reference;
    }

    /// <summary>The host object of an external reference.</summary>
    internal object? ObjectAt(GcRef reference)
    {
        if (reference.IsNull) return null;
        if (reference.IsHost) return _handles[reference.HostHandle];
        // A guest's own object seen from outside (extern.convert_any): the host can only hand it back.
        return BoxOf(reference, ValueKind.AnyRef);
    }

    /// <summary>An external reference to a host object; the same object has the same reference.</summary>
    internal GcRef HandleOf(object? value) => value switch
    {
        null => GcRef.Null,
        ValueBox { Kind: ValueKind.AnyRef } box => ReferenceOf(box),
        _ => GcRef.Host(_handles.Add(value)),
    };

    /// <summary>A reference of the any or exn hierarchy for the host: objects are held, so that the collector knows of it.</summary>
    ValueBox BoxOf(GcRef reference, ValueKind kind)
    {
        if (reference.IsNull) return ValueBox.Null(kind);
        if (reference.IsHost) return ValueBox.Reference(kind, 0, _handles[reference.HostHandle]);
        return reference.IsI31 ? ValueBox.Reference(kind, reference.Bits, this) : ValueBox.Reference(kind, 0, Heap.Hold(reference.Bits));
    }

    GcRef ReferenceOf(ValueBox box) => box.Object switch
    {
        null => GcRef.Null,
        HeapReference held when held.Store == this => new(held.Bits),
        Store owner when owner == this => new((uint)box.LowBits),
        HeapReference or Store => throw new InvalidOperationException("the reference belongs to another store"),
        { } host => GcRef.Host(_handles.Add(host)),
    };

    internal VmTag* NewTag(ReadOnlySpan<ValueKind> parameters)
    {
        CheckAccess();
        ValType[] types = new ValType[parameters.Length];
        for (int i = 0; i < types.Length; i++) types[i] = ValueKinds.TypeOf(parameters[i]);
        TypeRegistration type = Engine.Types.Register(new FuncType(types, []));
        (_tagTypes ??= []).Add(type);
        VmTag* tag = (VmTag*)_resources.Allocate(sizeof(VmTag));
        tag->TypeId = type.Ids[0];
        return tag;
    }

    internal VmGlobal* NewGlobal()
    {
        CheckAccess();
        return (VmGlobal*)_resources.Allocate(sizeof(VmGlobal));
    }

    /// <summary>The collector visits a global of the host's.</summary>
    internal void TrackGlobal(VmGlobal* global, ValType type)
    {
        if (ValueKinds.Of(type, Engine.Types) is ValueKind.ExternRef or ValueKind.AnyRef or ValueKind.ExnRef) Heap.Track(global);
    }

    internal ValueKind[] KindsOf(ReadOnlySpan<ValType> types)
    {
        ValueKind[] kinds = new ValueKind[types.Length];
        for (int i = 0; i < kinds.Length; i++) kinds[i] = ValueKinds.Of(types[i], Engine.Types);
        return kinds;
    }

    internal ValueBox FromSlots(ValRaw* at, ValueKind kind) => kind switch
    {
        ValueKind.Int32 or ValueKind.Float32 => ValueBox.FromBits(kind, at->U32),
        ValueKind.Int64 or ValueKind.Float64 => ValueBox.FromBits(kind, at->U64),
        ValueKind.V128 => ValueBox.FromBits(kind, at[0].U64, at[1].U64),
        ValueKind.FuncRef => ValueBox.FuncRef(FunctionAt(at->Func)),
        ValueKind.ExternRef => ValueBox.ExternRef(ObjectAt(at->Ref)),
        _ => BoxOf(at->Ref, kind),
    };

    /// <summary>Writes a value where one of <paramref name="type"/> (concrete references as ids) is expected.</summary>
    internal void ToSlots(ValueBox value, ValType type, ValRaw* at)
    {
        ValueKind kind = ValueKinds.Of(type, Engine.Types);
        if (value.Kind != kind) throw new ArgumentException($"a value of kind {kind} is expected, not {value.Kind}");
        if (kind == ValueKind.V128)
        {
            at[0].U64 = value.LowBits;
            at[1].U64 = value.HighBits;
        }
        else
        {
            at->U64 = type.IsRef ? ToPayload(value, type) : value.LowBits;
        }
    }

    internal ValueBox FromPayload(ulong payload, ValueKind kind)
    {
        ValRaw slot = new() { U64 = payload };
        return FromSlots(&slot, kind);
    }

    /// <summary>A reference as a table slot's payload, checked against the type.</summary>
    internal ulong ToPayload(ValueBox value, ValType type)
    {
        if (value.IsNull && !type.IsNullable) throw new ArgumentException($"a value of type {type} is expected, not null");
        switch (value.Kind)
        {
            case ValueKind.FuncRef:
                VmFuncRef* function = ReferenceOf(value.AsFunction());
                if (function != null && !Engine.Types.Matches(HeapType.Concrete((int)function->TypeId), type.Heap))
                    throw new ArgumentException($"a function of type {type} is expected");
                return (ulong)function;
            case ValueKind.ExternRef:
                return HandleOf(value.Object).Bits;
            default:
                return ReferenceOf(value).Bits;
        }
    }
}

using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>
/// A function of a guest or of the host, in a store. Typed delegates (<see cref="WrapAction()"/>, <c>WrapFunc</c>) neither box nor
/// allocate; <see cref="Invoke(ReadOnlySpan{ValueBox})"/> takes values of any kind.
/// </summary>
public sealed unsafe partial class Function : Extern, IEquatable<Function>
{
    readonly VmFuncRef* _reference;

    /// <summary>Remembered between calls: see <see cref="Tier.Call"/>. Shared by all threads; whoever asks writes the same.</summary>
    internal nint Way;

    internal Function(Store store, VmFuncRef* reference) : base(store) => _reference = reference;

    /// <summary>A host function with values of any kind.</summary>
    public delegate void UntypedCallbackDelegate(Caller caller, ReadOnlySpan<ValueBox> arguments, Span<ValueBox> results);

    /// <summary>A host function with values of any kind.</summary>
    public static Function FromCallback(Store store, UntypedCallbackDelegate callback, IReadOnlyList<ValueKind> parameterKinds, IReadOnlyList<ValueKind> resultKinds)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return store.NewFunction(new UntypedHostFunction(callback, [.. parameterKinds], [.. resultKinds]));
    }

    internal VmFuncRef* Reference => _reference;

    /// <inheritdoc/>
    public override ExternKind ExternKind => ExternKind.Func;

    internal FuncType RegisteredType => field ??= Registered();

    FuncType Registered()
    {
        // The reference lies in its instance's memory, which goes with the store.
        Store.CheckNotDisposed();
        return Store.Engine.Types.FunctionType(_reference->TypeId);
    }

    /// <summary>Slots that arguments and results need, whichever is more.</summary>
    internal int SlotCount => Math.Max(HostFunction.Slots(RegisteredType.Parameters), HostFunction.Slots(RegisteredType.Results));

    public IReadOnlyList<ValueKind> Parameters => field ??= Store.KindsOf(RegisteredType.Parameters);
    public IReadOnlyList<ValueKind> Results => field ??= Store.KindsOf(RegisteredType.Results);

    /// <summary>Calls with these arguments.</summary>
    /// <returns>Null, the result, or an array of several results, each as <see cref="ValueBox.ToObject"/> gives it.</returns>
    /// <exception cref="TrapException">The guest trapped.</exception>
    /// <exception cref="WasmException">The guest threw an exception and did not catch it.</exception>
    public object? Invoke(params ReadOnlySpan<ValueBox> arguments)
    {
        int count = Results.Count;
        if (count == 0)
        {
            Invoke(arguments, default);
            return null;
        }
        ValueBox[] results = new ValueBox[count];
        Invoke(arguments, results);
        return count == 1 ? results[0].ToObject() : Array.ConvertAll(results, static r => r.ToObject());
    }

    /// <summary>Calls with these arguments; the results go where the caller says.</summary>
    public void Invoke(ReadOnlySpan<ValueBox> arguments, Span<ValueBox> results)
    {
        FuncType type = RegisteredType;
        if (arguments.Length != type.Parameters.Length) throw new ArgumentException($"the function takes {type.Parameters.Length} arguments, not {arguments.Length}", nameof(arguments));
        if (results.Length != type.Results.Length) throw new ArgumentException($"the function gives {type.Results.Length} results, not {results.Length}", nameof(results));
        int slots = SlotCount;
        ValRaw* values = stackalloc ValRaw[slots + 1];
        Store.CheckAccess();
        PutArguments(values, arguments);
        Call(values);
        TakeResults(values, results);
    }

    void PutArguments(ValRaw* at, ReadOnlySpan<ValueBox> arguments)
    {
        FuncType type = RegisteredType;
        for (int i = 0; i < arguments.Length; i++)
        {
            Store.ToSlots(arguments[i], type.Parameters[i], at);
            at += type.Parameters[i].IsVector ? 2 : 1;
        }
    }

    void TakeResults(ValRaw* at, Span<ValueBox> results)
    {
        FuncType type = RegisteredType;
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = Store.FromSlots(at, Results[i]);
            at += type.Results[i].IsVector ? 2 : 1;
        }
    }

    /// <summary>Whether the function takes and gives values of these .NET types; null or void is no result, and there is at most one.</summary>
    public bool CheckTypeSignature(Type? returnType = null, params ReadOnlySpan<Type> parameterTypes)
    {
        bool noResult = returnType is null || returnType == typeof(void);
        if (parameterTypes.Length != Parameters.Count || Results.Count != (noResult ? 0 : 1)) return false;
        for (int i = 0; i < parameterTypes.Length; i++)
            if (Slot.TryKindOf(parameterTypes[i]) != Parameters[i]) return false;
        return noResult || Slot.TryKindOf(returnType!) == Results[0];
    }

    /// <summary>Calls with arguments in slots; results are left there.</summary>
    internal void Call(ValRaw* values) => GuestCalls.Invoke(Store, _reference, values, ref Way);

    public bool Equals(Function? other) => other is not null && other._reference == _reference && other.Store == Store;
    public override bool Equals(object? obj) => Equals(obj as Function);
    public override int GetHashCode() => ((nint)_reference).GetHashCode();

    // Whether the function's type is that of a delegate with these parameters and results.
    bool Fits(ReadOnlySpan<ValueKind> parameters, ReadOnlySpan<ValType> results)
    {
        if (Parameters.Count != parameters.Length || Results.Count != results.Length) return false;
        for (int i = 0; i < parameters.Length; i++)
            if (Parameters[i] != parameters[i]) return false;
        for (int i = 0; i < results.Length; i++)
            if (Results[i] != ValueKinds.Of(results[i])) return false;
        return true;
    }
}

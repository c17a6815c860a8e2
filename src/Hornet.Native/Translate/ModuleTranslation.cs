using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;
using Signature = Hornet.Compiler.Ir.Signature;

namespace Hornet.Native;

/// <summary>How the bytes of a memory are reached.</summary>
internal enum BoundsChecks
{
    /// <summary>32-bit memories reserve their whole index space and a guard: a wild access faults and is taken for a trap.</summary>
    Guard,
    /// <summary>Every access compares with the length: no signals, any reservation.</summary>
    Explicit,
}

/// <summary>
/// What translating the functions of one module shares: its index spaces, where things lie in a VM context, and the IR signatures
/// of its types. Read by many threads at once.
/// </summary>
internal sealed unsafe class ModuleTranslation
{
    /// <summary>Symbols of builtins start here; below, a symbol is a function index.</summary>
    public const int FirstBuiltin = 1 << 28;

    readonly Signature?[] _signatures, _contextSignatures;
    // Made when first asked for; two threads may do so at once.
    readonly GcType?[] _objects;

    public ModuleTranslation(ModuleEnvironment environment, CodeSettings settings, BoundsChecks checks, CompileMode mode)
    {
        LeavesByTailCalls = environment.HasTailCalls;
        CallsThroughSlots = mode != CompileMode.Eager;
        (Environment, Settings, Checks) = (environment, settings, checks);
        Layout = new(environment);
        Sizes = new ushort[environment.Bodies.Count];
        _objects = new GcType?[environment.Types.Count];
        _signatures = new Signature?[environment.Types.Count];
        _contextSignatures = new Signature?[environment.Types.Count];
        for (int i = 0; i < environment.Types.Count; i++)
        {
            if (environment.Types[i] is not FuncType type) continue;
            IrType[] parameters = Map(type.Parameters), results = Map(type.Results);
            _signatures[i] = new(parameters, results);
            _contextSignatures[i] = new([IrType.I64, .. parameters], results, HasContext: true);
        }
    }

    public ModuleEnvironment Environment { get; }
    public CodeSettings Settings { get; }
    public BoundsChecks Checks { get; }
    public VmContextLayout Layout { get; }

    /// <summary>By place among the functions that the module defines: its size in IR and one, or 0 where nobody has asked.</summary>
    public ushort[] Sizes { get; }

    /// <summary>Bytes behind the reservation of a guarded memory that fault, less those that the optimiser may add to an index which a branch bounds:
    /// an access whose offset and size stay below needs no check.</summary>
    public const uint GuardSize = (uint)EngineOptions.GuardNeeded - Compiler.Passes.Simplify.MostMovedSum;

    /// <summary>
    /// Whether functions may tail-call into other instances. Then their callers must keep their own context, so all calls are made as if
    /// they led elsewhere.
    /// </summary>
    public bool LeavesByTailCalls { get; }

    /// <summary>Whether calls within the instance go through the module's entries, because the callee may not be compiled yet.</summary>
    public bool CallsThroughSlots { get; }

    /// <summary>The signature of calls within an instance.</summary>
    public Signature SignatureOf(int type) => (LeavesByTailCalls ? _contextSignatures : _signatures)[type]!;

    /// <summary>The signature of calls through a function reference: the callee's context comes first.</summary>
    public Signature ContextSignatureOf(int type) => _contextSignatures[type]!;

    public static IrType Map(ValType type) =>
        type == ValType.I32 ? IrType.I32
        : type == ValType.I64 ? IrType.I64
        : type == ValType.F32 ? IrType.F32
        : type == ValType.F64 ? IrType.F64
        : type == ValType.V128 ? IrType.V128
        : IrType.None;

    /// <summary>The IR type of any value type: function references are addresses, all others 32-bit references that the collector sees.</summary>
    public IrType TypeOf(ValType type) => !type.IsRef ? Map(type) : IsFunctionReference(type) ? IrType.I64 : IrType.Ref;

    /// <summary>Whether values of a reference type are VmFuncRef pointers.</summary>
    public bool IsFunctionReference(ValType type) => type.Heap.IsConcrete
        ? Environment.Types[type.Heap.Code].Kind == CompositeKind.Func
        : type.Heap == HeapType.Func || type.Heap == HeapType.NoFunc;

    /// <summary>How objects of a struct or array type lie in the heap.</summary>
    public GcType ObjectLayout(int type) => _objects[type] ??= GcType.Of(Environment.Types[type], index => Environment.Types[index].Kind == CompositeKind.Func);

    /// <summary>How many supertypes a type has.</summary>
    public int DepthOf(int type)
    {
        int depth = 0;
        while ((type = Environment.Types[type].Supertype) >= 0) depth++;
        return depth;
    }

    IrType[] Map(ReadOnlySpan<ValType> types)
    {
        IrType[] mapped = new IrType[types.Length];
        for (int i = 0; i < types.Length; i++) mapped[i] = TypeOf(types[i]);
        return mapped;
    }
}

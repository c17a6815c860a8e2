using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;
using Signature = Hornet.Compiler.Ir.Signature;

namespace Hornet.Native;

using Function = Hornet.Compiler.Ir.Function;

/// <summary>
/// The glue of one function type, built as IR: a trampoline takes arguments out of an array of <see cref="ValRaw"/> and puts results
/// back, a call-out does the opposite for functions that are not machine code.
/// </summary>
internal static class Thunks
{
    public static readonly Signature Trampoline = new([IrType.I64, IrType.I64, IrType.I64], [], HasContext: true);
    static readonly MemFlags s_values = MemFlags.Trusted(AliasClass.Any);

    /// <summary>(context, entry, values): calls the machine code at entry.</summary>
    public static void BuildTrampoline(Function function, FunctionBuilder builder, Signature signature)
    {
        function.Name = "trampoline";
        function.Signature = Trampoline;
        builder.Begin(function);
        Block block = builder.CreateEntryBlock();
        Value entry = builder.Param(block, 1), values = builder.Param(block, 2);
        Value[] arguments = new Value[signature.Params.Length];
        arguments[0] = builder.Param(block, 0);
        int offset = 0;
        for (int i = 1; i < arguments.Length; i++)
        {
            arguments[i] = builder.Load(signature.Params[i], s_values, values, offset);
            offset += SlotBytes(signature.Params[i]);
        }
        Inst call = builder.CallIndirect(builder.DeclareSignature(signature), entry, arguments);
        Value first = function.Result(call);
        offset = 0;
        for (int i = 0; i < signature.Results.Length; i++)
        {
            builder.Store(s_values, new Value(first.Index + i), values, offset);
            offset += SlotBytes(signature.Results[i]);
        }
        builder.Return();
        builder.SealAll();
    }

    /// <summary>
    /// Has the type's own signature; the pinned register holds the VmFuncRef that is called (<see cref="VmFuncRef.NativeContext"/>). The
    /// caller's context lies in the caller's frame, where the convention puts it before every call that may change it.
    /// </summary>
    public static void BuildCallOut(Function function, FunctionBuilder builder, Signature signature)
    {
        function.Name = "call_out";
        function.Signature = signature;
        builder.Begin(function);
        Block block = builder.CreateEntryBlock();
        MemFlags frames = MemFlags.Trusted(AliasClass.ReadOnly);
        Value callersFrame = builder.Load(IrType.I64, frames, builder.Build(new InstData(Opcode.FramePointer, IrType.I64)), 0);
        Value caller = builder.Load(IrType.I64, frames, callersFrame, -8);
        CallOutWith(function, builder, block, signature, caller, builder.Param(block, 0));
    }

    static void CallOutWith(Function function, FunctionBuilder builder, Block block, Signature signature, Value caller, Value callee)
    {
        int first = signature.HasContext ? 1 : 0, offset = 0;
        StackSlot slot = builder.CreateStackSlot(Math.Max(ValRaw.Size, Math.Max(Bytes(signature.Params.AsSpan(first)), Bytes(signature.Results))), 16);
        for (int i = first; i < signature.Params.Length; i++)
        {
            builder.Store(s_values, builder.Param(block, i), builder.StackAddr(slot), offset);
            offset += SlotBytes(signature.Params[i]);
        }
        FuncRef builtin = builder.DeclareFunction(ModuleTranslation.FirstBuiltin + (int)Builtin.CallOut, builder.DeclareSignature(BuiltinSignatures.Of(Builtin.CallOut)));
        builder.Call(builtin, [caller, callee, builder.StackAddr(slot)]);
        Value[] results = new Value[signature.Results.Length];
        offset = 0;
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = builder.Load(signature.Results[i], s_values, builder.StackAddr(slot), offset);
            offset += SlotBytes(signature.Results[i]);
        }
        builder.Return(results);
        builder.SealAll();
    }

    /// <summary>A function of a module that the interpreter runs: has the function's signature and is called like machine code of the same instance.</summary>
    public static unsafe void BuildInterpreted(Function function, FunctionBuilder builder, ModuleTranslation module, int index)
    {
        Signature own = module.SignatureOf(module.Environment.Functions[index]);
        Signature signature = own with { Params = WithoutReferences(own.Params), Results = WithoutReferences(own.Results) };
        function.Name = $"interpreted{index}";
        function.Signature = signature;
        builder.Begin(function);
        Block block = builder.CreateEntryBlock();
        Value context = builder.VmContext();
        Value reference = builder.Binary(Opcode.Iadd, context, builder.Iconst(IrType.I64, module.Layout.Functions + index * sizeof(VmFuncRef)));
        CallOutWith(function, builder, block, signature, context, reference);
    }

    // A reference is zero-extended in its register as in its slot (docs/vm.md), and nothing here is a safepoint for it: 64 bits say it all.
    static IrType[] WithoutReferences(IrType[] types) => Array.ConvertAll(types, static type => type == IrType.Ref ? IrType.I64 : type);

    public static int SlotBytes(IrType type) => type == IrType.V128 ? 2 * ValRaw.Size : ValRaw.Size;

    static int Bytes(ReadOnlySpan<IrType> types)
    {
        int bytes = 0;
        foreach (IrType type in types) bytes += SlotBytes(type);
        return bytes;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Base;
using Hornet.Compiler.Ir;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using Hornet.Wasm;
using static Hornet.Compiler.X64.X64Regs;

namespace Hornet.Native;

/// <content>Calls that meet a stub: of functions that are not compiled, and of host functions that have no thunk.</content>
internal static unsafe partial class NativeBuiltins
{
    // Machine code that calls a function which is interpreted, and back, nests calls on the host's stack. Below this, functions are compiled instead, so
    // that recursion ends where it would end in one tier.
    const int KeepOfHostStack = 192 << 10;

    [ThreadStatic] static FlatList<AbiSlot>? t_slots;

    static void AddPassages(nint* table)
    {
        table[(int)Builtin.Compile] = (nint)(delegate* unmanaged<VmContext*, ulong, byte*, void>)&Compile;
        table[(int)Builtin.TakeResults] = (nint)(delegate* unmanaged<VmContext*, ulong, byte*, void>)&TakeResults;
        table[(int)Builtin.LinkHost] = (nint)(delegate* unmanaged<VmContext*, VmFuncRef*, byte*, void>)&LinkHost;
    }

    [UnmanagedCallersOnly]
    static void Compile(VmContext* context, ulong defined, byte* saved)
    {
        Activation* activation = context->Store->Current;
        Store store = Store.Of(context->Store);
        try
        {
            NativeCode code = NativeCode.Of(context);
            uint function = (uint)code.Environment.ImportedFunctions + (uint)defined;
            nint entry = code.EntryOfCalled((int)defined, mustCompile: (byte*)&activation < activation->HostStackLimit + KeepOfHostStack);
            *(nint*)(saved + 8 * R11) = entry;
            if (entry != 0)
            {
                if (context->Functions[function].Context != null) context->Functions[function].NativeEntry = entry;
                UpdateCaller(context, function, entry, saved);
                return;
            }
            // The interpreter's frame begins with the arguments: they are put there at once.
            FuncType type = code.Environment.FunctionType((int)function);
            ValRaw* values = (ValRaw*)activation->InterpreterTop;
            if ((byte*)values + Math.Max(FrameLayout.Bytes(type.Parameters), FrameLayout.Bytes(type.Results)) > saved - 4096)
            {
                Report(context, Hornet.TrapCode.StackOverflow);
                return;
            }
            Hornet.Compiler.Ir.Signature signature = code.SignatureOf((int)function);
            FlatList<AbiSlot> slots = t_slots ??= new(16);
            X64Abi.Params(signature, slots);
            for (int i = signature.HasContext ? 1 : 0; i < signature.Params.Length; i++) Move(values, saved, slots[i], signature.Params[i], saved + Stubs.SaveArea + 16, out values, take: true);
            CallStatus status = GuestCalls.InvokeInner(store, ((NativeTier)store.Engine.Tier).Interpreter, Builtins.RefFunc(context, function), (ValRaw*)activation->InterpreterTop);
            if (status == CallStatus.WasmException) status = CatchHostException(store, activation);
            activation->Exit = status;
        }
        catch (Exception exception)
        {
            // Translating a function is managed code that can fail; nothing may be thrown through machine code.
            store.Vm->Current = activation;
            activation->Exit = store.KeepException(exception);
        }
    }

    // Where an instance has imported the function, it has a copy of its reference, which led to the stub.
    static void UpdateCaller(VmContext* context, uint function, nint entry, byte* saved)
    {
        nint* frame = (nint*)(saved + Stubs.SaveArea);
        nint pc = frame[1] - 1;
        if (CodeMap.Find(pc) is not { } unit || !unit.KeepsContext(pc)) return;
        VmContext* caller = (VmContext*)((nint*)frame[0])[-1];
        if (caller == context) return;
        for (int i = 0, imported = NativeCode.Of(caller).Environment.ImportedFunctions; i < imported; i++)
            if (caller->Functions[i].NativeContext == context && caller->Functions[i].Index == function) caller->Functions[i].NativeEntry = entry;
    }

    [UnmanagedCallersOnly]
    static void TakeResults(VmContext* context, ulong defined, byte* saved)
    {
        NativeCode code = NativeCode.Of(context);
        Hornet.Compiler.Ir.Signature signature = code.SignatureOf(code.Environment.ImportedFunctions + (int)defined);
        FlatList<AbiSlot> slots = t_slots ??= new(16);
        byte* area = null;
        if (X64Abi.ReturnAreaSize(signature) > 0)
        {
            // Where further results go is what the last argument said.
            X64Abi.Params(signature, slots);
            AbiSlot last = slots[slots.Count - 1];
            area = *(byte**)(last.InReg ? saved + 8 * last.Reg.Number : saved + Stubs.SaveArea + 16 + last.Offset);
        }
        X64Abi.Results(signature, slots);
        ValRaw* values = (ValRaw*)context->Store->Current->InterpreterTop;
        for (int i = 0; i < signature.Results.Length; i++) Move(values, saved, slots[i], signature.Results[i], area, out values, take: false);
        *(nint*)(saved + 8 * R10) = X64Abi.StackBytes(signature);
    }

    // One value between a slot of the interpreter's and where the convention has it.
    static void Move(ValRaw* value, byte* saved, AbiSlot slot, IrType type, byte* memory, out ValRaw* next, bool take)
    {
        byte* at = !slot.InReg ? memory + slot.Offset : slot.Reg.IsVector ? saved + Stubs.SavedVectors + 16 * slot.Reg.Number : saved + 8 * slot.Reg.Number;
        int slots = type == IrType.V128 ? 2 : 1;
        next = value + slots;
        for (int i = 0; i < slots; i++)
        {
            if (take) value[i].U64 = ((ulong*)at)[i];
            // The code generator wants the upper half zero, the interpreter says nothing of it.
            else ((ulong*)at)[i] = type == IrType.I32 ? value[i].U32 : value[i].U64;
        }
    }

    [UnmanagedCallersOnly]
    static void LinkHost(VmContext* caller, VmFuncRef* function, byte* saved)
    {
        try
        {
            *(nint*)(saved + 8 * R11) = ((NativeTier)Store.Of(caller->Store).Engine.Tier).LinkLate(caller, function);
        }
        catch (Exception exception)
        {
            caller->Store->Current->Exit = Store.Of(caller->Store).KeepException(exception);
        }
    }
}

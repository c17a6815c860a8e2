using System.Runtime.InteropServices;
using Hornet.Base;
using Hornet.Runtime;

namespace Hornet.Native;

/// <summary>The C# side of <see cref="Builtin"/>: on the host's stack, and never throwing. A trap is left in the activation.</summary>
internal static unsafe partial class NativeBuiltins
{
    /// <summary>Addresses by <see cref="Builtin"/>.</summary>
    public static readonly nint* Table = MakeTable();

    static nint* MakeTable()
    {
        nint* table = (nint*)NativeMemory.Alloc((nuint)Builtin.Count, (nuint)sizeof(nint));
        table[(int)Builtin.MemoryGrow] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, ulong>)&MemoryGrow;
        table[(int)Builtin.MemoryFill] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, uint, ulong, void>)&MemoryFill;
        table[(int)Builtin.MemoryCopy] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, ulong, ulong, void>)&MemoryCopy;
        table[(int)Builtin.MemoryInit] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, uint, uint, void>)&MemoryInit;
        table[(int)Builtin.DataDrop] = (nint)(delegate* unmanaged<VmContext*, uint, void>)&DataDrop;
        table[(int)Builtin.RefFunc] = (nint)(delegate* unmanaged<VmContext*, uint, ulong>)&RefFunc;
        table[(int)Builtin.TableGet] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, ulong>)&TableGet;
        table[(int)Builtin.TableGrow] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, ulong, ulong>)&TableGrow;
        table[(int)Builtin.TableFill] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, ulong, ulong, void>)&TableFill;
        table[(int)Builtin.TableCopy] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, ulong, ulong, void>)&TableCopy;
        table[(int)Builtin.TableInit] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, uint, uint, void>)&TableInit;
        table[(int)Builtin.ElemDrop] = (nint)(delegate* unmanaged<VmContext*, uint, void>)&ElemDrop;
        table[(int)Builtin.IsSubtype] = (nint)(delegate* unmanaged<VmContext*, uint, uint, ulong>)&IsSubtype;
        table[(int)Builtin.Interrupted] = (nint)(delegate* unmanaged<VmContext*, void>)&Interrupted;
        table[(int)Builtin.AtomicNotify] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, uint, ulong>)&AtomicNotify;
        table[(int)Builtin.AtomicWait32] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, ulong, long, ulong>)&AtomicWait32;
        table[(int)Builtin.AtomicWait64] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, ulong, long, ulong>)&AtomicWait64;
        table[(int)Builtin.CallOut] = (nint)(delegate* unmanaged<VmContext*, VmFuncRef*, ValRaw*, void>)&CallOut;
        AddPassages(table);
        table[(int)Builtin.NewException] = (nint)(delegate* unmanaged<VmContext*, uint, uint, ulong>)&NewException;
        AddObjects(table);
        table[(int)Builtin.Throw] = (nint)(delegate* unmanaged<VmContext*, ulong, void>)&Throw;
        return table;
    }

    static void Report(VmContext* context, TrapCode trap)
    {
        if (trap == TrapCode.None) return;
        Activation* activation = context->Store->Current;
        activation->Trap = trap;
        activation->Exit = CallStatus.Trap;
    }

    [UnmanagedCallersOnly]
    static ulong MemoryGrow(VmContext* context, uint memory, ulong delta)
    {
        ulong result;
        Report(context, Builtins.MemoryGrow(context, memory, delta, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static void MemoryFill(VmContext* context, uint memory, ulong start, uint value, ulong count) =>
        Report(context, Builtins.MemoryFill(context, memory, start, value, count));

    [UnmanagedCallersOnly]
    static void MemoryCopy(VmContext* context, ulong memories, ulong to, ulong from, ulong count) =>
        Report(context, Builtins.MemoryCopy(context, (uint)(memories >> 32), (uint)memories, to, from, count));

    [UnmanagedCallersOnly]
    static void MemoryInit(VmContext* context, ulong memoryAndSegment, ulong to, uint from, uint count) =>
        Report(context, Builtins.MemoryInit(context, (uint)(memoryAndSegment >> 32), (uint)memoryAndSegment, to, from, count));

    [UnmanagedCallersOnly]
    static void DataDrop(VmContext* context, uint segment) => Builtins.DataDrop(context, segment);

    [UnmanagedCallersOnly]
    static ulong RefFunc(VmContext* context, uint function) => (ulong)Builtins.RefFunc(context, function);

    [UnmanagedCallersOnly]
    static ulong TableGet(VmContext* context, uint table, ulong index)
    {
        ulong payload;
        Report(context, Builtins.TableGet(context, table, index, &payload));
        return payload;
    }

    [UnmanagedCallersOnly]
    static ulong TableGrow(VmContext* context, uint table, ulong payload, ulong delta)
    {
        ulong result;
        Report(context, Builtins.TableGrow(context, table, payload, delta, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static void TableFill(VmContext* context, uint table, ulong start, ulong payload, ulong count) =>
        Report(context, Builtins.TableFill(context, table, start, payload, count));

    [UnmanagedCallersOnly]
    static void TableCopy(VmContext* context, ulong tables, ulong to, ulong from, ulong count) =>
        Report(context, Builtins.TableCopy(context, (uint)(tables >> 32), (uint)tables, to, from, count));

    [UnmanagedCallersOnly]
    static void TableInit(VmContext* context, ulong tableAndSegment, ulong to, uint from, uint count) =>
        Report(context, Builtins.TableInit(context, (uint)(tableAndSegment >> 32), (uint)tableAndSegment, to, from, count));

    [UnmanagedCallersOnly]
    static void ElemDrop(VmContext* context, uint segment) => Builtins.ElemDrop(context, segment);

    [UnmanagedCallersOnly]
    static ulong IsSubtype(VmContext* context, uint sub, uint super) => Store.Of(context->Store).Engine.Types.IsSubtype(sub, super) ? 1u : 0u;

    [UnmanagedCallersOnly]
    static void Interrupted(VmContext* context) => Report(context, Builtins.Interrupted(context));

    [UnmanagedCallersOnly]
    static ulong AtomicNotify(VmContext* context, uint memory, ulong address, uint most)
    {
        uint woken;
        Report(context, Builtins.AtomicNotify(context, memory, address, most, &woken));
        return woken;
    }

    [UnmanagedCallersOnly]
    static ulong AtomicWait32(VmContext* context, uint memory, ulong address, ulong expected, long timeout)
    {
        uint result;
        Report(context, Builtins.AtomicWait32(context, memory, address, (uint)expected, timeout, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static ulong AtomicWait64(VmContext* context, uint memory, ulong address, ulong expected, long timeout)
    {
        uint result;
        Report(context, Builtins.AtomicWait64(context, memory, address, expected, timeout, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static void CallOut(VmContext* caller, VmFuncRef* callee, ValRaw* values)
    {
        Activation* activation = caller->Store->Current;
        // An own function that nobody has referred to yet.
        if (callee->InterpreterEntry == 0) callee = Builtins.RefFunc(caller, (uint)(callee - caller->Functions));
        CallStatus status = callee->Context == null ? HostCalls.Invoke(caller, callee, values) : Interpret(Store.Of(caller->Store), activation, callee, values);
        if (status == CallStatus.WasmException) status = CatchHostException(Store.Of(caller->Store), activation);
        activation->Exit = status;
    }

    static CallStatus Interpret(Store store, Activation* activation, VmFuncRef* callee, ValRaw* values)
    {
        try
        {
            return GuestCalls.InvokeInner(store, ((NativeTier)store.Engine.Tier).Interpreter, callee, values);
        }
        catch (Exception exception)
        {
            // Translating a function is managed code that can fail; nothing may be thrown through machine code.
            store.Vm->Current = activation;
            return store.KeepException(exception);
        }
    }

    // What a host function has thrown goes on among the guest's frames where one of them has a handler; else it stays what it is.
    public static CallStatus CatchHostException(Store store, Activation* activation)
    {
        if (!NativeFrames.TryFindHandler(activation)) return CallStatus.WasmException;
        uint exception = store.TakeHostException(out CallStatus status);
        if (exception == 0) return status;
        activation->HandlerPayload = exception;
        return CallStatus.Caught;
    }

    [UnmanagedCallersOnly]
    static ulong NewException(VmContext* context, uint tag, uint bytes)
    {
        uint exception = Store.Of(context->Store).Heap.NewException(context->Tags[tag], (int)bytes, out TrapCode trap);
        Report(context, trap);
        return exception;
    }

    [UnmanagedCallersOnly]
    static void Throw(VmContext* context, ulong exception)
    {
        Activation* activation = context->Store->Current;
        if (NativeFrames.TryFindHandler(activation))
        {
            activation->HandlerPayload = exception;
            activation->Exit = CallStatus.Caught;
            return;
        }
        Store.Of(context->Store).KeepGuestException((uint)exception);
        activation->Exit = CallStatus.WasmException;
    }
}

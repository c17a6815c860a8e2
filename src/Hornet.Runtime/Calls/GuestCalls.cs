using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Hornet.Runtime;

/// <summary>From host to guest: every call of a function by the host comes through here.</summary>
internal static unsafe class GuestCalls
{
    /// <summary>Calls a function with its arguments in <paramref name="values"/>, where its results are left.</summary>
    public static void Invoke(Store store, VmFuncRef* callee, ValRaw* values)
    {
        store.CheckAccess();
        if (callee->Context == null)
        {
            store.HostFunctionAt(callee->Index).Invoke(store, null, values);
            return;
        }
        if (store.Vm->Current == null) InvokeOutermost(store, callee, values);
        else InvokeNested(store, callee, values);
    }

    // Everything of the activation is set here; clearing it first would cost more than the rest.
    [SkipLocalsInit]
    static void InvokeOutermost(Store store, VmFuncRef* callee, ValRaw* values)
    {
        ThreadBlock thread = ThreadBlock.Current;
        bool outermost = store.Enter();
        GuestStack stack;
        try
        {
            stack = thread.RentStack(store.Engine.GuestStackSize);
        }
        catch
        {
            if (outermost) store.Leave();
            throw;
        }
        Activation activation;
        Unsafe.SkipInit(out activation);
        activation.Parent = null;
        activation.StackBase = stack.Base;
        activation.StackEnd = stack.End;
        activation.HostStackLimit = thread.HostStackLimit;
        ExceptionDispatchInfo? failure;
        try
        {
            failure = Run(store, store.Engine.Tier, &activation, callee, values);
        }
        finally
        {
            store.Vm->Current = null;
            thread.ReturnStack(stack);
            if (outermost) store.Leave();
        }
        failure?.Throw();
    }

    // Guest, host, guest: the inner guest goes on where the outer one's stack ends.
    [SkipLocalsInit]
    static void InvokeNested(Store store, VmFuncRef* callee, ValRaw* values)
    {
        Activation* parent = store.Vm->Current;
        // Another thread may have entered since the caller looked: then the activation is not this thread's.
        store.CheckAccess();
        if ((byte*)&parent < parent->HostStackLimit) throw new TrapException(TrapCode.StackOverflow);
        Activation activation;
        Unsafe.SkipInit(out activation);
        activation.Parent = parent;
        activation.StackBase = parent->InterpreterTop;
        activation.StackEnd = parent->NativeTop;
        activation.HostStackLimit = parent->HostStackLimit;
        ExceptionDispatchInfo? failure;
        try
        {
            failure = Run(store, store.Engine.Tier, &activation, callee, values);
        }
        finally
        {
            store.Vm->Current = parent;
        }
        failure?.Throw();
    }

    /// <summary>
    /// Out of running guest code into a function that another tier runs. Never throws: what goes wrong is kept in the store and becomes
    /// a status.
    /// </summary>
    [SkipLocalsInit]
    public static CallStatus InvokeInner(Store store, Tier tier, VmFuncRef* callee, ValRaw* values)
    {
        Activation* parent = store.Vm->Current;
        if ((byte*)&parent < parent->HostStackLimit)
        {
            parent->Trap = TrapCode.StackOverflow;
            return CallStatus.Trap;
        }
        Activation activation;
        Unsafe.SkipInit(out activation);
        activation.Parent = parent;
        activation.StackBase = parent->InterpreterTop;
        activation.StackEnd = parent->NativeTop;
        activation.HostStackLimit = parent->HostStackLimit;
        ExceptionDispatchInfo? failure = Run(store, tier, &activation, callee, values);
        store.Vm->Current = parent;
        return failure is null ? CallStatus.Ok : store.KeepException(failure.SourceException);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ExceptionDispatchInfo? Run(Store store, Tier tier, Activation* activation, VmFuncRef* callee, ValRaw* values)
    {
        activation->Store = store.Vm;
        activation->InterpreterTop = activation->StackBase;
        activation->NativeTop = activation->StackEnd;
        activation->InterpreterFrame = null;
        activation->InterpreterIp = null;
        activation->TrapPc = 0;
        activation->InterpreterContext = null;
        activation->Trap = TrapCode.None;
        store.Vm->Current = activation;
        CallStatus status = tier.Call(activation, callee, values);
        return status == CallStatus.Ok ? null : store.ExceptionOf(activation, status);
    }
}

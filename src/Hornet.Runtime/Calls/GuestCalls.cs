using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

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
            InvokeHost(store, callee, values);
            return;
        }
        if (store.Vm->Current == null) InvokeOutermost(store, callee, values);
        else InvokeNested(store, callee, values);
    }

    // The frame of the host's that calls here cannot be suspended.
    static void InvokeHost(Store store, VmFuncRef* callee, ValRaw* values)
    {
        bool outermost = store.Enter();
        Activation* caller = store.Vm->Current;
        bool suspendable = caller != null && caller->Suspendable;
        if (suspendable) caller->Suspendable = false;
        try
        {
            store.HostFunctionAt(callee->Index).Invoke(store, null, values);
        }
        finally
        {
            if (suspendable) caller->Suspendable = true;
            if (outermost) store.Leave();
        }
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
            stack = thread.RentStack(store.Engine);
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
        activation.Suspendable = false;
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
        activation.Suspendable = false;
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
        Activation local;
        Unsafe.SkipInit(out local);
        // One that may be suspended outlives this frame.
        Activation* activation = parent->Suspendable ? (Activation*)NativeMemory.AllocZeroed((nuint)sizeof(Activation)) : &local;
        activation->Suspendable = parent->Suspendable;
        activation->Parent = parent;
        activation->StackBase = parent->InterpreterTop;
        activation->StackEnd = parent->NativeTop;
        activation->HostStackLimit = parent->HostStackLimit;
        CallStatus status = Enter(store, tier, activation, callee, values);
        return status == CallStatus.Suspended ? status : EndInner(store, ref activation, status);
    }

    /// <summary>A call within a guest's call has ended; afterwards the outer one is current.</summary>
    /// <returns>The status for the outer one.</returns>
    public static CallStatus EndInner(Store store, ref Activation* activation, CallStatus status)
    {
        Activation* parent = activation->Parent;
        ExceptionDispatchInfo? failure = status == CallStatus.Ok ? null : store.ExceptionOf(activation, status);
        store.Vm->Current = parent;
        if (activation->Suspendable) NativeMemory.Free(activation);
        activation = parent;
        return failure is null ? CallStatus.Ok : store.KeepException(failure.SourceException);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ExceptionDispatchInfo? Run(Store store, Tier tier, Activation* activation, VmFuncRef* callee, ValRaw* values)
    {
        CallStatus status = Enter(store, tier, activation, callee, values);
        return status == CallStatus.Ok ? null : store.ExceptionOf(activation, status);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static CallStatus Enter(Store store, Tier tier, Activation* activation, VmFuncRef* callee, ValRaw* values)
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
        store.SweepHandlesBefore(callee, values);
        return tier.Call(activation, callee, values);
    }
}

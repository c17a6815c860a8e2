using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>From host to guest: every call of a function by the host comes through here.</summary>
internal static unsafe class GuestCalls
{
    /// <summary>Calls a function with its arguments in <paramref name="values"/>, where its results are left.</summary>
    /// <param name="store">The function's.</param>
    /// <param name="callee">The function.</param>
    /// <param name="values">Its arguments, its results.</param>
    /// <param name="way">What the tier wants to remember of this function between calls; 0 at first.</param>
    [SkipLocalsInit] // everything of the activation is set; clearing it first would cost more than the rest
    public static void Invoke(Store store, VmFuncRef* callee, ValRaw* values, ref nint way)
    {
        ThreadBlock thread = ThreadBlock.Current;
        // What can throw has been done by earlier calls, so that no exception needs to be awaited here. Host functions have no way. Nothing of
        // the store's memory is read before it is entered: it may have been disposed.
        if (way != 0 && thread.IsReadyFor(store.Engine) && !store.MustSweepHandles && store.TryEnterBiased(thread.Id))
        {
            GuestStack stack = thread.TakeStack();
            Activation activation;
            Unsafe.SkipInit(out activation);
            CallStatus status = CallOutermost(store, thread, stack, &activation, callee, values, ref way);
            if (status == CallStatus.Ok)
            {
                End(&activation, thread, stack);
                store.LeaveBiased();
            }
            else
            {
                Fail(store, thread, stack, &activation, status, leave: true);
            }
        }
        else
        {
            InvokeAtFirst(store, thread, callee, values, ref way);
        }
    }

    static void InvokeAtFirst(Store store, ThreadBlock thread, VmFuncRef* callee, ValRaw* values, ref nint way)
    {
        // First of all: what a store that another thread drives looks like says nothing. Whoever makes this call may have entered already.
        bool leave = store.Enter();
        if (callee->Context == null) InvokeHost(store, callee, values, leave);
        else if (store.Vm->Current != null) InvokeNested(store, callee, values, ref way);
        else InvokeOutermost(store, thread, callee, values, ref way, leave);
    }

    // The frame of the host's that calls here cannot be suspended.
    static void InvokeHost(Store store, VmFuncRef* callee, ValRaw* values, bool leave)
    {
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
            if (leave) store.Leave();
        }
    }

    [SkipLocalsInit]
    static void InvokeOutermost(Store store, ThreadBlock thread, VmFuncRef* callee, ValRaw* values, ref nint way, bool leave)
    {
        GuestStack stack;
        try
        {
            thread.PrepareFor(store.Engine.Tier);
            store.SweepHandlesBefore(callee, values);
            stack = thread.RentStack(store.Engine);
        }
        catch
        {
            if (leave) store.Leave();
            throw;
        }
        Activation activation;
        CallStatus status = CallOutermost(store, thread, stack, &activation, callee, values, ref way);
        if (status != CallStatus.Ok) Fail(store, thread, stack, &activation, status, leave);
        End(&activation, thread, stack);
        thread.GetReadyFor(store.Engine);
        if (leave) store.Leave();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // of each call from the host, like what follows
    static CallStatus CallOutermost(Store store, ThreadBlock thread, GuestStack stack, Activation* activation, VmFuncRef* callee, ValRaw* values, ref nint way)
    {
        Begin(store.Vm, activation, null, stack.Base, stack.End, thread.HostStackLimit, suspendable: false);
        return store.Engine.Tier.Call(activation, callee, values, ref way);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void End(Activation* activation, ThreadBlock thread, GuestStack stack)
    {
        activation->Store->Current = null;
        thread.ReturnStack(stack);
    }

    [DoesNotReturn]
    static void Fail(Store store, ThreadBlock thread, GuestStack stack, Activation* activation, CallStatus status, bool leave)
    {
        ExceptionDispatchInfo failure;
        try
        {
            failure = store.ExceptionOf(activation, status);
        }
        finally
        {
            End(activation, thread, stack);
            if (leave) store.Leave();
        }
        failure.Throw();
    }

    // Guest, host, guest: the inner guest goes on where the outer one's stack ends.
    [SkipLocalsInit]
    static void InvokeNested(Store store, VmFuncRef* callee, ValRaw* values, ref nint way)
    {
        Activation* parent = store.Vm->Current;
        if ((byte*)&parent < parent->HostStackLimit) throw new TrapException(TrapCode.StackOverflow);
        Activation activation;
        Unsafe.SkipInit(out activation);
        ExceptionDispatchInfo? failure = null;
        try
        {
            store.SweepHandlesBefore(callee, values);
            Begin(store.Vm, &activation, parent, parent->InterpreterTop, parent->NativeTop, parent->HostStackLimit, suspendable: false);
            CallStatus status = store.Engine.Tier.Call(&activation, callee, values, ref way);
            if (status != CallStatus.Ok) failure = store.ExceptionOf(&activation, status);
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
    /// <param name="store">The store that runs.</param>
    /// <param name="tier">The other tier.</param>
    /// <param name="callee">The function.</param>
    /// <param name="values">Its arguments and results; of a function that goes on in a loop its frame.</param>
    /// <param name="loop">Code that goes on in a loop of the function (<see cref="Tier.EnterLoop"/>), 0 for a call.</param>
    [SkipLocalsInit]
    public static CallStatus InvokeInner(Store store, Tier tier, VmFuncRef* callee, ValRaw* values, nint loop = 0)
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
        if (loop == 0) store.SweepHandlesBefore(callee, values);
        Begin(store.Vm, activation, parent, parent->InterpreterTop, parent->NativeTop, parent->HostStackLimit, parent->Suspendable);
        nint way = 0;
        CallStatus status = loop == 0 ? tier.Call(activation, callee, values, ref way) : tier.EnterLoop(activation, callee, loop, values);
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

    // Everything of an activation that a call may leave: clearing it first would cost more than the rest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // of each call from the host
    static void Begin(VmStore* vm, Activation* activation, Activation* parent, byte* start, byte* end, byte* hostStackLimit, bool suspendable)
    {
        activation->Parent = parent;
        activation->Store = vm;
        activation->StackBase = activation->InterpreterTop = start;
        activation->StackEnd = activation->NativeTop = end;
        activation->HostStackLimit = hostStackLimit;
        activation->InterpreterFrame = null;
        activation->InterpreterIp = null;
        activation->InterpreterContext = null;
        activation->TrapPc = 0;
        activation->Trap = TrapCode.None;
        activation->Suspendable = suspendable;
        vm->Current = activation;
    }
}

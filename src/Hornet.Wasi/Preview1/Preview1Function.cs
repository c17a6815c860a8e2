using Hornet.Runtime;
using Hornet.Wasi.Host;
using Hornet.Wasi.Waiting;
using Hornet.Wasm;

namespace Hornet.Wasi.Preview1;

/// <summary>A function of preview 1 as the engine calls it: finds the store's world and the caller's memory, and hands back the errno.</summary>
internal sealed unsafe class Preview1Function(string parameters, bool returns, delegate*<WasiContext, GuestMemory, ValRaw*, Errno> body)
    : HostFunction(Types(parameters), returns ? [ValType.I32] : [])
{
    public override CallStatus Invoke(Store store, VmContext* caller, ValRaw* values)
    {
        if (store.Wasi is not WasiContext context)
            throw new InvalidOperationException("the store has no WASI configuration: call SetWasiConfiguration before its guests run");
        return Run(store, context, caller, values, null);
    }

    /// <summary>Calls the function, for the first time or after a wait.</summary>
    public CallStatus Run(Store store, WasiContext context, VmContext* caller, ValRaw* values, SuspendedWait? resumed)
    {
        VmMemory* memory = context.MemoryOf(store, caller);
        // A host's random numbers or clock may come back here with another guest's call.
        SuspendableCall? outer = context.Waiter.Call;
        SuspendableCall? call = context.Waiter.Begin(store.CanSuspend, resumed);
        Errno errno;
        try
        {
            errno = body(context, new GuestMemory(memory->Base, Volatile.Read(ref memory->Length)), values);
        }
        finally
        {
            context.Waiter.Call = outer;
        }
        if (errno == Errno.Intr)
            throw new TrapException(TrapCode.Interrupt);
        if (Store.HasTasks && errno == Errno.Suspended)
        {
            SuspendedWait wait = resumed ?? new(context, this, caller, values);
            (wait.Items, wait.Done) = (call!.Items, call.Done);
            return resumed is null ? store.Suspend(wait) : CallStatus.Suspended;
        }
        values[0].U64 = (uint)errno;
        return CallStatus.Ok;
    }

    static ValType[] Types(string letters)
    {
        var types = new ValType[letters.Length];
        for (int i = 0; i < types.Length; i++)
            types[i] = letters[i] == 'i' ? ValType.I32 : ValType.I64;
        return types;
    }
}

namespace Hornet.Runtime;

/// <summary>From guest to host: every tier's calls of host functions come through here.</summary>
internal static unsafe class HostCalls
{
    /// <summary>
    /// Calls a host function. Never throws: an exception of the host function is kept in the store and becomes a status.
    /// </summary>
    /// <param name="caller">The calling instance.</param>
    /// <param name="callee">A host function's reference: its context is null.</param>
    /// <param name="values">Arguments in, results out; as many slots as the larger of both needs.</param>
    public static CallStatus Invoke(VmContext* caller, VmFuncRef* callee, ValRaw* values)
    {
        VmStore* vm = caller->Store;
        Activation* activation = vm->Current;
        // The address of a local is the host stack pointer, near enough.
        if ((byte*)&activation < activation->HostStackLimit)
        {
            activation->Trap = TrapCode.StackOverflow;
            return CallStatus.Trap;
        }
        Store store = Store.Of(vm);
        try
        {
            store.SweepHandlesBefore(callee, values);
            return store.HostFunctionAt(callee->Index).Invoke(store, caller, values);
        }
        catch (Exception exception)
        {
            return store.KeepException(exception);
        }
    }
}

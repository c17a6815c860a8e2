using Hornet.Runtime;
using Hornet.Wasi.Host;
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
        VmMemory* memory = context.MemoryOf(store, caller);
        Errno errno = body(context, new GuestMemory(memory->Base, Volatile.Read(ref memory->Length)), values);
        if (errno == Errno.Intr)
            throw new TrapException(TrapCode.Interrupt);
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

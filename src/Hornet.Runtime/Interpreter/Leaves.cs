using System.Runtime.CompilerServices;


namespace Hornet.Runtime;

/// <summary>
/// Operators that are too rare or too heavy for a handler: called through one, or where a handler gives up. Each returns the
/// next ip, or null to leave the run with the machine's status; they find and leave the registers in the machine.
/// </summary>
internal static unsafe partial class Leaves
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref int Int(byte* ip, byte* fp, int field) => ref *(int*)(fp + *(int*)(ip + field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref uint UInt(byte* ip, byte* fp, int field) => ref *(uint*)(fp + *(int*)(ip + field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref ulong Long(byte* ip, byte* fp, int field) => ref *(ulong*)(fp + *(int*)(ip + field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Number(byte* ip, int field) => *(int*)(ip + field);

    /// <summary>Leaves the run with a trap; the trap's code is in the machine.</summary>
    public static byte* Trap(byte* ip, byte* fp, Machine* m)
    {
        Activation* activation = m->Activation;
        activation->Trap = m->TrapCode;
        // CallMachine belongs to no function: the call that led there does.
        activation->InterpreterIp = ip == Dispatch.CallMachine ? m->ReturnIp - 1 : ip;
        activation->InterpreterFrame = fp;
        activation->InterpreterContext = m->Vm;
        m->Status = (nint)CallStatus.Trap;
        return null;
    }

    public static byte* Raise(byte* ip, byte* fp, Machine* m, TrapCode code)
    {
        m->TrapCode = code;
        return Trap(ip, fp, m);
    }

    /// <summary>A memory access has failed against the length register: it is repeated if that was out of date.</summary>
    public static byte* OutOfBounds(byte* ip, byte* fp, Machine* m) =>
        m->Length != Volatile.Read(ref m->Vm->Memory0->Length) ? ip : Raise(ip, fp, m, TrapCode.MemoryOutOfBounds);

    public static byte* Interrupt(byte* ip, byte* fp, Machine* m)
    {
        Expose(ip + 7, fp, m);
        TrapCode trap = Builtins.Interrupted(m->Vm);
        return trap == TrapCode.None ? ip + 8 : Raise(ip, fp, m, trap);
    }

    /// <summary>
    /// Makes the guest's frames visible to the host: backtraces, nested calls, the collector. The ip is the last byte of the
    /// instruction: what is known of a safepoint is known by the next instruction's offset.
    /// </summary>
    static void Expose(byte* ip, byte* fp, Machine* m)
    {
        Activation* activation = m->Activation;
        activation->InterpreterIp = ip;
        activation->InterpreterFrame = fp;
        activation->InterpreterContext = m->Vm;
    }

    public static byte* Fence(byte* ip, byte* fp, Machine* m)
    {
        Interlocked.MemoryBarrier();
        return ip + 16;
    }

    public static byte* RefFunc(byte* ip, byte* fp, Machine* m)
    {
        Long(ip, fp, 16) = (ulong)Builtins.RefFunc(m->Vm, (uint)Number(ip, 20));
        return ip + 24;
    }
}

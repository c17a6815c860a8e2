using System.Runtime.CompilerServices;


namespace Hornet.Runtime;

// Calls that need more than a handler does.
internal static unsafe partial class Leaves
{
    /// <summary>A direct call found an empty cell; it is repeated.</summary>
    public static byte* Translate(byte* ip, byte* fp, Machine* m)
    {
        InterpreterCode code = InterpreterCode.Of(m->Vm);
        return TryTranslate(code, m->Cell, ip, fp, m) ? ip : null;
    }

    // A function that cannot be translated ends the run where it is called.
    static bool TryTranslate(InterpreterCode code, nint cell, byte* call, byte* fp, Machine* m)
    {
        try
        {
            code.Translate(cell);
            return true;
        }
        catch (Exception exception)
        {
            Fail(exception, call, fp, m);
            return false;
        }
    }

    // Nothing may be thrown through the run: what managed code here throws becomes its status.
    static byte* Fail(Exception exception, byte* ip, byte* fp, Machine* m)
    {
        Expose(ip, fp, m);
        m->Status = (nint)Hornet.Store.Of(m->Store).KeepException(exception);
        return null;
    }

    /// <summary>A call through a reference found an empty cell; callee, frame and return address are in the machine.</summary>
    public static byte* TranslateCallee(byte* ip, byte* fp, Machine* m)
    {
        InterpreterCode code = InterpreterCode.Of(m->Callee->Context);
        return TryTranslate(code, m->Callee->InterpreterEntry, m->ReturnIp - 1, fp, m) ? Dispatch.CallMachine : null;
    }

    /// <summary>call_indirect where the slot is not initialised or the type is not the same. Fields: index, table, type, frame.</summary>
    public static byte* CallIndirectSlow(byte* ip, byte* fp, Machine* m) =>
        Indirect(ip, fp, m, UInt(ip, fp, 8), Number(ip, 12), Number(ip, 16), fp + Number(ip, 20), ip + 24);

    public static byte* CallIndirect64(byte* ip, byte* fp, Machine* m) =>
        Indirect(ip, fp, m, Long(ip, fp, 16), Number(ip, 20), Number(ip, 24), fp + Number(ip, 28), ip + 32);

    static byte* Indirect(byte* ip, byte* fp, Machine* m, ulong index, int table, int type, byte* frame, byte* ret)
    {
        VmFuncRef* callee = Look(ip, fp, m, index, table, type);
        if (callee == null) return null;
        m->Callee = callee;
        m->Frame = frame;
        m->ReturnIp = ret;
        return Dispatch.CallMachine;
    }

    /// <summary>The function in a table, of the right type; null after a trap.</summary>
    static VmFuncRef* Look(byte* ip, byte* fp, Machine* m, ulong index, int table, int type)
    {
        VmContext* vm = m->Vm;
        ulong payload = 0;
        TrapCode trap = Builtins.TableGet(vm, (uint)table, index, &payload);
        if (trap == TrapCode.TableOutOfBounds) trap = TrapCode.UndefinedElement;
        VmFuncRef* callee = (VmFuncRef*)payload;
        if (trap == TrapCode.None && callee == null) trap = TrapCode.IndirectCallToNull;
        if (trap == TrapCode.None && callee->TypeId != vm->TypeIds[type] && !Hornet.Store.Of(vm->Store).Engine.Types.IsSubtype(callee->TypeId, vm->TypeIds[type])) trap = TrapCode.BadSignature;
        if (trap == TrapCode.None) return callee;
        Raise(ip, fp, m, trap);
        return null;
    }

    /// <summary>return_call. Fields: offset in Functions, arguments, their bytes, bytes of the caller's parameters.</summary>
    public static byte* ReturnCall(byte* ip, byte* fp, Machine* m)
    {
        VmFuncRef* callee = (VmFuncRef*)((byte*)m->Vm->Functions + Number(ip, 16));
        // Imported functions' copies are filled in, own ones made on demand.
        return Tail(ip, fp, m, callee->InterpreterEntry != 0 ? callee : Builtins.RefFunc(m->Vm, (uint)(callee - m->Vm->Functions)));
    }

    /// <summary>return_call_ref. Fields: callee, and as return_call.</summary>
    public static byte* ReturnCallRef(byte* ip, byte* fp, Machine* m)
    {
        VmFuncRef* callee = (VmFuncRef*)Long(ip, fp, 16);
        return callee == null ? Raise(ip, fp, m, TrapCode.NullFunctionReference) : Tail(ip, fp, m, callee);
    }

    /// <summary>return_call_indirect. Fields: index, as return_call, table, type.</summary>
    public static byte* ReturnCallIndirect(byte* ip, byte* fp, Machine* m)
    {
        bool is64 = m->Vm->Tables[Number(ip, 32)]->Is64;
        VmFuncRef* callee = Look(ip, fp, m, is64 ? Long(ip, fp, 16) : UInt(ip, fp, 16), Number(ip, 32), Number(ip, 36));
        return callee == null ? null : Tail(ip, fp, m, callee);
    }

    // The arguments take the place of the caller's parameters, its header moves behind them: constant space.
    static byte* Tail(byte* ip, byte* fp, Machine* m, VmFuncRef* callee)
    {
        FrameHeader header = *(FrameHeader*)fp;
        int bytes = Number(ip, 24);
        byte* start = fp - Number(ip, 28);
        Buffer.MemoryCopy(fp + Number(ip, 20), start, bytes, bytes);
        m->Callee = callee;
        m->Frame = start + bytes;
        m->ReturnIp = header.ReturnIp;
        m->Fp = header.CallerFp;
        m->Vm = header.CallerVm;
        return Dispatch.CallMachine;
    }

    /// <summary>The one instruction of a host function. Fields: bytes of arguments, of results.</summary>
    public static byte* HostCall(byte* ip, byte* fp, Machine* m)
    {
        int arguments = Number(ip, 16), results = Number(ip, 20);
        VmFuncRef* callee = m->Callee;
        byte* start = fp - arguments;
        // Results that would overwrite the header are made above it: a call that waits must still find it.
        byte* values = results <= arguments ? start : fp + FrameHeader.Size;
        if (values != start) Unsafe.CopyBlockUnaligned(values, start, (uint)arguments);
        ExposeCaller(fp, FrameHeader.Size + Math.Max(arguments, results), m);
        return Left(ip, fp, m, HostCalls.Invoke(m->Vm, callee, (ValRaw*)values));
    }

    /// <summary>The second half of a host call, which may come long after the first.</summary>
    public static byte* HostReturned(byte* ip, byte* fp, Machine* m, CallStatus status)
    {
        FrameHeader header = *(FrameHeader*)fp;
        if (status != CallStatus.Ok) return HostFailed(header, status, m);
        int arguments = Number(ip, 16), results = Number(ip, 20);
        if (results > arguments) Unsafe.CopyBlockUnaligned(fp - arguments, fp + FrameHeader.Size, (uint)results);
        m->Fp = header.CallerFp;
        m->Vm = header.CallerVm;
        return header.ReturnIp;
    }
}

using System.Runtime.CompilerServices;

namespace Hornet.Runtime;

// From the interpreter to machine code.
internal static unsafe partial class Leaves
{
    /// <summary>A function is hot: if it has machine code now, this call of it goes there.</summary>
    public static byte* HotCall(byte* ip, byte* fp, Machine* m)
    {
        CodeHeader* header = (CodeHeader*)(ip + Number(ip, 8));
        InterpreterCode code = InterpreterCode.Of(m->Vm);
        try
        {
            code.TierUp!.Called(header);
        }
        catch (Exception exception)
        {
            return Fail(exception, ip, fp, m);
        }
        byte* entry = *(byte**)code.Cell(header->Function - code.Environment.ImportedFunctions);
        // Machine code's stand-in wants the frame as it is, and has room in it.
        return entry == (byte*)(header + 1) ? ip + 16 : entry;
    }

    /// <summary>
    /// A loop is hot: if there is machine code that begins at its head, it takes the frame's values and ends the function. The frame is
    /// nobody's from then on: neither backtraces nor the collector see it.
    /// </summary>
    public static byte* HotLoop(byte* ip, byte* fp, Machine* m)
    {
        CodeHeader* header = (CodeHeader*)(ip + Number(ip, 8));
        nint loop;
        try
        {
            loop = InterpreterCode.Of(m->Vm).TierUp!.Looped(header, (LoopCounter*)ip);
        }
        catch (Exception exception)
        {
            return Fail(exception, ip, fp, m);
        }
        if (loop == 0) return ip + LoopCounter.Size;
        // The instruction whose second half comes when machine code returns: the header's fields lie as HostCall's do.
        byte* ends = (byte*)&header->ParamBytes - 16;
        ExposeCaller(fp, header->FrameBytes, m);
        CallStatus status = GuestCalls.InvokeInner(Hornet.Store.Of(m->Store), Hornet.Store.Of(m->Store).Engine.Tier, Builtins.RefFunc(m->Vm, (uint)header->Function), (ValRaw*)fp, loop);
        return Left(ends, fp, m, status);
    }

    /// <summary>The one instruction that stands for a function with machine code. Fields: bytes of arguments, of results, the function.</summary>
    public static byte* MachineCode(byte* ip, byte* fp, Machine* m)
    {
        int arguments = Number(ip, 16), results = Number(ip, 20);
        byte* start = fp - arguments, values = results <= arguments ? start : fp + FrameHeader.Size;
        if (values != start) Unsafe.CopyBlockUnaligned(values, start, (uint)arguments);
        ExposeCaller(fp, FrameHeader.Size + Math.Max(arguments, results), m);
        Store store = Hornet.Store.Of(m->Store);
        return Left(ip, fp, m, GuestCalls.InvokeInner(store, store.Engine.Tier, Builtins.RefFunc(m->Vm, (uint)Number(ip, 24)), (ValRaw*)values));
    }

    static byte* Left(byte* ip, byte* fp, Machine* m, CallStatus status)
    {
        if (status == CallStatus.Suspended)
        {
            m->Activation->ResumeIp = ip;
            m->Activation->ResumeFp = fp;
        }
        return HostReturned(ip, fp, m, status);
    }

    /// <summary>What the host sees of this activation's frames while a call leads out of it: they end with the caller of the current one.</summary>
    static void ExposeCaller(byte* fp, int frameBytes, Machine* m)
    {
        FrameHeader* header = (FrameHeader*)fp;
        Activation* activation = m->Activation;
        activation->InterpreterTop = fp + frameBytes;
        activation->InterpreterIp = header->ReturnIp == Dispatch.Exit ? header->ReturnIp : header->ReturnIp - 1;
        activation->InterpreterFrame = header->CallerFp;
        activation->InterpreterContext = header->CallerVm;
    }
}

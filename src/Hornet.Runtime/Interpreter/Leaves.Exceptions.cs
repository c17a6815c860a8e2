using System.Runtime.CompilerServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

// Exceptions: thrown as objects of the heap, caught by walking frames and the handler tables of their functions. Code that does
// not throw pays nothing. Source: spec, exec/instructions, throw_ref.
internal static unsafe partial class Leaves
{
    /// <summary>Fields: tag, where the payload is, its bytes.</summary>
    public static byte* Throw(byte* ip, byte* fp, Machine* m)
    {
        GcHeap heap = Heap(m);
        VmTag* tag = m->Vm->Tags[Number(ip, 16)];
        int bytes = Number(ip, 24);
        Expose(ip + 27, fp, m);
        uint exception = heap.NewException(tag, bytes, out TrapCode trap);
        if (exception == 0) return Raise(ip, fp, m, trap);
        Unsafe.CopyBlockUnaligned(heap.PayloadOf(exception), fp + Number(ip, 20), (uint)bytes);
        return Unwind(ip, fp, m->Vm, m, exception);
    }

    /// <summary>Field: the exception.</summary>
    public static byte* ThrowRef(byte* ip, byte* fp, Machine* m)
    {
        uint exception = UInt(ip, fp, 16);
        return exception == 0 ? Raise(ip, fp, m, TrapCode.NullExceptionReference) : Unwind(ip, fp, m->Vm, m, exception);
    }

    /// <summary>Goes on at the innermost handler, or leaves the run.</summary>
    static byte* Unwind(byte* ip, byte* fp, VmContext* vm, Machine* m, uint exception)
    {
        GcHeap heap = Heap(m);
        VmTag* tag = heap.TagOf(exception);
        while (true)
        {
            if (InterpreterCode.Of(vm).Find(ip) is { Handlers.Length: > 0 } function)
            {
                ExceptionHandler? handler = HandlerAt(function, (int)(ip - function.Start), vm, tag);
                if (handler is { } found)
                {
                    Deliver(heap, exception, found, fp);
                    m->Fp = fp;
                    m->Vm = vm;
                    return function.Start + found.Target;
                }
            }
            FrameHeader* header = (FrameHeader*)fp;
            if (header->ReturnIp == Dispatch.Exit)
            {
                Hornet.Store.Of(m->Store).KeepGuestException(exception);
                m->Status = (nint)CallStatus.WasmException;
                return null;
            }
            ip = header->ReturnIp - 1;
            fp = header->CallerFp;
            vm = header->CallerVm;
        }
    }

    static ExceptionHandler? HandlerAt(TranslatedFunction function, int at, VmContext* vm, VmTag* tag)
    {
        int depth = int.MaxValue;
        foreach (ExceptionHandler handler in function.Handlers)
        {
            if (at < handler.From || at >= handler.To || handler.Depth > depth) continue;
            if (handler.DelegateTo >= 0) depth = handler.DelegateTo;
            else if (handler.Tag < 0 || vm->Tags[handler.Tag] == tag) return handler;
        }
        return null;
    }

    static void Deliver(GcHeap heap, uint exception, in ExceptionHandler handler, byte* fp)
    {
        byte* to = fp + handler.Values;
        if (handler.Kind is CatchKind.Catch or CatchKind.CatchRef)
        {
            int bytes = heap.PayloadBytes(exception);
            Unsafe.CopyBlockUnaligned(to, heap.PayloadOf(exception), (uint)bytes);
            to += bytes;
        }
        if (handler.Kind is CatchKind.CatchRef or CatchKind.CatchAllRef) *(ulong*)to = exception;
        if (handler.Caught != 0) *(ulong*)(fp + handler.Caught) = exception;
    }

    /// <summary>A host function has failed: an exception of WebAssembly's goes on among the guest's frames.</summary>
    static byte* HostFailed(in FrameHeader header, CallStatus status, Machine* m)
    {
        if (status == CallStatus.WasmException && header.ReturnIp != Dispatch.Exit)
        {
            uint exception = Hornet.Store.Of(m->Store).TakeHostException(out status);
            if (exception != 0) return Unwind(header.ReturnIp - 1, header.CallerFp, header.CallerVm, m, exception);
        }
        m->Status = (nint)status;
        return null;
    }
}

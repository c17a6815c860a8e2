using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>The interpreter: translates a function to register code at its first call (docs/interpreter.md).</summary>
internal sealed unsafe class InterpreterTier : Tier
{
    // A cell and the HostCall instruction behind it, for each pair of argument and result bytes.
    static readonly ConcurrentDictionary<long, nint> HostCells = new();

    public override ModuleCode Prepare(ModuleEnvironment environment, ModuleContent content, CodeSettings settings) =>
        new InterpreterCode(environment, content, settings);

    public override void Link(ModuleCode code, VmContext* context) => context->InterpreterCode = ((InterpreterCode)code).Handle;

    public override void LinkFunction(VmContext* context, VmFuncRef* function)
    {
        InterpreterCode own = InterpreterCode.Of(context);
        function->InterpreterEntry = own.Cell((int)function->Index - own.Environment.ImportedFunctions);
    }

    public override void LinkHost(VmFuncRef* function, FuncType type)
    {
        // One number: the hash of a pair asks the system for random numbers.
        long shape = (long)FrameLayout.Bytes(type.Parameters) << 32 | (uint)FrameLayout.Bytes(type.Results);
        function->InterpreterEntry = HostCells.GetOrAdd(shape, static shape => HostCell((int)(shape >> 32), (int)shape));
    }

    static nint HostCell(int paramBytes, int resultBytes)
    {
        // SAFETY: cell, header, one CallOut instruction with its two fields; never freed.
        byte* block = (byte*)NativeMemory.AllocZeroed((nuint)(sizeof(nint) + sizeof(CodeHeader) + 24));
        byte* entry = block + sizeof(nint) + sizeof(CodeHeader);
        *(byte**)block = entry;
        *(CodeHeader*)(entry - sizeof(CodeHeader)) = new CodeHeader
        {
            ParamBytes = paramBytes, ResultBytes = resultBytes, Function = -1,
            // Results that would overwrite the header are made above it.
            FrameBytes = FrameHeader.Size + Math.Max(paramBytes, resultBytes),
        };
        *(nint*)entry = Dispatch.Word(Code.CallOut);
        *(nint*)(entry + 8) = (nint)(delegate*<byte*, byte*, Machine*, byte*>)&Leaves.HostCall;
        *(int*)(entry + 16) = paramBytes;
        *(int*)(entry + 20) = resultBytes;
        return (nint)block;
    }

    public override CallStatus Call(Activation* activation, VmFuncRef* callee, ValRaw* values, ref nint way)
    {
        byte** cell = (byte**)(way = callee->InterpreterEntry);
        if (*cell == null && Translate(activation, callee) is var translated and not CallStatus.Ok) return translated;
        byte* entry = *cell;
        CodeHeader* header = (CodeHeader*)entry - 1;
        byte* start = activation->StackBase;
        byte* limit = LimitOf(activation);
        byte* fp = start + header->ParamBytes;
        if (fp + Math.Max(header->FrameBytes, header->ResultBytes) > limit)
        {
            activation->Trap = TrapCode.StackOverflow;
            return CallStatus.Trap;
        }
        Machine machine = default;
        machine.Limit = limit;
        machine.Store = activation->Store;
        machine.Activation = activation;
        machine.Callee = callee;
        machine.Vm = callee->Context;
        Buffer.MemoryCopy(values, start, header->ParamBytes, header->ParamBytes);
        *(FrameHeader*)fp = new FrameHeader { ReturnIp = Dispatch.Exit, CallerFp = null, CallerVm = callee->Context };
        return Left(activation, callee, values, Dispatch.Run(entry, fp, callee->Context, &machine));
    }

    static CallStatus Translate(Activation* activation, VmFuncRef* callee)
    {
        try
        {
            InterpreterCode.Of(callee->Context).Translate(callee->InterpreterEntry);
            return CallStatus.Ok;
        }
        catch (Exception exception)
        {
            return Store.Of(activation->Store).KeepException(exception);
        }
    }

    public override CallStatus Resume(Activation* activation, CallStatus status)
    {
        Machine machine = default;
        machine.Limit = LimitOf(activation);
        machine.Store = activation->Store;
        machine.Activation = activation;
        byte* next = Leaves.HostReturned(activation->ResumeIp, activation->ResumeFp, &machine, status);
        activation->ResumeIp = null;
        status = next == null ? (CallStatus)machine.Status : Dispatch.Run(next, machine.Fp, machine.Vm, &machine);
        return Left(activation, activation->Callee, activation->Values, status);
    }

    static byte* LimitOf(Activation* activation) => activation->NativeTop != null ? activation->NativeTop : activation->StackEnd;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static CallStatus Left(Activation* activation, VmFuncRef* callee, ValRaw* values, CallStatus status)
    {
        if (status == CallStatus.Ok)
        {
            int bytes = ((CodeHeader*)*(byte**)callee->InterpreterEntry - 1)->ResultBytes;
            Buffer.MemoryCopy(activation->StackBase, values, bytes, bytes);
        }
        else if (status == CallStatus.Suspended)
        {
            activation->Callee = callee;
            activation->Values = values;
        }
        return status;
    }

    public override void Backtrace(Activation* activation, List<FrameLocation> frames, int most)
    {
        byte* ip = (byte*)activation->InterpreterIp, fp = (byte*)activation->InterpreterFrame;
        VmContext* vm = activation->InterpreterContext;
        while (fp != null && ip != Dispatch.Exit && frames.Count < most)
        {
            // An ip that belongs to no function is in a stub that stands between two frames.
            if (InterpreterCode.Of(vm).Find(ip) is { } function) frames.Add(new(vm, function.Index, function.OffsetOf(ip)));
            FrameHeader* header = (FrameHeader*)fp;
            // A return address points behind its call.
            ip = header->ReturnIp == Dispatch.Exit ? Dispatch.Exit : header->ReturnIp - 1;
            fp = header->CallerFp;
            vm = header->CallerVm;
        }
    }

    public override void VisitRoots(Activation* activation, GcHeap heap)
    {
        // The last byte of the instruction that the frame is in: its safepoint is known by the offset behind it.
        byte* ip = (byte*)activation->InterpreterIp, fp = (byte*)activation->InterpreterFrame;
        VmContext* vm = activation->InterpreterContext;
        while (fp != null && ip != Dispatch.Exit)
        {
            if (InterpreterCode.Of(vm).Find(ip) is { } function)
            {
                foreach (int offset in function.Roots.Locals) Visit(fp + offset, heap);
                foreach (int offset in function.Roots.OperandsAt((int)(ip + 1 - function.Start))) Visit(fp + offset, heap);
            }
            FrameHeader* header = (FrameHeader*)fp;
            ip = header->ReturnIp == Dispatch.Exit ? Dispatch.Exit : header->ReturnIp - 1;
            fp = header->CallerFp;
            vm = header->CallerVm;
        }
    }

    static void Visit(byte* slot, GcHeap heap) => heap.ForwardSlot((ulong*)slot);
}

using System.Runtime.InteropServices;
using Hornet.Base;
using Hornet.Runtime;

namespace Hornet.Native;

/// <content>Objects of the GC heap. References are numbers here, read before anything can move.</content>
internal static unsafe partial class NativeBuiltins
{
    static void AddObjects(nint* table)
    {
        table[(int)Builtin.NewStruct] = (nint)(delegate* unmanaged<VmContext*, uint, ulong>)&NewStruct;
        table[(int)Builtin.NewArray] = (nint)(delegate* unmanaged<VmContext*, uint, uint, ulong>)&NewArray;
        table[(int)Builtin.NewArrayFromData] = (nint)(delegate* unmanaged<VmContext*, ulong, uint, uint, ulong>)&NewArrayFromData;
        table[(int)Builtin.NewArrayFromElem] = (nint)(delegate* unmanaged<VmContext*, ulong, uint, uint, ulong>)&NewArrayFromElem;
        table[(int)Builtin.ArrayFill] = (nint)(delegate* unmanaged<VmContext*, uint, ulong, uint, ulong*, void>)&ArrayFill;
        table[(int)Builtin.ArrayCopy] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, ulong, void>)&ArrayCopy;
        table[(int)Builtin.ArrayInitData] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, uint, uint, void>)&ArrayInitData;
        table[(int)Builtin.ArrayInitElem] = (nint)(delegate* unmanaged<VmContext*, ulong, ulong, uint, uint, void>)&ArrayInitElem;
        table[(int)Builtin.FunctionNumber] = (nint)(delegate* unmanaged<VmContext*, VmFuncRef*, ulong>)&FunctionNumber;
    }

    [UnmanagedCallersOnly]
    static ulong NewStruct(VmContext* context, uint type)
    {
        uint result;
        Report(context, Builtins.NewStruct(context, type, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static ulong NewArray(VmContext* context, uint type, uint length)
    {
        uint result;
        Report(context, Builtins.NewArray(context, type, length, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static ulong NewArrayFromData(VmContext* context, ulong typeAndSegment, uint from, uint length)
    {
        uint result;
        Report(context, Builtins.NewArrayFromData(context, (uint)(typeAndSegment >> 32), (uint)typeAndSegment, from, length, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static ulong NewArrayFromElem(VmContext* context, ulong typeAndSegment, uint from, uint length)
    {
        uint result;
        Report(context, Builtins.NewArrayFromElem(context, (uint)(typeAndSegment >> 32), (uint)typeAndSegment, from, length, &result));
        return result;
    }

    [UnmanagedCallersOnly]
    static void ArrayFill(VmContext* context, uint storage, ulong place, uint count, ulong* value) =>
        Report(context, Builtins.ArrayFill(context, (GcStorage)storage, (uint)(place >> 32), (uint)place, count, value));

    [UnmanagedCallersOnly]
    static void ArrayCopy(VmContext* context, ulong target, ulong source, ulong storageAndCount) =>
        Report(context, Builtins.ArrayCopy(context, (GcStorage)(storageAndCount >> 32), (uint)(target >> 32), (uint)target, (uint)(source >> 32), (uint)source, (uint)storageAndCount));

    [UnmanagedCallersOnly]
    static void ArrayInitData(VmContext* context, ulong storageAndSegment, ulong place, uint from, uint count) =>
        Report(context, Builtins.ArrayInitData(context, (GcStorage)(storageAndSegment >> 32), (uint)storageAndSegment, (uint)(place >> 32), (uint)place, from, count));

    [UnmanagedCallersOnly]
    static void ArrayInitElem(VmContext* context, ulong storageAndSegment, ulong place, uint from, uint count) =>
        Report(context, Builtins.ArrayInitElem(context, (GcStorage)(storageAndSegment >> 32), (uint)storageAndSegment, (uint)(place >> 32), (uint)place, from, count));

    [UnmanagedCallersOnly]
    static ulong FunctionNumber(VmContext* context, VmFuncRef* function) => Store.Of(context->Store).Heap.NumberOf(function);
}

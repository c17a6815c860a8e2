using Hornet.Runtime;

namespace Hornet.Native;

/// <summary>Where the fields that machine code touches lie, asked of the structs themselves.</summary>
internal static unsafe class VmOffsets
{
    // Room for the largest of the structs: taking a field's address through a pointer may read what it points to.
    static readonly byte* At = (byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(512);

    static int From(void* field) => (int)((byte*)field - At);

    public static readonly int ContextStore = From(&((VmContext*)At)->Store);
    public static readonly int ContextTrapStub = From(&((VmContext*)At)->TrapStub);
    public static readonly int ContextNativeEntries = From(&((VmContext*)At)->NativeEntries);
    public static readonly int ContextNativeBuiltins = From(&((VmContext*)At)->NativeBuiltins);
    public static readonly int ContextMemory0Base = From(&((VmContext*)At)->Memory0Base);
    public static readonly int ContextMemory0 = From(&((VmContext*)At)->Memory0);

    public static readonly int StoreCurrent = From(&((VmStore*)At)->Current);
    public static readonly int StoreFuel = From(&((VmStore*)At)->Fuel);
    public static readonly int StoreInterrupt = From(&((VmStore*)At)->Interrupt);
    public static readonly int StoreHeapBase = From(&((VmStore*)At)->HeapBase);
    public static readonly int StoreHeapFunctions = From(&((VmStore*)At)->HeapFunctions);
    public static readonly int StoreHeapLimit = From(&((VmStore*)At)->HeapLimit);
    public static readonly int StoreHeapTop = From(&((VmStore*)At)->HeapTop);
    public static readonly int StoreTypeDisplays = From(&((VmStore*)At)->TypeDisplays);
    public static readonly int StoreStackLimit = From(&((VmStore*)At)->NativeStackLimit);

    public static readonly int MemoryBase = From(&((VmMemory*)At)->Base);
    public static readonly int MemoryLength = From(&((VmMemory*)At)->Length);

    public static readonly int TableSlots = From(&((VmTable*)At)->Slots);
    public static readonly int TableLength = From(&((VmTable*)At)->Length);

    public static readonly int FuncRefNativeEntry = From(&((VmFuncRef*)At)->NativeEntry);
    public static readonly int FuncRefContext = From(&((VmFuncRef*)At)->NativeContext);
    public static readonly int FuncRefTypeId = From(&((VmFuncRef*)At)->TypeId);

    public static readonly int ActivationExit = From(&((Activation*)At)->Exit);
    public static readonly int ActivationHandlerFrame = From(&((Activation*)At)->HandlerFrame);
    public static readonly int ActivationHandlerPayload = From(&((Activation*)At)->HandlerPayload);
    public static readonly int ActivationHandlerPc = From(&((Activation*)At)->HandlerPc);
    public static readonly int ActivationHostStackPointer = From(&((Activation*)At)->HostStackPointer);
    public static readonly int ActivationNativeTop = From(&((Activation*)At)->NativeTop);
    public static readonly int ActivationRegisters = From(&((Activation*)At)->Registers);
    public static readonly int ActivationTrapAddress = From(&((Activation*)At)->TrapAddress);
    public static readonly int ActivationTrapContext = From(&((Activation*)At)->TrapContext);
    public static readonly int ActivationTrapFrame = From(&((Activation*)At)->TrapFrame);
    public static readonly int ActivationTrapPc = From(&((Activation*)At)->TrapPc);
}

using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// An instance as code sees it: this header, followed in the same block by the arrays that it points to (laid out by
/// <see cref="VmContextLayout"/>). Items that are imported point into the exporting instance or the store.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmContext
{
    /// <summary>What all instances of the store share.</summary>
    public VmStore* Store;
    /// <summary>Memory 0, or an empty memory where there is none: never null, so that code needs no test.</summary>
    public VmMemory* Memory0;
    /// <summary>The base of memory 0, for machine code whose memories are reserved and never move; of others it may be out of date.</summary>
    public byte* Memory0Base;
    /// <summary>One for each function of the module, imported ones first: a copy of the imported function's own. One that the module defines is zero until somebody asks for it (<see cref="Builtins.RefFunc"/>).</summary>
    public VmFuncRef* Functions;
    public VmMemory** Memories;
    public VmTable** Tables;
    public VmGlobal** Globals;
    public VmTag** Tags;
    /// <summary>Engine-wide type id of each type index of the module.</summary>
    public uint* TypeIds;
    /// <summary>One for each data segment; a dropped segment has length 0.</summary>
    public VmDataSegment* DataSegments;
    /// <summary>One for each element segment: its items (<see cref="Builtins.Element"/>); a dropped segment has length 0.</summary>
    public VmElemSegment* ElemSegments;
    /// <summary>For imported functions, the reference of the function itself (its identity); entries of defined functions are unused.</summary>
    public VmFuncRef** ImportedFunctions;
    /// <summary>The interpreter's code of the module: a GCHandle that the ModuleCode owns. Set by Tier.Link.</summary>
    public nint InterpreterCode;
    /// <summary>A handle of the native tier's code for the module; 0 where there is none.</summary>
    public nint NativeCode;
    /// <summary>Where machine code finds the entries of the functions that the module defines, in their order; 0 where there is none.</summary>
    public nint NativeEntries;
    /// <summary>What machine code that must not fault calls to trap; its return address says which trap.</summary>
    public nint TrapStub;
    /// <summary>The routine through which code from images reaches the native tier's builtins; 0 where there is none.</summary>
    public nint NativeBuiltins;
    /// <summary>Index of the managed Instance in its store's table.</summary>
    public int Instance;
    /// <summary>Functions of the module, imported ones included.</summary>
    public int FunctionCount;
}

/// <summary>What the instances of a store share.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmStore
{
    /// <summary>The innermost call into guest code, or null.</summary>
    public Activation* Current;
    /// <summary>Units left; below zero the guest traps with OutOfFuel. Meaningful only where fuel is on.</summary>
    public long Fuel;
    /// <summary>
    /// Set from any thread, for epochs, deadlines, cancellation and disposal alike; guest code that is compiled to be interruptible
    /// tests nothing else, and traps with Interrupt when it sees a value other than 0.
    /// </summary>
    public int Interrupt;
    /// <summary>Native code does not let its stack grow below this: the limit of the current activation.</summary>
    public byte* NativeStackLimit;
    /// <summary>A weak handle of the managed Store: <see cref="Hornet.Store.Of"/>.</summary>
    public nint Store;
    /// <summary>The GC heap's base address; references are offsets from it. Null until the first allocation.</summary>
    public byte* HeapBase;
    /// <summary>Offset of the next allocation.</summary>
    public uint HeapTop;
    /// <summary>Code allocates up to this offset by itself; from there on the heap is asked. Everything between top and limit is zero.</summary>
    public uint HeapLimit;
    /// <summary>Functions that objects refer to, by number; never null, and 0 is the null reference.</summary>
    public VmFuncRef** HeapFunctions;
    /// <summary>What casts look at, by type id: see <see cref="Wasm.TypeRegistry.Displays"/>. Null until an instance has types.</summary>
    public uint* TypeDisplays;
}

/// <summary>A linear memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmMemory
{
    public byte* Base;
    /// <summary>Bytes that may be accessed. Of a shared memory: read with acquire; it only grows.</summary>
    public ulong Length;
    /// <summary>Bytes of address space at <see cref="Base"/>, guard excluded.</summary>
    public ulong Reserved;
    /// <summary>Index of the managed Memory in its store's table (shared memories: in the engine's).</summary>
    public int Memory;
    public byte PageSizeLog2;
    public bool Is64;
    public bool IsShared;
}

/// <summary>A table. A slot is 0 (not initialised: its value is made on first use) or <c>payload &lt;&lt; 1 | 1</c>; the payload is a VmFuncRef pointer or a GcRef's bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmTable
{
    public ulong* Slots;
    public ulong Length;
    /// <summary>Index of the managed Table in its store's table.</summary>
    public int Table;
    /// <summary>Whether the payloads are VmFuncRef pointers (else GcRefs, which the collector visits).</summary>
    public bool IsFunc;
    public bool Is64;
}

/// <summary>A global's value: two slots, so that a v128 fits.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct VmGlobal
{
    public ValRaw Low, High;
}

/// <summary>A tag's identity is the address of this.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VmTag
{
    /// <summary>Engine-wide id of its function type.</summary>
    public uint TypeId;
    /// <summary>Index of the managed Tag in its store's table.</summary>
    public int Tag;
}

/// <summary>A data segment's bytes, in the module's own memory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmDataSegment
{
    public byte* Bytes;
    public ulong Length;
}

/// <summary>An element segment's items, as table slots without the initialised bit (payloads); null where they are functions (<see cref="InstanceTemplate.PassiveFunctions"/>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VmElemSegment
{
    public ulong* Items;
    public ulong Length;
}

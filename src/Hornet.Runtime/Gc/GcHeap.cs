using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// A store's heap for the objects of the GC proposal and for exceptions: two halves of one reservation, of which one is in use.
/// Allocation moves <see cref="VmStore.HeapTop"/>; where that meets <see cref="VmStore.HeapLimit"/>, the living are copied to the
/// other half (Cheney, "A nonrecursive list compacting algorithm", 1970). References are offsets from the reservation's start.
/// </summary>
/// <remarks>
/// Everything that refers to objects is visited: frames of all activations (through the interpreter's maps), globals, tables,
/// element segments, and what the host holds (<see cref="HeapReference"/>). Host objects that guests refer to are kept by number
/// in a table that each collection sweeps; a cycle through a host object that refers to guest objects is never freed.
/// </remarks>
internal sealed unsafe partial class GcHeap(Store store)
{
    // The first bytes of a half are not used, so that no object is at 0.
    const uint First = 16;
    const uint InitialCapacity = 256 << 10;

    const int FirstFunctions = 16;

    /// <summary>Header flag of an object that has moved: the second word says where.</summary>
    const uint Moved = 1u << 31;
    /// <summary>Header flag of an exception; the rest is the id of its tag's type. See <see cref="NewException"/>.</summary>
    public const uint Exception = 1u << 30;

    readonly bool _stress = store.Engine.Options.CollectAlways;

    readonly VmStore* _vm = store.Vm;
    VmFuncRef** _functions = MakeFunctions(store.Vm);
    int _functionCapacity = FirstFunctions, _functionCount = 1;
    readonly Dictionary<nint, uint> _functionNumbers = [];
    GcType?[] _types = [];
    uint _half, _capacity;
    byte* _reservation;
    // Start of the half in use: 0 or _half.
    uint _start;
    ulong _committed;

    /// <summary>Most bytes that living objects may take.</summary>
    public uint MaximumBytes { get; } = Most(store.Engine.Options);

    static uint Most(EngineOptions options) => (uint)Math.Min(options.MaximumHeapSize, VirtualMemory.System.CanReserve ? 1L << 30 : 64L << 20);

    /// <summary>Bytes of address space that each heap of an engine has.</summary>
    public static nuint ReservedBytes(EngineOptions options) => 2 * VirtualMemory.System.RoundUp(Most(options) + First);

    /// <summary>Constant expressions hold references where the collector does not look.</summary>
    public bool MayCollect { get; set; } = true;

    public int Collections { get; private set; }

    public GcType TypeOf(uint id)
    {
        if (id < (uint)_types.Length && _types[id] is { } known) return known;
        if (id >= (uint)_types.Length) Array.Resize(ref _types, (int)Math.Max(id + 1, (uint)_types.Length * 2));
        TypeRegistry registry = store.Engine.Types;
        return _types[id] = GcType.Of(registry[id], concrete => registry[(uint)concrete].Kind == CompositeKind.Func);
    }

    public byte* At(uint reference) => _vm->HeapBase + reference;

    /// <summary>
    /// Room for an object, cleared, with its header; 0 and the reason where there is none. Everything may move: the caller has made its
    /// frames visible, and reads its operands again.
    /// </summary>
    public uint Allocate(uint type, uint second, ulong bytes, out TrapCode trap)
    {
        trap = TrapCode.None;
        bytes = (bytes + 7) & ~7ul;
        if (bytes > MaximumBytes)
        {
            trap = TrapCode.AllocationTooLarge;
            return 0;
        }
        if (_reservation == null || Left < bytes || _stress && MayCollect)
        {
            if (!MakeRoom((uint)bytes))
            {
                trap = TrapCode.HeapExhausted;
                return 0;
            }
        }
        uint reference = _vm->HeapTop;
        _vm->HeapTop = reference + (uint)bytes;
        byte* at = _vm->HeapBase + reference;
        *(uint*)at = type;
        *(uint*)(at + 4) = second;
        return reference;
    }

    // Bytes that can be allocated without asking for more.
    uint Left => _start + _capacity - _vm->HeapTop;

    // Under stress every allocation has to come here.
    void PublishLimit() => _vm->HeapLimit = _stress ? 0 : _start + _capacity;

    bool MakeRoom(uint bytes)
    {
        if (_reservation == null && !Reserve()) return false;
        if (MayCollect && (_stress || _vm->HeapTop - _start > First)) Collect(bytes);
        if (Left >= bytes) return true;
        // More than half of it lives, or collecting is not allowed: grow in place.
        return Grow(_vm->HeapTop - _start + (ulong)bytes);
    }

    bool Reserve()
    {
        nuint bytes = ReservedBytes(store.Engine.Options);
        _half = (uint)(bytes / 2);
        _reservation = store.Engine.Allocator.TryRentHeap(bytes);
        if (_reservation == null) return false;
        _vm->HeapBase = _reservation;
        _vm->HeapTop = First;
        return Grow(InitialCapacity);
    }

    // Makes the first bytes of the half in use accessible; the capacity doubles, so that collections stay rare.
    bool Grow(ulong needed)
    {
        if (needed > _half) return false;
        uint capacity = Math.Max(_capacity, InitialCapacity);
        while (capacity < needed) capacity = (uint)Math.Min(capacity * 2ul, _half);
        capacity = (uint)Math.Min(VirtualMemory.System.RoundUp(capacity), _half);
        // Both halves come to this size: the other one at the next collection.
        ulong more = capacity * 2ul - _committed;
        if (capacity * 2ul > _committed)
        {
            if (!store.Engine.Commit.TryTake(more)) return false;
            _committed = capacity * 2ul;
        }
        if (!VirtualMemory.System.Commit(_reservation + _start, capacity)) return false;
        _capacity = capacity;
        PublishLimit();
        return true;
    }

    /// <summary>A function's number, for objects that refer to it.</summary>
    public uint NumberOf(VmFuncRef* function)
    {
        if (function == null) return 0;
        if (_functionNumbers.TryGetValue((nint)function, out uint number)) return number;
        if (_functionCount == _functionCapacity)
        {
            _functionCapacity = checked(_functionCapacity * 2);
            _vm->HeapFunctions = _functions = (VmFuncRef**)NativeMemory.Realloc(_functions, (nuint)_functionCapacity * (nuint)sizeof(nint));
        }
        number = (uint)_functionCount++;
        _functions[number] = function;
        _functionNumbers.Add((nint)function, number);
        return number;
    }

    static VmFuncRef** MakeFunctions(VmStore* vm) => vm->HeapFunctions = (VmFuncRef**)NativeMemory.AllocZeroed(FirstFunctions, (nuint)sizeof(nint));

    public VmFuncRef* FunctionAt(uint number) => _functions[number];

    /// <summary>Reads a field or element into a slot (two for a vector); packed ones are zero-extended.</summary>
    public void Read(byte* from, GcStorage storage, ulong* slot)
    {
        switch (storage)
        {
            case GcStorage.I8: *slot = *from; break;
            case GcStorage.I16: *slot = *(ushort*)from; break;
            case GcStorage.Bits32 or GcStorage.Ref: *slot = *(uint*)from; break;
            case GcStorage.Bits64: *slot = *(ulong*)from; break;
            case GcStorage.V128: *(UInt128*)slot = *(UInt128*)from; break;
            case GcStorage.Func: *slot = (ulong)FunctionAt(*(uint*)from); break;
        }
    }

    /// <summary>Writes a field or element: the one place for references that leaves store.</summary>
    public void Write(byte* to, GcStorage storage, ulong* slot)
    {
        switch (storage)
        {
            case GcStorage.I8: *to = (byte)*slot; break;
            case GcStorage.I16: *(ushort*)to = (ushort)*slot; break;
            case GcStorage.Bits32 or GcStorage.Ref: *(uint*)to = (uint)*slot; break;
            case GcStorage.Bits64: *(ulong*)to = *slot; break;
            case GcStorage.V128: *(UInt128*)to = *(UInt128*)slot; break;
            case GcStorage.Func: *(uint*)to = NumberOf((VmFuncRef*)*slot); break;
        }
    }

    /// <summary>An exception: header, the tag's address, then its payload as slots. 0 where there is no room.</summary>
    public uint NewException(VmTag* tag, int payloadBytes, out TrapCode trap)
    {
        uint reference = Allocate(Exception | tag->TypeId, (uint)payloadBytes, ExceptionPayload + (ulong)payloadBytes, out trap);
        if (reference != 0) *(VmTag**)(At(reference) + ExceptionTag) = tag;
        return reference;
    }

    /// <summary>Where an exception has its tag's address and its payload.</summary>
    public const int ExceptionTag = GcType.HeaderBytes, ExceptionPayload = ExceptionTag + 8;

    public VmTag* TagOf(uint exception) => *(VmTag**)(At(exception) + ExceptionTag);

    public byte* PayloadOf(uint exception) => At(exception) + ExceptionPayload;

    public int PayloadBytes(uint exception) => *(int*)(At(exception) + 4);

    public void Release()
    {
        NativeMemory.Free(_functions);
        _functions = null;
        System.GC.SuppressFinalize(this);
        if (_reservation == null) return;
        store.Engine.Allocator.ReturnHeap(_reservation, (nuint)_half * 2);
        store.Engine.Commit.Return(_committed);
        _reservation = null;
    }

    ~GcHeap() => Release();
}

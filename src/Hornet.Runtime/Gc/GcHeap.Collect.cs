using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

// Copying the living to the other half.
internal sealed unsafe partial class GcHeap
{
    const uint MostCleared = 32 << 20;

    readonly List<WeakReference<HeapReference>> _held = [];
    readonly List<(nint Context, ModuleEnvironment Module)> _contexts = [];
    readonly List<nint> _hostGlobals = [], _arguments = [];
    uint _to, _toTop;
    ulong[] _handlesSeen = [];

    /// <summary>An instance whose globals and segments may hold references.</summary>
    public void Track(VmContext* context, ModuleEnvironment module) => _contexts.Add(((nint)context, module));

    /// <summary>A global of the host's that holds a reference.</summary>
    public void Track(VmGlobal* global) => _hostGlobals.Add((nint)global);

    /// <summary>A reference that the host holds.</summary>
    public HeapReference Hold(uint reference)
    {
        HeapReference held = new(store, reference);
        _held.Add(new(held));
        return held;
    }

    /// <summary>Copies what lives; afterwards there is room for some bytes if that can be had.</summary>
    public void Collect(uint needed = 0)
    {
        if (_reservation == null)
        {
            // No objects, but perhaps the host's.
            Array.Clear(_handlesSeen);
            Roots();
            store.SweepHandles(_handlesSeen);
            return;
        }
        Collections++;
        uint used = _vm->HeapTop - _start;
        _to = _start == 0 ? _half : 0;
        _toTop = _to + First;
        // The living cannot be more than what is there.
        uint room = (uint)VirtualMemory.System.RoundUp(Math.Max(used, _capacity));
        if (!VirtualMemory.System.Commit(_reservation + _to, room)) return;
        Array.Clear(_handlesSeen);
        Roots();
        for (uint scan = _to + First; scan < _toTop;) scan = Scan(scan);
        // What lives is copied once for each time that three times as much has been allocated.
        uint live = _toTop - _to;
        ulong wanted = Math.Min(Math.Max(live * 4ul, InitialCapacity), _half);
        bool shrinks = wanted < room / 2;
        // What code allocates from is always zero. To clear pages is faster than to fetch new ones from the system.
        if (used <= MostCleared && !shrinks) NativeMemory.Clear(_reservation + _start, used);
        else VirtualMemory.System.Reset(_reservation + _start, room);
        if (shrinks)
        {
            uint capacity = (uint)VirtualMemory.System.RoundUp((nuint)wanted);
            VirtualMemory.System.Reset(_reservation + _to + capacity, room - capacity);
            room = capacity;
        }
        _start = _to;
        _vm->HeapTop = _toTop;
        _capacity = room;
        PublishLimit();
        store.SweepHandles(_handlesSeen);
        if (wanted > room) Grow(wanted);
        if (Left < needed) Grow(live + (ulong)needed);
    }

    /// <summary>Collects while the arguments of a call that is about to begin lie where nobody else looks.</summary>
    public void Collect(ReadOnlySpan<ValType> types, ValRaw* values)
    {
        if (!MayCollect) return;
        _arguments.Clear();
        foreach (ValType type in types)
        {
            if (IsObject(type)) _arguments.Add((nint)values);
            values += type.IsVector ? 2 : 1;
        }
        Collect();
        _arguments.Clear();
    }

    /// <summary>Visits one reference; its new value.</summary>
    public uint Forward(uint bits)
    {
        GcRef reference = new(bits);
        if (reference.IsHost)
        {
            int word = reference.HostHandle >> 6;
            if (word >= _handlesSeen.Length) Array.Resize(ref _handlesSeen, Math.Max(word + 1, _handlesSeen.Length * 2));
            _handlesSeen[word] |= 1ul << (reference.HostHandle & 63);
            return bits;
        }
        // Visited twice: it is in its new place already.
        if (!reference.IsObject || bits >= _to && bits < _to + _half) return bits;
        byte* from = _reservation + bits;
        uint type = *(uint*)from;
        if ((type & Moved) != 0) return *(uint*)(from + 4);
        uint size = SizeOf(from);
        uint moved = _toTop;
        Buffer.MemoryCopy(from, _reservation + moved, size, size);
        _toTop += size;
        *(uint*)from = Moved;
        *(uint*)(from + 4) = moved;
        return moved;
    }

    /// <summary>Visits a slot: a reference, zero-extended.</summary>
    public void ForwardSlot(ulong* slot) => *slot = Forward((uint)*slot);

    uint SizeOf(byte* at)
    {
        uint type = *(uint*)at, second = *(uint*)(at + 4);
        if ((type & Exception) != 0) return (16 + second + 7) & ~7u;
        GcType layout = TypeOf(type);
        uint size = (uint)layout.Size;
        if (layout.Kind == CompositeKind.Array) size += second * (uint)GcType.Bytes(layout.Element);
        return (size + 7) & ~7u;
    }

    uint Scan(uint reference)
    {
        byte* at = _reservation + reference;
        uint type = *(uint*)at, length = *(uint*)(at + 4);
        if ((type & Exception) != 0)
        {
            ulong* slot = (ulong*)(at + 16);
            foreach (ValType parameter in store.Engine.Types.FunctionType(type & ~Exception).Parameters)
            {
                if (IsObject(parameter)) ForwardSlot(slot);
                slot += parameter.IsVector ? 2 : 1;
            }
        }
        else
        {
            GcType layout = TypeOf(type);
            if (layout.Kind == CompositeKind.Array)
            {
                if (layout.Element == GcStorage.Ref)
                    for (uint i = 0; i < length; i++) ForwardField(at + GcType.HeaderBytes + 4ul * i);
            }
            else
            {
                foreach (int offset in layout.References) ForwardField(at + offset);
            }
        }
        return reference + SizeOf(at);
    }

    void ForwardField(byte* at) => *(uint*)at = Forward(*(uint*)at);

    bool IsObject(ValType registered)
    {
        TypeRegistry types = store.Engine.Types;
        return registered.IsRef && GcType.StorageOf(registered, concrete => types[(uint)concrete].Kind == CompositeKind.Func) == GcStorage.Ref;
    }

    void Roots()
    {
        store.VisitActivations(innermost =>
        {
            for (Activation* activation = (Activation*)innermost; activation != null; activation = activation->Parent) store.Engine.Tier.VisitRoots(activation, this);
        });
        foreach (nint global in _hostGlobals) ForwardSlot((ulong*)global);
        foreach (nint argument in _arguments) ForwardSlot((ulong*)argument);
        foreach ((nint context, ModuleEnvironment module) in _contexts) ContextRoots((VmContext*)context, module);
        foreach (TableStorage table in store.Resources.Tables)
        {
            VmTable* vm = table.Vm;
            if (vm->IsFunc) continue;
            table.Initial = Forward((uint)table.Initial);
            for (ulong i = 0; i < vm->Length; i++)
            {
                // A slot is the payload above the initialised bit; one that is not initialised has nothing to visit here.
                ulong slot = vm->Slots[i];
                if (slot > 1) vm->Slots[i] = (ulong)Forward((uint)(slot >> 1)) << 1 | 1;
            }
        }
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            if (_held[i].TryGetTarget(out HeapReference? held))
            {
                held.Bits = Forward(held.Bits);
                continue;
            }
            _held[i] = _held[^1];
            _held.RemoveAt(_held.Count - 1);
        }
    }

    void ContextRoots(VmContext* context, ModuleEnvironment module)
    {
        for (int i = module.ImportedGlobals; i < module.Globals.Count; i++)
        {
            // A global of an instance that is still being made has no address yet.
            if (context->Globals[i] != null && FrameLayout.IsGcRef(module.Globals[i].Type, module)) ForwardSlot((ulong*)context->Globals[i]);
        }
        for (int i = 0; i < module.Elems.Count; i++)
        {
            if (!FrameLayout.IsGcRef(module.Elems[i].Type, module)) continue;
            VmElemSegment segment = context->ElemSegments[i];
            for (ulong k = 0; k < segment.Length; k++) ForwardSlot(&segment.Items[k]);
        }
    }
}

/// <summary>An object of a guest's that the host holds: kept alive, and followed when it moves.</summary>
internal sealed class HeapReference(Store store, uint bits)
{
    public Store Store { get; } = store;
    public uint Bits { get; set; } = bits;

    /// <summary>Struct or array; null for an exception.</summary>
    public unsafe CompositeKind? Kind
    {
        get
        {
            uint type = *(uint*)Store.Heap.At(Bits);
            return (type & GcHeap.Exception) != 0 ? null : Store.Heap.TypeOf(type).Kind;
        }
    }
}

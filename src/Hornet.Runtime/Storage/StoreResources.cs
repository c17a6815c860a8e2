using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// Everything unmanaged that a store owns, in one object with one finaliser, so that there is one order of release: whoever
/// forgets to dispose a store loses nothing but time. Objects that point into it hold the store, and the store holds this.
/// Threads keep what disposed stores leave: the next store on the thread finds its blocks and lists.
/// </summary>
internal sealed unsafe class StoreResources
{
    const int ChunkSize = 2048, LargeFrom = 1024;

    // What a disposed store has: nothing, so that whoever goes on using it finds nothing.
    static readonly StoreResources s_gone = new(null);

    readonly List<nint> _blocks = [];
    readonly List<LinearMemory> _memories = [];
    readonly List<TableStorage> _tables = [];
    readonly List<InstanceSlot> _slots = [];
    WeakGCHandle<Store> _handle;
    VmStore* _vm;
    // The first block, in which the VmStore lies, and where its part begins that is free in a store without anything.
    byte* _first, _start;
    byte* _chunk;
    int _chunkLeft;

    StoreResources(Store? store)
    {
        if (store is null)
        {
            GC.SuppressFinalize(this);
            return;
        }
        _first = Allocate(sizeof(VmStore));
        _vm = (VmStore*)_first;
        NoMemory = (VmMemory*)Allocate(sizeof(VmMemory));
        _start = _chunk;
        _handle = new(store);
        Begin(store);
    }

    // The thread that kept it has gone, or nobody has disposed its store.
    ~StoreResources() => Free();

    /// <summary>Null where the store has been disposed.</summary>
    public VmStore* Vm { get; private set; }

    /// <summary>What memory 0 is in an instance that has none: empty.</summary>
    public VmMemory* NoMemory { get; }

    public List<LinearMemory> Memories => _memories;
    public List<TableStorage> Tables => _tables;

    /// <summary>Of its instances.</summary>
    public List<InstanceSlot> Slots => _slots;

    /// <summary>The beginning of a store.</summary>
    public static StoreResources For(Store store)
    {
        if (ThreadBlock.Current.TakeResources() is not { } kept) return new(store);
        kept._handle.SetTarget(store);
        kept.Begin(store);
        return kept;
    }

    void Begin(Store store)
    {
        Vm = _vm;
        Vm->Store = WeakGCHandle<Store>.ToIntPtr(_handle);
        Vm->Fuel = store.Engine.Options.ConsumeFuel ? 0 : long.MaxValue;
    }

    /// <summary>Zeroed, aligned to 16 bytes, there until the store goes.</summary>
    public byte* Allocate(int bytes)
    {
        bytes = (bytes + 15) & ~15;
        if (bytes >= LargeFrom) return NewBlock(bytes);
        if (_chunkLeft < bytes)
        {
            _chunk = NewBlock(ChunkSize);
            _chunkLeft = ChunkSize;
        }
        byte* at = _chunk;
        _chunk += bytes;
        _chunkLeft -= bytes;
        return at;
    }

    byte* NewBlock(int bytes)
    {
        byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 16);
        NativeMemory.Clear(block, (nuint)bytes);
        _blocks.Add((nint)block);
        return block;
    }

    /// <summary>The store is disposed: everything goes back to where it is used again.</summary>
    /// <returns>What the store has from now on.</returns>
    public StoreResources Release()
    {
        _handle.SetTarget(null!);
        ReleaseStorage();
        foreach (InstanceSlot slot in _slots)
        {
            slot.Template.Return(slot);
            slot.Template.Module.RemoveUser();
        }
        _memories.Clear();
        _tables.Clear();
        _slots.Clear();
        // Blocks of a store with much in it are not kept, and what was in the first one is gone.
        for (int i = 1; i < _blocks.Count; i++) NativeMemory.AlignedFree((void*)_blocks[i]);
        _blocks.RemoveRange(1, _blocks.Count - 1);
        NativeMemory.Clear(_first, ChunkSize);
        _chunk = _start;
        _chunkLeft = ChunkSize - (int)(_start - _first);
        if (!ThreadBlock.Current.KeepResources(this))
        {
            Free();
            GC.SuppressFinalize(this);
        }
        return s_gone;
    }

    // What belongs to no slot that is kept, and to no other store.
    void ReleaseStorage()
    {
        Vm = null;
        foreach (LinearMemory memory in _memories)
            if (!memory.Type.IsShared && !memory.IsKept) memory.Release();
        foreach (TableStorage table in _tables)
            if (!table.IsKept) table.Release();
    }

    void Free()
    {
        ReleaseStorage();
        foreach (InstanceSlot slot in _slots)
        {
            // Not kept: what restores it may have been finalised already.
            slot.Template.Destroy(slot);
            slot.Template.Module.RemoveUser();
        }
        foreach (nint block in _blocks) NativeMemory.AlignedFree((void*)block);
        if (_handle.IsAllocated) _handle.Dispose();
    }
}

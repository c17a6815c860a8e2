using System.Runtime.InteropServices;

namespace Hornet.Runtime;

/// <summary>
/// Everything unmanaged that a store owns, in one object with one finaliser, so that there is one order of release: whoever
/// forgets to dispose a store loses nothing but time. Objects that point into it hold the store, and the store holds this.
/// </summary>
internal sealed unsafe class StoreResources
{
    const int ChunkSize = 4096, LargeFrom = 1024;

    readonly List<nint> _blocks = [];
    readonly List<LinearMemory> _memories = [];
    readonly List<TableStorage> _tables = [];
    readonly List<Module> _modules = [];
    WeakGCHandle<Store> _handle;
    byte* _chunk;
    int _chunkLeft;

    public StoreResources(Store store)
    {
        Vm = (VmStore*)Allocate(sizeof(VmStore));
        _handle = new(store);
        Vm->Store = WeakGCHandle<Store>.ToIntPtr(_handle);
        NoMemory = (VmMemory*)Allocate(sizeof(VmMemory));
    }

    ~StoreResources() => Release();

    public VmStore* Vm { get; private set; }

    /// <summary>What memory 0 is in an instance that has none: empty.</summary>
    public VmMemory* NoMemory { get; }

    public List<LinearMemory> Memories => _memories;
    public List<TableStorage> Tables => _tables;
    public List<Module> Modules => _modules;

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

    /// <summary>Gives everything back.</summary>
    public void Release()
    {
        if (Vm == null) return;
        Vm = null;
        _handle.Dispose();
        foreach (LinearMemory memory in _memories)
            if (!memory.Type.IsShared) memory.Release();
        foreach (TableStorage table in _tables) table.Release();
        foreach (nint block in _blocks) NativeMemory.AlignedFree((void*)block);
        foreach (Module module in _modules) module.RemoveUser();
        GC.SuppressFinalize(this);
    }
}

using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// The slots of a table and the <see cref="VmTable"/> that code sees. A slot that is 0 is not initialised yet: its value is the
/// table's initial one. Fresh slots come from the system as zero pages, so that a large table costs only what is used of it.
/// </summary>
internal sealed unsafe class TableStorage
{
    // Smaller tables come from the allocator: a mapping costs system calls and a whole page.
    const nuint MapFrom = 16 << 10;

    readonly Engine _engine;
    readonly ulong _length;
    // What the elements are where they are not initialised yet (InstanceImages.Tables), and whose functions those are.
    readonly uint[] _image = [];
    readonly VmContext* _context;
    // Whether it lies in a slot of the engine's pool, which has room for all that it may become.
    bool _pooled;
    Store _store;
    // Bytes that the budget has been asked for, all of them accessible.
    nuint _room;

    TableStorage(Store store, TableType type, ulong length, ulong initial, uint[]? image, VmContext* context)
    {
        _store = store;
        _engine = store.Engine;
        _length = length;
        Initial = initial;
        Type = type;
        if (image is not null) _image = image;
        _context = context;
    }

    public VmTable* Vm { get; private set; }

    /// <summary>The payload of elements that are not initialised yet; the collector may move what it refers to.</summary>
    public ulong Initial { get; set; }

    /// <summary>Its element type's concrete references are ids of the engine's registry.</summary>
    public TableType Type { get; }

    /// <summary>The object of the public API, made when it is asked for.</summary>
    public Table Table
    {
        get => field ??= new(_store, this);
        set;
    } = null!;

    /// <summary>Whether an <see cref="InstanceSlot"/> keeps it, not its store.</summary>
    public bool IsKept => _context != null;

    /// <summary>Whether elements that are not initialised differ: they mean something at their own place only.</summary>
    public bool HasImage => _image.Length > 0;

    /// <summary>Most elements of a table, its own maximum and the engine's pool considered.</summary>
    ulong MaxLength => Math.Min(Math.Min(Type.Limits.Max ?? WasmLimits.TableElements, WasmLimits.TableElements), _engine.Allocator.MostElements);

    /// <summary>A table of the type's minimum, or null where there is not enough memory.</summary>
    /// <exception cref="PoolExhaustedException">The engine's pool has none for it.</exception>
    public static TableStorage? TryCreate(Store store, TableType type, ulong initial, uint[]? image = null, VmContext* context = null, ulong? length = null)
    {
        if (type.Limits.Min > WasmLimits.TableElements) return null;
        ulong elements = length ?? type.Limits.Min;
        InstanceAllocator allocator = store.Engine.Allocator;
        byte* place = allocator.RentTable(elements);
        TableStorage table = new(store, type, elements, initial, image, context) { _pooled = place != null };
        VmTable* vm = table.Vm = (VmTable*)NativeMemory.AllocZeroed((nuint)sizeof(VmTable));
        vm->IsFunc = ValueKinds.Of(type.Element, store.Engine.Types) == ValueKind.FuncRef;
        vm->Is64 = type.Is64;
        vm->Slots = (ulong*)place;
        if (table.Resize(elements)) return table;
        NativeMemory.Free(vm);
        if (place != null) allocator.ReturnTable(place);
        return null;
    }

    /// <summary>Its instance has gone: no element is initialised any more. False: it was of no further use, and is gone, too.</summary>
    public bool TryRecycle()
    {
        // One that has grown into a larger place would stay there.
        if (Vm->Length > _length * 2 && !_pooled)
        {
            Release();
            return false;
        }
        nuint bytes = (nuint)Vm->Length * sizeof(ulong);
        if (bytes > _engine.Allocator.TableKeepResident && (_pooled || _room >= MapFrom)) VirtualMemory.System.Reset((byte*)Vm->Slots, VirtualMemory.System.RoundUp(bytes));
        else NativeMemory.Clear(Vm->Slots, bytes);
        if (_pooled && _room > (nuint)_length * sizeof(ulong))
        {
            _engine.Commit.Return(_room - (nuint)_length * sizeof(ulong));
            _room = (nuint)_length * sizeof(ulong);
        }
        Vm->Length = _length;
        Table = null!;
        _store = null!;
        return true;
    }

    /// <summary>A table that was recycled is used again.</summary>
    public void Reuse(Store store, ulong initial)
    {
        _store = store;
        Initial = initial;
    }

    // The slots that become new are zero.
    bool Resize(ulong length)
    {
        nuint bytes = (nuint)length * sizeof(ulong);
        if (_pooled)
        {
            // The whole slot is there already.
            if (bytes > _room && !_engine.Commit.TryTake(bytes - _room)) return false;
            _room = Math.Max(bytes, _room);
        }
        else if (bytes > _room)
        {
            // Half as much again, so that growing one by one does not copy each time.
            if (_room != 0) bytes = (nuint)Math.Min(length + length / 2, MaxLength) * sizeof(ulong);
            if (bytes >= MapFrom) bytes = VirtualMemory.System.RoundUp(bytes);
            if (!_engine.Commit.TryTake(bytes)) return false;
            byte* at = TryAllocate(bytes);
            if (at == null)
            {
                _engine.Commit.Return(bytes);
                return false;
            }
            Buffer.MemoryCopy(Vm->Slots, at, bytes, Vm->Length * sizeof(ulong));
            Free();
            _room = bytes;
            Vm->Slots = (ulong*)at;
        }
        Vm->Length = length;
        return true;
    }

    static byte* TryAllocate(nuint bytes)
    {
        if (bytes < MapFrom) return (byte*)NativeMemory.AllocZeroed(bytes);
        byte* at = VirtualMemory.System.Reserve(bytes);
        if (at == null || VirtualMemory.System.Commit(at, bytes)) return at;
        VirtualMemory.System.Release(at, bytes);
        return null;
    }

    void Free()
    {
        if (_pooled)
        {
            VirtualMemory.System.Reset((byte*)Vm->Slots, VirtualMemory.System.RoundUp((nuint)Vm->Length * sizeof(ulong)));
            _engine.Allocator.ReturnTable((byte*)Vm->Slots);
        }
        else if (_room >= MapFrom) VirtualMemory.System.Release((byte*)Vm->Slots, _room);
        else NativeMemory.Free(Vm->Slots);
        _engine.Commit.Return(_room);
    }

    /// <summary>The payload of an element that is within bounds.</summary>
    public ulong Get(ulong index)
    {
        ulong slot = Vm->Slots[index];
        return slot != 0 ? slot >> 1 : Initialise(index);
    }

    public void Set(ulong index, ulong payload) => Vm->Slots[index] = payload << 1 | 1;

    /// <summary>What the image has for an element that is not initialised yet; 0: nothing, or it is.</summary>
    public uint Pending(ulong index) => index < (ulong)_image.Length && Vm->Slots[index] == 0 ? _image[index] : 0;

    ulong Initialise(ulong index)
    {
        uint item = Pending(index);
        ulong payload = item switch { 0 => Initial, InstanceImages.Null => 0, _ => (ulong)Builtins.RefFunc(_context, item - 1) };
        Set(index, payload);
        return payload;
    }

    /// <summary>Adds elements. <paramref name="old"/> is the length before, or 2^64 - 1 where it cannot grow.</summary>
    public TrapCode Grow(ulong delta, ulong payload, out ulong old)
    {
        old = Vm->Length;
        if (delta == 0) return TrapCode.None;
        if (delta > MaxLength - Math.Min(old, MaxLength) || !_store.MayGrowTable(old, old + delta, Type.Limits.Max) || !Resize(old + delta))
        {
            old = ulong.MaxValue;
            return _store.GrowFailed();
        }
        if (payload != Initial) new Span<ulong>(Vm->Slots + old, (int)delta).Fill(payload << 1 | 1);
        return TrapCode.None;
    }

    /// <summary>Gives everything back; nothing may use the table afterwards.</summary>
    public void Release()
    {
        if (Vm == null) return;
        Free();
        NativeMemory.Free(Vm);
        Vm = null;
    }
}

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

    readonly CommitBudget _budget;
    readonly Store _store;
    nuint _room;

    TableStorage(Store store, TableType type, ulong initial)
    {
        _store = store;
        _budget = store.Engine.Commit;
        Initial = initial;
        Type = type;
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

    public static ulong MaxLength(TableType type) => Math.Min(type.Limits.Max ?? WasmLimits.TableElements, WasmLimits.TableElements);

    /// <summary>A table of the type's minimum, or null where there is not enough memory.</summary>
    public static TableStorage? TryCreate(Store store, TableType type, ulong initial)
    {
        if (type.Limits.Min > WasmLimits.TableElements) return null;
        TableStorage table = new(store, type, initial);
        VmTable* vm = table.Vm = (VmTable*)NativeMemory.AllocZeroed((nuint)sizeof(VmTable));
        vm->IsFunc = ValueKinds.Of(type.Element, store.Engine.Types) == ValueKind.FuncRef;
        vm->Is64 = type.Is64;
        if (table.Resize(type.Limits.Min)) return table;
        NativeMemory.Free(vm);
        return null;
    }

    // The slots that become new are zero.
    bool Resize(ulong length)
    {
        nuint bytes = (nuint)length * sizeof(ulong);
        if (bytes > _room)
        {
            // Half as much again, so that growing one by one does not copy each time.
            if (_room != 0) bytes = (nuint)Math.Min(length + length / 2, MaxLength(Type)) * sizeof(ulong);
            if (bytes >= MapFrom) bytes = VirtualMemory.System.RoundUp(bytes);
            if (!_budget.TryTake(bytes)) return false;
            byte* at = TryAllocate(bytes);
            if (at == null)
            {
                _budget.Return(bytes);
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
        if (_room >= MapFrom) VirtualMemory.System.Release((byte*)Vm->Slots, _room);
        else NativeMemory.Free(Vm->Slots);
        _budget.Return(_room);
    }

    /// <summary>The payload of an element that is within bounds.</summary>
    public ulong Get(ulong index)
    {
        ulong slot = Vm->Slots[index];
        return slot != 0 ? slot >> 1 : Initialise(index);
    }

    public void Set(ulong index, ulong payload) => Vm->Slots[index] = payload << 1 | 1;

    ulong Initialise(ulong index)
    {
        Set(index, Initial);
        return Initial;
    }

    /// <summary>Adds elements. <paramref name="old"/> is the length before, or 2^64 - 1 where it cannot grow.</summary>
    public TrapCode Grow(ulong delta, ulong payload, out ulong old)
    {
        old = Vm->Length;
        if (delta == 0) return TrapCode.None;
        if (delta > MaxLength(Type) - Math.Min(old, MaxLength(Type)) || !_store.MayGrowTable(old, old + delta, Type.Limits.Max) || !Resize(old + delta))
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

using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

// The heap of guests' objects, and host objects that guests refer to.
public sealed unsafe partial class Store
{
    GcHeap? _heap;
    uint[]? _displays;

    internal GcHeap Heap => _heap ??= new(this);

    /// <summary>Collects what the guests of this store no longer reach.</summary>
    public void GC()
    {
        CheckAccess();
        _heap?.Collect();
    }

    /// <summary>Machine code may look at the types that have been registered until now.</summary>
    internal void PublishTypes()
    {
        uint[] displays = Engine.Types.Displays;
        if (displays == _displays) return;
        // SAFETY: the array is pinned, and alive as long as the store uses it.
        _displays = displays;
        Vm->TypeDisplays = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_displays));
    }

    /// <summary>Whether guests have been given so many host objects that those which none refers to go before another call.</summary>
    internal bool MustSweepHandles => _handleTable is { IsFull: true };

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // a test for each call between host and guest
    internal void SweepHandlesBefore(VmFuncRef* callee, ValRaw* values)
    {
        if (MustSweepHandles) Heap.Collect(Engine.Types.FunctionType(callee->TypeId).Parameters, values);
    }

    internal void SweepHandles(ReadOnlySpan<ulong> seen) => _handleTable?.Sweep(seen);

    void ReleaseHeap() => _heap?.Release();

    /// <summary>An exception that no guest frame of the current call has caught becomes the host's.</summary>
    internal void KeepGuestException(uint reference)
    {
        Tag tag = new(this, Heap.TagOf(reference));
        ReadOnlySpan<ValType> types = Engine.Types.FunctionType(tag.Vm->TypeId).Parameters;
        ValueBox[] values = new ValueBox[types.Length];
        // Boxes allocate nothing in the guests' heap: the payload stays where it is.
        ValRaw* slot = (ValRaw*)Heap.PayloadOf(reference);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = FromSlots(slot, ValueKinds.Of(types[i], Engine.Types));
            slot += types[i].IsVector ? 2 : 1;
        }
        _pending = ExceptionDispatchInfo.Capture(new WasmException(tag, values));
    }

    /// <summary>The exception that a host function has thrown, as an object for the guest; 0 and the status where that cannot be.</summary>
    internal uint TakeHostException(out CallStatus status)
    {
        status = CallStatus.WasmException;
        WasmException thrown = (WasmException)_pending!.SourceException;
        ReadOnlySpan<ValType> types = Engine.Types.FunctionType(thrown.Tag.Vm->TypeId).Parameters;
        try
        {
            CheckOwns(thrown.Tag);
            if (thrown.Values.Length != types.Length) throw new ArgumentException($"the tag's exceptions carry {types.Length} values, not {thrown.Values.Length}");
            uint reference = Heap.NewException(thrown.Tag.Vm, FrameLayout.Bytes(types), out TrapCode trap);
            if (reference == 0) throw new TrapException(trap);
            ValRaw* slot = (ValRaw*)Heap.PayloadOf(reference);
            for (int i = 0; i < types.Length; i++)
            {
                ToSlots(thrown.Values[i], types[i], slot);
                slot += types[i].IsVector ? 2 : 1;
            }
            _pending = null;
            return reference;
        }
        catch (Exception e)
        {
            status = KeepException(e);
            return 0;
        }
    }
}

using Hornet.Compiler;
using Hornet.Runtime;

namespace Hornet.Native;

/// <summary>
/// The frames of an activation's machine code, innermost first, from where a builtin has left it: the chain of frame pointers, and
/// with each the address that its function's call returns to. The chain ends at the trampoline's caller.
/// </summary>
internal unsafe ref struct NativeFrames
{
    nint _return;
    nint* _frame, _next;

    public NativeFrames(Activation* activation)
    {
        _return = *(nint*)activation->NativeTop;
        _next = (nint*)activation->TrapFrame;
    }

    /// <summary>Where the call that the current function is in returns to.</summary>
    public readonly nint Return => _return;

    /// <summary>The frame that the current function's slots are counted from.</summary>
    public readonly byte* Frame => (byte*)_frame;

    public bool MoveNext()
    {
        if (_frame != null) _return = _frame[1];
        _frame = _next;
        if (_frame == null) return false;
        _next = (nint*)_frame[0];
        return true;
    }

    /// <summary>What is known of the call that the current function is in; false where there is nothing to know, as in thunks.</summary>
    public readonly bool TryFindCall(out ReturnSite site, out FunctionTables tables, out nint function)
    {
        // A return address points behind its call, and may be another function's already.
        nint pc = _return - 1;
        if (CodeMap.Find(pc) is { } unit)
        {
            tables = unit.TablesAt(pc, out int offset);
            function = pc - offset;
            return tables.TryFindReturn(offset + 1, out site);
        }
        (site, tables, function) = (default, null!, 0);
        return false;
    }

    /// <summary>Looks for the innermost frame with a handler and leaves both in the activation.</summary>
    public static bool TryFindHandler(Activation* activation)
    {
        NativeFrames frames = new(activation);
        while (frames.MoveNext())
        {
            nint handler = HandlerCache.Find(frames);
            if (handler == 0) continue;
            activation->HandlerPc = handler;
            activation->HandlerFrame = (nint)frames.Frame;
            return true;
        }
        return false;
    }

    /// <summary>Shows the collector what the frames hold.</summary>
    public static void VisitRoots(Activation* activation, GcHeap heap)
    {
        NativeFrames frames = new(activation);
        while (frames.MoveNext())
        {
            if (!frames.TryFindCall(out ReturnSite site, out FunctionTables tables, out _)) continue;
            foreach (int slot in tables.StackMaps.AsSpan(site.MapStart, site.MapCount)) heap.ForwardSlot((ulong*)(frames.Frame + slot));
        }
    }
}

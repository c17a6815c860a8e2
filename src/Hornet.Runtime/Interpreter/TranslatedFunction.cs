namespace Hornet.Runtime;

/// <summary>What is known of a translated function beside its code.</summary>
/// <param name="start">Its first instruction.</param>
/// <param name="length">Bytes of code.</param>
/// <param name="index">Its index in the module.</param>
/// <param name="offsets">Pairs of LEB128 numbers: bytes of code since the last pair, bytes of module since (signed).</param>
/// <param name="bodyOffset">Where its body begins in the module.</param>
/// <param name="handlers">Exception handlers, inner before outer.</param>
/// <param name="roots">Where its frame holds references to the collector's objects.</param>
internal sealed unsafe class TranslatedFunction(byte* start, int length, int index, byte[] offsets, int bodyOffset, ExceptionHandler[] handlers, FrameRoots roots)
{
    public byte* Start { get; } = start;
    public byte* End { get; } = start + length;
    public int Index { get; } = index;
    public ExceptionHandler[] Handlers { get; } = handlers;
    public FrameRoots Roots { get; } = roots;

    /// <summary>Offset in the module of the operator whose code has this ip.</summary>
    public int OffsetOf(byte* ip)
    {
        int target = (int)(ip - Start), code = 0, module = bodyOffset, found = bodyOffset, at = 0;
        while (at < offsets.Length)
        {
            Hornet.Base.Leb.TryReadU32(offsets, ref at, out uint step);
            Hornet.Base.Leb.TryReadS32(offsets, ref at, out int delta);
            code += (int)step;
            module += delta;
            if (code > target) break;
            found = module;
        }
        return found;
    }
}

/// <summary>Code that an exception handler guards, as offsets from the function's start, and where it goes.</summary>
/// <param name="From">First guarded byte.</param>
/// <param name="To">One past the last.</param>
/// <param name="Kind">How it catches; see <see cref="Hornet.Wasm.CatchKind"/>.</param>
/// <param name="Tag">Index of the tag, or -1 where it catches everything.</param>
/// <param name="Target">Where to go on.</param>
/// <param name="Values">Offset from fp where the payload goes, the exception's reference behind it if the kind asks for it.</param>
/// <param name="Depth">How many blocks enclose the handler's own.</param>
internal readonly record struct ExceptionHandler(int From, int To, Hornet.Wasm.CatchKind Kind, int Tag, int Target, int Values, int Depth)
{
    /// <summary>Offset from fp where a legacy catch keeps the exception for rethrow, or 0.</summary>
    public int Caught { get; init; }

    /// <summary>A legacy delegate: only handlers of at most this depth see the exception. -1 elsewhere.</summary>
    public int DelegateTo { get; init; } = -1;
}

/// <summary>
/// Offsets from fp of the slots that hold GcRefs: locals always, operand homes by the offset of the instruction that follows
/// the safepoint.
/// </summary>
internal sealed class FrameRoots(int[] locals, Dictionary<int, int[]>? operands)
{
    public static readonly FrameRoots None = new([], null);

    public int[] Locals { get; } = locals;

    public int[] OperandsAt(int offset) => operands is not null && operands.TryGetValue(offset, out int[]? at) ? at : [];
}

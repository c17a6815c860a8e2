using Hornet.Base;
using Hornet.Compiler;
using Hornet.Compiler.Ir;

namespace Hornet.Native;

/// <summary>
/// What is known of one function's machine code, by offset from its beginning. Kept encoded, in memory and in images alike: most
/// functions are never asked. Numbers are LEB128, and differences from the row before.
/// </summary>
internal sealed class FunctionTables
{
    FunctionTables(int codeSize, int frameSize, bool keepsContext) => (CodeSize, FrameSize, KeepsContext) = (codeSize, frameSize, keepsContext);

    /// <summary>Where the instructions end; behind them lie jump tables and constants.</summary>
    public int CodeSize { get; }

    /// <summary>Bytes from rbp down to rsp between calls.</summary>
    public int FrameSize { get; }

    /// <summary>Whether the frame keeps its context below its frame pointer.</summary>
    public bool KeepsContext { get; }

    public TrapSite[] Traps { get; private init; } = [];

    public SourceSite[] Sources { get; private init; } = [];

    /// <summary>What was inlined: places in the other tables that are not the function's own.</summary>
    public InlineSiteData[] InlineSites { get; private init; } = [];

    /// <summary>Calls with a handler, references in their frame, or a frame state; others are not here.</summary>
    public ReturnSite[] Returns { get; private init; } = [];

    public int[] StackMaps { get; private init; } = [];

    public FrameStateSite[] FrameStates { get; private init; } = [];

    public FrameValue[] FrameValues { get; private init; } = [];

    /// <summary>Encoded tables of a function of which nothing is known.</summary>
    public static ReadOnlySpan<byte> Nothing => [0, 0, 0, 0, 0, 0, 0];

    /// <summary>The trap that the instruction at an offset can raise.</summary>
    public bool TryFindTrap(int offset, out TrapSite trap)
    {
        int low = 0, high = Traps.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (Traps[middle].Offset == offset)
            {
                trap = Traps[middle];
                return true;
            }
            if (Traps[middle].Offset < offset) low = middle + 1;
            else high = middle - 1;
        }
        trap = default;
        return false;
    }

    /// <summary>The call that returns to an offset, where there is something to say of it.</summary>
    public bool TryFindReturn(int offset, out ReturnSite site)
    {
        int low = 0, high = Returns.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (Returns[middle].Offset == offset)
            {
                site = Returns[middle];
                return true;
            }
            if (Returns[middle].Offset < offset) low = middle + 1;
            else high = middle - 1;
        }
        site = default;
        return false;
    }

    /// <summary>
    /// One frame of those that are at a position, innermost first: the function's own comes last, unless it is gone by a tail call.
    /// </summary>
    /// <param name="source">A position of the other tables; becomes that of the frame outside, or -1 where there is none.</param>
    /// <param name="symbol">The function that the tables are of.</param>
    /// <returns>Whose frame it is, and its place in the module.</returns>
    public CodePosition Frame(ref int source, int symbol)
    {
        int at = source;
        InlineSite site = InlineSiteData.SiteOf(InlineSites, source);
        if (site.IsNone)
        {
            source = -1;
            return new(symbol, at);
        }
        source = InlineSites[site.Index].Call;
        return new(InlineSites[site.Index].Symbol, InlineSiteData.Origin(InlineSites, at));
    }

    /// <summary>Where the operator lies that the code at an offset is made from.</summary>
    public int SourceAt(int offset)
    {
        int low = 0, high = Sources.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Sources[middle].Offset <= offset) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : Math.Max(0, Sources[low - 1].Source);
    }

    public static byte[] Encode(CompiledCode code, ByteBuffer buffer)
    {
        buffer.Clear();
        buffer.U32((uint)code.CodeSize);
        buffer.U32((uint)code.FrameSize);
        buffer.Byte(code.KeepsContext ? (byte)1 : (byte)0);
        int offset = 0, source = 0;
        buffer.U32((uint)code.Traps.Count);
        foreach (TrapSite trap in code.Traps.AsSpan())
        {
            Place(buffer, trap.Offset, trap.Source, ref offset, ref source);
            buffer.Byte(trap.Code.Code);
        }
        offset = source = 0;
        buffer.U32((uint)code.Sources.Count);
        foreach (SourceSite site in code.Sources.AsSpan()) Place(buffer, site.Offset, site.Source, ref offset, ref source);
        source = 0;
        buffer.U32((uint)code.InlineSites.Count);
        foreach (InlineSiteData site in code.InlineSites.AsSpan())
        {
            buffer.U32((uint)site.Symbol);
            buffer.U32((uint)(site.Base - source));
            buffer.U32((uint)site.Start);
            buffer.S64(site.Call);
            source = site.Base;
        }
        offset = source = 0;
        int told = 0;
        foreach (ReturnSite site in code.Returns.AsSpan()) told += IsTold(site) ? 1 : 0;
        buffer.U32((uint)told);
        if (told == 0) return buffer.ToArray();
        foreach (ReturnSite site in code.Returns.AsSpan())
        {
            if (!IsTold(site)) continue;
            Place(buffer, site.Offset, site.Source, ref offset, ref source);
            buffer.S64(site.Handler);
            buffer.U32((uint)site.MapStart);
            buffer.U32((uint)site.MapCount);
            buffer.S64(site.State);
        }
        buffer.U32((uint)code.StackMaps.Count);
        foreach (int slot in code.StackMaps.AsSpan()) buffer.S64(slot);
        buffer.U32((uint)code.FrameStates.Count);
        foreach (FrameStateSite state in code.FrameStates.AsSpan())
        {
            buffer.S64(state.Tag);
            buffer.S64(state.Outer);
            buffer.U32((uint)state.ValueStart);
            buffer.U32((uint)state.ValueCount);
        }
        buffer.U32((uint)code.FrameValues.Count);
        foreach (FrameValue value in code.FrameValues.AsSpan())
        {
            buffer.Byte((byte)value.Kind);
            buffer.S64(value.Payload);
        }
        return buffer.ToArray();
    }

    static bool IsTold(in ReturnSite site) => site.Handler >= 0 || site.MapCount > 0 || site.State >= 0;

    static void Place(ByteBuffer buffer, int offset, int source, ref int lastOffset, ref int lastSource)
    {
        buffer.S64(offset - lastOffset);
        buffer.S64(source - lastSource);
        (lastOffset, lastSource) = (offset, source);
    }

    public static FunctionTables Decode(ReadOnlySpan<byte> bytes)
    {
        Reader reader = new(bytes);
        int codeSize = reader.Count(), frameSize = reader.Count();
        bool keepsContext = reader.Byte() != 0;
        TrapSite[] traps = new TrapSite[reader.Rows()];
        int offset = 0, source = 0;
        for (int i = 0; i < traps.Length; i++)
        {
            reader.Place(ref offset, ref source);
            traps[i] = new(offset, new(reader.Byte()), source);
        }
        SourceSite[] sources = new SourceSite[reader.Rows()];
        offset = source = 0;
        for (int i = 0; i < sources.Length; i++)
        {
            reader.Place(ref offset, ref source);
            sources[i] = new(offset, source);
        }
        InlineSiteData[] inlined = new InlineSiteData[reader.Rows()];
        source = 0;
        for (int i = 0; i < inlined.Length; i++)
        {
            int symbol = reader.Count();
            source += Math.Max(reader.Count(), i == 0 ? 0 : 1);
            // Outwards is always towards smaller positions.
            inlined[i] = new(symbol, source, reader.Count(), Math.Clamp(reader.Int(), -1, source - 1));
        }
        ReturnSite[] returns = new ReturnSite[reader.Rows()];
        if (returns.Length == 0) return new(codeSize, frameSize, keepsContext) { Traps = traps, Sources = sources, InlineSites = inlined };
        offset = source = 0;
        for (int i = 0; i < returns.Length; i++)
        {
            reader.Place(ref offset, ref source);
            returns[i] = new(offset, source, reader.Int(), reader.Count(), reader.Count(), reader.Int());
        }
        int[] maps = new int[reader.Rows()];
        for (int i = 0; i < maps.Length; i++) maps[i] = reader.Int();
        FrameStateSite[] states = new FrameStateSite[reader.Rows()];
        for (int i = 0; i < states.Length; i++) states[i] = new(reader.Int(), reader.Int(), reader.Count(), reader.Count());
        FrameValue[] values = new FrameValue[reader.Rows()];
        for (int i = 0; i < values.Length; i++) values[i] = new((FrameValueKind)reader.Byte(), reader.Long());
        return new(codeSize, frameSize, keepsContext)
        {
            Traps = traps, Sources = sources, InlineSites = inlined, Returns = returns, StackMaps = maps, FrameStates = states, FrameValues = values,
        };
    }

    // An image's tables are as trusted as its code, but a mistake in them must not become a wild read.
    ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        readonly ReadOnlySpan<byte> _bytes = bytes;
        int _at;

        public byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw Damaged();

        public int Count()
        {
            if (Leb.TryReadU32(_bytes, ref _at, out uint value) != LebStatus.Ok || value > int.MaxValue) throw Damaged();
            return (int)value;
        }

        /// <summary>How many rows follow; each has a byte at least.</summary>
        public int Rows() => Count() is var count && count <= _bytes.Length - _at ? count : throw Damaged();

        public long Long() => Leb.TryReadS64(_bytes, ref _at, out long value) == LebStatus.Ok ? value : throw Damaged();

        public int Int() => (int)Long();

        public void Place(ref int offset, ref int source)
        {
            offset += Int();
            source += Int();
        }

        static InvalidDataException Damaged() => new("the tables of a function's machine code are damaged");
    }
}

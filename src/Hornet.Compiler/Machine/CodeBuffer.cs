using System.Buffers.Binary;
using Hornet.Base;

namespace Hornet.Compiler.Machine;

/// <summary>A place in the code; see <see cref="CodeBuffer.Bind"/>.</summary>
internal readonly record struct CodeLabel(int Index)
{
    public static CodeLabel None => new(-1);
}

/// <summary>
/// Collects code bytes. Branches to labels are emitted in their long form and remembered; <see cref="Finish"/> then makes
/// as many as possible short (starting from all short and lengthening until nothing changes, which is the least solution),
/// inserts alignment, and moves the bytes together once. Offsets handed out before are translated by <see cref="Final(int)"/>.
/// </summary>
internal sealed class CodeBuffer
{
    private enum SiteKind : byte
    {
        /// <summary>A long branch of <c>Length</c> bytes whose last four are the distance; short, it has two.</summary>
        Branch,
        /// <summary>Four bytes: the distance from their end plus <c>Tail</c> to the label.</summary>
        Distance,
        /// <summary>Four bytes: the distance from one label to another.</summary>
        Difference,
        Align,
    }

    private struct Site
    {
        public int Offset, Final;
        public SiteKind Kind;
        public byte Length, Tail;
        public bool Long;
        public CodeLabel Label, From;
    }

    private readonly FlatList<Site> _sites = new(64);
    private readonly FlatList<int> _labels = new(64);
    private byte[] _bytes = new byte[1024];
    private byte[] _final = new byte[1024];

    /// <summary>The position in the unfinished code.</summary>
    public int Offset { get; private set; }

    public int FinalSize { get; private set; }

    public ReadOnlySpan<byte> FinalBytes => _final.AsSpan(0, FinalSize);

    public void Clear()
    {
        Offset = FinalSize = 0;
        _sites.Clear();
        _labels.Clear();
    }

    public void Byte(int value)
    {
        if (Offset == _bytes.Length) Array.Resize(ref _bytes, _bytes.Length * 2);
        _bytes[Offset++] = (byte)value;
    }

    public void Int16(int value)
    {
        Byte(value);
        Byte(value >> 8);
    }

    public void Int32(int value)
    {
        Int16(value);
        Int16(value >> 16);
    }

    public void Int64(long value)
    {
        Int32((int)value);
        Int32((int)(value >> 32));
    }

    public CodeLabel CreateLabel() => new(_labels.Add(-1));

    public void Bind(CodeLabel label) => _labels[label.Index] = Offset;

    public bool IsBound(CodeLabel label) => _labels[label.Index] >= 0;

    /// <summary>A branch that has a two-byte form: opcode <paramref name="code"/> (70–7F or EB) and a byte of distance.</summary>
    public void Branch(byte code, CodeLabel target)
    {
        bool jump = code == 0xEB;
        _sites.Add(new Site { Offset = Offset, Kind = SiteKind.Branch, Length = (byte)(jump ? 5 : 6), Label = target });
        if (jump)
        {
            Byte(0xE9);
        }
        else
        {
            Byte(0x0F);
            Byte(code + 0x10);
        }
        Int32(0);
    }

    /// <summary>Four bytes of distance to a label, in an instruction that goes on for <paramref name="tail"/> bytes.</summary>
    public void Distance(CodeLabel target, int tail, int addend = 0)
    {
        _sites.Add(new Site { Offset = Offset, Kind = SiteKind.Distance, Length = 4, Label = target, Tail = (byte)tail });
        Int32(addend);
    }

    /// <summary>Four bytes: <paramref name="target"/> minus <paramref name="from"/>, for jump tables.</summary>
    public void Difference(CodeLabel target, CodeLabel from)
    {
        _sites.Add(new Site { Offset = Offset, Kind = SiteKind.Difference, Length = 4, Label = target, From = from });
        Int32(0);
    }

    /// <summary>What follows starts at a multiple of <paramref name="bytes"/>; the gap is filled with no-operations.</summary>
    public void Align(int bytes) => _sites.Add(new Site { Offset = Offset, Kind = SiteKind.Align, Length = (byte)bytes });

    /// <summary>Where something at an offset of the unfinished code ended up.</summary>
    public int Final(int offset)
    {
        Span<Site> sites = _sites.AsSpan();
        int low = 0, high = sites.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sites[middle].Offset < offset) low = middle + 1;
            else high = middle;
        }
        // An offset at an alignment means what comes after it.
        while (low < sites.Length && sites[low].Offset == offset && sites[low].Kind == SiteKind.Align) low++;
        if (low == 0) return offset;
        ref Site before = ref sites[low - 1];
        return before.Final + FinalLength(before) + (offset - before.Offset - Length(before));
    }

    public int Final(CodeLabel label) => Final(_labels[label.Index]);

    public void Finish()
    {
        Span<Site> sites = _sites.AsSpan();
        do Place(sites);
        while (Lengthen(sites));
        FinalSize = Final(Offset);
        if (_final.Length < FinalSize) _final = new byte[Math.Max(FinalSize, _final.Length * 2)];
        int from = 0, to = 0;
        foreach (ref Site site in sites)
        {
            int plain = site.Offset - from;
            _bytes.AsSpan(from, plain).CopyTo(_final.AsSpan(to));
            to += plain;
            to += Write(site, to);
            from = site.Offset + Length(site);
        }
        _bytes.AsSpan(from, Offset - from).CopyTo(_final.AsSpan(to));
    }

    private static int Length(in Site site) => site.Kind == SiteKind.Align ? 0 : site.Length;

    private static int FinalLength(in Site site) => site.Kind switch
    {
        SiteKind.Branch => site.Long ? site.Length : 2,
        SiteKind.Align => -site.Final & (site.Length - 1),
        _ => 4,
    };

    private static void Place(Span<Site> sites)
    {
        int old = 0, now = 0;
        foreach (ref Site site in sites)
        {
            now += site.Offset - old;
            site.Final = now;
            now += FinalLength(site);
            old = site.Offset + Length(site);
        }
    }

    private bool Lengthen(Span<Site> sites)
    {
        bool changed = false;
        foreach (ref Site site in sites)
        {
            if (site.Kind != SiteKind.Branch || site.Long) continue;
            int distance = Final(site.Label) - (site.Final + 2);
            if (distance == (sbyte)distance) continue;
            site.Long = changed = true;
        }
        return changed;
    }

    private int Write(in Site site, int at)
    {
        int length = FinalLength(site);
        Span<byte> code = _final.AsSpan(at, length);
        switch (site.Kind)
        {
            case SiteKind.Branch when site.Long:
                _bytes.AsSpan(site.Offset, length - 4).CopyTo(code);
                BinaryPrimitives.WriteInt32LittleEndian(code[^4..], Final(site.Label) - (at + length));
                break;
            case SiteKind.Branch:
                code[0] = site.Length == 5 ? (byte)0xEB : (byte)(_bytes[site.Offset + 1] - 0x10);
                code[1] = (byte)(Final(site.Label) - (at + 2));
                break;
            case SiteKind.Distance:
                int addend = BinaryPrimitives.ReadInt32LittleEndian(_bytes.AsSpan(site.Offset));
                BinaryPrimitives.WriteInt32LittleEndian(code, Final(site.Label) + addend - (at + 4 + site.Tail));
                break;
            case SiteKind.Difference:
                BinaryPrimitives.WriteInt32LittleEndian(code, Final(site.Label) - Final(site.From));
                break;
            default:
                Nop(code);
                break;
        }
        return length;
    }

    private static void Nop(Span<byte> code)
    {
        // The multi-byte no-operations that the manuals recommend.
        while (code.Length > 0)
        {
            int n = Math.Min(code.Length, 9);
            ReadOnlySpan<byte> nop = n switch
            {
                1 => [0x90],
                2 => [0x66, 0x90],
                3 => [0x0F, 0x1F, 0x00],
                4 => [0x0F, 0x1F, 0x40, 0x00],
                5 => [0x0F, 0x1F, 0x44, 0x00, 0x00],
                6 => [0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
                7 => [0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
                8 => [0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
                _ => [0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
            };
            nop.CopyTo(code);
            code = code[n..];
        }
    }
}

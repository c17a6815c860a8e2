using System.Buffers.Binary;
using System.Text.Unicode;
using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>
/// The event reader: takes a module in chunks of any size and hands out one event after the other. It keeps what must survive
/// between chunks (where it is, in which section) but no bytes: the caller keeps what was not consumed and gives it again with
/// more behind it, as <see cref="ModuleDecoder"/> does. Between two events never more is needed at once than one item: a section
/// that is neither code nor data, a function body, the head of a data segment.
/// </summary>
public sealed class ModuleReader
{
    enum State : byte { Preamble, Header, Whole, CountItems, Bodies, Segments, SegmentBytes, Raw, AfterEnd }

    State _state;
    SectionId _section;
    int _offset, _contentStart, _sectionEnd, _items, _index, _segmentEnd;

    /// <summary>Bytes consumed so far: where the next event begins.</summary>
    public int Offset => _offset;

    /// <summary>After <see cref="ModuleEventKind.SectionStart"/>: the section's content comes as <see cref="ModuleEventKind.Bytes"/>, however it is cut, unchecked.</summary>
    public void TakeRaw()
    {
        if (_state is not (State.Whole or State.CountItems)) throw new InvalidOperationException("only right after a section's start");
        _state = State.Raw;
    }

    /// <summary>Reads the next event.</summary>
    /// <param name="bytes">The module from <see cref="Offset"/> on, as far as it is there.</param>
    /// <param name="isLast">Whether the module ends where they end.</param>
    /// <param name="consumed">How many of them the event took; the next call begins behind them.</param>
    /// <exception cref="WasmFormatException">The bytes cannot be a module.</exception>
    public ModuleEvent Read(ReadOnlySpan<byte> bytes, bool isLast, out int consumed)
    {
        consumed = 0;
        if (bytes.Length > WasmLimits.ModuleBytes - _offset) WasmFormatException.ThrowLimit(_offset, $"module is larger than {WasmLimits.ModuleBytes} bytes");
        int before = _offset;
        ModuleEvent found = _state switch
        {
            State.Preamble => Preamble(bytes),
            State.Header => Header(bytes, isLast),
            State.Whole => Whole(bytes),
            State.CountItems => CountItems(bytes),
            State.Bodies => Body(bytes),
            State.Segments => Segment(bytes),
            State.SegmentBytes or State.Raw => Piece(bytes),
            _ => throw new InvalidOperationException("the module has ended"),
        };
        consumed = _offset - before;
        if (found.Kind == ModuleEventKind.NeedMore && isLast) ThrowEnd(bytes.Length);
        return found;
    }

    static ModuleEvent NeedMore(int count) => new() { Kind = ModuleEventKind.NeedMore, Count = Math.Max(count, 1) };

    // The standard's interpreter checks a section's size against what is left before it looks inside.
    void ThrowEnd(int left) => WasmFormatException.ThrowMalformed(_offset + left,
        _state is State.Preamble or State.Header ? "unexpected end" : $"length out of bounds: {Sections.Name(_section)} section ends at 0x{_sectionEnd:x}");

    ModuleEvent Preamble(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 4 && !bytes[..4].SequenceEqual("\0asm"u8)) WasmFormatException.ThrowMalformed(0, "magic header not detected");
        if (bytes.Length < 8) return NeedMore(8 - bytes.Length);
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        // The upper half is the layer: 0 a module, 1 a component.
        if (version == 0x1000D) WasmFormatException.ThrowUnsupported(4, "this is a component (binary version 0x0d, layer 1), a core module (version 1) is expected");
        if (version != 1) WasmFormatException.ThrowMalformed(4, $"unknown binary version: {bytes[4]:x2} {bytes[5]:x2} {bytes[6]:x2} {bytes[7]:x2}");
        _state = State.Header;
        _offset = 8;
        return new() { Kind = ModuleEventKind.Version, Count = 1, Content = new(bytes[..8], 0), Range = new(0, 8) };
    }

    ModuleEvent Header(ReadOnlySpan<byte> bytes, bool isLast)
    {
        if (bytes.IsEmpty)
        {
            if (!isLast) return NeedMore(1);
            _state = State.AfterEnd;
            return new() { Kind = ModuleEventKind.End, Range = new(_offset, 0) };
        }
        if (bytes[0] >= Sections.Count) WasmFormatException.ThrowMalformed(_offset, $"malformed section id {bytes[0]}");
        SectionId id = (SectionId)bytes[0];
        int pos = 1;
        if (!TryU32(bytes, ref pos, out uint size)) return NeedMore(1);
        if (isLast && size > (uint)(bytes.Length - pos) || size > WasmLimits.ModuleBytes - _offset) WasmFormatException.ThrowMalformed(_offset + 1, "length out of bounds");
        int end = _offset + pos + (int)size;
        ReadOnlySpan<byte> name = default;
        if (id == SectionId.Custom)
        {
            int at = pos, left = (int)size;
            int start = pos;
            ReadOnlySpan<byte> content = bytes.Slice(pos, Math.Min(left, bytes.Length - pos));
            int inner = 0;
            LebStatus status = Leb.TryReadU32(content, ref inner, out uint length);
            if (status == LebStatus.NeedMore && content.Length < left) return NeedMore(1);
            if (status != LebStatus.Ok) ThrowLeb(status, _offset + at);
            if (length > (uint)(left - inner)) WasmFormatException.ThrowMalformed(_offset + at, "unexpected end of section or function");
            if (length > WasmLimits.StringBytes) WasmFormatException.ThrowLimit(_offset + at, $"name of {length} bytes is longer than {WasmLimits.StringBytes}");
            if (content.Length - inner < (int)length) return NeedMore((int)length - (content.Length - inner));
            name = content.Slice(inner, (int)length);
            if (!Utf8.IsValid(name)) WasmFormatException.ThrowMalformed(_offset + at, "malformed UTF-8 encoding");
            pos = start + inner + (int)length;
        }
        _section = id;
        _offset += pos;
        _contentStart = _offset;
        _sectionEnd = end;
        _state = id is SectionId.Code or SectionId.Data ? State.CountItems : State.Whole;
        return new() { Kind = ModuleEventKind.SectionStart, Section = id, Name = name, Range = new(_offset, end - _offset) };
    }

    ModuleEvent Whole(ReadOnlySpan<byte> bytes)
    {
        int length = _sectionEnd - _offset;
        if (bytes.Length < length) return NeedMore(length - bytes.Length);
        ModuleBytes content = new(bytes[..length], _offset);
        _offset = _sectionEnd;
        _state = State.Header;
        return new() { Kind = ModuleEventKind.Section, Section = _section, Content = content, Range = content.Range };
    }

    ModuleEvent CountItems(ReadOnlySpan<byte> bytes)
    {
        int pos = 0;
        if (!TryU32(Window(bytes), ref pos, out uint count)) return NeedMoreOfSection(bytes);
        WasmLimits.Check(count, _section == SectionId.Code ? WasmLimits.Functions : WasmLimits.DataSegments, _offset, _section == SectionId.Code ? "function body" : "data segment");
        _offset += pos;
        _items = (int)count;
        _index = 0;
        _state = _section == SectionId.Code ? State.Bodies : State.Segments;
        return new() { Kind = ModuleEventKind.ItemCount, Section = _section, Count = _items, Range = new(_contentStart, pos) };
    }

    ModuleEvent Body(ReadOnlySpan<byte> bytes)
    {
        if (_index == _items) return EndOfItems();
        int pos = 0;
        ReadOnlySpan<byte> window = Window(bytes);
        if (!TryU32(window, ref pos, out uint size)) return NeedMoreOfSection(bytes);
        if (size > WasmLimits.FunctionBytes) WasmFormatException.ThrowLimit(_offset, $"function body of {size} bytes exceeds the limit of {WasmLimits.FunctionBytes}");
        if (size > _sectionEnd - _offset - pos) WasmFormatException.ThrowMalformed(_offset, "section size mismatch: function body reaches beyond the code section");
        int missing = (int)size - (window.Length - pos);
        if (missing > 0) return NeedMore(missing);
        ModuleBytes body = new(window.Slice(pos, (int)size), _offset + pos);
        _offset += pos + (int)size;
        return new() { Kind = ModuleEventKind.FunctionBody, Section = _section, Content = body, Range = body.Range, Index = _index++ };
    }

    ModuleEvent Segment(ReadOnlySpan<byte> bytes)
    {
        if (_index == _items) return EndOfItems();
        ReadOnlySpan<byte> window = Window(bytes);
        // The head is short, but where it ends is only known by reading it.
        bool whole = window.Length == _sectionEnd - _offset;
        if (!DataSegmentReader.TryMeasure(new(window, _offset), whole, out int headLength, out uint length))
        {
            // Ask for as much again: a long expression that comes byte by byte is not read from its beginning at each of them.
            return NeedMore(Math.Min(window.Length, _sectionEnd - _offset - window.Length));
        }
        if (length > (uint)(_sectionEnd - _offset - headLength)) WasmFormatException.ThrowMalformed(_offset + headLength, "unexpected end of section or function");
        ModuleBytes head = new(window[..headLength], _offset);
        _offset += headLength;
        _segmentEnd = _offset + (int)length;
        _state = State.SegmentBytes;
        return new() { Kind = ModuleEventKind.DataSegment, Section = _section, Content = head, Range = head.Range, Index = _index++ };
    }

    ModuleEvent Piece(ReadOnlySpan<byte> bytes)
    {
        int end = _state == State.Raw ? _sectionEnd : _segmentEnd;
        if (_offset == end)
        {
            if (_state == State.Raw) return EndOfSection();
            _state = State.Segments;
            return Segment(bytes);
        }
        if (bytes.IsEmpty) return NeedMore(1);
        ModuleBytes piece = new(bytes[..Math.Min(bytes.Length, end - _offset)], _offset);
        _offset += piece.Length;
        return new() { Kind = ModuleEventKind.Bytes, Section = _section, Content = piece, Range = piece.Range, Index = _index - 1 };
    }

    ModuleEvent EndOfItems()
    {
        if (_offset != _sectionEnd) WasmFormatException.ThrowMalformed(_offset, $"section size mismatch: {Sections.Name(_section)} section ends at 0x{_sectionEnd:x}");
        return EndOfSection();
    }

    ModuleEvent EndOfSection()
    {
        _state = State.Header;
        return new() { Kind = ModuleEventKind.SectionEnd, Section = _section, Range = new(_contentStart, _sectionEnd - _contentStart) };
    }

    /// <summary>What is there of the section.</summary>
    ReadOnlySpan<byte> Window(ReadOnlySpan<byte> bytes) => bytes[..Math.Min(bytes.Length, _sectionEnd - _offset)];

    ModuleEvent NeedMoreOfSection(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= _sectionEnd - _offset) WasmFormatException.ThrowMalformed(_sectionEnd, "unexpected end of section or function");
        return NeedMore(1);
    }

    bool TryU32(ReadOnlySpan<byte> bytes, ref int pos, out uint value)
    {
        LebStatus status = Leb.TryReadU32(bytes, ref pos, out value);
        if (status is not (LebStatus.Ok or LebStatus.NeedMore)) ThrowLeb(status, _offset + pos);
        return status == LebStatus.Ok;
    }

    static void ThrowLeb(LebStatus status, int offset) => WasmFormatException.ThrowMalformed(offset, status switch
    {
        LebStatus.TooLong => "integer representation too long",
        LebStatus.TooLarge => "integer too large",
        _ => "unexpected end of section or function",
    });
}

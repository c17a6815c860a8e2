using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace Hornet.Text.Printing;

/// <summary>UTF-8 text that grows, or that goes to a stream block by block.</summary>
sealed class TextBuffer(Stream? target)
{
    const int Block = 1 << 16;
    byte[] _bytes = new byte[target is null ? 256 : Block];
    int _length;

    public byte[] ToArray() => _bytes.AsSpan(0, _length).ToArray();

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public int Length => _length;

    public void Truncate(int length) => _length = length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Grow(int count)
    {
        if (target is not null)
        {
            Flush();
            if (count <= _bytes.Length) return;
        }
        Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(_bytes.Length * 2L, _length + (long)count)));
    }

    public void Flush()
    {
        target?.Write(_bytes, 0, _length);
        if (target is not null) _length = 0;
    }

    // Measured: a call for each token halves the printer's speed.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ReadOnlySpan<byte> utf8)
    {
        if (_bytes.Length - _length < utf8.Length) Grow(utf8.Length);
        utf8.CopyTo(_bytes.AsSpan(_length));
        _length += utf8.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(char ascii)
    {
        if (_length == _bytes.Length) Grow(1);
        _bytes[_length++] = (byte)ascii;
    }

    public void Write(string text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        if (_bytes.Length - _length < count) Grow(count);
        _length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length));
    }

    public void Number(long value)
    {
        if (_bytes.Length - _length < 24) Grow(24);
        if ((ulong)value < 10)
        {
            _bytes[_length++] = (byte)('0' + value);
            return;
        }
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out int written);
        _length += written;
    }

    public void Unsigned(ulong value)
    {
        if (_bytes.Length - _length < 24) Grow(24);
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out int written);
        _length += written;
    }

    public void Hex(ulong value)
    {
        if (_bytes.Length - _length < 24) Grow(24);
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out int written, 'x');
        _length += written;
    }

    public void F32(uint bits)
    {
        if ((bits & 0x7F800000) == 0x7F800000) Special(bits >> 31 != 0, bits & 0x7FFFFF, 0x400000);
        else Formatted(BitConverter.UInt32BitsToSingle(bits));
    }

    public void F64(ulong bits)
    {
        if ((bits & 0x7FF0000000000000) == 0x7FF0000000000000) Special(bits >> 63 != 0, bits & 0xFFFFFFFFFFFFF, 0x8000000000000);
        else Formatted(BitConverter.UInt64BitsToDouble(bits));
    }

    // The shortest decimal that reads back as the same number.
    void Formatted<T>(T value) where T : IUtf8SpanFormattable
    {
        if (_bytes.Length - _length < 64) Grow(64);
        value.TryFormat(_bytes.AsSpan(_length), out int written, default, System.Globalization.CultureInfo.InvariantCulture);
        _length += written;
    }

    void Special(bool negative, ulong fraction, ulong canonical)
    {
        if (negative) Write('-');
        if (fraction == 0) Write("inf"u8);
        else if (fraction == canonical) Write("nan"u8);
        else
        {
            Write("nan:0x"u8);
            Hex(fraction);
        }
    }

    /// <summary>A new line, indented.</summary>
    public void Line(int indent)
    {
        int count = 1 + 2 * Math.Min(indent, 60);
        if (_bytes.Length - _length < count) Grow(count);
        _bytes[_length] = (byte)'\n';
        _bytes.AsSpan(_length + 1, count - 1).Fill((byte)' ');
        _length += count;
    }

    /// <summary>A string literal with any bytes.</summary>
    public void Quoted(ReadOnlySpan<byte> bytes)
    {
        Write('"');
        while (!bytes.IsEmpty)
        {
            int plain = 0;
            while (plain < bytes.Length && bytes[plain] is >= 0x20 and < 0x7F and not ((byte)'"' or (byte)'\\')) plain++;
            Write(bytes[..plain]);
            if (plain == bytes.Length) break;
            Write('\\');
            Write("0123456789abcdef"[bytes[plain] >> 4]);
            Write("0123456789abcdef"[bytes[plain] & 15]);
            bytes = bytes[(plain + 1)..];
        }
        Write('"');
    }

    /// <summary>A string literal of UTF-8: what is readable stays so.</summary>
    public void QuotedName(ReadOnlySpan<byte> utf8)
    {
        Write('"');
        int start = 0;
        for (int i = 0; i < utf8.Length; i++)
        {
            if (utf8[i] is >= 0x20 and not (0x7F or (byte)'"' or (byte)'\\')) continue;
            Write(utf8[start..i]);
            start = i + 1;
            Write('\\');
            Write("0123456789abcdef"[utf8[i] >> 4]);
            Write("0123456789abcdef"[utf8[i] & 15]);
        }
        Write(utf8[start..]);
        Write('"');
    }
}

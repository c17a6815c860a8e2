using System.Diagnostics.CodeAnalysis;

namespace Hornet.Wasm;

/// <summary>What is wrong with a module.</summary>
public enum FormatErrorKind : byte
{
    /// <summary>The bytes do not follow the grammar of the binary format.</summary>
    Malformed,
    /// <summary>Well formed, but against the validation rules.</summary>
    Invalid,
    /// <summary>An implementation limit is exceeded.</summary>
    Limit,
    /// <summary>Uses a feature that is switched off, or a component where a module is expected.</summary>
    Unsupported,
}

/// <summary>A module (or text) that cannot be accepted: the guest's fault, never the host's.</summary>
public sealed class WasmFormatException(FormatErrorKind kind, long offset, string message)
    : Exception($"{message} (at offset 0x{offset:x})")
{
    public FormatErrorKind Kind { get; } = kind;

    /// <summary>Bytes from the beginning of the module.</summary>
    public long Offset { get; } = offset;

    /// <summary>The message without the offset, in the specification's words where its test suite has some.</summary>
    public string Reason { get; } = message;

    /// <summary>Whether the bytes ended too early, which more of them could mend.</summary>
    internal bool IsUnexpectedEnd => Reason.StartsWith("unexpected end", StringComparison.Ordinal);

    [DoesNotReturn]
    internal static void ThrowMalformed(long offset, string message) => throw new WasmFormatException(FormatErrorKind.Malformed, offset, message);

    [DoesNotReturn]
    internal static void ThrowInvalid(long offset, string message) => throw new WasmFormatException(FormatErrorKind.Invalid, offset, message);

    [DoesNotReturn]
    internal static void ThrowLimit(long offset, string message) => throw new WasmFormatException(FormatErrorKind.Limit, offset, message);

    [DoesNotReturn]
    internal static void ThrowUnsupported(long offset, string message) => throw new WasmFormatException(FormatErrorKind.Unsupported, offset, message);
}

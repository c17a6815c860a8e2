namespace Hornet;

/// <summary>What goes wrong with a guest: links that do not fit, traps, exceptions that it does not catch.</summary>
public class HornetException : Exception
{
    public HornetException(string message) : base(message) { }
    public HornetException(string message, Exception? inner) : base(message, inner) { }
}

/// <summary>An instantiation that cannot be: an import is missing or of the wrong type, or the instance would exceed a limit of its store.</summary>
public sealed class LinkException(string message) : HornetException(message);

/// <summary>An image that cannot be used: damaged, truncated, of another version, or made for another CPU or with other settings.</summary>
public sealed class ImageException(string message) : HornetException(message);

/// <summary>An exception that guest code threw and did not catch, or one that a host function throws into guest code.</summary>
public sealed class WasmException : HornetException
{
    readonly ValueBox[] _values;

    /// <summary>An exception to be thrown from a host function.</summary>
    /// <param name="tag">Its tag; of the same store as the guest.</param>
    /// <param name="values">Its payload, as the tag's parameters demand.</param>
    public WasmException(Tag tag, params ReadOnlySpan<ValueBox> values) : base("uncaught WebAssembly exception")
    {
        ArgumentNullException.ThrowIfNull(tag);
        Tag = tag;
        _values = values.ToArray();
    }

    public Tag Tag { get; }

    /// <summary>The payload.</summary>
    public ReadOnlySpan<ValueBox> Values => _values;
}

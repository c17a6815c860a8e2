namespace Hornet.Wasm;

/// <summary>What <see cref="ModuleReader"/> found next.</summary>
public enum ModuleEventKind : byte
{
    /// <summary>Nothing yet: at least <see cref="ModuleEvent.Count"/> more bytes are needed behind those that were given.</summary>
    NeedMore,
    /// <summary>The preamble; <see cref="ModuleEvent.Count"/> is the version.</summary>
    Version,
    /// <summary>
    /// A section's header. <see cref="ModuleEvent.Range"/> is where its content lies, behind the name of a custom section. To have the
    /// content as it comes instead of item by item, call <see cref="ModuleReader.TakeRaw"/> now.
    /// </summary>
    SectionStart,
    /// <summary>The whole content of a section that is neither code nor data; a typed reader such as <see cref="ImportSectionReader"/> takes it apart.</summary>
    Section,
    /// <summary>How many bodies or segments follow: after the start of a code or data section.</summary>
    ItemCount,
    /// <summary>A function body, locals and code; <see cref="ModuleEvent.Index"/> counts from the first one of the section.</summary>
    FunctionBody,
    /// <summary>A data segment up to its bytes: <see cref="DataSegmentReader"/> reads it. Its bytes follow as <see cref="Bytes"/>.</summary>
    DataSegment,
    /// <summary>Some bytes of a data segment, or of a section whose content is taken raw.</summary>
    Bytes,
    /// <summary>The end of a section that came in pieces: code, data, or one taken raw.</summary>
    SectionEnd,
    /// <summary>The end of the module.</summary>
    End,
}

/// <summary>An event; its spans are parts of the bytes that were given and live as long as those.</summary>
public readonly ref struct ModuleEvent
{
    public ModuleEventKind Kind { get; init; }
    /// <summary>The section that this belongs to.</summary>
    public SectionId Section { get; init; }
    /// <summary>The bytes of a section, body, segment header or piece.</summary>
    public ModuleBytes Content { get; init; }
    /// <summary>Where a section's content lies, in <see cref="ModuleEventKind.SectionStart"/>; else where <see cref="Content"/> does.</summary>
    public ByteRange Range { get; init; }
    /// <summary>A custom section's name, UTF-8.</summary>
    public ReadOnlySpan<byte> Name { get; init; }
    /// <summary>A number: see <see cref="ModuleEventKind"/>.</summary>
    public int Count { get; init; }
    /// <summary>The number of a body or data segment in its section.</summary>
    public int Index { get; init; }
}

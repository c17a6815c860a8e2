using System.Text;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Cli;

/// <summary>Writes one section of a module anew, or not at all.</summary>
/// <param name="customName">The name of a custom section; null for others.</param>
/// <param name="section">The section with its header.</param>
/// <param name="content">The section without it; in a custom section, what follows the name.</param>
/// <param name="to">Where to.</param>
internal delegate void SectionWriter(string? customName, ReadOnlySpan<byte> section, ReadOnlySpan<byte> content, ByteBuffer to);

/// <summary>Copies a module section by section.</summary>
internal static class SectionRewriter
{
    /// <exception cref="WasmFormatException">The module cannot be read.</exception>
    public static ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> bytes, SectionWriter write)
    {
        var written = new ByteBuffer(bytes.Length);
        var reader = new ModuleReader();
        var (position, start, content) = (0, 0, 0);
        string? customName = null;
        while (true)
        {
            var before = position;
            var found = reader.Read(bytes[position..], isLast: true, out var consumed);
            position += consumed;
            switch (found.Kind)
            {
                case ModuleEventKind.Version:
                    written.Append(bytes[..position]);
                    break;
                case ModuleEventKind.SectionStart:
                    (start, content) = (before, found.Range.Offset);
                    customName = found.Section == SectionId.Custom ? Encoding.UTF8.GetString(found.Name) : null;
                    reader.TakeRaw();
                    break;
                case ModuleEventKind.SectionEnd:
                    write(customName, bytes[start..position], bytes[content..position], written);
                    break;
                case ModuleEventKind.End:
                    return written.Written;
            }
        }
    }
}

using Hornet.Text.Printing;
using Hornet.Wasm;

namespace Hornet.Text;

/// <summary>Every byte of a module with what it means: offset, bytes, meaning, a line for each item.</summary>
public static class ModuleDump
{
    /// <summary>Writes the dump of a module.</summary>
    /// <exception cref="WasmFormatException">It is malformed; what came before the fault is written.</exception>
    public static void Write(ReadOnlySpan<byte> module, Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        TextBuffer text = new(to);
        try
        {
            new ModuleDumper(module, text).Dump();
        }
        finally
        {
            text.Flush();
        }
    }
}

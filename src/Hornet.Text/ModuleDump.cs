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

    /// <summary>Writes the dump of one function's body, with the types of the operands that each operator leaves on the stack.</summary>
    /// <exception cref="WasmFormatException">The module is malformed, or the function invalid; what came before the fault is written.</exception>
    public static void WriteFunction(ReadOnlySpan<byte> module, int function, Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        TextBuffer text = new(to);
        try
        {
            new ModuleDumper(module, text).DumpFunction(function);
        }
        finally
        {
            text.Flush();
        }
    }
}

using Hornet.Text.Printing;
using Hornet.Wasm;

namespace Hornet.Text;

/// <summary>How <see cref="WatPrinter"/> prints.</summary>
public sealed record WatPrinterOptions
{
    public static WatPrinterOptions Default { get; } = new();

    /// <summary>Operands inside the parentheses of their operator, not before it.</summary>
    public bool Folded { get; init; }

    /// <summary>Whether identifiers come from the name section; if not, everything is an index.</summary>
    public bool Names { get; init; } = true;

    /// <summary>Before each operator, how many bytes from the beginning of the module it lies.</summary>
    public bool Offsets { get; init; }

    /// <summary>Only what there is: no code, no data. The result cannot be parsed.</summary>
    public bool Skeleton { get; init; }

    /// <summary>Only the function of this index.</summary>
    public int? Function { get; init; }
}

/// <summary>Modules in the binary format as text that <see cref="WatParser"/> turns into the same module.</summary>
public static class WatPrinter
{
    /// <summary>Prints a module, which need be well formed, not valid.</summary>
    /// <exception cref="WasmFormatException">It is malformed.</exception>
    public static byte[] Print(ReadOnlySpan<byte> module, WatPrinterOptions? options = null)
    {
        TextBuffer text = new(null);
        new ModulePrinter(module, options ?? WatPrinterOptions.Default, text).Print();
        return text.ToArray();
    }

    /// <summary>Prints functions of a module, each by itself.</summary>
    /// <param name="module">The module.</param>
    /// <param name="functions">Their indices; of functions that the module defines.</param>
    /// <param name="each">Is given the index and the text, which is overwritten afterwards.</param>
    /// <param name="options">Of which <see cref="WatPrinterOptions.Function"/> means nothing here.</param>
    /// <exception cref="WasmFormatException">The module is malformed.</exception>
    public static void PrintFunctions(ReadOnlySpan<byte> module, IEnumerable<int> functions, Action<int, ReadOnlySpan<byte>> each, WatPrinterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(functions);
        ArgumentNullException.ThrowIfNull(each);
        TextBuffer text = new(null);
        ModulePrinter printer = new(module, (options ?? WatPrinterOptions.Default) with { Function = -1 }, text);
        printer.Print();
        foreach (int function in functions)
        {
            text.Truncate(0);
            printer.Function(function);
            each(function, text.Written);
        }
    }

    /// <summary>Prints a module to a stream as it goes, for texts that are larger than memory allows.</summary>
    /// <exception cref="WasmFormatException">It is malformed; what came before the fault is written.</exception>
    public static void Print(ReadOnlySpan<byte> module, Stream to, WatPrinterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(to);
        TextBuffer text = new(to);
        try
        {
            new ModulePrinter(module, options ?? WatPrinterOptions.Default, text).Print();
        }
        finally
        {
            text.Flush();
        }
    }
}

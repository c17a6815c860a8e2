using System.CommandLine;
using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet demangle FILE: a module whose functions are named as their programmers named them.</summary>
internal sealed class DemangleCommand : Command
{
    private readonly Argument<string?> file = new("FILE") { Description = "the module; '-' reads it from standard input", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> output = OutputFile.Option();
    private readonly Option<string[]> symbols = new("--name") { Description = "no module: print the names of these symbols, one a line", HelpName = "SYMBOL", AllowMultipleArgumentsPerToken = true };

    public DemangleCommand() : base("demangle", "Demangle the functions' names in a module's name section: Rust and C++. Everything else stays.")
    {
        Add(file);
        Add(output);
        Add(symbols);
        SetAction(Demangle);
    }

    /// <summary>The name of a symbol, or the symbol itself when it is not understood.</summary>
    public static string NameOf(string symbol) => Demangler.TryDemangle(symbol, out var name) ? name : symbol;

    private int Demangle(ParseResult result)
    {
        var path = result.GetValue(file);
        var names = result.GetValue(symbols) ?? [];
        if (path is null == (names.Length == 0))
            throw new UsageException("expected a module or --name SYMBOL, and not both");
        foreach (var symbol in names)
            Console.Out.WriteLine(NameOf(symbol));
        if (path is null)
            return 0;
        var module = ModuleFile.Read(path);
        try
        {
            OutputFile.WriteBinary(result.GetValue(output), Demangled(module.Bytes));
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }

    private static ReadOnlySpan<byte> Demangled(ReadOnlySpan<byte> bytes) => SectionRewriter.Rewrite(bytes, static (customName, section, content, to) =>
    {
        if (customName != NameSection.Name)
        {
            to.Append(section);
            return;
        }
        var names = new ByteBuffer(section.Length);
        names.Name(NameSection.Name);
        names.Append(DemangledNames.Rewrite(content));
        to.Byte((byte)SectionId.Custom);
        to.Vector(names.Written);
    });
}

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

    private static ReadOnlySpan<byte> Demangled(ReadOnlySpan<byte> bytes)
    {
        var written = new ByteBuffer(bytes.Length);
        var reader = new ModuleReader();
        var (position, start, content, isNames) = (0, 0, 0, false);
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
                    isNames = found.Section == SectionId.Custom && found.Name.SequenceEqual("name"u8);
                    reader.TakeRaw();
                    break;
                case ModuleEventKind.SectionEnd when isNames:
                    var section = new ByteBuffer(position - content);
                    section.Name(NameSection.Name);
                    section.Append(DemangledNames.Rewrite(bytes[content..position]));
                    written.Byte((byte)SectionId.Custom);
                    written.Vector(section.Written);
                    break;
                case ModuleEventKind.SectionEnd:
                    written.Append(bytes[start..position]);
                    break;
                case ModuleEventKind.End:
                    return written.Written;
            }
        }
    }
}

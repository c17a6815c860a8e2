using System.CommandLine;
using System.Globalization;
using System.Text;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet addr2line FILE ADDRESS...: which function, operator and line of the source lie at offsets of a module, as backtraces give them.</summary>
internal sealed class Addr2LineCommand : Command
{
    private readonly Argument<string> file = new("FILE") { Description = "the module" };
    private readonly Argument<string[]> addresses = new("ADDRESS") { Description = "offsets from the module's beginning, decimal or with 0x", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> codeSection = new("--code-section-relative") { Description = "count from the beginning of the code section's content" };

    public Addr2LineCommand() : base("addr2line", "Say which function, operator and line of source lie at offsets of a module. Lines of source need DWARF debug information (clang -g, rustc -g).")
    {
        Add(file);
        Add(addresses);
        Add(codeSection);
        SetAction(Find);
    }

    private int Find(ParseResult result)
    {
        var module = ModuleFile.Read(result.GetRequiredValue(file));
        var exitCode = 0;
        try
        {
            var environment = ModuleDecoder.Decode(module.Bytes, Features.All);
            var lines = new DwarfLines(module.Bytes);
            var origin = result.GetValue(codeSection) ? CodeSection(module.Bytes) : 0;
            foreach (var word in result.GetRequiredValue(addresses))
            {
                var line = At(module.Bytes, environment, lines, Number(word) + origin);
                if (line is null)
                    exitCode = Program.Failure;
                Console.Out.WriteLine($"{word}: {line ?? "no code lies there"}");
            }
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
        return exitCode;
    }

    private static long Number(string word) =>
        (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number)
            : long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number)) && number <= int.MaxValue
            ? number : throw new UsageException($"'{word}' is no offset: expected a number, such as 0x1f3");

    private static int CodeSection(byte[] bytes)
    {
        var reader = new ModuleReader();
        for (var position = 0; ;)
        {
            var found = reader.Read(bytes.AsSpan(position), isLast: true, out var consumed);
            position += consumed;
            if (found.Kind == ModuleEventKind.End)
                return 0;
            if (found.Kind == ModuleEventKind.SectionStart && found.Section == SectionId.Code)
                return found.Range.Offset;
            if (found.Kind == ModuleEventKind.SectionStart)
                reader.TakeRaw();
        }
    }

    private static string? At(byte[] bytes, ModuleEnvironment environment, DwarfLines lines, long address)
    {
        var body = environment.Bodies.FindIndex(b => address >= b.Bytes.Offset && address < b.Bytes.End);
        if (body < 0)
            return null;
        var index = environment.ImportedFunctions + body;
        var name = new FunctionNames(bytes, environment).Of(index);
        var range = environment.Bodies[body].Bytes;
        var source = lines.Find((int)address) is { } line ? $" at {line}" : "";
        return $"function {index}{(name is null ? "" : $" {DemangleCommand.NameOf(name)}")}, {address - range.Offset} bytes into its body: {Operator(bytes, range, address)}{source}";
    }

    // The mnemonic of the operator whose bytes these are.
    private static string Operator(byte[] bytes, ByteRange range, long address)
    {
        var body = new FunctionBodyReader(new ModuleBytes(bytes.AsSpan(range.Offset, range.Length), range.Offset));
        while (body.TryReadLocals(out _, out _))
        {
        }
        var reader = body.Operators;
        if (address < reader.Offset)
            return "declarations of locals";
        var op = default(Operator);
        do
            reader.Read(ref op);
        while (reader.Offset <= address);
        return Encoding.ASCII.GetString(Opcodes.MnemonicUtf8(op.Op));
    }
}

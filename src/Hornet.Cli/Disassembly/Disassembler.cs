using Iced.Intel;

namespace Hornet.Cli.Disassembly;

/// <summary>Machine code as lines of text, each with the operator that it comes from and what the tables say of it. The only place that knows Iced.</summary>
/// <param name="functionName">What a function is called.</param>
/// <param name="outside">What lies where code branches out of the function, in bytes from its beginning; null where only relocations tell.</param>
internal sealed class Disassembler(Func<int, string> functionName, Func<long, string?>? outside = null) : ISymbolResolver
{
    private const int RowOfData = 16;

    private readonly Dictionary<int, ListedTarget> targets = [];

    public List<CodeLine> Lines(ListedCode code)
    {
        targets.Clear();
        foreach (var target in code.Targets)
            targets[target.Offset] = target;
        var calls = code.Calls.ToDictionary(c => c.Offset);
        var traps = code.Traps.ToDictionary(t => t.Offset);
        var formatter = new IntelFormatter(new FormatterOptions
        {
            HexPrefix = "0x", HexSuffix = null, UppercaseHex = false, SpaceAfterOperandSeparator = true, BranchLeadingZeros = false, ShowBranchSize = false,
            RipRelativeAddresses = false, SmallHexNumbersInDecimal = true, SignedImmediateOperands = true,
        }, this);
        var text = new StringOutput();
        var instructions = Decoder.Create(64, new ByteArrayCodeReader(code.Bytes[..code.CodeSize].ToArray()), 0);
        var lines = new List<CodeLine>();
        var source = 0;
        while (instructions.IP < (ulong)code.CodeSize)
        {
            var offset = (int)instructions.IP;
            instructions.Decode(out var instruction);
            var end = (int)instructions.IP;
            while (source < code.Sources.Count && code.Sources[source].Offset <= offset)
                source++;
            var place = source == 0 ? new(0, -1) : code.Sources[source - 1];
            var from = place.Source;
            var operand = -1;
            var notes = "";
            if (traps.TryGetValue(offset, out var trap))
            {
                notes = $"trap: {TrapException.ReasonOf(trap.Trap)}";
                if (trap.Source != from && trap.Source >= 0)
                    notes += $" at 0x{operand = trap.Source:x}";
            }
            if (calls.TryGetValue(end, out var call))
                notes = NotesOf(call);
            formatter.Format(instruction, text);
            var target = instruction.Op0Kind == OpKind.NearBranch64 && !targets.ContainsKey(end - 4) ? (int)instruction.NearBranch64 : -1;
            lines.Add(new(offset, code.Bytes[offset..end], text.ToStringAndReset(), from, OwnSource(code, place), place.Inlined < 0 ? "" : functionName(code.Inlined[place.Inlined].Function), operand, target, notes));
        }
        for (var at = code.CodeSize; at < code.Bytes.Length; at += RowOfData)
            lines.Add(new(at, code.Bytes[at..Math.Min(at + RowOfData, code.Bytes.Length)], "data", -1, -1, "", -1, -1, at == code.CodeSize ? "constants and tables of branches" : ""));
        return lines;
    }

    /// <summary>Where in the listed function itself the outermost inlined call stands.</summary>
    private static int OwnSource(ListedCode code, ListedSource place)
    {
        var source = place.Source;
        for (var inlined = place.Inlined; inlined >= 0; inlined = code.Inlined[inlined].Within)
            source = code.Inlined[inlined].Call;
        return source;
    }

    private static string NotesOf(ListedCall call)
    {
        var notes = call.References.Count == 0 ? "safepoint" : $"safepoint, references at {string.Join(", ", call.References.Select(Place))}";
        return call.Handler < 0 ? notes : $"{notes}, a throw goes on at 0x{call.Handler:x}";
    }

    private static string Place(int offset) => offset < 0 ? $"rbp-0x{-offset:x}" : $"rbp+0x{offset:x}";

    /// <summary>What stands for an address that the linker of code fills in.</summary>
    bool ISymbolResolver.TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
    {
        for (var at = (int)instruction.IP; at < (int)instruction.NextIP; at++)
        {
            if (!targets.TryGetValue(at, out var target))
                continue;
            symbol = new(address, target.Builtin ?? functionName(target.Function));
            return true;
        }
        if (outside is not null && instruction.Op0Kind == OpKind.NearBranch64 && outside((long)address) is { } name)
        {
            symbol = new(address, name);
            return true;
        }
        symbol = default;
        return false;
    }
}

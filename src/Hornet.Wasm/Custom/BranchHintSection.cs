namespace Hornet.Wasm;

/// <summary>Whether a conditional branch is likely taken.</summary>
/// <param name="Function">Index of the function.</param>
/// <param name="Offset">Bytes from the beginning of the function's locals to the branch.</param>
/// <param name="IsLikely">Likely, or else unlikely.</param>
public readonly record struct BranchHint(int Function, int Offset, bool IsLikely);

/// <summary>The metadata.code.branch_hint section. Source: branch hinting proposal.</summary>
public sealed class BranchHintSection(IReadOnlyList<BranchHint> hints) : ICustomSection<BranchHintSection>
{
    public static string Name => "metadata.code.branch_hint";

    /// <summary>Every hint, by function and offset ascending.</summary>
    public IReadOnlyList<BranchHint> Hints { get; } = hints;

    public static BranchHintSection Read(ModuleBytes content)
    {
        OperatorReader reader = new(content);
        List<BranchHint> hints = [];
        int lastFunction = -1;
        for (uint functions = reader.Count(); functions > 0; functions--)
        {
            int at = reader.Offset, function = reader.Index(), lastOffset = -1;
            if (function <= lastFunction) WasmFormatException.ThrowMalformed(at, "branch hints of functions out of order");
            lastFunction = function;
            for (uint count = reader.Count(); count > 0; count--)
            {
                at = reader.Offset;
                int offset = reader.Index();
                if (offset <= lastOffset) WasmFormatException.ThrowMalformed(at, "branch hints out of order");
                lastOffset = offset;
                if (reader.U32() != 1) WasmFormatException.ThrowMalformed(at, "malformed branch hint size");
                byte value = reader.Byte();
                if (value > 1) WasmFormatException.ThrowMalformed(reader.Offset - 1, "malformed branch hint");
                hints.Add(new(function, offset, value == 1));
            }
        }
        SectionReaders.End(reader);
        return new(hints);
    }
}

using System.Runtime.InteropServices;
using System.Text;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>An instruction of the interpreter: the offset in the module of the operator that it was made for, and its text.</summary>
public readonly record struct ListedInstruction(int Offset, string Text);

/// <summary>What the interpreter makes of a function, for people: names of instructions and their fields, which are places in the frame or constants.</summary>
public static class InterpreterListing
{
    /// <summary>The instructions of a function.</summary>
    /// <param name="environment">Its module, valid.</param>
    /// <param name="module">The module's bytes.</param>
    /// <param name="function">Its index; of a function that the module defines.</param>
    /// <param name="config">For what: fuel and interruption change the code.</param>
    public static IReadOnlyList<ListedInstruction> Of(ModuleEnvironment environment, ReadOnlyMemory<byte> module, int function, Config config)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(function, environment.ImportedFunctions);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(function, environment.ImportedFunctions + environment.Bodies.Count);
        InterpreterCode code = new(environment, new([]), config.Options.CodeSettings);
        Translator translator = new() { Trace = [] };
        translator.Translate(code, module.Span, function - environment.ImportedFunctions);
        List<(int Position, Code Code, int Offset)> made = [];
        foreach (var instruction in translator.Trace!)
        {
            // What was taken back lies where, or behind where, a later one begins.
            while (made.Count > 0 && made[^1].Position >= instruction.Position) made.RemoveAt(made.Count - 1);
            made.Add(instruction);
        }
        List<ListedInstruction> listed = [];
        for (int i = 0; i < made.Count; i++)
        {
            int end = i + 1 < made.Count ? made[i + 1].Position : translator.Code.Length;
            listed.Add(new(made[i].Offset, Show(made[i].Code, translator.Code[(made[i].Position + 8)..end])));
        }
        return listed;
    }

    static string Show(Code code, ReadOnlySpan<byte> fields)
    {
        StringBuilder text = new($"{code}");
        // The first field of a call is an address: of the callee's cell, or of what is called out of the run.
        if (code is Code.CallOut or Code.Call) fields = fields[8..];
        foreach (int field in MemoryMarshal.Cast<byte, int>(fields)) text.Append($" {field}");
        return text.ToString();
    }
}

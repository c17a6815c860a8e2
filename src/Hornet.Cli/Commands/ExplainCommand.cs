using System.CommandLine;
using System.Text;
using Hornet.Cli.Disassembly;
using Hornet.Cli.Options;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet explain FILE: one module through every stage, each headed by the file that makes it.</summary>
internal sealed class ExplainCommand : Command
{
    private const string Outline = "module", Text = "text", Operators = "operators", Interpreter = "interpreter", Ir = "ir", Passes = "passes", Code = "code";
    private static readonly string[] Stages = [Outline, Text, Operators, Interpreter, Ir, Passes, Code];

    private readonly Argument<string> file = new("FILE") { Description = "the module, text or binary" };
    private readonly Option<string?> function = new("--function", "--func") { Description = "only this function, by index or name", HelpName = "FUNC" };
    private readonly Option<string[]> stage = new("--stage")
    {
        Description = $"only this stage: {string.Join(", ", Stages)}, or the name of a pass; may be given several times", HelpName = "STAGE", AllowMultipleArgumentsPerToken = false,
    };
    private readonly TargetFeatures target = new();
    private readonly OptionGroups groups = new('W', 'O', 'C');

    public ExplainCommand() : base("explain", "Show a module through every stage: text, bytes, operators with operand types, interpreter code, IR after each pass, machine code.")
    {
        Add(file);
        Add(function);
        Add(stage);
        target.AddTo(this);
        groups.AddTo(this);
        SetAction(Explain);
    }

    private int Explain(ParseResult result)
    {
        if (groups.PrintHelp(result))
            return 0;
        // All of WebAssembly, and code as of an image: direct calls.
        var settings = groups.Settings(result, new() { Features = Features.All, Lazy = false });
        if (!settings.Native)
            throw new UsageException("-C compiler=interpreter: what the interpreter makes of a function is --stage interpreter");
        var config = target.Configuration(settings, result);
        var module = ModuleFile.Read(result.GetRequiredValue(file));
        var wanted = result.GetValue(stage) ?? [];
        foreach (var name in wanted)
            if (!Stages.Contains(name) && !CompilationListing.PassNames.Contains(name))
                throw new UsageException($"--stage: there is no stage or pass '{name}'{Suggestion.For(name, Stages.Concat(CompilationListing.PassNames))}");
        using var output = Console.OpenStandardOutput();
        try
        {
            var environment = ModuleValidator.Validate(module.Bytes, settings.Features);
            var functions = result.GetValue(function) is { } only ? [FunctionNames.Defined(module, environment, only)] : Enumerable.Range(environment.ImportedFunctions, environment.Bodies.Count);
            if (wanted.Length == 0 || wanted.Contains(Outline))
            {
                Head(output, "what there is", "src/Hornet.Text/Printing/ModulePrinter.cs");
                WatPrinter.Print(module.Bytes, output, new() { Skeleton = true });
            }
            var explained = new ExplainedModule(module.Bytes, environment, wanted, config, settings.Lazy, new FunctionNames(module.Bytes, environment), output);
            foreach (var index in functions)
                explained.Function(index);
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }

    private static void Head(Stream output, string what, string madeBy) => output.Write(Encoding.UTF8.GetBytes($"\n==== {what} ({madeBy})\n"));

    /// <summary>What is explained, and where to.</summary>
    private sealed class ExplainedModule(byte[] bytes, ModuleEnvironment environment, string[] wanted, Config config, bool lazy, FunctionNames names, Stream output)
    {
        private readonly CompilationListing compilation = new(environment, bytes, config, lazy);
        private readonly Disassembler disassembler = new(index => names.Of(index) is { } name ? $"${name}" : $"function{index}");

        public void Function(int index)
        {
            if (Wants(Text))
            {
                Head(output, $"function {index} as text", "src/Hornet.Text/Printing/ModulePrinter.Code.cs");
                WatPrinter.Print(bytes, output, new() { Function = index, Folded = true });
            }
            if (Wants(Operators))
            {
                Head(output, $"function {index}: offsets, bytes, operators, operands on the stack after each", "src/Hornet.Wasm/Validation/FunctionValidator.Step.cs");
                ModuleDump.WriteFunction(bytes, index, output);
            }
            if (Wants(Interpreter))
            {
                Head(output, $"function {index} in the interpreter: offset of the operator, instruction, places in the frame or constants", "src/Hornet.Runtime/Interpreter/Translator.cs");
                Write(InterpreterListing.Of(environment, bytes, index, config).Select(i => $"{$"0x{i.Offset:x}",8} | {i.Text}"));
            }
            if (wanted.Length == 0 || wanted.Any(w => w is not (Outline or Text or Operators or Interpreter)))
                Compiled(index);
        }

        private bool Wants(string name) => wanted.Length == 0 || wanted.Contains(name);

        private void Compiled(int index)
        {
            var code = compilation.Compile(index, made => Stage(index, made), out var refusal);
            if (code is null)
            {
                Head(output, $"function {index} as machine code", "src/Hornet.Native/Code/ModuleCompiler.cs");
                Write([$"none: it {refusal}"]);
                return;
            }
            if (!Wants(Code))
                return;
            Head(output, $"function {index} as machine code: offset, bytes, instruction, offset and operator that it is made from; {code.Bytes.Length} bytes, frame of {code.FrameSize}", "src/Hornet.Compiler/X64/X64Emit.cs");
            var operators = new Dictionary<int, string>();
            WatLine.OfFunctions(bytes, code.Inlined.Select(static i => i.Function).Append(index).Distinct().Order(), (_, lines) =>
            {
                foreach (var line in lines.Where(l => l.Offset >= 0))
                    operators.TryAdd(line.Offset, line.Text.Trim());
            });
            var last = -1;
            Write(disassembler.Lines(code).Select(line =>
            {
                var from = line.From(operators, last);
                last = line.Source;
                var notes = line.Notes.Length > 0 ? $" ; {line.Notes}" : "";
                return $"{$"0x{line.Offset:x}",8} | {Convert.ToHexStringLower(line.Bytes.Span),-20} | {line.Text,-44} | {from}{notes}".TrimEnd();
            }));
        }

        private void Stage(int index, ListedStage made)
        {
            if (made.Name == CompilationListing.Translated ? !Wants(Ir) : !Wants(Passes) && !wanted.Contains(made.Name))
                return;
            if (made.Name == CompilationListing.Translated)
                Head(output, $"function {index} as IR", "src/Hornet.Native/Translate/FunctionTranslator.cs");
            else
                Head(output, $"function {index} after the pass '{made.Name}'", "src/Hornet.Compiler/Passes/Pipeline.cs");
            output.Write(Encoding.UTF8.GetBytes(made.Text));
        }

        private void Write(IEnumerable<string> lines)
        {
            var text = new StringBuilder();
            foreach (var line in lines)
                text.Append(line).Append('\n');
            output.Write(Encoding.UTF8.GetBytes(text.ToString()));
        }
    }
}

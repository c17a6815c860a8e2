using System.CommandLine;
using System.Text;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Cli.Commands;

/// <summary>hornet explain FILE: one module through every stage, each headed by the file that makes it.</summary>
internal sealed class ExplainCommand : Command
{
    private readonly Argument<string> file = new("FILE") { Description = "the module, text or binary" };
    private readonly Option<string?> function = new("--function") { Description = "only this function, by index or name", HelpName = "FUNC" };

    public ExplainCommand() : base("explain", "Show a module through every stage: text, bytes, operators with operand types, interpreter code.")
    {
        Add(file);
        Add(function);
        SetAction(Explain);
    }

    private int Explain(ParseResult result)
    {
        var module = ModuleFile.Read(result.GetRequiredValue(file));
        using var output = Console.OpenStandardOutput();
        try
        {
            var environment = ModuleValidator.Validate(module.Bytes, Features.All);
            var first = environment.ImportedFunctions;
            var functions = Enumerable.Range(first, environment.Bodies.Count);
            if (result.GetValue(function) is { } name)
            {
                var index = int.TryParse(name, out var number) ? number : FunctionNames.Find(module.Bytes, environment, name.TrimStart('$'));
                if (index < first || index >= first + environment.Bodies.Count)
                    throw new InputException($"{module.Name}: there is no function '{name}' with a body");
                functions = [index];
            }
            Head(output, "what there is", "src/Hornet.Text/Printing/ModulePrinter.cs");
            WatPrinter.Print(module.Bytes, output, new() { Skeleton = true });
            foreach (var index in functions)
                Function(output, module.Bytes, environment, index);
            return 0;
        }
        catch (WasmFormatException e)
        {
            throw module.Wrong(e);
        }
    }

    private static void Function(Stream output, byte[] bytes, ModuleEnvironment environment, int index)
    {
        Head(output, $"function {index} as text", "src/Hornet.Text/Printing/ModulePrinter.Code.cs");
        WatPrinter.Print(bytes, output, new() { Function = index, Folded = true });
        Head(output, $"function {index}: offsets, bytes, operators, operands on the stack after each", "src/Hornet.Wasm/Validation/FunctionValidator.Step.cs");
        ModuleDump.WriteFunction(bytes, index, output);
        Head(output, $"function {index} in the interpreter: offset of the operator, instruction, places in the frame or constants", "src/Hornet.Runtime/Interpreter/Translator.cs");
        var text = new StringBuilder();
        foreach (var instruction in InterpreterListing.Of(environment, bytes, index))
            text.Append($"{$"0x{instruction.Offset:x}",8} | {instruction.Text}\n");
        output.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static void Head(Stream output, string what, string madeBy) => output.Write(Encoding.UTF8.GetBytes($"\n==== {what} ({madeBy})\n"));
}

using Hornet.Compiler;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Tests;
using Hornet.Native;
using Hornet.Runtime;
using Hornet.Text;
using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>show FILE [FUNCTION]: a function's IR as translated, as optimised, and its machine code: for hunting what was found.</summary>
static class Show
{
    public static int Run(string[] args)
    {
        byte[] bytes = File.ReadAllBytes(args[0]);
        if (WatParser.IsText(bytes)) bytes = WatParser.Parse(bytes);
        ModuleEnvironment env = ModuleValidator.Validate(bytes);
        int defined = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
        ByteRange body = env.Bodies[defined].Bytes;
        CompilerContext context = new();
        new FunctionTranslator(new ModuleTranslation(env, new CodeSettings { Interruptible = true }, BoundsChecks.Guard, CompileMode.Lazy))
            .Translate(context.Function, env.ImportedFunctions + defined, new ModuleBytes(bytes.AsSpan(body.Offset, body.Length), body.Offset));
        context.Function.StackLimit.Add(VmOffsets.ContextStore);
        context.Function.StackLimit.Add(VmOffsets.StoreStackLimit);
        Console.WriteLine(IrPrinter.Print(context.Function));
        CompiledCode code = context.Compile(context.Function, new CompilerSettings { Features = Cpu.Features, Verify = true });
        Console.WriteLine(IrPrinter.Print(context.Function));
        Console.WriteLine(NativeRunner.Disassemble(code));
        return 0;
    }
}

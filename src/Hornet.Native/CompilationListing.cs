using Hornet.Compiler;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Passes;
using Hornet.Compiler.X64;
using Hornet.Native;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A function's IR at one stage of its compilation, as text.</summary>
/// <param name="Name">"ir" as it is translated, then the names of the passes that changed something.</param>
/// <param name="Text">What the compiler's printer writes and its parser reads.</param>
public readonly record struct ListedStage(string Name, string Text);

/// <summary>What the compiler makes of functions, for people: IR as translated, IR after each pass that changed it, and machine code with its tables.</summary>
public sealed class CompilationListing
{
    /// <summary>The name of the first stage.</summary>
    public const string Translated = "ir";

    readonly ReadOnlyMemory<byte> _module;
    readonly ModuleTranslation _translation;
    readonly FunctionTranslator _translator;
    readonly Callees _callees;
    readonly CompilerContext _context = new();
    readonly CodeTarget _target;

    /// <summary>Prepares to list functions of a module; one at a time.</summary>
    /// <param name="environment">The module, valid.</param>
    /// <param name="module">Its bytes.</param>
    /// <param name="config">For what engine; one with machine code (<see cref="NativeConfig"/>).</param>
    /// <param name="lazy">As where functions are compiled at their first call: then they call each other through their code slots.</param>
    public CompilationListing(ModuleEnvironment environment, ReadOnlyMemory<byte> module, Config config, bool lazy = false)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(config);
        _module = module;
        if (config.Options.CreateTier is null) throw new ArgumentException("an engine of this configuration makes no machine code", nameof(config));
        _target = CodeTarget.Of(config.Options);
        _translation = new(environment, config.Options.CodeSettings, _target.Checks, lazy ? CompileMode.Lazy : CompileMode.Eager);
        _translator = new(_translation);
        byte[] pinned = GC.AllocateUninitializedArray<byte>(module.Length, pinned: true);
        module.CopyTo(pinned);
        _callees = new(_translation, _translator, new(pinned));
    }

    /// <summary>The passes, in their order.</summary>
    public static IReadOnlyList<string> PassNames => Pipeline.Names;

    /// <summary>Compiles a function.</summary>
    /// <param name="function">Its index; of a function that the module defines.</param>
    /// <param name="stages">Is given the IR, stage by stage; null where only the code is wanted.</param>
    /// <param name="refusal">Why there is no code: the function stays with the interpreter.</param>
    /// <returns>The code, or null.</returns>
    public ListedCode? Compile(int function, Action<ListedStage>? stages, out string? refusal)
    {
        ModuleEnvironment environment = _translation.Environment;
        ArgumentOutOfRangeException.ThrowIfLessThan(function, environment.ImportedFunctions);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(function, environment.ImportedFunctions + environment.Bodies.Count);
        Compiler.Ir.Function ir = _context.Function;
        string last = "";
        _context.Passes.Trace = stages is null ? null : (pass, traced) =>
        {
            string text = IrPrinter.Print(traced);
            if (text != last) stages(new(pass, last = text));
        };
        try
        {
            ModuleCompiler.BuildIr(_translation, _translator, ir, function, _module.Span);
            ir.ResolveAll();
            _context.Passes.Trace?.Invoke(Translated, ir);
            refusal = null;
            return List(_context.Compile(ir, _target.Compiler, _callees));
        }
        catch (Exception e) when (e is UntranslatedException or NotSupportedException)
        {
            refusal = $"stays with the interpreter: {e.Message}";
        }
        catch (Exception e) when (ModuleCompiler.IsCompilersBug(e))
        {
            refusal = $"stays with the interpreter, because the compiler failed (please report it): {e.Message}";
        }
        return null;
    }

    static ListedCode List(CompiledCode code) => new()
    {
        Bytes = code.Bytes.ToArray(),
        CodeSize = code.CodeSize,
        FrameSize = code.FrameSize,
        Sources = ListedCode.Map(code.Sources.AsSpan(), code.InlineSites.AsSpan()),
        Inlined = ListedCode.Map(code.InlineSites.AsSpan()),
        Traps = ListedCode.Map(code.Traps.AsSpan(), code.InlineSites.AsSpan()),
        Calls = ListedCode.Map(code.Returns.AsSpan(), code.StackMaps.AsSpan(), code.InlineSites.AsSpan()),
        Targets = Array.ConvertAll(code.Relocations.AsSpan().ToArray(), static r => r.Symbol >= ModuleTranslation.FirstBuiltin
            ? new ListedTarget(r.Offset, -1, ((Builtin)(r.Symbol - ModuleTranslation.FirstBuiltin)).ToString())
            : new ListedTarget(r.Offset, r.Symbol, null)),
    };
}

using System.Buffers.Binary;
using Hornet.Base;
using Hornet.Compiler;
using Hornet.Compiler.Ir;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

using Function = Hornet.Compiler.Ir.Function;

/// <summary>
/// Compiles the functions of a module in parallel and puts them into code memory in the order of their indices, so that the result
/// does not depend on which thread was faster. A function that is not translated becomes a call out to the interpreter.
/// </summary>
internal static class ModuleCompiler
{
    /// <summary>One function's machine code, copied out of the context that made it.</summary>
    sealed class FunctionCode(CompiledCode code)
    {
        public readonly byte[] Bytes = code.Bytes.ToArray();
        public readonly Relocation[] Relocations = code.Relocations.AsSpan().ToArray();
        public readonly TrapSite[] Traps = code.Traps.AsSpan().ToArray();
        public readonly SourceSite[] Sources = code.Sources.AsSpan().ToArray();
        public readonly bool KeepsContext = code.KeepsContext;
    }

    /// <summary>What a thread needs to compile, used again for each function.</summary>
    sealed class Worker(ModuleTranslation module)
    {
        public readonly CompilerContext Context = new();
        public readonly FunctionTranslator Translator = new(module);
    }

    public static NativeCode Compile(ModuleEnvironment environment, ReadOnlyMemory<byte> bytes, CodeSettings settings, BoundsChecks checks, CompilerSettings compiler, ModuleCode interpreted)
    {
        FunctionCode[] functions;
        try
        {
            functions = CompileAll(new(environment, settings, checks), bytes, compiler);
        }
        catch (AggregateException e) when (e.InnerExceptions.All(static x => x is LeavesByTailCallException))
        {
            functions = CompileAll(new(environment, settings, checks, leavesByTailCalls: true), bytes, compiler);
        }
        return Place(environment, interpreted, functions);
    }

    static FunctionCode[] CompileAll(ModuleTranslation module, ReadOnlyMemory<byte> bytes, CompilerSettings settings)
    {
        FunctionCode[] functions = new FunctionCode[module.Environment.Bodies.Count];
        Parallel.For(0, functions.Length, () => new Worker(module), (i, _, worker) =>
        {
            functions[i] = CompileOne(module, worker, i, bytes, settings);
            return worker;
        }, static _ => { });
        return functions;
    }

    static FunctionCode CompileOne(ModuleTranslation module, Worker worker, int defined, ReadOnlyMemory<byte> bytes, CompilerSettings settings)
    {
        int index = module.Environment.ImportedFunctions + defined;
        Function function = worker.Context.Function;
        try
        {
            if (module.Settings.ConsumeFuel) throw new UntranslatedException(Op.Nop);
            function.Clear();
            worker.Translator.Translate(function, index, new ModuleBytes(bytes.Span.Slice(module.Environment.Bodies[defined].Bytes.Offset, module.Environment.Bodies[defined].Bytes.Length), module.Environment.Bodies[defined].Bytes.Offset));
            LimitStack(function);
        }
        catch (UntranslatedException)
        {
            return Interpreted(module, worker, index, settings);
        }
        try
        {
            return new(worker.Context.Compile(function, settings));
        }
        catch (NotSupportedException)
        {
            // The back end does not know an operator yet.
            return Interpreted(module, worker, index, settings);
        }
    }

    static FunctionCode Interpreted(ModuleTranslation module, Worker worker, int index, CompilerSettings settings)
    {
        Function function = worker.Context.Function;
        function.Clear();
        Thunks.BuildInterpreted(function, worker.Context.Builder, module, index);
        return new(worker.Context.Compile(function, settings));
    }

    static void LimitStack(Function function)
    {
        function.StackLimit.Add(VmOffsets.ContextStore);
        function.StackLimit.Add(VmOffsets.StoreStackLimit);
    }

    static unsafe NativeCode Place(ModuleEnvironment environment, ModuleCode interpreted, FunctionCode[] functions)
    {
        int[] starts = new int[functions.Length];
        int size = 0, traps = 0, sources = 0;
        for (int i = 0; i < functions.Length; i++)
        {
            starts[i] = size;
            size = checked(size + functions[i].Bytes.Length + 15 & ~15);
            traps += functions[i].Traps.Length;
            sources += functions[i].Sources.Length;
        }
        CodeRange range = CodeArena.Process.Publish(Math.Max(size, 1), code =>
        {
            for (int i = 0; i < functions.Length; i++)
            {
                functions[i].Bytes.CopyTo(code.Bytes[starts[i]..]);
                Relocate(environment, code, starts, functions[i].Relocations, starts[i]);
            }
        });
        TrapSite[] allTraps = new TrapSite[traps];
        SourceSite[] allSources = new SourceSite[sources];
        bool[] keeps = new bool[functions.Length];
        traps = sources = 0;
        for (int i = 0; i < functions.Length; i++)
        {
            foreach (TrapSite trap in functions[i].Traps) allTraps[traps++] = trap with { Offset = trap.Offset + starts[i] };
            foreach (SourceSite source in functions[i].Sources) allSources[sources++] = source with { Offset = source.Offset + starts[i] };
            keeps[i] = functions[i].KeepsContext;
        }
        return new(environment, interpreted, range, starts, keeps, allTraps, allSources);
    }

    static unsafe void Relocate(ModuleEnvironment environment, CodeRange code, int[] starts, Relocation[] relocations, int start)
    {
        foreach (Relocation relocation in relocations)
        {
            int at = start + relocation.Offset;
            nint symbol = relocation.Symbol >= ModuleTranslation.FirstBuiltin
                ? Stubs.Process.AddressOf((Builtin)(relocation.Symbol - ModuleTranslation.FirstBuiltin))
                : (nint)code.Start + starts[relocation.Symbol - environment.ImportedFunctions];
            int distance = checked((int)(symbol + relocation.Addend - ((nint)code.Start + at)));
            BinaryPrimitives.WriteInt32LittleEndian(code.Bytes[at..], distance);
        }
    }
}

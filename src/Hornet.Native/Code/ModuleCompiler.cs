using System.Buffers.Binary;
using System.Collections.Concurrent;
using Hornet.Base;
using Hornet.Compiler;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

using Function = Hornet.Compiler.Ir.Function;

/// <summary>
/// Compiles functions of a module and puts them into code memory in the order in which they were asked for, so that the result does
/// not depend on which thread was faster. A function that is not translated becomes a call out to the interpreter.
/// </summary>
internal sealed class ModuleCompiler(ModuleTranslation translation, ModuleContent content, CodeTarget target)
{
    /// <summary>What a thread needs to compile, used again for each function.</summary>
    sealed class Worker
    {
        public Worker(ModuleTranslation translation, ModuleContent content) => Renew(translation, content);

        /// <summary>Borrowed from the engine while the worker works.</summary>
        public CompilerContext Context = null!;
        public readonly ByteBuffer Scratch = new(4096);
        public FunctionTranslator Translator = null!;
        public Callees Callees = null!;

        public void Renew(ModuleTranslation translation, ModuleContent content)
        {
            Translator = new(translation);
            Callees = new(translation, Translator, content);
        }
    }

    readonly ConcurrentBag<Worker> _workers = [];

    public ModuleTranslation Translation => translation;

    /// <summary>Compiles functions, given by their places among those that the module defines, and puts them into code memory.</summary>
    /// <param name="module">Whose they are.</param>
    /// <param name="functions">The functions.</param>
    /// <param name="parallel">By all cores.</param>
    /// <param name="forImage">The unit keeps what an image of its code needs.</param>
    /// <returns>The code, not yet known to <see cref="CodeMap"/>, and where each function begins.</returns>
    public (CodeUnit Unit, nint[] Entries) Compile(NativeCode module, int[] functions, bool parallel, bool forImage) =>
        Place(module, functions, Compile(functions, parallel, null), forImage);

    /// <summary>Compiles functions to code that lies nowhere yet.</summary>
    /// <param name="functions">The functions, by their places among those that the module defines.</param>
    /// <param name="parallel">By all cores.</param>
    /// <param name="progress">Told which share is done, from any thread; or null.</param>
    public FunctionCode[] Compile(int[] functions, bool parallel, Action<double>? progress)
    {
        FunctionCode[] codes = new FunctionCode[functions.Length];
        int done = 0;
        if (parallel)
        {
            Parallel.For(0, functions.Length, new ParallelOptions { MaxDegreeOfParallelism = NativeTier.MostThreads }, Take, (i, _, worker) =>
            {
                codes[i] = CompileOne(worker, functions[i]);
                if (progress is not null && Interlocked.Increment(ref done) is var count && count % 64 == 0) progress((double)count / functions.Length);
                return worker;
            }, GiveBack);
        }
        else
        {
            Worker worker = Take();
            for (int i = 0; i < functions.Length; i++) codes[i] = CompileOne(worker, functions[i]);
            GiveBack(worker);
        }
        return codes;
    }

    /// <summary>Compiles a function, or what follows from a loop of it; null where the interpreter keeps it.</summary>
    public FunctionCode? Compile(int defined, int loop)
    {
        Worker worker = Take();
        FunctionCode? code = TryCompile(worker, defined, loop);
        GiveBack(worker);
        return code;
    }

    Worker Take()
    {
        Worker worker = _workers.TryTake(out Worker? known) ? known : new(translation, content);
        worker.Context = target.TakeContext();
        return worker;
    }

    void GiveBack(Worker worker)
    {
        target.Contexts.Add(worker.Context);
        worker.Context = null!;
        _workers.Add(worker);
    }

    FunctionCode CompileOne(Worker worker, int defined)
    {
        if (TryCompile(worker, defined, -1) is { } code) return code;
        Thunks.BuildInterpreted(worker.Context.Begin().Function, worker.Context.Builder, translation, translation.Environment.ImportedFunctions + defined);
        return FunctionCode.Of(worker.Context.Compile(worker.Context.Function, target.Compiler), worker.Scratch);
    }

    FunctionCode? TryCompile(Worker worker, int defined, int loop)
    {
        int index = translation.Environment.ImportedFunctions + defined;
        Function function = worker.Context.Function;
        try
        {
            if (LeaveOut is { } leaveOut && leaveOut(index)) throw new UntranslatedException(Op.Nop);
            BuildIr(translation, worker.Translator, function, index, content.With(translation.Environment.Bodies[defined].Bytes), loop);
            return FunctionCode.Of(worker.Context.Compile(function, target.Compiler, worker.Callees), worker.Scratch);
        }
        catch (Exception e) when (e is UntranslatedException or NotSupportedException)
        {
            // Not covered by the translation, or by the back end.
            s_refused.AddOrUpdate(e.Message, 1, static (_, count) => count + 1);
        }
        catch (Exception e) when (IsCompilersBug(e))
        {
            // A bug of the compiler's must not become the guest's or the host's: the function runs, slower. Tests hold the count to zero.
            Interlocked.Increment(ref s_failures);
            LastFailure = e;
            worker.Context = new();
            worker.Renew(translation, content);
        }
        return null;
    }

    /// <summary>Translates a function of a module.</summary>
    /// <exception cref="UntranslatedException">The translation does not cover it.</exception>
    public static void BuildIr(ModuleTranslation translation, FunctionTranslator translator, Function function, int index, ReadOnlySpan<byte> module, int loop = -1)
    {
        ByteRange body = translation.Environment.Bodies[index - translation.Environment.ImportedFunctions].Bytes;
        function.Clear();
        translator.Translate(function, index, new ModuleBytes(module.Slice(body.Offset, body.Length), body.Offset), loop);
        function.StackLimit.Add(VmOffsets.ContextStore);
        function.StackLimit.Add(VmOffsets.StoreStackLimit);
    }

    /// <summary>What the compiler throws only where it is wrong itself.</summary>
    public static bool IsCompilersBug(Exception e) => e is ArgumentException or IndexOutOfRangeException or InvalidOperationException or NullReferenceException;

    /// <summary>Functions that this thread leaves to the interpreter: for tests of both tiers in one module.</summary>
    [field: ThreadStatic]
    public static Func<int, bool>? LeaveOut { get; set; }

    static readonly ConcurrentDictionary<string, int> s_refused = [];
    static int s_failures;

    /// <summary>Why functions were left to the interpreter in this process, and how many for each reason: for tests.</summary>
    public static IReadOnlyDictionary<string, int> Refused => s_refused;

    /// <summary>Functions on which the compiler failed, in this process.</summary>
    public static int Failures => s_failures;

    /// <summary>What it failed with.</summary>
    public static Exception? LastFailure { get; private set; }

    /// <summary>Puts compiled functions into code memory.</summary>
    public unsafe (CodeUnit, nint[]) Place(NativeCode module, int[] functions, FunctionCode[] codes, bool forImage, int loop = -1)
    {
        int[] starts = new int[codes.Length], indices = new int[codes.Length];
        int size = 0, alignment = target.Compiler.OptLevel == OptLevel.SpeedAndSize ? 1 : 16;
        for (int i = 0; i < codes.Length; i++)
        {
            starts[i] = size;
            indices[i] = translation.Environment.ImportedFunctions + functions[i];
            size = checked(size + codes[i].Bytes.Length + alignment - 1 & -alignment);
        }
        // A function of the unit is called where it lies, any other one where it is at home.
        Dictionary<int, int>? placed = null;
        if (codes.Length > 1)
        {
            placed = new(codes.Length);
            for (int i = 0; i < codes.Length; i++) placed[indices[i]] = starts[i];
        }
        CodeRange range = CodeArena.Process.Publish(Math.Max(size, 1), code =>
        {
            for (int i = 0; i < codes.Length; i++)
            {
                codes[i].Bytes.CopyTo(code.Writable[starts[i]..]);
                foreach (Relocation relocation in codes[i].Relocations)
                {
                    int at = starts[i] + relocation.Offset;
                    nint symbol = relocation.Symbol >= ModuleTranslation.FirstBuiltin ? Stubs.Process.AddressOf((Builtin)(relocation.Symbol - ModuleTranslation.FirstBuiltin))
                        : relocation.Symbol == indices[i] ? (nint)code.Start + starts[i]
                        : (nint)code.Start + placed![relocation.Symbol];
                    BinaryPrimitives.WriteInt32LittleEndian(code.Writable[at..], checked((int)(symbol + relocation.Addend - ((nint)code.Start + at))));
                }
            }
        });
        byte[][] tables = new byte[codes.Length][];
        nint[] entries = new nint[codes.Length];
        for (int i = 0; i < codes.Length; i++)
        {
            tables[i] = codes[i].Tables;
            entries[i] = (nint)range.Start + starts[i];
        }
        return (new CompiledUnit(module, range, starts, indices, tables) { Loop = loop, Relocations = forImage ? Array.ConvertAll(codes, static c => c.Relocations) : null }, entries);
    }
}

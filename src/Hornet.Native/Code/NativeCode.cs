using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Compiler;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>When functions are compiled.</summary>
internal enum CompileMode
{
    /// <summary>All of them, by all cores, before the module is there: calls within an instance are direct.</summary>
    Eager,
    /// <summary>Each at its first call; a thread works ahead once it pays. Calls go through the entries.</summary>
    Lazy,
    /// <summary>Each when it is hot; until then the interpreter runs it. Calls go through the code slots.</summary>
    TierUp,
}

/// <summary>For what an engine compiles, besides <see cref="CodeSettings"/>.</summary>
internal sealed record CodeTarget(BoundsChecks Checks, CompilerSettings Compiler)
{
    public static CodeTarget Of(EngineOptions options) => new(options.GuardsAccesses ? BoundsChecks.Guard : BoundsChecks.Explicit, new()
    {
        OptLevel = options.OptimizationLevel switch { OptimizationLevel.None => OptLevel.None, OptimizationLevel.Speed => OptLevel.Speed, _ => OptLevel.SpeedAndSize },
        Features = options.TargetFeatures is { } target && ImageSettings.TryParse(target, out CpuFeatures cpu, out _) ? cpu : Cpu.Features,
        Verify = NativeTier.Verify, Entries = VmOffsets.ContextNativeEntries, TrapStub = options.SignalsBasedTraps ? -1 : VmOffsets.ContextTrapStub,
    });

    /// <summary>Scratch memory of compiles that nobody uses just now: the engine's modules and thunks share it.</summary>
    public ConcurrentBag<CompilerContext> Contexts { get; } = [];

    public CompilerContext TakeContext() => Contexts.TryTake(out CompilerContext? context) ? context : new();
}

/// <summary>Keeps a module's code for later runs: the functions that this one has compiled.</summary>
internal delegate void KeepCode(NativeCode code, List<(int Function, FunctionCode Code)> compiled);

/// <summary>
/// A module's machine code, beside the interpreter's code for what stays with the interpreter. A function has one entry here, which
/// is a stub that compiles it until it is compiled; function references have copies, which catch up when their stub is called.
/// </summary>
internal sealed unsafe class NativeCode : ModuleCode
{
    // A module that has needed so many bytes of functions will need more. A thread takes longer to start than a small command runs.
    const int WorkAheadFrom = 48 << 10, Batch = 64;

    readonly CodeTarget _target;
    readonly CodeSettings _settings;
    readonly CompileMode _mode;
    readonly ModuleContent _content;
    // SAFETY: unmanaged, because machine code reads it; freed by Dispose, when no instance is left.
    readonly nint* _entries;
    readonly int _count;
    readonly nint[] _trampolines;
    readonly GCHandle _handle;
    readonly nint _stubs;
    readonly CodeRange? _stubRange;
    readonly ConcurrentQueue<CodeUnit> _units = new();
    readonly Lock _ahead = new();
    readonly KeepCode? _keep;
    ModuleCompiler? _compiler;
    // Bytes of the functions that were compiled because they were called.
    int _compiled;
    ModuleNames? _names;
    volatile bool _disposed;

    /// <param name="environment">The module.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="settings">What changes its code.</param>
    /// <param name="target">For what it is compiled.</param>
    /// <param name="mode">When what is not there is compiled.</param>
    /// <param name="interpreted">Its code in the interpreter.</param>
    /// <param name="image">Code that is there already, or null.</param>
    /// <param name="keep">Keeps code for later runs, or null.</param>
    public NativeCode(ModuleEnvironment environment, ModuleContent content, CodeSettings settings, CodeTarget target, CompileMode mode, ModuleCode interpreted, ImageReader? image = null, KeepCode? keep = null)
    {
        Environment = environment;
        Interpreted = interpreted;
        Image = image;
        _keep = keep;
        (_content, _settings, _target, _mode) = (content, settings, target, mode);
        _count = environment.Bodies.Count;
        _entries = (nint*)NativeMemory.AllocZeroed((nuint)Math.Max(1, _count), (nuint)sizeof(nint));
        _trampolines = new nint[environment.Types.Count];
        _handle = GCHandle.Alloc(this, GCHandleType.Weak);
        if (mode == CompileMode.Eager && image is null)
        {
            int[] all = new int[_count];
            for (int i = 0; i < all.Length; i++) all[i] = i;
            Publish(all, parallel: true);
            return;
        }
        if (_count > 0 && image is not { IsComplete: true })
        {
            _stubRange = Stubs.Process.MakeLazy(_count);
            _stubs = (nint)_stubRange.Start;
            for (int i = 0; i < _count; i++) _entries[i] = _stubs + i * Stubs.LazySize;
            CodeProfile.Current?.Add(_stubRange.Start, _stubRange.Size, "functions before their first call");
        }
        if (image is not null) UseImage(image);
    }

    void UseImage(ImageReader image)
    {
        ImageFunction[] functions = image.Functions();
        // Without the fault handler nobody would survive a file that is cut under the map.
        CodeRange range = (_target.Compiler.TrapStub < 0 ? image.Source.Map(image[ImagePart.Code]) : null) ?? image.Source.Copy(image[ImagePart.Code]);
        ImageUnit unit = new(this, range, image, functions);
        CodeMap.Add(unit);
        _units.Enqueue(unit);
        for (int i = 0; i < functions.Length; i++)
            if (functions[i].Code >= 0) _entries[i] = (nint)range.Start + functions[i].Code;
    }

    /// <summary>The image that code came from, or null.</summary>
    public ImageReader? Image { get; }

    // Modules whose code is all there need none.
    ModuleCompiler Compiler =>
        Volatile.Read(ref _compiler) ?? Interlocked.CompareExchange(ref _compiler, new(new ModuleTranslation(Environment, _settings, _target.Checks, _mode), _content, _target), null) ?? _compiler;

    /// <summary>What <see cref="VmContext.NativeCode"/> of the module's instances is.</summary>
    public nint Handle => GCHandle.ToIntPtr(_handle);

    /// <summary>The code of an instance's module.</summary>
    // Nothing else's handle is ever put there; each call from the host comes through here.
    public static NativeCode Of(VmContext* context) => Unsafe.As<NativeCode>(GCHandle.FromIntPtr(context->NativeCode).Target!);

    /// <summary>By type index, the trampoline of the type where it is known; 0 where it is not yet.</summary>
    public Span<nint> Trampolines => _trampolines;

    public ModuleEnvironment Environment { get; }
    public ModuleCode Interpreted { get; }

    /// <summary>What a profiler calls a function.</summary>
    public string NameOf(int function)
    {
        ModuleNames names = LazyInitializer.EnsureInitialized(ref _names, () => new ModuleNames(_content.All));
        return names.Function(function) ?? Environment.Exports.Find(e => e.Kind == ExternKind.Func && e.Index == function).Name ?? $"<wasm function {function}>";
    }

    /// <summary>Where the module's functions are called, for machine code: calls of instances that are compiled lazily go through here.</summary>
    public nint Entries => (nint)_entries;

    /// <summary>Where a function that the module defines is called, by its place among those.</summary>
    public nint Entry(int defined) => Volatile.Read(ref _entries[defined]);

    /// <summary>Whether an entry is a stub: nothing is compiled yet.</summary>
    public bool IsStub(nint entry) => entry == 0 || (_stubRange is not null && entry >= _stubs && entry < _stubs + _stubRange.Size);

    /// <summary>How a function is called within its instance.</summary>
    public Hornet.Compiler.Ir.Signature SignatureOf(int function) => Compiler.Translation.SignatureOf(Environment.Functions[function]);

    /// <summary>What compiles functions when they are hot; null in the other modes.</summary>
    public HotFunctions? Hot { get; init; }

    /// <summary>Where a call from machine code goes that has met a stub: to the function's code, compiled now if need be; 0: to the interpreter.</summary>
    public nint EntryOfCalled(int defined, bool mustCompile)
    {
        if (Hot is null) return EntryOfCompiled(defined);
        if (!IsCompiled(defined) && mustCompile) Hot.CompileNow(defined, wait: true);
        return IsCompiled(defined) ? Entry(defined) : 0;
    }

    /// <summary>The code of a function, compiled now if it is not yet.</summary>
    public nint EntryOfCompiled(int defined)
    {
        if (!IsCompiled(defined))
        {
            Publish([defined], parallel: false);
            int bytes = Environment.Bodies[defined].Bytes.Length, all = Interlocked.Add(ref _compiled, bytes);
            if (all >= WorkAheadFrom && all - bytes < WorkAheadFrom && System.Environment.ProcessorCount > 1) WorkAhead();
        }
        return Entry(defined);
    }

    public bool IsCompiled(int defined) => !IsStub(Entry(defined));

    // Two threads may compile the same function; the code of either will do, and both stay until the module goes.
    void Publish(int[] functions, bool parallel)
    {
        (CodeUnit unit, nint[] entries) = Compiler.Compile(this, functions, parallel, forImage: _keep is not null);
        CodeMap.Add(unit);
        _units.Enqueue(unit);
        for (int i = 0; i < functions.Length; i++) Volatile.Write(ref _entries[functions[i]], entries[i]);
    }

    /// <summary>Whoever compiles in the background holds this while it touches what goes with the module, and looks whether it has gone.</summary>
    public Lock Life => _ahead;

    public bool IsDisposed => _disposed;

    /// <summary>Compiles a function, or what follows from a loop of it (its offset in the module, or -1), from any thread; null where the interpreter keeps it.</summary>
    public FunctionCode? Compile(int defined, int loop) => Compiler.Compile(defined, loop);

    /// <summary>Puts what <see cref="Compile"/> has made into code memory.</summary>
    public nint Add(int defined, int loop, FunctionCode code)
    {
        (CodeUnit unit, nint[] entries) = Compiler.Place(this, [defined], [code], forImage: _keep is not null && loop < 0, loop);
        CodeMap.Add(unit);
        _units.Enqueue(unit);
        if (loop < 0) Volatile.Write(ref _entries[defined], entries[0]);
        return entries[0];
    }

    void WorkAhead()
    {
        Thread thread = new(CompileRest) { IsBackground = true, Priority = ThreadPriority.BelowNormal, Name = "hornet compiler" };
        thread.Start();
    }

    // What fails here fails again, in view of the caller, when the function is called.
    void CompileRest()
    {
        List<int> batch = [];
        try
        {
            for (int start = 0; start < _count; start += Batch)
            {
                batch.Clear();
                lock (_ahead)
                {
                    if (_disposed) return;
                    for (int i = start; i < Math.Min(start + Batch, _count); i++)
                        if (!IsCompiled(i)) batch.Add(i);
                    if (batch.Count > 0) Publish([.. batch], parallel: false);
                }
            }
        }
        catch (Exception e) when (e is InsufficientMemoryException or OutOfMemoryException or PlatformNotSupportedException)
        {
        }
    }

    // A thousand bytes are written in the time in which one is compiled, and the next run is to gain.
    const int WorthIt = 1000;

    public override void Keep()
    {
        if (_keep is null) return;
        List<(int, FunctionCode)> compiled = [];
        long bytes = 0;
        foreach (CodeUnit unit in _units)
        {
            if (unit is not CompiledUnit own) continue;
            compiled.AddRange(own.ForImage());
            bytes += own.End - own.Start;
        }
        if (bytes > 0 && bytes * WorthIt >= Content.Length + (Image?[ImagePart.Code].Length ?? 0)) _keep(this, compiled);
    }

    /// <summary>The module.</summary>
    public ModuleContent Content => _content;

    public override void Dispose()
    {
        _disposed = true;
        // Threads that compile for it publish nothing any more.
        lock (_ahead) { }
        CodeMap.Remove(_units);
        foreach (CodeUnit unit in _units) unit.Dispose();
        _stubRange?.Dispose();
        Image?.Source.Dispose();
        _handle.Free();
        NativeMemory.Free(_entries);
        Interpreted.Dispose();
    }
}

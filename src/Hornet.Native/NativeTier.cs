using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Hornet.Base;
using Hornet.Compiler;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using Hornet.Wasm;
using Signature = Hornet.Compiler.Ir.Signature;

namespace Hornet.Native;

using Function = Hornet.Compiler.Ir.Function;

/// <summary>
/// Runs guests as machine code. Functions that are not translated stay with the interpreter, which each side calls like a host
/// function of the other.
/// </summary>
internal sealed unsafe partial class NativeTier : Tier
{
    // Native stacks end this far above what the interpreter uses: leaf functions do not look, and signals run on the guest's stack.
    const int Headroom = 96 << 10;

    readonly CodeTarget _target;
    readonly CompileMode _mode;
    readonly TierUpSettings _tierUp;
    // Null where code traps without faults.
    readonly FaultHandler? _faults;
    // Of the process; here so that a call need not ask for it. Known before the first instance is.
    delegate* unmanaged<VmContext*, nint, nint, ValRaw*, byte*, Activation*, int> _enter;
    // By parameters and results as letters: shared by all modules, never freed.
    readonly ConcurrentDictionary<string, nint> _trampolines = new(), _callOuts = new();
    // As they are in images.
    readonly Dictionary<(bool IsCallOut, string Key), ThunkCode> _thunks = [];
    readonly Lock _lock = new();

    public NativeTier(EngineOptions options, CompileMode mode, TierUpSettings? tierUp = null)
    {
        _mode = mode;
        _tierUp = tierUp ?? TierUpSettings.Default;
        _cacheOptions = options.Cache;
        _target = CodeTarget.Of(options);
        if (!options.SignalsBasedTraps) return;
        _faults = FaultHandler.Process ?? throw new PlatformNotSupportedException("machine code needs a fault handler for this system (Config.WithSignalsBasedTraps)");
        _faults.Install();
        TrapsByFaults = true;
    }

    public override int StackHeadroom => Headroom;

    /// <summary>Whether engines made from now on check the IR between passes and the allocation of registers: for tests.</summary>
    public static bool Verify { get; set; }

    /// <summary>Threads that compile at once, -1 for as many as there are cores: for tests.</summary>
    public static int MostThreads { get; set; } = -1;

    /// <summary>What is to be compiled in the background.</summary>
    public CompileQueue Queue { get; } = new();

    /// <summary>Runs what is not translated, or not hot.</summary>
    public InterpreterTier Interpreter { get; } = new();

    public override ModuleCode Prepare(ModuleEnvironment environment, ModuleContent content, CodeSettings settings)
    {
        CpuFeatures missing = _target.Compiler.Features & ~Cpu.Features;
        if (missing != 0) throw new NotSupportedException($"this engine compiles for a CPU with {ImageSettings.Names(missing)}, which this one does not have: it can only make images (Engine.PrecompileModule)");
        return NewCode(environment, content, settings, _mode, null, Keep(settings));
    }

    NativeCode NewCode(ModuleEnvironment environment, ModuleContent content, CodeSettings settings, CompileMode mode, ImageReader? image, KeepCode? keep)
    {
        InterpreterCode interpreted = (InterpreterCode)Interpreter.Prepare(environment, content, settings);
        HotFunctions? hot = mode == CompileMode.TierUp ? new(this, environment, _tierUp) : null;
        NativeCode code = new(environment, content, settings, _target, mode, interpreted, image, keep) { Hot = hot };
        if (hot is not null) hot.Code = code;
        interpreted.TierUp = hot;
        return code;
    }

    public override void Link(ModuleCode code, VmContext* context)
    {
        NativeCode own = (NativeCode)code;
        Interpreter.Link(own.Interpreted, context);
        context->NativeCode = own.Handle;
        context->NativeEntries = own.Entries;
        _enter = Stubs.Process.Enter;
        context->TrapStub = Stubs.Process.Trap;
        context->NativeBuiltins = Stubs.Process.Call;
    }

    public override void LinkFunction(VmContext* context, VmFuncRef* function)
    {
        Interpreter.LinkFunction(context, function);
        NativeCode own = NativeCode.Of(context);
        function->NativeEntry = own.Entry((int)function->Index - own.Environment.ImportedFunctions);
    }

    public override void LinkHost(VmFuncRef* function, FuncType type)
    {
        Interpreter.LinkHost(function, type);
        function->NativeContext = function;
        function->NativeEntry = _mode != CompileMode.TierUp ? Thunk(isCallOut: true, type) : _callOuts.TryGetValue(ThunkKey(type), out nint known) ? known : Stubs.Process.LazyHost;
    }

    /// <summary>A host function was called through <see cref="Stubs.LazyHost"/>: it gets its thunk, and the copy of its reference in the calling instance, too.</summary>
    public nint LinkLate(VmContext* caller, VmFuncRef* function)
    {
        nint thunk = Thunk(isCallOut: true, Store.Of(caller->Store).HostFunctionAt(function->Index).Type);
        function->NativeEntry = thunk;
        for (int i = 0, imported = NativeCode.Of(caller).Environment.ImportedFunctions; i < imported; i++)
            if (caller->Functions[i].NativeContext == function) caller->Functions[i].NativeEntry = thunk;
        return thunk;
    }

    /// <summary>What calls machine code of a type from outside.</summary>
    public nint Trampoline(FuncType type) => Thunk(isCallOut: false, type);

    // The way is the trampoline of the function's type, or the interpreter's as long as that runs it.
    public override CallStatus Call(Activation* activation, VmFuncRef* callee, ValRaw* values, ref nint way)
    {
        if (way == 0 || way == callee->InterpreterEntry)
        {
            if (StaysInterpreted(callee)) return Interpreter.Call(activation, callee, values, ref way);
            if (FindTrampoline(activation, callee, out way) is var found and not CallStatus.Ok) return found;
        }
        return Run(activation, callee->Context, way, callee->NativeEntry, values);
    }

    bool StaysInterpreted(VmFuncRef* callee)
    {
        if (_mode != CompileMode.TierUp) return false;
        NativeCode code = NativeCode.Of(callee->Context);
        if (!code.IsStub(callee->NativeEntry)) return false;
        int defined = (int)callee->Index - code.Environment.ImportedFunctions;
        if (!code.IsCompiled(defined)) return true;
        callee->NativeEntry = code.Entry(defined);
        return false;
    }

    public override CallStatus EnterLoop(Activation* activation, VmFuncRef* callee, nint code, ValRaw* frame) => Run(activation, callee->Context, code, 0, frame);

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // of each call from the host
    CallStatus Run(Activation* activation, VmContext* context, nint trampoline, nint entry, ValRaw* values)
    {
        VmStore* store = activation->Store;
        byte* outer = store->NativeStackLimit;
        byte* top = (byte*)((nint)activation->NativeTop & ~15);
        byte* limit = activation->InterpreterTop + Headroom;
        if (top < limit)
        {
            activation->Trap = TrapCode.StackOverflow;
            return CallStatus.Trap;
        }
        store->NativeStackLimit = limit;
        activation->Exit = CallStatus.Ok;
        CallStatus status = (CallStatus)_enter(context, trampoline, entry, values, top, activation);
        store->NativeStackLimit = outer;
        return status == CallStatus.Ok ? status : Left(activation, status);
    }

    CallStatus FindTrampoline(Activation* activation, VmFuncRef* callee, out nint trampoline)
    {
        NativeCode code = NativeCode.Of(callee->Context);
        int type = code.Environment.Functions[(int)callee->Index];
        trampoline = code.Trampolines[type];
        if (trampoline != 0) return CallStatus.Ok;
        try
        {
            code.Trampolines[type] = trampoline = Thunk(isCallOut: false, (FuncType)code.Environment.Types[type]);
            return CallStatus.Ok;
        }
        catch (Exception exception)
        {
            return Store.Of(activation->Store).KeepException(exception);
        }
    }

    public override void PrepareThread() => _faults!.PrepareThread();

    public override CallStatus Resume(Activation* activation, CallStatus status)
    {
        if (activation->ResumeIp != null) return Interpreter.Resume(activation, status);
        VmStore* store = activation->Store;
        if (status == CallStatus.WasmException) status = NativeBuiltins.CatchHostException(Store.Of(store), activation);
        byte* outer = store->NativeStackLimit;
        store->NativeStackLimit = activation->InterpreterTop + Headroom;
        activation->TrapPc = 0;
        activation->Exit = status;
        status = (CallStatus)Stubs.Process.Resume(activation);
        store->NativeStackLimit = outer;
        return Left(activation, status);
    }

    static CallStatus Left(Activation* activation, CallStatus status)
    {
        if (status == CallStatus.Fault) return Faulted(activation);
        if (status != CallStatus.Ok) activation->TrapPc = *(nint*)activation->NativeTop - 1;
        return status;
    }

    // A fault is a guest's trap only where the tables say that it can be one; anything else is a bug of ours and must not pass for one.
    static CallStatus Faulted(Activation* activation)
    {
        CodeUnit? unit = CodeMap.Find(activation->TrapPc);
        TrapCode trap = unit?.TrapAt(activation->TrapPc) ?? TrapCode.None;
        if (unit?.Loss((nint)activation->TrapAddress) is { } loss) return Store.Of(activation->Store).KeepException(loss);
        if (trap == TrapCode.None)
            System.Environment.FailFast($"hornet: machine code faulted at {activation->TrapPc:x} (address {activation->TrapAddress:x}), where it cannot trap");
        activation->Trap = trap;
        return CallStatus.Trap;
    }

    public override void Backtrace(Activation* activation, List<FrameLocation> frames, int most)
    {
        nint pc = activation->TrapPc;
        if (pc == 0)
        {
            // Not stopped, but left by a builtin, which has noted where: a host function is asking, or an inner guest's trap.
            if (activation->NativeTop == activation->StackEnd)
            {
                Interpreter.Backtrace(activation, frames, most);
                return;
            }
            pc = *(nint*)activation->NativeTop - 1;
        }
        nint* frame = (nint*)activation->TrapFrame;
        VmContext* context = activation->TrapContext;
        List<CodePosition> positions = [];
        while (frames.Count < most)
        {
            // Thunks and trampolines are frames, too, but of no module; and the frame of a function that the interpreter runs is shown already.
            positions.Clear();
            CodeMap.Find(pc)?.Find(pc, positions, most - frames.Count);
            foreach (CodePosition position in positions) frames.Add(new(context, position.Function, position.Source));
            // The trampoline's caller has no frame.
            if (frame == null) break;
            pc = frame[1] - 1;
            frame = (nint*)frame[0];
            // The caller's own context, where a call of it may have changed the register.
            if (frame != null && CodeMap.Find(pc) is { } caller && caller.KeepsContext(pc)) context = (VmContext*)frame[-1];
        }
    }

    public override void VisitRoots(Activation* activation, GcHeap heap)
    {
        // Frames of the two tiers never share an activation.
        if (activation->NativeTop == activation->StackEnd) Interpreter.VisitRoots(activation, heap);
        else NativeFrames.VisitRoots(activation, heap);
    }

    nint Thunk(bool isCallOut, FuncType type)
    {
        ConcurrentDictionary<string, nint> known = isCallOut ? _callOuts : _trampolines;
        string key = ThunkKey(type);
        if (known.TryGetValue(key, out nint address)) return address;
        lock (_lock)
        {
            if (!known.TryGetValue(key, out address)) Publish([MakeThunk(isCallOut, key)]);
            return known[key];
        }
    }

    // Under the lock.
    ThunkCode MakeThunk(bool isCallOut, string key)
    {
        if (_thunks.TryGetValue((isCallOut, key), out ThunkCode? made)) return made;
        Signature signature = new([Compiler.Ir.IrType.I64, .. Types(key.AsSpan(0, key.IndexOf(':')))], Types(key.AsSpan(key.IndexOf(':') + 1)), HasContext: true);
        CompilerContext context = _target.TakeContext();
        context.Begin();
        if (isCallOut) Thunks.BuildCallOut(context.Function, context.Builder, signature);
        else Thunks.BuildTrampoline(context.Function, context.Builder, signature);
        CompiledCode code = context.Compile(context.Function, _target.Compiler);
        ThunkCode thunk = new(isCallOut, key, code.Bytes.ToArray(), code.Relocations.AsSpan().ToArray());
        _target.Contexts.Add(context);
        return _thunks[(isCallOut, key)] = thunk;
    }

    // Under the lock.
    void Publish(List<ThunkCode> thunks)
    {
        if (thunks.Count == 0) return;
        int size = 0;
        foreach (ThunkCode thunk in thunks) size += thunk.Bytes.Length + 15 & ~15;
        CodeRange range = CodeArena.Process.Publish(size, target =>
        {
            int at = 0;
            foreach (ThunkCode thunk in thunks)
            {
                thunk.Place(target.Writable[at..], (nint)target.Start + at);
                at += thunk.Bytes.Length + 15 & ~15;
            }
        });
        nint address = (nint)range.Start;
        foreach (ThunkCode thunk in thunks)
        {
            (thunk.IsCallOut ? _callOuts : _trampolines)[thunk.Key] = address;
            CodeProfile.Current?.Add((byte*)address, thunk.Bytes.Length, $"{(thunk.IsCallOut ? "call out" : "trampoline")} {thunk.Key}");
            address += thunk.Bytes.Length + 15 & ~15;
        }
    }

    // Function references and other references differ in size; nothing else of a reference type matters here. Concrete types count as what
    // they are: the environment is not needed, because only function types make 8-byte references.
    static string ThunkKey(FuncType type)
    {
        Span<char> letters = stackalloc char[type.Parameters.Length + type.Results.Length + 1];
        int at = 0;
        foreach (ValType parameter in type.Parameters) letters[at++] = Letter(parameter);
        letters[at++] = ':';
        foreach (ValType result in type.Results) letters[at++] = Letter(result);
        return new(letters);
    }

    static char Letter(ValType type) =>
        type == ValType.I32 ? 'i' : type == ValType.I64 ? 'l' : type == ValType.F32 ? 'f' : type == ValType.F64 ? 'd' : type == ValType.V128 ? 'v'
        // Any reference travels as 8 bytes through slots, and as 8 bytes through registers it is zero-extended already.
        : 'l';

    static Compiler.Ir.IrType[] Types(ReadOnlySpan<char> letters)
    {
        Compiler.Ir.IrType[] types = new Compiler.Ir.IrType[letters.Length];
        for (int i = 0; i < letters.Length; i++)
        {
            types[i] = letters[i] switch
            {
                'i' => Compiler.Ir.IrType.I32, 'l' => Compiler.Ir.IrType.I64, 'f' => Compiler.Ir.IrType.F32, 'd' => Compiler.Ir.IrType.F64, _ => Compiler.Ir.IrType.V128,
            };
        }
        return types;
    }
}

using System.Collections.Concurrent;
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
internal sealed unsafe class NativeTier : Tier
{
    // Native stacks end this far above what the interpreter uses: leaf functions do not look, and signals run on the guest's stack.
    const int Headroom = 96 << 10;

    readonly BoundsChecks _checks;
    readonly CompileMode _mode;
    readonly CompilerSettings _settings;
    // Null where code traps without faults.
    readonly FaultHandler? _faults;
    // By parameters and results as letters: shared by all modules, never freed.
    readonly ConcurrentDictionary<string, nint> _trampolines = new(), _callOuts = new();
    readonly CompilerContext _thunkContext = new();
    readonly Lock _lock = new();

    public NativeTier(EngineOptions options, CompileMode mode)
    {
        _checks = options.GuardsAccesses ? BoundsChecks.Guard : BoundsChecks.Explicit;
        _mode = mode;
        _settings = new()
        {
            OptLevel = options.OptimizationLevel switch { OptimizationLevel.None => OptLevel.None, OptimizationLevel.Speed => OptLevel.Speed, _ => OptLevel.SpeedAndSize },
            Features = Cpu.Features, Verify = Verify, TrapStub = options.SignalsBasedTraps ? -1 : VmOffsets.ContextTrapStub,
        };
        if (!options.SignalsBasedTraps) return;
        _faults = FaultHandler.Process ?? throw new PlatformNotSupportedException("machine code needs a fault handler for this system (Config.WithSignalsBasedTraps)");
        _faults.Install();
    }

    public override int StackHeadroom => Headroom;

    /// <summary>Whether tiers made from now on check the IR between passes and the allocation of registers: for tests.</summary>
    public static bool Verify { get; set; }

    /// <summary>Runs what is not translated.</summary>
    public InterpreterTier Interpreter { get; } = new();

    public override ModuleCode Prepare(ModuleEnvironment environment, ReadOnlyMemory<byte> bytes, CodeSettings settings) =>
        new NativeCode(environment, bytes, new ModuleTranslation(environment, settings, _checks, _mode), _settings, _mode, Interpreter.Prepare(environment, bytes, settings));

    public override void Link(ModuleCode code, VmContext* context)
    {
        NativeCode own = (NativeCode)code;
        Interpreter.Link(own.Interpreted, context);
        context->NativeCode = own.Handle;
        context->TrapStub = Stubs.Process.Trap;
        int imported = own.Environment.ImportedFunctions;
        for (int i = imported; i < context->FunctionCount; i++) context->Functions[i].NativeEntry = own.Entry(i - imported);
    }

    public override void LinkHost(VmFuncRef* function, FuncType type)
    {
        Interpreter.LinkHost(function, type);
        function->NativeContext = function;
        function->NativeEntry = Thunk(_callOuts, type, static (f, b, s) => Thunks.BuildCallOut(f, b, s));
    }

    public override CallStatus Call(Activation* activation, VmFuncRef* callee, ValRaw* values)
    {
        VmContext* context = callee->Context;
        NativeCode code = NativeCode.Of(context);
        int type = code.Environment.Functions[(int)callee->Index];
        nint trampoline = code.Trampolines[type];
        if (trampoline == 0) code.Trampolines[type] = trampoline = Thunk(_trampolines, (FuncType)code.Environment.Types[type], static (f, b, s) => Thunks.BuildTrampoline(f, b, s));
        _faults?.PrepareThread();
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
        CallStatus status = (CallStatus)Stubs.Process.Enter(context, trampoline, callee->NativeEntry, values, top, activation);
        store->NativeStackLimit = outer;
        if (status == CallStatus.Fault) status = Faulted(activation);
        else if (status != CallStatus.Ok) activation->TrapPc = *(nint*)activation->NativeTop - 1;
        return status;
    }

    public override CallStatus Resume(Activation* activation, CallStatus status) => Interpreter.Resume(activation, status);

    // A fault is a guest's trap only where the tables say that it can be one; anything else is a bug of ours and must not pass for one.
    static CallStatus Faulted(Activation* activation)
    {
        TrapCode trap = CodeMap.Find(activation->TrapPc)?.TrapAt(activation->TrapPc) ?? TrapCode.None;
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
        while (frames.Count < most)
        {
            // Thunks and trampolines are frames, too, but of no module.
            if (CodeMap.Find(pc) is { } code)
            {
                CodePosition position = code.Find(pc);
                frames.Add(new(context, position.Function, position.Source));
            }
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

    nint Thunk(ConcurrentDictionary<string, nint> known, FuncType type, Action<Compiler.Ir.Function, Compiler.Ir.FunctionBuilder, Signature> build)
    {
        string key = ThunkKey(type);
        if (known.TryGetValue(key, out nint address)) return address;
        lock (_lock)
        {
            if (known.TryGetValue(key, out address)) return address;
            Signature signature = new([Compiler.Ir.IrType.I64, .. Types(key.AsSpan(0, key.IndexOf(':')))], Types(key.AsSpan(key.IndexOf(':') + 1)), HasContext: true);
            _thunkContext.Begin();
            build(_thunkContext.Function, _thunkContext.Builder, signature);
            CompiledCode code = _thunkContext.Compile(_thunkContext.Function, _settings);
            CodeRange range = CodeArena.Process.Publish(code.Bytes.Length, target =>
            {
                code.Bytes.CopyTo(target.Bytes);
                foreach (Relocation relocation in code.Relocations.AsSpan())
                {
                    nint symbol = Stubs.Process.AddressOf((Builtin)(relocation.Symbol - ModuleTranslation.FirstBuiltin));
                    System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(target.Bytes[relocation.Offset..], checked((int)(symbol + relocation.Addend - ((nint)target.Start + relocation.Offset))));
                }
            });
            return known[key] = (nint)range.Start;
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

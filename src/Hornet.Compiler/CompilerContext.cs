using Hornet.Compiler.Analysis;
using Hornet.Compiler.Ir;
using Hornet.Compiler.Machine;
using Hornet.Compiler.Passes;
using Hornet.Compiler.X64;

namespace Hornet.Compiler;

/// <summary>How much the compiler should do.</summary>
internal enum OptLevel : byte
{
    None,
    Speed,
    SpeedAndSize,
}

/// <summary>What code is compiled for.</summary>
internal sealed record CompilerSettings
{
    public OptLevel OptLevel { get; init; } = OptLevel.Speed;

    public CpuFeatures Features { get; init; }

    /// <summary>After so many rewrites the optimiser stops: finds a wrong one by bisection.</summary>
    public int Fuel { get; init; } = int.MaxValue;

    /// <summary>Where the VM context has the address of the stub that explicit traps call, in place of an undefined instruction that raises a
    /// signal; the trap table then has the call's return address. -1: raise a signal.</summary>
    public int TrapStub { get; init; } = -1;

    /// <summary>Where the VM context has the address of the module's entries, for calls through an <see cref="ExternalFunction.Slot"/>.</summary>
    public int Entries { get; init; }

    /// <summary>Runs the IR verifier between passes and the checker after register allocation.</summary>
    public bool Verify { get; init; }
}

/// <summary>All scratch memory of a compile, used again for each function: one context per thread.</summary>
internal sealed class CompilerContext
{
    private readonly CodeBuffer _buffer = new();
    private readonly X64Lower _lower = new();
    private readonly X64Emit _emit;

    public CompilerContext()
    {
        Code = new CompiledCode(_buffer);
        _emit = new X64Emit(_buffer, Code);
    }

    /// <summary>The function that is built and compiled; cleared by <see cref="Begin"/>.</summary>
    public Function Function { get; } = new();

    public FunctionBuilder Builder { get; } = new();

    public ControlFlow Flow { get; } = new();

    public PassContext Passes { get; } = new();

    public VCode VCode => _lower.Code;

    public RegAlloc RegAlloc { get; } = new();

    /// <summary>The last function's code.</summary>
    public CompiledCode Code { get; }

    /// <summary>Starts a new function in <see cref="Builder"/>.</summary>
    public FunctionBuilder Begin()
    {
        Function.Clear();
        Builder.Begin(Function);
        return Builder;
    }

    /// <summary>Compiles a function into <see cref="Code"/>.</summary>
    /// <param name="function">The function.</param>
    /// <param name="settings">For what.</param>
    /// <param name="callees">What it may have inlined, or null.</param>
    public CompiledCode Compile(Function function, CompilerSettings settings, ICallees? callees = null)
    {
        Passes.Callees = callees;
        function.ResolveAll();
        if (settings.Verify) Verifier.Check(function);
        Passes.Fuel = settings.Fuel;
        Passes.ForSize = settings.OptLevel == OptLevel.SpeedAndSize;
        Pipeline.Run(function, Passes, settings.OptLevel != OptLevel.None, settings.Verify);
        Flow.Compute(function);
        _lower.Features = settings.Features;
        _lower.Run(function, Flow);
        RegAlloc.Run(_lower.Code);
        if (settings.Verify) RegAllocChecker.Check(_lower.Code, RegAlloc);
        _emit.TrapStub = settings.TrapStub;
        _emit.Entries = settings.Entries;
        _emit.Run(function, _lower, RegAlloc);
        return Code;
    }
}

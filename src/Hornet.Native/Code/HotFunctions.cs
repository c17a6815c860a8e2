using System.Collections.Concurrent;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>
/// Which functions and loops of a module are compiled, and when. Each is asked for once its function's heat is used up: the background
/// thread compiles it. If it has not come to it when the heat is used up again, the guest's own thread does: then as much time has gone into
/// interpreting as compiling takes, and no result may be late because a core is busy elsewhere.
/// </summary>
internal sealed unsafe class HotFunctions(NativeTier tier, ModuleEnvironment environment, TierUpSettings settings) : TierUp
{
    // What has become of a function or a loop; of loops in LoopCounter.State.
    const int Cold = 0, Queued = 1, Compiling = 2, Compiled = 3, Refused = 4;

    // The interpreter's calls of functions that are shorter than this stay there: going over takes as long as running them.
    const int Short = 48;
    // Of what a loop or a body has, so much runs at a time at most: the rest is branches not taken.
    const int MostWeight = 256;
    // A function's own bytes, and what the compiler takes for any.
    const int Overhead = 48;
    // A loop whose code is ready is hotter than any function may be.
    const int Ready = 1 << 30;

    readonly int[] _states = new int[environment.Bodies.Count];
    readonly ConcurrentDictionary<int, nint> _loops = [];

    /// <summary>Loops that have code: for tests.</summary>
    public int CompiledLoops => _loops.Count;

    /// <summary>Whose functions they are.</summary>
    public NativeCode Code { get; set; } = null!;

    public override int Budget(int bytes) => settings.Always ? 1 : (int)Math.Min(Ready - 1, (long)settings.Heat * (bytes + Overhead));

    public override int Weight(int bytes) => settings.Always ? 1 : Math.Clamp(bytes / 2, 8, MostWeight);

    public override bool IsCompiled(int defined) => Volatile.Read(ref _states[defined]) != Refused && Code.IsCompiled(defined);

    public override bool TryCompile(int defined)
    {
        CompileNow(defined, wait: true);
        return IsCompiled(defined);
    }

    public override void Called(CodeHeader* function)
    {
        int defined = DefinedOf(function);
        ref int state = ref _states[defined];
        Heat(function);
        if (Code.IsCompiled(defined)) function->Heat = int.MaxValue;
        else if (Ask(ref state)) Begin(() => CompileNow(defined));
        else if (state == Queued) CompileNow(defined);
    }

    public override nint Looped(CodeHeader* function, LoopCounter* loop)
    {
        int defined = DefinedOf(function);
        Heat(function);
        if (loop->State == Compiled) return _loops[loop->Offset];
        // A function that is called again and again is worth more as a whole.
        if (function->Calls > 1 && !Code.IsCompiled(defined))
        {
            ref int state = ref _states[defined];
            if (Ask(ref state)) Begin(() => CompileNow(defined));
            else if (state == Queued) CompileNow(defined);
            // Its next call is the better for it, and this one may be over by then.
            if (!settings.Always && Volatile.Read(ref state) < Compiled) return 0;
        }
        // The outermost loop that nobody has asked for: what is inside is the better for it. If it does not come round, the next one in.
        LoopCounter* next = null;
        for (LoopCounter* at = loop; ; at = (LoopCounter*)((byte*)at + at->Outer))
        {
            int state = Volatile.Read(ref at->State);
            if (state == Cold) next = at;
            else if (state == Queued) CompileLoop(defined, at);
            else if (state == Compiling) return 0;
            if (at->Outer == 0) break;
        }
        if (next != null && Ask(ref next->State)) Begin(() => CompileLoop(defined, next));
        return loop->State == Compiled ? _loops[loop->Offset] : 0;
    }

    int DefinedOf(CodeHeader* function) => function->Function - environment.ImportedFunctions;

    void Heat(CodeHeader* function) => function->Heat = Budget(environment.Bodies[DefinedOf(function)].Bytes.Length);

    static bool Ask(ref int state) => Interlocked.CompareExchange(ref state, Queued, Cold) == Cold;

    void Begin(Action work)
    {
        if (!settings.InBackground || !tier.Queue.TryAdd(work)) work();
    }

    /// <summary>Compiles a function unless somebody has begun to; then waits for it, if that is wanted.</summary>
    public void CompileNow(int defined, bool wait = false)
    {
        SpinWait spin = default;
        while (wait && Volatile.Read(ref _states[defined]) == Compiling) spin.SpinOnce();
        lock (Code.Life)
        {
            if (Code.IsDisposed || _states[defined] >= Compiling) return;
            _states[defined] = Compiling;
        }
        FunctionCode? made = Make(defined, -1);
        lock (Code.Life)
        {
            if (Code.IsDisposed) return;
            bool done = made is not null && TryPlace(defined, made);
            Volatile.Write(ref _states[defined], done ? Compiled : Refused);
        }
    }

    bool TryPlace(int defined, FunctionCode made)
    {
        int function = environment.ImportedFunctions + defined;
        try
        {
            // What calls out of the interpreter need, too.
            Code.Trampolines[environment.Functions[function]] = tier.Trampoline(environment.FunctionType(function));
            Code.Add(defined, -1, made);
            if (environment.Bodies[defined].Bytes.Length > Short) ((InterpreterCode)Code.Interpreted).UseMachineCode(defined);
            return true;
        }
        catch (Exception e) when (IsShortage(e))
        {
            return false;
        }
    }

    void CompileLoop(int defined, LoopCounter* loop)
    {
        int offset;
        lock (Code.Life)
        {
            if (Code.IsDisposed || loop->State != Queued) return;
            loop->State = Compiling;
            offset = loop->Offset;
        }
        FunctionCode? made = Make(defined, offset);
        lock (Code.Life)
        {
            if (Code.IsDisposed) return;
            bool done = made is not null && TryPlace(defined, loop, made);
            Volatile.Write(ref loop->State, done ? Compiled : Refused);
        }
    }

    bool TryPlace(int defined, LoopCounter* loop, FunctionCode made)
    {
        try
        {
            _loops[loop->Offset] = Code.Add(defined, loop->Offset, made);
            Volatile.Write(ref loop->Weight, Ready);
            return true;
        }
        catch (Exception e) when (IsShortage(e))
        {
            return false;
        }
    }

    // What fails here fails again when there is no other way, in view of the caller.
    FunctionCode? Make(int defined, int loop)
    {
        try
        {
            return Code.Compile(defined, loop);
        }
        catch (Exception e) when (IsShortage(e) || e is ObjectDisposedException or IOException or ImageException)
        {
            return null;
        }
    }

    static bool IsShortage(Exception e) => e is InsufficientMemoryException or OutOfMemoryException or PlatformNotSupportedException;
}

using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>A way of running guest code: the interpreter here, compilers in Hornet.Native.</summary>
internal abstract unsafe class Tier
{
    /// <summary>Bytes of every guest stack that this tier keeps free: they come on top of what the configuration gives to guests.</summary>
    public virtual int StackHeadroom => 0;

    /// <summary>Prepares a validated module. Called once for a module; thread-safe; does as little as possible.</summary>
    public abstract ModuleCode Prepare(ModuleEnvironment environment, ModuleContent content, CodeSettings settings);

    /// <summary>Writes an image of a module: all of its code, for the engine's target. The same bytes whatever the number of threads.</summary>
    /// <param name="environment">The module, valid.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="code">Its code in this tier, where there is some.</param>
    /// <param name="settings">What changes the code.</param>
    /// <param name="output">Where to.</param>
    /// <param name="progress">Told which share of the functions is compiled, from any thread; or null.</param>
    public virtual void WriteImage(ModuleEnvironment environment, ModuleContent content, ModuleCode? code, CodeSettings settings, Stream output, Action<double>? progress) => throw NoImages();

    /// <summary>A module from an image in a file, which stays open, or in memory.</summary>
    /// <exception cref="ImageException">It is not an image, or not one for this engine.</exception>
    public virtual PreparedModule LoadImage(string? path, ReadOnlyMemory<byte> bytes, CodeSettings settings) => throw NoImages();

    /// <summary>A module as an earlier run has left it in a cache, if there is one: then it has been validated, too.</summary>
    public virtual PreparedModule? FindImage(ModuleContent content, CodeSettings settings) => null;

    static NotSupportedException NoImages() => new("images hold machine code, and this engine's guests are interpreted: Config.WithNativeCode()");

    /// <summary>Fills in what leads from an instance to its module's code.</summary>
    public abstract void Link(ModuleCode code, VmContext* context);

    /// <summary>Fills the entries of a function that the module of a linked instance defines.</summary>
    public abstract void LinkFunction(VmContext* context, VmFuncRef* function);

    /// <summary>Fills the entries of a host function's reference. What they point to is shared by shape and never freed.</summary>
    public abstract void LinkHost(VmFuncRef* function, FuncType type);

    /// <summary>Whether threads must be able to handle faults before they come here.</summary>
    public bool TrapsByFaults { get; protected init; }

    /// <summary>Makes this thread able to handle faults.</summary>
    public virtual void PrepareThread() { }

    /// <summary>
    /// Calls a function with its arguments in <paramref name="values"/>, where its results are left. Never throws: what goes wrong is kept in the
    /// store and becomes a status.
    /// </summary>
    /// <param name="activation">Filled but for what the tier itself notes there; current.</param>
    /// <param name="callee">The function, which is a guest's.</param>
    /// <param name="values">Its arguments, its results.</param>
    /// <param name="way">What the tier wants to remember of this function between calls; 0 at first, and not when a call has ended well.</param>
    public abstract CallStatus Call(Activation* activation, VmFuncRef* callee, ValRaw* values, ref nint way);

    /// <summary>Takes a function over at a loop's head.</summary>
    /// <param name="activation">A new one.</param>
    /// <param name="callee">The function.</param>
    /// <param name="code">What <see cref="TierUp.Looped"/> said.</param>
    /// <param name="frame">The interpreter's frame; results go where a host function would leave them.</param>
    public virtual CallStatus EnterLoop(Activation* activation, VmFuncRef* callee, nint code, ValRaw* frame) => throw new NotSupportedException();

    /// <summary>Goes on where a host call has suspended the activation; how that call has ended is <paramref name="status"/>, its results are in place.</summary>
    public abstract CallStatus Resume(Activation* activation, CallStatus status);

    /// <summary>Adds the guest's frames of one activation, innermost first, until there are <paramref name="most"/>: runaway recursion has a million.</summary>
    public abstract void Backtrace(Activation* activation, List<FrameLocation> frames, int most);

    /// <summary>Shows the collector every slot of an activation's frames that holds a GcRef.</summary>
    public abstract void VisitRoots(Activation* activation, GcHeap heap);
}

/// <summary>A module as a tier found it ready to run.</summary>
internal readonly record struct PreparedModule(ModuleEnvironment Environment, ModuleContent Content, ModuleCode Code);

/// <summary>A module's code in one tier; freed when the last user of the module has gone.</summary>
internal abstract class ModuleCode : IDisposable
{
    /// <summary>Leaves what has been compiled to later runs, where there is a cache and it is worth it.</summary>
    public virtual void Keep() { }

    public abstract void Dispose();
}

/// <summary>What of the configuration changes the code that is made.</summary>
internal readonly record struct CodeSettings(bool ConsumeFuel, bool Interruptible, Features Features, bool DeterministicRelaxedSimd = true, bool CanonicalizeNaN = false);

/// <summary>Where a guest's frame is: the function, and the offset of the operator from the beginning of the module.</summary>
internal unsafe readonly struct FrameLocation(VmContext* context, int function, int offset)
{
    public readonly VmContext* Context = context;
    public readonly int Function = function;
    public readonly int Offset = offset;
}

namespace Hornet.Runtime;

/// <summary>
/// What operators do that is too large to be done in place: every tier calls these, on the host's stack. They never throw; those
/// that can fail return the trap. Indices are the module's; addresses and lengths are zero-extended where they are 32 bits wide.
/// </summary>
internal static unsafe partial class Builtins
{
    /// <summary>The guest has seen <see cref="VmStore.Interrupt"/>: the trap, or None where it goes on.</summary>
    public static TrapCode Interrupted(VmContext* context) => Store.Of(context->Store).Interrupted();

    /// <summary>ref.func: the function's own reference, not the copy in the importing instance.</summary>
    public static VmFuncRef* RefFunc(VmContext* context, uint function) => context->Functions[function].Context == context ? &context->Functions[function] : context->ImportedFunctions[function];
}

using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// What operators do that is too large to be done in place: every tier calls these, on the host's stack. They never throw; those
/// that can fail return the trap. Indices are the module's; addresses and lengths are zero-extended where they are 32 bits wide.
/// </summary>
internal static unsafe partial class Builtins
{
    /// <summary>The guest has seen <see cref="VmStore.Interrupt"/>: the trap, or None where it goes on.</summary>
    public static TrapCode Interrupted(VmContext* context) => Store.Of(context->Store).Interrupted();

    /// <summary>ref.func: the function's own reference, not the copy in the importing instance; made now if nobody has asked for it yet.</summary>
    public static VmFuncRef* RefFunc(VmContext* context, uint function)
    {
        VmFuncRef* reference = &context->Functions[function];
        return reference->Context == context ? reference : ImportedOrNew(context, function);
    }

    static VmFuncRef* ImportedOrNew(VmContext* context, uint function)
    {
        ModuleEnvironment env = InterpreterCode.Of(context).Environment;
        if (function < env.ImportedFunctions) return context->ImportedFunctions[function];
        VmFuncRef* reference = &context->Functions[function];
        reference->NativeContext = context;
        reference->TypeId = context->TypeIds[env.Functions[(int)function]];
        reference->Index = function;
        Store.Of(context->Store).Engine.Tier.LinkFunction(context, reference);
        reference->Context = context;
        return reference;
    }

    /// <summary>An item of an element segment, within bounds, as a payload: functions are referred to when somebody asks.</summary>
    public static ulong Element(VmContext* context, uint segment, ulong index)
    {
        ulong* items = context->ElemSegments[segment].Items;
        if (items != null) return items[index];
        uint item = Store.Of(context->Store).InstanceAt(context->Instance).Module.Template.PassiveFunctions[segment]![index];
        return item == InstanceImages.Null ? 0 : (ulong)RefFunc(context, item - 1);
    }
}

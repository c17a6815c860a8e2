using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>From a module to an instance: imports, definitions, segments, the start function. Source: spec, exec/modules, instantiation.</summary>
internal static unsafe class Instantiation
{
    public static VmContext* Run(Instance instance, ReadOnlySpan<Extern> imports) => throw new NotImplementedException();

    public static Extern Item(Instance instance, ExternKind kind, int index) => throw new NotImplementedException();

    public static Extern? Default(Store store, Module module, Wasm.Import import) => throw new NotImplementedException();
}

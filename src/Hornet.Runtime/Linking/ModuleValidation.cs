using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>How modules are validated while they are decoded.</summary>
internal static class ModuleValidation
{
    public static IModuleSink? Sink(Features features) => null;
}

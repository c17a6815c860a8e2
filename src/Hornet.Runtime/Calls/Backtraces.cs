namespace Hornet.Runtime;

/// <summary>A guest's frames as the public API shows them.</summary>
internal static unsafe class Backtraces
{
    /// <summary>Most frames that are shown.</summary>
    const int Most = 64;

    /// <summary>The frames of an activation and of those that it is nested in: what host functions stand between is not shown.</summary>
    public static TrapFrame[] Of(Store store, Activation* activation)
    {
        List<FrameLocation> locations = [];
        for (; activation != null && locations.Count < Most; activation = activation->Parent) store.Engine.Tier.Backtrace(activation, locations, Most);
        TrapFrame[] frames = new TrapFrame[locations.Count];
        for (int i = 0; i < frames.Length; i++)
        {
            FrameLocation location = locations[i];
            Module module = store.InstanceAt(location.Context->Instance).Module;
            int body = location.Function - module.Environment.ImportedFunctions;
            int start = (uint)body < (uint)module.Environment.Bodies.Count ? module.Environment.Bodies[body].Bytes.Offset : 0;
            frames[i] = new(module.Name, NameOf(module, location.Function), location.Function, location.Offset, location.Offset - start) { Lines = module.Lines };
        }
        return frames;
    }

    static string? NameOf(Module module, int function)
    {
        if (module.Names.Function(function) is { } name) return name;
        foreach (Wasm.Export export in module.Environment.Exports)
            if (export.Kind == Wasm.ExternKind.Func && export.Index == function) return export.Name;
        return null;
    }
}

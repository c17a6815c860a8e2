namespace Hornet.Runtime;

/// <summary>A guest's frames as the public API shows them.</summary>
internal static unsafe class Backtraces
{
    /// <summary>Most frames that are shown: runaway recursion has a million.</summary>
    const int Most = 64;

    public static TrapFrame[] Of(Store store, Activation* activation)
    {
        List<FrameLocation> locations = [];
        store.Engine.Tier.Backtrace(activation, locations);
        TrapFrame[] frames = new TrapFrame[Math.Min(locations.Count, Most)];
        for (int i = 0; i < frames.Length; i++)
        {
            FrameLocation location = locations[i];
            Module module = store.InstanceAt(location.Context->Instance).Module;
            int body = location.Function - module.Environment.ImportedFunctions;
            int start = (uint)body < (uint)module.Environment.Bodies.Count ? module.Environment.Bodies[body].Bytes.Offset : 0;
            frames[i] = new(module.Name, NameOf(module, location.Function), location.Function, location.Offset, location.Offset - start);
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

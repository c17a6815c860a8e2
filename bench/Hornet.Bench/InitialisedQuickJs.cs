namespace Hornet.Bench;

/// <summary>QuickJS with a context made, as a module that begins there: for every engine the same bytes.</summary>
internal static class InitialisedQuickJs
{
    /// <summary>Null where the package cannot be had.</summary>
    public static byte[]? Bytes()
    {
        string path;
        try
        {
            path = Tools.Guest("npm", QuickJs.Package, QuickJs.File);
        }
        catch (InvalidOperationException e)
        {
            Console.Error.WriteLine($"QuickJS is left out: {e.Message}");
            return null;
        }
        using var engine = new Engine();
        using var module = Module.FromFile(engine, path);
        using var linker = new Linker(engine);
        using var store = new Store(engine);
        linker.DefineWasi();
        store.SetWasiConfiguration(new WasiConfiguration());
        linker.DefineUnknownImportsAsDefaultValues(store, module);
        var instance = linker.Instantiate(store, module);
        instance.GetAction("_initialize")?.Invoke();
        instance.GetFunction<int>("qjs_init")!();
        using var snapshot = instance.Snapshot();
        return snapshot.ToModule(["_initialize"]);
    }
}

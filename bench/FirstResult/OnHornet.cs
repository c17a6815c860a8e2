using Hornet;

namespace FirstResult;

internal static class OnHornet
{
    public static void Run(byte[] bytes, string[] arguments, string how)
    {
        var config = new Config();
        if (how != "interpreter")
            config.WithNativeCode(tierUp: how == "tier-up");
        using var engine = new Engine(config);
        using var module = Module.FromBytes(engine, bytes);
        using var linker = new Linker(engine);
        using var store = new Store(engine);
        linker.DefineWasi();
        store.SetWasiConfiguration(new WasiConfiguration().WithArgs(arguments).WithInheritedStandardOutput().WithInheritedStandardError());
        linker.Instantiate(store, module).GetAction("_start")!();
    }
}

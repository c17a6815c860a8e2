using Wasmtime;

namespace FirstResult;

internal static class OnWasmtime
{
    public static void Run(byte[] bytes, string[] arguments)
    {
        using var engine = new Engine();
        using var module = Module.FromBytes(engine, "guest", bytes);
        using var linker = new Linker(engine);
        using var store = new Store(engine);
        linker.DefineWasi();
        store.SetWasiConfiguration(new WasiConfiguration().WithArgs(arguments).WithInheritedStandardOutput().WithInheritedStandardError());
        linker.Instantiate(store, module).GetAction("_start")!();
    }
}

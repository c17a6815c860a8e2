using Hornet.Wasi;
using Hornet.Wasi.Preview1;

namespace Hornet;

/// <summary>WASI for linkers and stores.</summary>
public static unsafe class WasiExtensions
{
    /// <summary>
    /// Defines all of WASI preview 1, as <c>wasi_snapshot_preview1</c> and under its older name <c>wasi_unstable</c>. Each store whose guests
    /// use it needs a configuration: <see cref="SetWasiConfiguration"/>.
    /// </summary>
    public static void DefineWasi(this Linker linker)
    {
        ArgumentNullException.ThrowIfNull(linker);
        foreach (ref readonly Preview1Row row in Preview1Table.Rows.AsSpan())
        {
            bool returns = row.Name != "proc_exit";
            var function = new Preview1Function(row.Parameters, returns, row.Body);
            linker.Define(Preview1Table.Module, row.Name, function);
            linker.Define(Preview1Table.UnstableModule, row.Name, row.Unstable == null ? function : new Preview1Function(row.Parameters, returns, row.Unstable));
        }
    }

    /// <summary>
    /// Gives the store's guests their world: arguments, environment, streams, directories. Opens what it names; replaces what was there
    /// before. The guest's <c>proc_exit</c> reaches the caller as <see cref="WasiExitException"/>.
    /// </summary>
    /// <exception cref="IOException">A directory or a file of the configuration cannot be opened.</exception>
    public static void SetWasiConfiguration(this Store store, WasiConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(configuration);
        store.CheckAccess();
        var context = new WasiContext(configuration);
        context.Waiter.Attach(store);
        store.Wasi?.Dispose();
        store.Wasi = context;
    }

    /// <summary>Files, directories and sockets that the store's guests have opened and not closed: what no snapshot carries to another store.</summary>
    public static int CountOpenedByGuests(this Store store)
    {
        ArgumentNullException.ThrowIfNull(store);
        store.CheckAccess();
        return store.Wasi is WasiContext context ? context.Descriptors.Opened : 0;
    }
}

using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>
/// What an instance was at one moment: its memories, globals and tables. Copies of it start as quickly as instances of a module, in any
/// store of the engine, and run neither segments nor the start function. Made by <see cref="Instance.Snapshot"/>.
/// </summary>
public sealed unsafe class InstanceSnapshot : IDisposable
{
    internal InstanceSnapshot(Instance instance)
    {
        Module = instance.Module;
        Template = new(Module, Capture.Of(instance)) { Owner = this };
    }

    /// <summary>The module of the instance that it was taken from, and of its copies.</summary>
    public Module Module { get; }

    internal InstanceTemplate Template { get; }

    /// <summary>A new instance that goes on from here. Its imports are given in the module's order.</summary>
    /// <exception cref="LinkException">The imports do not fit, or a limit of the store does not allow another instance.</exception>
    public Instance Instantiate(Store store, params ReadOnlySpan<Extern> imports)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new(store, Template, imports);
    }

    /// <summary>A module in the binary format that begins as this snapshot is, for any engine: without a start function, lengths and contents of memories and tables and values of globals as they are.</summary>
    /// <param name="removedExports">Exports that it has not: the function that has initialised the instance.</param>
    /// <param name="renamedExports">New names of exports, by their old ones; an export that has such a name already goes.</param>
    /// <exception cref="SnapshotException">A memory is too large for a module.</exception>
    public byte[] ToModule(IReadOnlyCollection<string>? removedExports = null, IReadOnlyDictionary<string, string>? renamedExports = null) =>
        PreinitializedModule.Write(Module, Template.Captured!, removedExports ?? [], renamedExports ?? new Dictionary<string, string>());

    /// <summary>Copies keep running; what was ready for further ones goes. Those can still be made, but start slowly.</summary>
    public void Dispose()
    {
        Template.Close();
        GC.SuppressFinalize(this);
    }

    // Null where the instance could not be captured.
    ~InstanceSnapshot() => Template?.Close();
}

/// <summary>An instance that cannot be taken a snapshot of.</summary>
/// <param name="message">Why not.</param>
public sealed class SnapshotException(string message) : HornetException(message);

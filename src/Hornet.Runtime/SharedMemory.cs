using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A memory that several stores, on several threads, use at once.</summary>
public sealed class SharedMemory
{
    /// <summary>A new shared memory.</summary>
    /// <param name="engine">Its engine.</param>
    /// <param name="minimum">Pages.</param>
    /// <param name="maximum">Most pages that it can grow to; their address space is reserved at once.</param>
    /// <param name="is64Bit">Whether addresses are 64 bits wide.</param>
    public SharedMemory(Engine engine, ulong minimum, ulong maximum, bool is64Bit = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Engine = engine;
        Storage = engine.SharedMemories.Create(new(new(minimum, maximum), is64Bit, IsShared: true), engine);
    }

    internal SharedMemory(Engine engine, LinearMemory storage) => (Engine, Storage) = (engine, storage);

    public Engine Engine { get; }

    internal LinearMemory Storage { get; }
}

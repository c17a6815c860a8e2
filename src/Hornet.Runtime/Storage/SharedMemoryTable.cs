using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>The shared memories of an engine: stores of several threads use them, so no store owns them. They live as long as the engine.</summary>
internal sealed class SharedMemoryTable
{
    readonly Lock _lock = new();
    LinearMemory[] _memories = [];

    // Index look-ups take no lock: the array is complete before it is published.
    public LinearMemory this[int index] => Volatile.Read(ref _memories)[index];

    ~SharedMemoryTable()
    {
        foreach (LinearMemory memory in _memories) memory.Release();
    }

    public unsafe LinearMemory Create(MemoryType type, Engine engine)
    {
        LinearMemory memory = LinearMemory.TryCreate(type, engine.Options, engine.Commit) ?? throw new LinkException($"not enough memory for {type.Limits.Min} shared pages");
        lock (_lock)
        {
            memory.Vm->Memory = _memories.Length;
            Volatile.Write(ref _memories, [.. _memories, memory]);
        }
        return memory;
    }
}

using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// The shared memories of an engine: stores of several threads use them, so no store owns them alone. A memory goes when the last
/// store that uses it and the last object of the public API that names it have gone.
/// </summary>
internal sealed class SharedMemoryTable
{
    readonly Lock _lock = new();
    WeakReference<LinearMemory>[] _memories = [];

    // Look-ups take no lock: the array is complete before it is published. Whoever asks holds the memory.
    public LinearMemory this[int index] => Volatile.Read(ref _memories)[index].TryGetTarget(out LinearMemory? memory) ? memory : throw new InvalidOperationException("a shared memory has gone while in use");

    public unsafe LinearMemory Create(MemoryType type, Engine engine)
    {
        LinearMemory memory = LinearMemory.Create(type, engine);
        lock (_lock)
        {
            WeakReference<LinearMemory> reference = new(memory);
            for (int i = 0; i < _memories.Length; i++)
            {
                if (_memories[i].TryGetTarget(out _)) continue;
                memory.Vm->Memory = i;
                Volatile.Write(ref _memories[i], reference);
                return memory;
            }
            memory.Vm->Memory = _memories.Length;
            Volatile.Write(ref _memories, [.. _memories, reference]);
        }
        return memory;
    }
}

using Hornet.Wasm;

namespace Hornet;

/// <summary>What an instance exports or imports: a <see cref="Function"/>, <see cref="Table"/>, <see cref="Memory"/>, <see cref="Global"/> or <see cref="Tag"/>. Belongs to one store.</summary>
public abstract class Extern
{
    internal Extern(Store store) => Store = store;

    /// <summary>The store that this belongs to.</summary>
    public Store Store { get; }

    /// <summary>What it is, with the binary format's number.</summary>
    public abstract ExternKind ExternKind { get; }
}

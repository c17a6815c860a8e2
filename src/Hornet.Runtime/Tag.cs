using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet;

/// <summary>What tells exceptions apart. Two tags are equal if they are the same tag of the same store.</summary>
public sealed unsafe class Tag : Extern, IEquatable<Tag>
{
    readonly VmTag* _tag;

    internal Tag(Store store, VmTag* tag) : base(store) => _tag = tag;

    /// <summary>A new tag whose exceptions carry these values.</summary>
    public Tag(Store store, params ReadOnlySpan<ValueKind> parameters) : base(store) => _tag = store.NewTag(parameters);

    internal VmTag* Vm => _tag;

    /// <inheritdoc/>
    public override ExternKind ExternKind => ExternKind.Tag;

    /// <summary>What its exceptions carry.</summary>
    public IReadOnlyList<ValueKind> Parameters => field ??= Store.KindsOf(Store.Engine.Types.FunctionType(_tag->TypeId).Parameters);

    public bool Equals(Tag? other) => other is not null && other._tag == _tag && other.Store == Store;
    public override bool Equals(object? obj) => Equals(obj as Tag);
    public override int GetHashCode() => ((nint)_tag).GetHashCode();
}

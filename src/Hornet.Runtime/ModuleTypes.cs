using Hornet.Wasm;

namespace Hornet;

/// <summary>Whether a global can be set.</summary>
public enum Mutability : byte { Immutable, Mutable }

/// <summary>What the elements of a table are.</summary>
public enum TableKind : byte { FuncRef, ExternRef, AnyRef, ExnRef }

/// <summary>What a module needs: one item of <see cref="Module.Imports"/>.</summary>
public abstract class Import
{
    internal Import(string moduleName, string name) => (ModuleName, Name) = (moduleName, name);

    public string ModuleName { get; }
    public string Name { get; }

    /// <summary>Module and name, as error messages have them.</summary>
    public override string ToString() => $"{ModuleName}::{Name}";
}

public sealed class FunctionImport : Import
{
    internal FunctionImport(string moduleName, string name, FuncType type) : base(moduleName, name) => Type = type;

    public FuncType Type { get; }
    public IReadOnlyList<ValueKind> Parameters => field ??= KindList.Of(Type.Parameters);
    public IReadOnlyList<ValueKind> Results => field ??= KindList.Of(Type.Results);
}

public sealed class TableImport : Import
{
    internal TableImport(string moduleName, string name, TableType type) : base(moduleName, name) => Type = type;

    public TableType Type { get; }
    public TableKind Kind => KindList.TableKindOf(Type.Element);
    public ulong Minimum => Type.Limits.Min;
    public ulong? Maximum => Type.Limits.Max;
}

public sealed class MemoryImport : Import
{
    internal MemoryImport(string moduleName, string name, MemoryType type) : base(moduleName, name) => Type = type;

    public MemoryType Type { get; }
    /// <summary>In pages.</summary>
    public ulong Minimum => Type.Limits.Min;
    /// <summary>In pages.</summary>
    public ulong? Maximum => Type.Limits.Max;
    public bool Is64Bit => Type.Is64;
}

public sealed class GlobalImport : Import
{
    internal GlobalImport(string moduleName, string name, GlobalType type) : base(moduleName, name) => Type = type;

    public GlobalType Type { get; }
    public ValueKind Kind => ValueKinds.Of(Type.Type);
    public Mutability Mutability => Type.IsMutable ? Mutability.Mutable : Mutability.Immutable;
}

public sealed class TagImport : Import
{
    internal TagImport(string moduleName, string name, FuncType type) : base(moduleName, name) => Type = type;

    public FuncType Type { get; }
    public IReadOnlyList<ValueKind> Parameters => field ??= KindList.Of(Type.Parameters);
}

/// <summary>What a module offers: one item of <see cref="Module.Exports"/>.</summary>
public abstract class Export
{
    internal Export(string name) => Name = name;

    public string Name { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

public sealed class FunctionExport : Export
{
    internal FunctionExport(string name, FuncType type) : base(name) => Type = type;

    public FuncType Type { get; }
    public IReadOnlyList<ValueKind> Parameters => field ??= KindList.Of(Type.Parameters);
    public IReadOnlyList<ValueKind> Results => field ??= KindList.Of(Type.Results);
}

public sealed class TableExport : Export
{
    internal TableExport(string name, TableType type) : base(name) => Type = type;

    public TableType Type { get; }
    public TableKind Kind => KindList.TableKindOf(Type.Element);
    public ulong Minimum => Type.Limits.Min;
    public ulong? Maximum => Type.Limits.Max;
}

public sealed class MemoryExport : Export
{
    internal MemoryExport(string name, MemoryType type) : base(name) => Type = type;

    public MemoryType Type { get; }
    /// <summary>In pages.</summary>
    public ulong Minimum => Type.Limits.Min;
    /// <summary>In pages.</summary>
    public ulong? Maximum => Type.Limits.Max;
    public bool Is64Bit => Type.Is64;
}

public sealed class GlobalExport : Export
{
    internal GlobalExport(string name, GlobalType type) : base(name) => Type = type;

    public GlobalType Type { get; }
    public ValueKind Kind => ValueKinds.Of(Type.Type);
    public Mutability Mutability => Type.IsMutable ? Mutability.Mutable : Mutability.Immutable;
}

public sealed class TagExport : Export
{
    internal TagExport(string name, FuncType type) : base(name) => Type = type;

    public FuncType Type { get; }
    public IReadOnlyList<ValueKind> Parameters => field ??= KindList.Of(Type.Parameters);
}

internal static class KindList
{
    public static ValueKind[] Of(ReadOnlySpan<ValType> types)
    {
        ValueKind[] kinds = new ValueKind[types.Length];
        for (int i = 0; i < kinds.Length; i++) kinds[i] = ValueKinds.Of(types[i]);
        return kinds;
    }

    public static TableKind TableKindOf(ValType element) => ValueKinds.Of(element) switch
    {
        ValueKind.FuncRef => TableKind.FuncRef,
        ValueKind.ExternRef => TableKind.ExternRef,
        ValueKind.ExnRef => TableKind.ExnRef,
        _ => TableKind.AnyRef,
    };
}

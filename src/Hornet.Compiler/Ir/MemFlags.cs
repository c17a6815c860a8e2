namespace Hornet.Compiler.Ir;

/// <summary>Which memory an access touches. Different classes never overlap; <see cref="Any"/> overlaps all.</summary>
internal enum AliasClass : byte
{
    Any,
    Heap,
    Table,
    Global,
    VmContext,
    Stack,
    /// <summary>The fields and elements of objects.</summary>
    Object,
    /// <summary>What only a collection or an allocation changes: where objects lie, and where the next one goes.</summary>
    Collector,
    /// <summary>Never written while the function runs.</summary>
    ReadOnly,
}

/// <summary>What is known of a memory access: its alias class, whether it can fault, and the trap a fault there means.</summary>
internal readonly record struct MemFlags(AliasClass Alias, TrapCode Trap)
{
    public static readonly string[] AliasNames = ["any", "heap", "table", "global", "vmctx", "stack", "object", "collector", "readonly"];

    /// <summary>Cannot fault.</summary>
    public bool NoTrap => Trap == TrapCode.None;

    public static MemFlags Trusted(AliasClass alias) => new(alias, TrapCode.None);

    /// <summary>May move freely: it cannot fault and nothing changes what it reads.</summary>
    public bool IsPure => NoTrap && Alias == AliasClass.ReadOnly;
}

namespace Hornet.Compiler.Ir;

/// <summary>A value of the SSA form: an instruction's result or a block's parameter.</summary>
internal readonly record struct Value(int Index)
{
    public static Value None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"v{Index}";
}

internal readonly record struct Inst(int Index)
{
    public static Inst None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"inst{Index}";
}

internal readonly record struct Block(int Index)
{
    public static Block None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"block{Index}";
}

/// <summary>A signature declared in a function's preamble.</summary>
internal readonly record struct SigRef(int Index)
{
    public override string ToString() => $"sig{Index}";
}

/// <summary>A function or symbol outside, declared in a function's preamble.</summary>
internal readonly record struct FuncRef(int Index)
{
    public override string ToString() => $"fn{Index}";
}

internal readonly record struct StackSlot(int Index)
{
    public override string ToString() => $"ss{Index}";
}

/// <summary>What a debugger or OSR needs to know at a safepoint; see <see cref="Function.FrameStates"/>.</summary>
internal readonly record struct FrameState(int Index)
{
    public static FrameState None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"fs{Index}";
}

/// <summary>A call that was inlined; see <see cref="Function.InlineSites"/>.</summary>
internal readonly record struct InlineSite(int Index)
{
    public static InlineSite None => new(-1);
    public bool IsNone => Index < 0;
    public override string ToString() => $"inline{Index}";
}

/// <summary>A list in <see cref="ListPool"/>; the default is the empty list.</summary>
internal readonly record struct ListRef(int Handle);

namespace Hornet.Wasm;

/// <summary>What opened a control frame.</summary>
public enum FrameKind : byte
{
    Function, Block, Loop, If, Else, TryTable,
    /// <summary>The legacy try, its catch and its catch_all.</summary>
    Try, Catch, CatchAll,
}

/// <summary>An entry of the control stack. Source: spec, appendix, validation algorithm.</summary>
public struct ControlFrame
{
    internal FuncType? Signature;
    internal ValType Single;
    internal int InitHeight;

    public FrameKind Kind { get; internal set; }

    /// <summary>Whether the rest of the block cannot be reached: operands below it are then conjured up with the type that is asked for.</summary>
    public bool IsUnreachable { get; internal set; }

    /// <summary>Operands below the block, its parameters not counted.</summary>
    public int Height { get; internal set; }

    /// <summary>Bytes from the beginning of the module to the operator that opened it.</summary>
    public int Offset { get; internal set; }
}

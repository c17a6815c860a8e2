using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>Where the arrays of a <see cref="VmContext"/> lie: offsets in bytes from its beginning, the same for every instance of a module.</summary>
internal sealed unsafe class VmContextLayout
{
    public VmContextLayout(ModuleEnvironment env)
    {
        int offset = Align(sizeof(VmContext), 16);
        // Function references first: their offsets then depend on nothing but the index.
        Functions = Take(ref offset, env.Functions.Count, sizeof(VmFuncRef));
        OwnGlobals = Take(ref offset, env.Globals.Count - env.ImportedGlobals, sizeof(VmGlobal));
        Memories = Take(ref offset, env.Memories.Count, sizeof(VmMemory*));
        Tables = Take(ref offset, env.Tables.Count, sizeof(VmTable*));
        Globals = Take(ref offset, env.Globals.Count, sizeof(VmGlobal*));
        Tags = Take(ref offset, env.Tags.Count, sizeof(VmTag*));
        ImportedFunctions = Take(ref offset, env.ImportedFunctions, sizeof(VmFuncRef*));
        DataSegments = Take(ref offset, env.Datas.Count, sizeof(VmDataSegment));
        ElemSegments = Take(ref offset, env.Elems.Count, sizeof(VmElemSegment));
        TypeIds = Take(ref offset, env.Types.Count, sizeof(uint));
        OwnTags = Take(ref offset, env.Tags.Count - env.ImportedTags, sizeof(VmTag));
        Size = Align(offset, 16);
    }

    public int Functions { get; }
    /// <summary>Cells of the globals that the module defines.</summary>
    public int OwnGlobals { get; }
    public int Memories { get; }
    public int Tables { get; }
    public int Globals { get; }
    public int Tags { get; }
    public int ImportedFunctions { get; }
    public int DataSegments { get; }
    public int ElemSegments { get; }
    public int TypeIds { get; }
    /// <summary>Cells of the tags that the module defines.</summary>
    public int OwnTags { get; }

    /// <summary>Bytes of the whole block.</summary>
    public int Size { get; }

    static int Take(ref int offset, int count, int size)
    {
        int at = Align(offset, Math.Min(size, 16));
        offset = checked(at + count * size);
        return at;
    }

    /// <summary>All sizes here are powers of two or multiples of 16.</summary>
    static int Align(int offset, int alignment) => (offset + alignment - 1) & -alignment;
}

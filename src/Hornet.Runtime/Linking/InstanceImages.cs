using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>
/// What the instances of a module begin with, made once: the bytes of the memories that it defines, and which functions are in its tables.
/// Segments are taken in their order as long as each can be prepared; from the first that cannot (its place depends on an import, it does
/// not fit, its items are made by instantiation), all are copied by each instance.
/// </summary>
internal sealed unsafe class InstanceImages
{
    // An image that is mostly zeros must still be worth its size.
    const ulong Sparse = 1 << 20;

    InstanceImages(ModuleEnvironment env)
    {
        Memories = new MemoryImage?[env.Memories.Count - env.ImportedMemories];
        Tables = new uint[]?[env.Tables.Count - env.ImportedTables];
    }

    /// <summary>By memories that the module defines; null: zero.</summary>
    public MemoryImage?[] Memories { get; }

    /// <summary>By tables that the module defines: 0 for the table's initial value, <see cref="Null"/>, or a function's index + 1.</summary>
    public uint[]?[] Tables { get; }

    /// <summary>In <see cref="Tables"/>: the null reference.</summary>
    public const uint Null = uint.MaxValue;

    /// <summary>The first element segment that is not in <see cref="Tables"/>, if it is an active one.</summary>
    public int Elems { get; private set; }

    /// <summary>The first data segment that is not in <see cref="Memories"/>, if it is an active one.</summary>
    public int Datas { get; private set; }

    /// <summary>Which functions are in the tables; data segments are copied by every instance.</summary>
    public static InstanceImages OfTables(Module module)
    {
        InstanceImages images = new(module.Environment);
        images.TakeElems(module);
        return images;
    }

    /// <summary>The same tables, and images of what the memories of the module's instances begin with.</summary>
    public InstanceImages WithMemories(Module module)
    {
        InstanceImages images = new(module.Environment) { Elems = Elems };
        Tables.CopyTo(images.Tables, 0);
        images.TakeDatas(module);
        return images;
    }

    /// <summary>Images that a snapshot has made; no segments remain.</summary>
    public static InstanceImages Captured(Module module, MemoryImage?[] memories, uint[]?[] tables)
    {
        InstanceImages images = new(module.Environment) { Elems = int.MaxValue, Datas = int.MaxValue };
        memories.CopyTo(images.Memories, 0);
        tables.CopyTo(images.Tables, 0);
        return images;
    }

    void TakeElems(Module module)
    {
        ModuleEnvironment env = module.Environment;
        for (; Elems < env.Elems.Count; Elems++)
        {
            ElemSegment segment = env.Elems[Elems];
            if (segment.Mode != SegmentMode.Active) continue;
            int table = segment.Table - env.ImportedTables;
            if (table < 0 || !TryConstant(module, segment.Offset.Code, out ulong offset) || !TryItems(module, segment, out uint[] items)) return;
            ulong end = offset + (ulong)items.Length;
            if (end > env.Tables[segment.Table].Limits.Min || end > 4 * (ulong)items.Length + (64 << 10)) return;
            uint[] image = Tables[table] ?? [];
            if ((ulong)image.Length < end) Array.Resize(ref image, (int)end);
            items.CopyTo(image, (int)offset);
            Tables[table] = image;
        }
    }

    /// <summary>The items of a segment, if they are functions and null references only: as in <see cref="Tables"/>.</summary>
    public static bool TryItems(Module module, ElemSegment segment, out uint[] items)
    {
        items = new uint[segment.Count];
        OperatorReader reader = new(module.Content[segment.Items], segment.Items.Offset);
        Operator op = default;
        for (int i = 0; i < items.Length; i++)
        {
            if (!segment.ItemsAreExpressions)
            {
                items[i] = reader.U32() + 1;
                continue;
            }
            reader.Read(ref op);
            if (op.Op is not (Op.RefFunc or Op.RefNull)) return false;
            items[i] = op.Op == Op.RefFunc ? (uint)op.A + 1 : Null;
            reader.Read(ref op);
            if (op.Op != Op.End) return false;
        }
        return true;
    }

    void TakeDatas(Module module)
    {
        ModuleEnvironment env = module.Environment;
        List<FilePart>?[] parts = new List<FilePart>?[Memories.Length];
        ulong[] ends = new ulong[parts.Length], sums = new ulong[parts.Length];
        for (; Datas < env.Datas.Count; Datas++)
        {
            DataSegment segment = env.Datas[Datas];
            if (segment.Mode != SegmentMode.Active) continue;
            int memory = segment.Memory - env.ImportedMemories;
            if (memory < 0 || env.Memories[segment.Memory].IsShared || !TryConstant(module, segment.Offset.Code, out ulong offset)) break;
            MemoryType type = env.Memories[segment.Memory];
            ulong length = (ulong)segment.Bytes.Length, end = offset + length;
            if (offset > 1UL << 48 || end > LinearMemory.InitialBytes(type)) break;
            if (length == 0) continue;
            if (Math.Max(end, ends[memory]) > Sparse + 4 * (sums[memory] + length)) break;
            (parts[memory] ??= []).Add(new(module.Content.At(segment.Bytes), (nuint)length, (nuint)offset));
            ends[memory] = Math.Max(ends[memory], end);
            sums[memory] += length;
        }
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i] is not { } list) continue;
            Memories[i] = MemoryImage.TryCreate(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(list), (nuint)ends[i]);
            // No room: instances copy.
            if (Memories[i] is null)
            {
                Array.Clear(Memories);
                Datas = 0;
                return;
            }
        }
    }

    // The value of an expression that is one constant.
    static bool TryConstant(Module module, ByteRange code, out ulong value)
    {
        OperatorReader reader = new(module.Content[code], code.Offset);
        Operator op = default;
        reader.Read(ref op);
        value = op.Op == Op.I32Const ? (uint)op.Imm : op.Imm;
        if (op.Op is not (Op.I32Const or Op.I64Const)) return false;
        reader.Read(ref op);
        return op.Op == Op.End;
    }
}

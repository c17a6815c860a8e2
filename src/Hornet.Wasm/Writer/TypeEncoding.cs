using Hornet.Base;

namespace Hornet.Wasm;

/// <summary>Writes types as the binary format has them. Source: spec, binary/types.</summary>
public static class TypeEncoding
{
    public static void HeapType(this ByteBuffer buffer, HeapType type) => buffer.S64(type.Code);

    /// <summary>A value type or packed storage type, in the shortest form there is for it.</summary>
    public static void ValType(this ByteBuffer buffer, ValType type)
    {
        if (!type.IsRef)
        {
            buffer.S64(type.Code);
            return;
        }
        // A nullable abstract reference is its heap type's byte alone.
        if (!type.IsNullable) buffer.Byte(0x64);
        else if (type.Heap.IsConcrete) buffer.Byte(0x63);
        buffer.HeapType(type.Heap);
    }

    public static void BlockType(this ByteBuffer buffer, BlockType type)
    {
        if (type.IsEmpty) buffer.Byte(0x40);
        else if (type.IsTypeIndex) buffer.S64(type.TypeIndex);
        else buffer.ValType(type.Result);
    }

    public static void FieldType(this ByteBuffer buffer, FieldType field)
    {
        buffer.ValType(field.Storage);
        buffer.Byte(field.IsMutable ? (byte)1 : (byte)0);
    }

    public static void GlobalType(this ByteBuffer buffer, GlobalType global)
    {
        buffer.ValType(global.Type);
        buffer.Byte(global.IsMutable ? (byte)1 : (byte)0);
    }

    public static void TableType(this ByteBuffer buffer, TableType table)
    {
        buffer.ValType(table.Element);
        Limits(buffer, table.Limits, table.Is64 ? 4 : 0);
    }

    public static void MemoryType(this ByteBuffer buffer, MemoryType memory)
    {
        bool ownPageSize = memory.PageSizeLog2 != 16;
        Limits(buffer, memory.Limits, (memory.IsShared ? 2 : 0) | (memory.Is64 ? 4 : 0) | (ownPageSize ? 8 : 0));
        if (ownPageSize) buffer.U32(memory.PageSizeLog2);
    }

    /// <summary>A type section entry, without its group.</summary>
    public static void SubType(this ByteBuffer buffer, SubType type)
    {
        if (!type.IsFinal || type.Supertype >= 0)
        {
            buffer.Byte(type.IsFinal ? (byte)0x4F : (byte)0x50);
            buffer.U32(type.Supertype >= 0 ? 1u : 0u);
            if (type.Supertype >= 0) buffer.U32((uint)type.Supertype);
        }
        switch (type)
        {
            case FuncType function:
                buffer.Byte(0x60);
                ValTypes(buffer, function.Parameters);
                ValTypes(buffer, function.Results);
                break;
            case StructType structure:
                buffer.Byte(0x5F);
                buffer.U32((uint)structure.Fields.Length);
                foreach (FieldType field in structure.Fields) buffer.FieldType(field);
                break;
            case ArrayType array:
                buffer.Byte(0x5E);
                buffer.FieldType(array.Element);
                break;
            default:
                throw new ArgumentException($"no encoding for {type.GetType()}", nameof(type));
        }
    }

    /// <summary>A vector of value types.</summary>
    public static void ValTypes(this ByteBuffer buffer, ReadOnlySpan<ValType> types)
    {
        buffer.U32((uint)types.Length);
        foreach (ValType type in types) buffer.ValType(type);
    }

    static void Limits(ByteBuffer buffer, Limits limits, int flags)
    {
        buffer.Byte((byte)(flags | (limits.Max is null ? 0 : 1)));
        buffer.U64(limits.Min);
        if (limits.Max is ulong max) buffer.U64(max);
    }
}

using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>Whether an item may stand for an import. Source: spec, valid/matching, external types. Messages begin with the suite's words.</summary>
internal static unsafe class ImportMatching
{
    public static void Check(Store store, Module module, Wasm.Import import, Extern? item)
    {
        if (item is null) throw new LinkException($"unknown import: {import.Module}::{import.Name} ({import.Kind}) has not been defined");
        if (item.Store != store) throw new LinkException($"the definition of {import.Module}::{import.Name} belongs to another store");
        string? mismatch = item.ExternKind == import.Kind ? Mismatch(store.Engine.Types, module, import.Index, item) : $"a {import.Kind} is expected, not a {item.ExternKind}";
        if (mismatch is not null) throw new LinkException($"incompatible import type for {import.Module}::{import.Name}: {mismatch}");
    }

    /// <summary>The same for an item of any store, or a host function of none.</summary>
    public static void Check(Module module, Wasm.Import import, object item)
    {
        if (item is Extern own)
        {
            Check(own.Store, module, import, own);
            return;
        }
        TypeRegistry types = module.Engine.Types;
        uint wanted = import.Kind == ExternKind.Func ? module.TypeIds[module.Environment.Functions[import.Index]] : 0, type = ((HostFunction)item).TypeId(types);
        string? mismatch = import.Kind != ExternKind.Func ? $"a {import.Kind} is expected, not a {ExternKind.Func}"
            : types.IsSubtype(type, wanted) ? null : $"a function of type {types.FunctionType(wanted)} is expected, not {types.FunctionType(type)}";
        if (mismatch is not null) throw new LinkException($"incompatible import type for {import.Module}::{import.Name}: {mismatch}");
    }

    static string? Mismatch(TypeRegistry types, Module module, int index, Extern item)
    {
        ModuleEnvironment env = module.Environment;
        switch (item)
        {
            case Function function:
                uint wanted = module.TypeIds[env.Functions[index]];
                return types.IsSubtype(function.Reference->TypeId, wanted) ? null : $"a function of type {types.FunctionType(wanted)} is expected, not {function.RegisteredType}";
            case Tag tag:
                uint type = module.TypeIds[env.Tags[index]];
                return tag.Vm->TypeId == type ? null : $"a tag of type {types.FunctionType(type)} is expected, not {types.FunctionType(tag.Vm->TypeId)}";
            case Global global:
                return OfGlobal(types, module, env.Globals[index], global.Type);
            case Memory memory:
                return OfMemory(env.Memories[index], memory.Storage);
            default:
                TableType table = env.Tables[index], actual = ((Table)item).Storage.Type;
                ValType element = module.Registered(table.Element);
                if (!Same(types, element, actual.Element)) return $"a table of {element} is expected, not of {actual.Element}";
                if (table.Is64 != actual.Is64) return $"a table with {table.IndexType} indices is expected";
                return OfLimits("table", table.Limits, ((Table)item).Storage.Vm->Length, actual.Limits.Max);
        }
    }

    static string? OfGlobal(TypeRegistry types, Module module, GlobalType wanted, GlobalType actual)
    {
        if (wanted.IsMutable != actual.IsMutable) return wanted.IsMutable ? "a mutable global is expected" : "an immutable global is expected";
        ValType type = module.Registered(wanted.Type);
        bool fits = wanted.IsMutable ? Same(types, type, actual.Type) : types.Matches(actual.Type, type);
        return fits ? null : $"a global of type {type} is expected, not {actual.Type}";
    }

    static string? OfMemory(MemoryType wanted, LinearMemory memory)
    {
        MemoryType actual = memory.Type;
        if (wanted.PageSizeLog2 != actual.PageSizeLog2) return $"a memory with pages of {wanted.PageSize} bytes is expected";
        if (wanted.Is64 != actual.Is64) return $"a memory with {wanted.IndexType} addresses is expected";
        if (wanted.IsShared != actual.IsShared) return wanted.IsShared ? "a shared memory is expected" : "a memory that is not shared is expected";
        return OfLimits("memory", wanted.Limits, memory.Pages, actual.Limits.Max);
    }

    // spec: match-limits, with the size that it has now in place of the minimum.
    static string? OfLimits(string what, Limits wanted, ulong size, ulong? maximum)
    {
        if (size < wanted.Min) return $"a {what} of at least {wanted.Min} is expected, this one has {size}";
        if (wanted.Max is { } max && !(maximum <= max)) return $"a {what} with a maximum of no more than {max} is expected, this one has {maximum?.ToString() ?? "none"}";
        return null;
    }

    static bool Same(TypeRegistry types, ValType a, ValType b) => a == b || types.Matches(a, b) && types.Matches(b, a);
}

using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>Takes what an instance is apart from its store: bytes, numbers, and functions by their indices.</summary>
internal static unsafe class Capture
{
    // Coarse enough that a part costs less than what it leaves out.
    const int Block = 4096;

    /// <exception cref="SnapshotException">Something of the instance is not its own, or means nothing elsewhere.</exception>
    public static CapturedState Of(Instance instance)
    {
        (Store store, Module module) = (instance.Store, instance.Module);
        store.CheckAccess();
        if (store.Vm->Current != null) throw new SnapshotException("a call is running in the store: what is on its stack cannot be captured");
        ModuleEnvironment env = module.Environment;
        VmContext* context = instance.Context;
        if (env.ImportedMemories > 0) throw Imported(env, ExternKind.Memory);
        if (env.ImportedTables > 0) throw Imported(env, ExternKind.Table);
        for (int i = 0; i < env.ImportedGlobals; i++)
            if (env.Globals[i].IsMutable) throw Imported(env, ExternKind.Global);
        MemoryImage?[] memories = new MemoryImage?[env.Memories.Count];
        ulong[] bytes = new ulong[memories.Length];
        for (int i = 0; i < memories.Length; i++)
        {
            if (env.Memories[i].IsShared) throw new SnapshotException($"memory {i} is shared: other threads may write to it");
            bytes[i] = context->Memories[i]->Length;
            memories[i] = Image(context->Memories[i], i);
        }
        uint[]?[] tables = new uint[]?[env.Tables.Count];
        ulong[] lengths = new ulong[tables.Length];
        for (int i = 0; i < tables.Length; i++)
        {
            lengths[i] = context->Tables[i]->Length;
            tables[i] = Elements(store.TableOf(context->Tables[i]), context, i);
        }
        return new(InstanceImages.Captured(module, memories, tables), bytes, lengths, Globals(context, env),
            [.. env.Datas.Select((segment, i) => segment.Mode == SegmentMode.Passive && segment.Bytes.Length > 0 && context->DataSegments[i].Length == 0)],
            [.. env.Elems.Select((segment, i) => segment.Mode == SegmentMode.Passive && segment.Count > 0 && context->ElemSegments[i].Length == 0)]);
    }

    static SnapshotException Imported(ModuleEnvironment env, ExternKind kind)
    {
        Wasm.Import import = env.Imports.First(i => i.Kind == kind && (kind != ExternKind.Global || env.Globals[i.Index].IsMutable));
        return new($"{import.Module}::{import.Name} is an imported {(kind == ExternKind.Global ? "mutable global" : kind.ToString().ToLowerInvariant())}: what it holds is not the instance's own");
    }

    /// <summary>Where a memory is not zero, in blocks that follow each other.</summary>
    public static List<FilePart> Parts(byte* at, ulong length, int block)
    {
        List<FilePart> parts = [];
        ulong start = ulong.MaxValue;
        for (ulong offset = 0; offset < length; offset += (ulong)block)
        {
            int size = (int)Math.Min((ulong)block, length - offset);
            bool zero = !new ReadOnlySpan<byte>(at + offset, size).ContainsAnyExcept((byte)0);
            if (!zero && start == ulong.MaxValue) start = offset;
            if (!zero || start == ulong.MaxValue) continue;
            parts.Add(new(at + start, (nuint)(offset - start), (nuint)start));
            start = ulong.MaxValue;
        }
        if (start != ulong.MaxValue) parts.Add(new(at + start, (nuint)(length - start), (nuint)start));
        return parts;
    }

    static MemoryImage? Image(VmMemory* memory, int index)
    {
        List<FilePart> parts = Parts(memory->Base, memory->Length, Block);
        if (parts.Count == 0) return null;
        return MemoryImage.TryCreate(CollectionsMarshal.AsSpan(parts), parts[^1].Offset + parts[^1].Length) ?? throw new SnapshotException($"not enough memory for an image of memory {index}");
    }

    static uint[] Elements(TableStorage table, VmContext* context, int index)
    {
        uint[] items = new uint[table.Vm->Length];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = table.Pending((ulong)i);
            if (items[i] != 0) continue;
            ulong payload = table.Get((ulong)i);
            if (payload != 0 && !table.Vm->IsFunc) throw new SnapshotException($"element {i} of table {index} refers to an object of its store");
            items[i] = payload == 0 ? InstanceImages.Null : FunctionIndex(context, (VmFuncRef*)payload) + 1 is var item && item != 0 ? item
                : throw new SnapshotException($"element {i} of table {index} refers to a function of another instance");
        }
        return items;
    }

    static VmGlobal[] Globals(VmContext* context, ModuleEnvironment env)
    {
        VmGlobal[] values = new VmGlobal[env.GlobalInits.Count];
        for (int i = 0; i < values.Length; i++)
        {
            int global = env.ImportedGlobals + i;
            ValType type = env.Globals[global].Type;
            values[i] = *context->Globals[global];
            if (!type.IsRef || values[i].Low.U64 == 0) continue;
            if (FrameLayout.IsGcRef(type, env)) throw new SnapshotException($"global {global} refers to an object of its store");
            uint function = FunctionIndex(context, values[i].Low.Func);
            if (function == uint.MaxValue) throw new SnapshotException($"global {global} refers to a function of another instance");
            values[i].Low.U64 = function + 1;
        }
        return values;
    }

    /// <summary>The index of a function in its instance, imported ones included; 2^32 - 1 where it is none of the instance's.</summary>
    public static uint FunctionIndex(VmContext* context, VmFuncRef* function)
    {
        if (function->Context == context) return function->Index;
        int imported = InterpreterCode.Of(context).Environment.ImportedFunctions;
        for (int i = 0; i < imported; i++)
            if (context->ImportedFunctions[i] == function) return (uint)i;
        return uint.MaxValue;
    }
}

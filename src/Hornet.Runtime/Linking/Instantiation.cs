using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>From a module to an instance: imports, definitions, segments, the start function. Source: spec, exec/modules, instantiation.</summary>
internal static unsafe class Instantiation
{
    public static VmContext* Run(Instance instance, InstanceTemplate template, ReadOnlySpan<Extern> imports)
    {
        (Store store, Module module) = (instance.Store, instance.Module);
        store.CheckAccess();
        if (module.Engine != store.Engine) throw new LinkException("the module belongs to another engine");
        ModuleEnvironment env = module.Environment;
        if (imports.Length != env.Imports.Count) throw new LinkException($"{env.Imports.Count} imports are needed, {imports.Length} are given");
        for (int i = 0; i < imports.Length; i++) ImportMatching.Check(store, module, env.Imports[i], imports[i]);
        InstanceSlot slot = Begin(store, template);
        Import(slot, env, imports);
        return Finish(instance, slot);
    }

    /// <summary>An instance whose imports are known to fit.</summary>
    public static VmContext* Run(Instance instance, InstancePre pre)
    {
        Store store = instance.Store;
        store.CheckAccess();
        if (pre.Module.Engine != store.Engine) throw new LinkException("the module belongs to another engine");
        InstanceSlot slot = Begin(store, pre.Template);
        pre.Import(store, slot);
        return Finish(instance, slot);
    }

    /// <summary>The parts of an instance, in the store's keeping; imports are to be filled in.</summary>
    public static InstanceSlot Begin(Store store, InstanceTemplate template)
    {
        store.CheckInstanceLimit();
        Module module = template.Module;
        module.AddUser();
        InstanceSlot slot;
        try
        {
            slot = template.Rent();
        }
        catch
        {
            module.RemoveUser();
            throw;
        }
        store.Resources.Slots.Add(slot);
        store.PublishTypes();
        slot.Context->Store = store.Vm;
        SetMemory0(slot.Context, store.Resources.NoMemory);
        return slot;
    }

    /// <summary>Makes what the module defines, and runs its start function.</summary>
    public static VmContext* Finish(Instance instance, InstanceSlot slot)
    {
        (Store store, Module module) = (instance.Store, instance.Module);
        ModuleEnvironment env = module.Environment;
        VmContext* context = slot.Context;
        context->Instance = store.AddInstance(instance);
        if (slot.Template.HoldsReferences) store.Heap.Track(context, env);
        DefineMemories(store, slot, env);
        ConstExpressions expressions = new(module, context);
        DefineGlobals(slot, ref expressions);
        DefineTables(store, slot, ref expressions);
        DefineTags(module, context);
        ElemSegments(store, slot, ref expressions);
        DataSegments(slot, ref expressions);
        if (env.Start is { } start && slot.Template.Captured is null)
        {
            ValRaw none;
            nint way = 0;
            GuestCalls.Invoke(store, Builtins.RefFunc(context, (uint)start), &none, ref way);
        }
        return context;
    }

    /// <summary>Whether globals or segments of a module hold references that the collector must see.</summary>
    public static bool HoldsReferences(ModuleEnvironment env)
    {
        foreach (GlobalType global in env.Globals)
            if (FrameLayout.IsGcRef(global.Type, env)) return true;
        foreach (ElemSegment segment in env.Elems)
            if (FrameLayout.IsGcRef(segment.Type, env)) return true;
        return false;
    }

    /// <summary>Fills in an instance's imports, which fit.</summary>
    public static void Import(InstanceSlot slot, ModuleEnvironment env, ReadOnlySpan<Extern> imports)
    {
        VmContext* context = slot.Context;
        slot.Imported = null;
        for (int i = 0; i < imports.Length; i++)
        {
            int index = env.Imports[i].Index;
            switch (imports[i])
            {
                case Function function:
                    context->ImportedFunctions[index] = function.Reference;
                    context->Functions[index] = *function.Reference;
                    break;
                case Table table:
                    context->Tables[index] = table.Storage.Vm;
                    break;
                case Memory memory:
                    context->Memories[index] = memory.Storage.Vm;
                    break;
                case Global global:
                    context->Globals[index] = global.Vm;
                    break;
                case Tag tag:
                    context->Tags[index] = tag.Vm;
                    break;
            }
        }
        if (env.ImportedMemories > 0) SetMemory0(context, context->Memories[0]);
    }

    static void SetMemory0(VmContext* context, VmMemory* memory)
    {
        context->Memory0 = memory;
        context->Memory0Base = memory->Base;
    }

    static void DefineMemories(Store store, InstanceSlot slot, ModuleEnvironment env)
    {
        VmContext* context = slot.Context;
        for (int i = env.ImportedMemories; i < env.Memories.Count; i++) context->Memories[i] = store.NewMemory(env.Memories[i], slot, i - env.ImportedMemories).Vm;
        if (env.Memories.Count > 0) SetMemory0(context, context->Memories[0]);
    }

    static void DefineGlobals(InstanceSlot slot, ref ConstExpressions expressions)
    {
        Module module = slot.Template.Module;
        ModuleEnvironment env = module.Environment;
        VmContext* context = slot.Context;
        VmGlobal[]? captured = slot.Template.Captured?.Globals;
        VmGlobal* cells = (VmGlobal*)((byte*)context + module.Layout.OwnGlobals);
        for (int i = 0; i < env.GlobalInits.Count; i++)
        {
            if (captured is null) cells[i] = expressions.Evaluate(env.GlobalInits[i].Code);
            else if (!env.Globals[env.ImportedGlobals + i].Type.IsRef) cells[i] = captured[i];
            else cells[i].Low.Func = captured[i].Low.U64 == 0 ? null : Builtins.RefFunc(context, (uint)captured[i].Low.U64 - 1);
            context->Globals[env.ImportedGlobals + i] = &cells[i];
        }
    }

    static void DefineTables(Store store, InstanceSlot slot, ref ConstExpressions expressions)
    {
        Module module = slot.Template.Module;
        ModuleEnvironment env = module.Environment;
        for (int i = 0; i < env.TableInits.Count; i++)
        {
            TableType type = env.Tables[env.ImportedTables + i];
            ulong initial = slot.Template.Captured is null ? expressions.Evaluate(env.TableInits[i].Code).Low.U64 : 0;
            slot.Context->Tables[env.ImportedTables + i] = store.NewTable(type with { Element = module.Registered(type.Element) }, initial, slot, i).Vm;
        }
    }

    static void DefineTags(Module module, VmContext* context)
    {
        ModuleEnvironment env = module.Environment;
        VmTag* cells = (VmTag*)((byte*)context + module.Layout.OwnTags);
        for (int i = env.ImportedTags; i < env.Tags.Count; i++)
        {
            VmTag* tag = context->Tags[i] = &cells[i - env.ImportedTags];
            tag->TypeId = module.TypeIds[env.Tags[i]];
        }
    }

    static void ElemSegments(Store store, InstanceSlot slot, ref ConstExpressions expressions)
    {
        Module module = slot.Template.Module;
        ModuleEnvironment env = module.Environment;
        VmContext* context = slot.Context;
        bool[]? dropped = slot.Template.Captured?.DroppedElems;
        // spec: all segments are evaluated before the first is copied; only passive ones must be kept.
        for (int i = 0; i < env.Elems.Count; i++)
        {
            ElemSegment segment = env.Elems[i];
            if (segment.Mode != SegmentMode.Passive || segment.Count == 0) continue;
            context->ElemSegments[i] = default;
            if (dropped is not null && dropped[i]) continue;
            if (slot.Template.PassiveFunctions[i] is { } functions)
            {
                context->ElemSegments[i].Length = (ulong)functions.Length;
                continue;
            }
            ulong* items = (ulong*)store.Resources.Allocate(segment.Count * sizeof(ulong));
            ElemItems reader = new(module, context, segment);
            for (int k = 0; k < segment.Count; k++) items[k] = reader.Next(ref expressions);
            context->ElemSegments[i].Items = items;
            context->ElemSegments[i].Length = (ulong)segment.Count;
        }
        for (int i = slot.Images.Elems; i < env.Elems.Count; i++)
        {
            ElemSegment segment = env.Elems[i];
            if (segment.Mode != SegmentMode.Active) continue;
            VmTable* table = context->Tables[segment.Table];
            ulong offset = Offset(expressions.Evaluate(segment.Offset.Code), table->Is64);
            if (offset > table->Length || (ulong)segment.Count > table->Length - offset) throw new TrapException(TrapCode.TableOutOfBounds);
            ElemItems reader = new(module, context, segment);
            ulong* slots = table->Slots + offset;
            for (int k = 0; k < segment.Count; k++) slots[k] = reader.Next(ref expressions) << 1 | 1;
        }
    }

    static void DataSegments(InstanceSlot slot, ref ConstExpressions expressions)
    {
        Module module = slot.Template.Module;
        ModuleEnvironment env = module.Environment;
        VmContext* context = slot.Context;
        bool[]? dropped = slot.Template.Captured?.DroppedDatas;
        foreach (int i in slot.Template.PassiveDatas)
        {
            DataSegment segment = env.Datas[i];
            // SAFETY: the store holds the module.
            context->DataSegments[i].Bytes = module.Content.At(segment.Bytes);
            context->DataSegments[i].Length = dropped is not null && dropped[i] ? 0 : (ulong)segment.Bytes.Length;
        }
        for (int i = slot.Images.Datas; i < env.Datas.Count; i++)
        {
            DataSegment segment = env.Datas[i];
            if (segment.Mode != SegmentMode.Active) continue;
            VmMemory* memory = context->Memories[segment.Memory];
            ulong offset = Offset(expressions.Evaluate(segment.Offset.Code), memory->Is64), length = Volatile.Read(ref memory->Length);
            if (offset > length || (ulong)segment.Bytes.Length > length - offset) throw new TrapException(TrapCode.MemoryOutOfBounds);
            module.Content.CopyTo(segment.Bytes, new Span<byte>(memory->Base + offset, segment.Bytes.Length));
        }
    }

    static ulong Offset(VmGlobal value, bool is64) => is64 ? value.Low.U64 : value.Low.U32;

    // The items of a segment one after the other, as payloads.
    ref struct ElemItems(Module module, VmContext* context, ElemSegment segment)
    {
        OperatorReader _reader = new(module.Content[segment.Items], segment.Items.Offset);

        public ulong Next(ref ConstExpressions expressions) =>
            segment.ItemsAreExpressions ? expressions.Evaluate(ref _reader).Low.U64 : (ulong)Builtins.RefFunc(context, _reader.U32());
    }

    /// <summary>An item of an instance for its host.</summary>
    public static Extern Item(Instance instance, ExternKind kind, int index)
    {
        (Store store, Module module) = (instance.Store, instance.Module);
        VmContext* context = instance.Context;
        return kind switch
        {
            ExternKind.Func => new Function(store, Builtins.RefFunc(context, (uint)index)),
            ExternKind.Table => store.TableOf(context->Tables[index]).Table,
            ExternKind.Memory => new Memory(store, store.MemoryOf(context->Memories[index])),
            ExternKind.Global => new Global(store, context->Globals[index], module.Environment.Globals[index] with { Type = module.Registered(module.Environment.Globals[index].Type) }),
            _ => new Tag(store, context->Tags[index]),
        };
    }

    /// <summary>An empty item for an import that nobody has defined, or null where its type has no default value.</summary>
    public static Extern? Default(Store store, Module module, Wasm.Import import)
    {
        ModuleEnvironment env = module.Environment;
        switch (import.Kind)
        {
            case ExternKind.Memory:
                return new Memory(store, store.NewMemory(env.Memories[import.Index]));
            case ExternKind.Table:
                TableType table = env.Tables[import.Index];
                return table.Element.IsNullable ? store.NewTable(table with { Element = module.Registered(table.Element) }, 0).Table : null;
            case ExternKind.Global:
                GlobalType global = env.Globals[import.Index];
                return global.Type.IsDefaultable ? new Global(store, store.NewGlobal(), global with { Type = module.Registered(global.Type) }) : null;
            default:
                return null;
        }
    }
}
